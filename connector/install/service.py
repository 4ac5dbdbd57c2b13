"""Installations: begun here or in the marketplace, confirmed, heard of by the CRM's events, removed."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import structlog

from connector.crm.errors import CrmError
from connector.install import scopes, trouble
from connector.install.confirm import confirm
from connector.store import StoreError
from oauth.grant import missing as missing_scopes
from oauth.install import STATE_MS, App, StateError, Ticket, consent_url, is_browser_word, make_state, read_state
from oauth.refusal import GrantError
from oauth.standing import LEASE_MS, Back, Kind, NewGrant, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.crm.client import Crm
    from connector.crm.tokens import TokenEndpoint
    from connector.install.connection import Connection, Connections
    from connector.install.trouble import Trouble
    from connector.store.grants import Grants
    from connector.store.once import Once
    from oauth.fanout import Fanout
    from oauth.grant import Grant
    from oauth.keeper import Keeper
    from oauth.standing import GrantRow
    from oauth.vault import Vault

log = structlog.get_logger()

_TRIES: Final = 5
_EXCHANGES: Final = 16
"""How many codes are exchanged at a time: anybody can bring one, and each is a request to the CRM."""
_NAME_S: Final = 3.0
"""How long the page waits for the sub-account's name."""


class InstallError(Exception):
    """An installation that did not come through, with the page that says so."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.title)
        self.trouble = trouble


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the word its cookie must hold."""

    url: str
    browser: str


@dataclass(frozen=True, slots=True)
class Finished:
    """What an installation brought; `connection` and `name` of a sub-account that is connected."""

    kind: Kind
    id: str
    confirmed: bool
    missing: Mapping[str, str]
    """Scopes that were not granted, with what will not work."""
    future: bool
    """Whether sub-accounts that the agency makes later are installed by themselves."""
    connection: Connection | None = None
    name: str | None = None


