"""Brings a grant a new pair of tokens: once at a time, in this process and in all; committed before it is used.

The CRM kills a refresh token with its first use, and repeats that answer for 30 s. So: lease, read again, ask, commit,
use. Whoever dies between the answer and the commit leaves an ended lease, and whoever finds it asks the same again. A
lease keeps two from asking at once; that nothing is overwritten, the compare-and-set of the commit sees to.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from oauth.grant import Grant
from oauth.outcome import (
    CONNECT,
    BusyError,
    NeedsReconnectError,
    NoTokenError,
    PausedError,
    UnopenedError,
    after,
    alive_ms,
    spread,
)
from oauth.refusal import GrantError, LaterError, MisconfiguredError, RefusedGrantError
from oauth.standing import LEASE_MS, Back, Kind, NewGrant, NewPair, Standing, grant_name
from oauth.vault import VaultError, place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

    from oauth.standing import GrantRow, Lease, Leased
    from oauth.vault import Vault

log = structlog.get_logger()

NO_GRANT: Final = {Standing.UNCONFIRMED, Standing.REMOVED}
"""Standings that count as no grant at all."""
_STILL_GOOD: Final = {Standing.ACTIVE, Standing.NEEDS_RECONNECT}
_POLL_S: Final = 0.25
_BUMP_S: Final = 0.5
_COMMIT_TRIES: Final = 30
_COMMIT_WAIT_S: Final = 1.0


class Grants(Protocol):
    """Wherever grants are kept (connector/store/grants.py)."""

    async def get(self, kind: Kind, grant_id: str) -> GrantRow | None: ...  # noqa: D102 - said there

    async def lapse(self, *, now_ms: int) -> int: ...  # noqa: D102 - said there

    async def put(self, grant: NewGrant, *, expected: int, now_ms: int) -> bool: ...  # noqa: D102 - said there

    async def take(  # noqa: D102 - said there
        self, standing: Standing, *, now_ms: int, until_ms: int, limit: int
    ) -> list[Leased]: ...

    async def lease(  # noqa: D102 - said there
        self, kind: Kind, grant_id: str, *, now_ms: int, until_ms: int
    ) -> Leased | None: ...

    async def commit(self, lease: Lease, pair: NewPair, *, now_ms: int) -> bool: ...  # noqa: D102 - said there

    async def give_back(self, lease: Lease, back: Back, *, now_ms: int) -> bool: ...  # noqa: D102 - said there


class Endpoint(Protocol):
    """Whoever asks the CRM for tokens (connector/crm/tokens.py). Raises `GrantError`s."""

    async def refresh(self, before: Grant) -> Grant: ...  # noqa: D102 - said there

    async def location_token(self, company_id: str, location_id: str, *, token: str) -> Grant: ...  # noqa: D102 - said there


@dataclass(frozen=True, slots=True, kw_only=True)
class Market:
    """What it takes to live on grants; `endpoint` is None where no app is configured, so that none can be renewed."""

    grants: Grants
    endpoint: Endpoint | None
    now_ms: Callable[[], int]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    patience_s: float = 1.0
    """How long a refresh ahead of time may hold up whoever wants a token, while the old one still works."""


@dataclass(frozen=True, slots=True)
class Held:
    """A token in hand; `good_until_ms`: look again from then on, though it may still be accepted."""

    token: str = field(repr=False)
    good_until_ms: int


class Renewal:
    """Tokens from grants, renewed when they need it.

    What hands out tokens raises NoTokenError where only a person can help, and LaterError where none can be had now.
    """

    def __init__(self, market: Market, vault: Vault) -> None:
        self._grants = market.grants
        self._endpoint = market.endpoint
        self._now_ms = market.now_ms
        self._sleep = market.sleep
        self._patience_s = market.patience_s
        self._vault = vault
        self._flights: dict[tuple[Kind, str], asyncio.Task[Held]] = {}
        self._running: set[asyncio.Task[Held]] = set()

    async def held(self, row: GrantRow) -> Held:
        """A token that is valid now."""
        found = self._usable(row)
        if found is None:
            self._must_not_wait(row)
            return await asyncio.shield(self._flight(row))
        if self._now_ms() < found.good_until_ms or row.standing is not Standing.ACTIVE:
            return found
        return await self._ahead(row, found)

    async def newer(self, row: GrantRow, token: str) -> Held:
        """A token that is newer than this one, which the CRM did not accept."""
        found = self._usable(row)
        if found is not None and found.token != token:
            return found
        self._must_not_wait(row)
        return await asyncio.shield(self._flight(row))

    async def company_token(self, company_id: str, *, refused: str | None = None) -> Held:
        """An agency's token; where one was refused, a newer one."""
        row = await self._grants.get(Kind.COMPANY, company_id)
        if row is None or row.standing in NO_GRANT:
            raise NoTokenError(f"the agency {company_id} has no grant: {CONNECT}")
        return await (self.held(row) if refused is None else self.newer(row, refused))

    async def keep(self, grant: Grant, *, standing: Standing, expected: int) -> bool:
        """Seal and keep what was installed (compare-and-set, see `put` of the store)."""
        pair = self._pair(grant)
        new = NewGrant(
            kind=grant.kind,
            id=grant.id,
            company_id=grant.company_id,
            standing=standing,
            sealed=pair.sealed,
            scope=pair.scope,
            expires_ms=pair.expires_ms,
            due_ms=pair.due_ms,
        )
        return await self._grants.put(new, expected=expected, now_ms=self._now_ms())

    async def renew(self, leased: Leased) -> None:
        """Refresh or mint what was taken with a lease. What came of it is in the store."""
        await asyncio.wait({self._run((leased.row.kind, leased.row.id), self._carry(leased))})

    async def take_over(self) -> int:
        """What the last process was at when it died is due at once, not only when its leases run out; how many."""
        return await self._grants.lapse(now_ms=self._now_ms())

    async def tend(self, limit: int) -> list[str]:
        """Look after grants that are due, of each standing so many at most; their ids."""
        now_ms = self._now_ms()
        taken = await asyncio.gather(
            *(
                self._grants.take(standing, now_ms=now_ms, until_ms=now_ms + LEASE_MS, limit=limit)
                for standing in (Standing.ACTIVE, Standing.PAUSED, Standing.NEEDS_RECONNECT)
            )
        )
        due = [leased for some in taken for leased in some]
        await asyncio.gather(*map(self.renew, due))
        return [leased.row.id for leased in due]

    async def settle(self) -> None:
        """Wait for what is under way: a new pair must not be lost because we stop."""
        while self._running:
            await asyncio.wait(self._running)

    def _usable(self, row: GrantRow) -> Held | None:
        """The token in the row, if the CRM should accept it now."""
        if row.sealed is None or row.standing not in _STILL_GOOD:
            return None
        grant = self._opened(row)
        if self._now_ms() >= grant.usable_until_ms:
            return None
        ahead_ms = grant.refresh_from_ms(spread(row.id, grant.obtained_ms))
        return Held(grant.access_token, min(ahead_ms, grant.usable_until_ms))

    def _must_not_wait(self, row: GrantRow) -> None:
        if row.due_ms is not None and row.due_ms <= self._now_ms():
            return
        if row.standing is Standing.PAUSED:
            raise PausedError(f"{row.id} is not active in the CRM ({row.reason}): it is asked again now and then")
        if row.standing is Standing.NEEDS_RECONNECT:
            raise NeedsReconnectError(f"the CRM refuses the grant of {row.id} ({row.reason}): {CONNECT}")

    async def _ahead(self, row: GrantRow, found: Held) -> Held:
        """Renewed while the old one still works, which serves where no new one can be had, or not soon."""
        flight = self._flight(row)
        await asyncio.wait({flight}, timeout=self._patience_s)
        if flight.done() and not flight.cancelled() and flight.exception() is None:
            return flight.result()
        return Held(found.token, self._now_ms() + LEASE_MS)

    def _flight(self, row: GrantRow) -> asyncio.Task[Held]:
        """The one renewal of this grant that is under way here, or a new one."""
        key = row.kind, row.id
        return self._flights.get(key) or self._run(key, self._obtain(row))

    def _run(self, key: tuple[Kind, str], renewal: Coroutine[None, None, Held]) -> asyncio.Task[Held]:
        """A task of its own: it must reach its commit, whoever of those that wait for it is cancelled."""
        task = asyncio.create_task(renewal)
        self._running.add(task)
        self._flights.setdefault(key, task)

        def landed(task: asyncio.Task[Held]) -> None:
            self._running.discard(task)
            if self._flights.get(key) is task:
                del self._flights[key]
            if not task.cancelled():
                task.exception()  # seen, even if nobody waits any more

        task.add_done_callback(landed)
        return task

    async def _obtain(self, seen: GrantRow) -> Held:
        """A pair other than the one seen: what another process brings, or what we get under the lease."""
        until_ms = self._now_ms() + 2 * LEASE_MS
        while (now_ms := self._now_ms()) < until_ms:
            leased = await self._grants.lease(seen.kind, seen.id, now_ms=now_ms, until_ms=now_ms + LEASE_MS)
            row = await self._grants.get(seen.kind, seen.id) if leased is None else leased.row
            if row is None or row.standing in NO_GRANT:
                raise NoTokenError(f"{seen.id} is not connected any more: {CONNECT}")
            found = self._usable(row) if row.version != seen.version else None
            if leased is not None and found is None:
                return await self._carry(leased)
            if leased is not None:
                await self._grants.give_back(leased.lease, Back(due_ms=alive_ms(self._opened(row))), now_ms=now_ms)
            if found is not None:
                return found
            await self._sleep(_POLL_S)
        raise BusyError(f"other processes are busy with the grant of {seen.id}, and nothing has come of it")

    async def _carry(self, leased: Leased) -> Held:
        """Ask for a new pair and commit it; or give the lease back, saying why."""
        try:
            grant = await self._asked(leased.row)
        except (GrantError, NoTokenError) as error:
            now_ms = self._now_ms()
            back, meant = after(error, leased.row, now_ms=now_ms)
            if not await self._grants.give_back(leased.lease, back, now_ms=now_ms):
                return await self._brought_by_another(leased.row, meant)
            if back.standing not in {None, leased.row.standing}:
                log.warning("grant changed", kind=leased.row.kind, id=leased.row.id, now=back.standing, why=str(error))
            raise meant from (None if meant is error else error)
        return await self._commit(leased, grant)

    async def _commit(self, leased: Leased, grant: Grant) -> Held:
        """On disk before anybody uses it. A store that cannot be written now is asked again: this is the only copy."""
        pair = self._pair(grant)
        for left in reversed(range(_COMMIT_TRIES)):
            try:
                kept = await self._grants.commit(leased.lease, pair, now_ms=self._now_ms())
                break
            except Exception as error:
                log.error("new tokens are not written down", kind=grant.kind, id=grant.id, why=type(error).__name__)
                if not left:
                    raise
                await self._sleep(_COMMIT_WAIT_S)
        if not kept:
            return await self._brought_by_another(leased.row, NoTokenError(f"{grant.id} is not connected any more"))
        return Held(grant.access_token, grant.refresh_from_ms(spread(grant.id, grant.obtained_ms)))

    async def _brought_by_another(self, row: GrantRow, otherwise: Exception) -> Held:
        found = await self._grants.get(row.kind, row.id)
        held = None if found is None else self._usable(found)
        if held is None:
            raise otherwise
        return held

    async def _asked(self, row: GrantRow) -> Grant:
        """A new pair from the CRM: refreshed, or, where that is refused or cannot be, minted by its agency's grant."""
        if self._endpoint is None:
            raise MisconfiguredError("RINGBACK_CLIENT_ID is not set")
        grant = None if row.sealed is None else self._opened(row)
        if grant is None or grant.refresh_token is None:
            return await self._minted(self._endpoint, row)
        try:
            return await self._refreshed(self._endpoint, grant)
        except RefusedGrantError as refused:
            if row.kind is Kind.COMPANY:
                raise
            try:
                return await self._minted(self._endpoint, row)
            except (RefusedGrantError, NoTokenError):
                raise refused from None

    async def _refreshed(self, endpoint: Endpoint, grant: Grant) -> Grant:
        try:
            return await endpoint.refresh(grant)
        except LaterError as bump:
            if bump.wait_s is not None:
                raise
        await self._sleep(_BUMP_S)
        return await endpoint.refresh(grant)

    async def _minted(self, endpoint: Endpoint, row: GrantRow) -> Grant:
        if row.kind is Kind.COMPANY or row.company_id is None:
            raise NoTokenError(f"{row.id} has neither a refresh token nor an agency that could mint one: {CONNECT}")
        held = await self.company_token(row.company_id)
        try:
            return await endpoint.location_token(row.company_id, row.id, token=held.token)
        except RefusedGrantError as refused:
            if refused.status != HTTPStatus.UNAUTHORIZED:
                raise
        held = await self.company_token(row.company_id, refused=held.token)
        return await endpoint.location_token(row.company_id, row.id, token=held.token)

    def _pair(self, grant: Grant) -> NewPair:
        return NewPair(
            sealed=self._vault.seal(grant.to_json(), bound_to=place(grant.id, grant_name(grant.kind))),
            scope=" ".join(grant.scopes),
            expires_ms=grant.expires_ms,
            due_ms=alive_ms(grant),
            company_id=grant.company_id,
        )

    def _opened(self, row: GrantRow) -> Grant:
        try:
            return Grant.from_json(self._vault.open(row.sealed or b"", bound_to=place(row.id, grant_name(row.kind))))
        except VaultError as error:
            raise UnopenedError(
                f"the grant of {row.id} cannot be opened with the configured secret keys: "
                f"restore the key it was sealed with, or {CONNECT}"
            ) from error
