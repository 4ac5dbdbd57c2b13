"""`/locations/{location}/triggers`: the workflows of the CRM's own builder that wait for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connector.api.route import Answer, Asked, Route, Shown
from connector.api.scope import Scope
from connector.workflow.firing import opened
from mappings.call import iso

if TYPE_CHECKING:
    from connector.store.triggers import SubscriptionRow, Triggers


class Trigger(Shown):
    """A workflow that waits for calls."""

    id: str
    workflow: str | None
    filters: list[dict[str, Any]]
    not_understood: list[str]
    """What of its filters is not understood, in words: then no call starts it."""
    updated: str | None


class TriggerList(Shown):
    """All of them, by id."""

    triggers: list[Trigger]


def routes(kept: Triggers) -> tuple[Route, ...]:
    """The routes of triggers."""

    async def page(asked: Asked) -> Answer:
        return Answer(TriggerList(triggers=list(map(_shown, await kept.of(asked.path["location"])))))

    path = "/locations/{location}/triggers"
    return (Route("GET", path, Scope.LOCATIONS_READ, "Workflows that wait for calls", page, TriggerList),)


def _shown(row: SubscriptionRow) -> Trigger:
    return Trigger(
        id=row.id,
        workflow=row.workflow_id,
        filters=orjson.loads(row.filters),
        not_understood=list(opened(row).problems),
        updated=iso(row.updated_ms),
    )