class Installs:
    """One marketplace app's installations. Its methods raise StoreError where the store cannot be used."""

    def __init__(
        self,
        app: App,
        *,
        host: str,
        white_label: str,
        vault: Vault,
        once: Once,
        grants: Grants,
        keeper: Keeper,
        endpoint: TokenEndpoint,
        connections: Connections,
        fanout: Fanout,
        crm: Crm,
        now_ms: Callable[[], int],
    ) -> None:
        self.app = app
        self.fanout = fanout
        self.connections = connections
        self._hosts = (host, white_label)
        self._vault = vault
        self._once = once
        self.grants = grants
        self._keeper = keeper
        self._endpoint = endpoint
        self.crm = crm
        self._now_ms = now_ms
        self._exchanges = asyncio.Semaphore(_EXCHANGES)

    def begin(self, browser: str | None, *, white_label: bool) -> Begun:
        """A new installation by this browser; `browser` is the word its cookie holds already, if any."""
        word = browser if browser is not None and is_browser_word(browser) else secrets.token_urlsafe(32)
        ticket = Ticket(secrets.token_urlsafe(16), self._now_ms() + STATE_MS)
        state = make_state(self._vault, ticket=ticket, browser=word)
        return Begun(consent_url(self.app, host=self._hosts[white_label], state=state), word)

    async def finish(self, code: str, *, state: str | None, browser: str | None) -> Finished:
        """Exchange the code and keep the grant; connect, if it is known who installed.

        Without a state (an installation begun in the marketplace) it stays unconfirmed until the CRM's signed event
        or an operator says that it was meant; and this browser, which may be anybody's, is shown no secret.

        Raises:
            InstallError: it did not come through.
        """
        if self._exchanges.locked():
            raise InstallError(trouble.BUSY)
        ours = state is not None
        async with self._exchanges:
            if state is not None:
                await self._use(state, browser)
            grant = await self._exchange(code)
        confirmed, connection = await self._keep(grant, ours=ours)
        log.info("installed", kind=grant.kind.value, id=grant.id, confirmed=confirmed, begun_here=ours)
        missing = missing_scopes(grant.scopes, scopes.needed(grant.kind))
        if connection is None:
            return Finished(grant.kind, grant.id, confirmed, missing, grant.future)
        shown = connection if ours else replace(connection, secret=None)
        return Finished(grant.kind, grant.id, confirmed, missing, grant.future, shown, await self._name(grant.id))

    async def on_install(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        """The CRM's signed INSTALL: before, after or beside the code, any number of times.

        Args:
            app_id: whose installation; another app's event is truly signed, too.
            location: the sub-account, where the event names one.
            company: the agency, likewise.
            at_ms: the event's own time.

        Returns:
            False where it is not for us.
        """
        if app_id != self.app.id or not (location or company):
            return False
        if location:
            await self._heard(location, company or None, at_ms)
        if company:
            await self._heard_company(company, at_ms, itself=not location)
        self.fanout.wake()
        return True

    async def on_uninstall(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        """The CRM's signed UNINSTALL of a sub-account, or of an agency with all of its sub-accounts.

        What is newer than the event stays: the installation that came after.

        Returns:
            False where it is not for us.
        """
        if app_id != self.app.id or not (location or company):
            return False
        if location:
            removed = int(await self.grants.remove(Kind.LOCATION, location, at_ms=at_ms, now_ms=self._now_ms()))
            self._keeper.forget(location)
        else:
            removed = await self.grants.remove_company(str(company), at_ms=at_ms, now_ms=self._now_ms())
            self._keeper.forget_all()
        log.info("uninstalled", location=location, company=company, removed=removed)
        return True

    async def reveal(self, location: str) -> Connection | None:
        """Trunk address and secret of a sub-account, for an admin who has been checked; None where there is none."""
        return await self.connections.reveal(location)

    async def _use(self, state: str, browser: str | None) -> None:
        """The state is good, and used up by this."""
        now_ms = self._now_ms()
        try:
            ticket = read_state(self._vault, state, browser=browser, now_ms=now_ms)
        except StateError as error:
            raise InstallError(trouble.STATES[error.why]) from None
        if not await self._once.first(f"oauth/state/{ticket.id}", now_ms=now_ms, until_ms=ticket.until_ms):
            raise InstallError(trouble.USED)

    async def _exchange(self, code: str) -> Grant:
        try:
            return await self._endpoint.exchange(code, redirect_uri=self.app.redirect_uri)
        except GrantError as error:
            log.warning("the code was not exchanged", reason=str(error))
            raise InstallError(trouble.of_exchange(error)) from None

    async def _keep(self, grant: Grant, *, ours: bool) -> tuple[bool, Connection | None]:
        """Keep it, active or unconfirmed: whether it is confirmed, and a sub-account's connection if so."""
        connection = None
        for _ in range(_TRIES):
            row = await self.grants.get(grant.kind, grant.id)
            confirmed = ours or await self._vouched(grant, row)
            if confirmed and grant.kind is Kind.LOCATION and connection is None:
                connection = await self.connections.ensure(grant.id, grant.company_id)
            standing = Standing.ACTIVE if confirmed else Standing.UNCONFIRMED
            if await self._keeper.keep(grant, standing=standing, expected=row.version if row else 0):
                if confirmed and grant.kind is Kind.COMPANY:
                    self.fanout.list_soon(grant.id)
                return confirmed, connection if confirmed else None
        raise StoreError(f"the grant of {grant.id} is being changed all the time")

    async def _vouched(self, grant: Grant, row: GrantRow | None) -> bool:
        """The CRM itself, or an operator, has named this installation already."""
        if row is not None and row.standing not in (Standing.UNCONFIRMED, Standing.REMOVED):
            return True
        if grant.kind is Kind.LOCATION:
            return False
        if row is not None and row.standing is Standing.UNCONFIRMED and row.sealed is None:
            return True  # see `_heard_company`
        return any(one.standing is not Standing.REMOVED for one in await self.grants.of_company(grant.id))

    async def _heard(self, location: str, company: str | None, at_ms: int) -> None:
        row = await self.grants.get(Kind.LOCATION, location)
        if row is not None and row.standing is Standing.UNCONFIRMED:
            await confirm(self.grants, self.connections, row, now_ms=self._now_ms())
        elif row is not None and row.standing in (Standing.PAUSED, Standing.NEEDS_RECONNECT):
            await self._ask_again(row, at_ms)
        else:
            await self.grants.want([location], company_id=company, at_ms=at_ms, now_ms=self._now_ms())

    async def _ask_again(self, row: GrantRow, at_ms: int) -> None:
        """The CRM said no, and later that it is installed: it falls due now, not when it would have."""
        now_ms = self._now_ms()
        if at_ms <= row.standing_ms:
            return
        leased = await self.grants.lease(row.kind, row.id, now_ms=now_ms, until_ms=now_ms + LEASE_MS)
        if leased is not None:
            await self.grants.give_back(leased.lease, Back(reason=row.reason, due_ms=now_ms), now_ms=now_ms)

    async def _heard_company(self, company: str, at_ms: int, *, itself: bool) -> None:
        """An agency's installation is confirmed, or will be when its code comes: by a row without a token.

        Args:
            company: the agency.
            at_ms: the event's own time.
            itself: the event is the agency's own, not that of one of its sub-accounts.
        """
        for _ in range(_TRIES):
            row = await self.grants.get(Kind.COMPANY, company)
            if row is not None and row.standing is not Standing.REMOVED:
                if itself or row.standing is Standing.UNCONFIRMED:
                    await confirm(self.grants, self.connections, row, now_ms=self._now_ms())
                    self.fanout.list_soon(company)
                return
            if not itself or (row is not None and row.standing_ms >= at_ms):
                return
            heard = NewGrant(kind=Kind.COMPANY, id=company, company_id=company, standing=Standing.UNCONFIRMED)
            if await self.grants.put(heard, expected=row.version if row else 0, now_ms=self._now_ms()):
                return

    async def _name(self, location: str) -> str | None:
        """What the CRM calls it, if it says so soon."""
        with contextlib.suppress(CrmError, LookupError, TimeoutError):
            async with asyncio.timeout(_NAME_S):
                return (await self.crm.get_location(location)).name
        return None
