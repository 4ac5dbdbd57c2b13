"""The parts of installing, put together."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import structlog

from connector.crm.errors import ThrottledError
from connector.crm.tokens import TokenThrottledError
from connector.install.app import app_of, base_url
from connector.install.connection import Connections
from connector.install.service import Installs
from oauth.fanout import PAGE, Fanout
from oauth.standing import Back

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from connector.crm.client import Crm
    from connector.crm.pace import Pace
    from connector.crm.tokens import TokenEndpoint
    from connector.settings import Settings
    from connector.store.database import Database
    from connector.store.grants import Grants
    from oauth.installed import InstalledPage
    from oauth.keeper import Keeper
    from oauth.standing import Leased
    from oauth.vault import Vault

log = structlog.get_logger()


def make_installs(
    settings: Settings,
    *,
    database: Database,
    vault: Vault,
    keeper: Keeper,
    endpoint: TokenEndpoint | None,
    crm: Crm,
    pace: Pace,
    now_ms: Callable[[], int],
) -> Installs | None:
    """Installations of our app, None where none is configured; `fanout.run()` is yet to be started."""
    app = app_of(settings)
    if app is None or endpoint is None:
        return None
    connections = Connections(database, database.history, vault, public_url=base_url(settings), now_ms=now_ms)
    fanout = Fanout(
        database.grants,
        keeper,
        PacedListing(endpoint, pace),
        connecting(connections, keeper, database.grants, pace, now_ms),
        now_ms=now_ms,
        concurrency=settings.oauth_concurrency,
        on_trouble=_trouble,
    )
    return Installs(
        app,
        host=settings.oauth_host,
        white_label=settings.oauth_white_label,
        vault=vault,
        once=database.once,
        grants=database.grants,
        keeper=keeper,
        endpoint=endpoint,
        connections=connections,
        fanout=fanout,
        crm=crm,
        now_ms=now_ms,
    )


class PacedListing:
    """An agency's list of sub-accounts, within the CRM's limit of requests for that agency."""

    def __init__(self, endpoint: TokenEndpoint, pace: Pace) -> None:
        self._endpoint = endpoint
        self._pace = pace

    async def installed_locations(
        self, company_id: str, *, token: str, after: str | None = None, limit: int = PAGE
    ) -> InstalledPage:
        """See `TokenEndpoint.installed_locations`."""
        try:
            async with _turn(self._pace, company_id):
                return await self._endpoint.installed_locations(company_id, token=token, after=after, limit=limit)
        except ThrottledError as slow:
            raise TokenThrottledError(str(slow), retry_after_s=slow.retry_after_s) from None


def connecting(
    connections: Connections, keeper: Keeper, grants: Grants, pace: Pace, now_ms: Callable[[], int]
) -> Callable[[Leased], Awaitable[None]]:
    """Connects one sub-account: registered first, then its token; so an active grant always has a configuration.

    The CRM counts the minting for the agency, whose token it takes.
    """

    async def connect(leased: Leased) -> None:
        row = leased.row
        await connections.ensure(row.id, row.company_id)
        try:
            async with _turn(pace, row.company_id or row.id):
                await keeper.renew(leased)
        except ThrottledError as slow:
            due_ms = now_ms() + int(slow.retry_after_s * 1000)
            await grants.give_back(leased.lease, Back(due_ms=due_ms, reason=str(slow)), now_ms=now_ms())

    return connect


@contextlib.asynccontextmanager
async def _turn(pace: Pace, company: str) -> AsyncIterator[None]:
    await pace.turn(company)
    try:
        yield
    finally:
        pace.ended(company)


def _trouble(company: str | None, error: Exception) -> None:
    log.warning("sub-accounts are not connected now; tried again", company=company, reason=str(error))
