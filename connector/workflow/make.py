"""Puts the parts together."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from connector.workflow.actions import Actions
from connector.workflow.routes import routes

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp import web

    from connector.crm.client import Crm
    from connector.settings import Settings
    from connector.store import Store
    from connector.store.database import Database
    from connector.workflow.installed import Installed
    from connector.workflow.subscriptions import Subscriptions


class Workflows(NamedTuple):
    """Both halves: calls start workflows, workflows ask for actions."""

    subscriptions: Subscriptions
    actions: Actions
    secret: str | None

    def routes(self) -> list[web.AbstractRouteDef]:
        """Where the CRM asks."""
        return routes(self.subscriptions, self.actions, self.secret)


def make_workflows(
    settings: Settings,
    subscriptions: Subscriptions,
    *,
    store: Store,
    database: Database,
    installed: Installed,
    crm: Crm,
    now_ms: Callable[[], int],
    wake: Callable[[], None],
    full: Callable[[str], str | None],
) -> Workflows:
    """Both halves; `wake` and `full` as for intake."""
    secret = settings.workflow_secret
    actions = Actions(
        calls=store,
        follow_up=database.follow_up,
        answers=database.triggers,
        installed=installed,
        people=crm,
        now_ms=now_ms,
        wake=wake,
        full=full,
    )
    return Workflows(subscriptions, actions, None if secret is None else secret.get_secret_value())
