"""The sub-accounts of an agency: listed, connected a few at a time, taken up again where it stopped."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from oauth.fanout import AGAIN_MS, LATER_MS, LEASE_MS, Fanout
from oauth.keeper import NoTokenError
from oauth.refusal import GrantError, LaterError, RefusedGrantError
from oauth.standing import GrantRow, Kind, Lease, Leased, Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

AGENCY = "AgencyOne"


def row(kind: Kind, name: str, standing: Standing) -> GrantRow:
    return GrantRow(
        kind=kind,
        id=name,
        company_id=AGENCY,
        standing=standing,
        standing_ms=0,
        installed_ms=0,
        reason=None,
        version=1,
        sealed=None,
        scope=None,
        expires_ms=None,
        due_ms=0,
        failures=0,
        updated_ms=0,
    )


@dataclass(frozen=True)
class One:
    id: str


@dataclass(frozen=True)
class Listed:
    locations: tuple[One, ...]
    next: str | None


@dataclass
class Crm:
    """An agency's sub-accounts, a page at a time; it may have its own idea of a page's size."""

    ids: list[str]
    largest: int = 100
    good_token: str = "token-1"
    error: GrantError | None = None
    asked: int = 0

    async def installed_locations(
        self, company_id: str, *, token: str, after: str | None = None, limit: int = 100
    ) -> Listed:
        self.asked += 1
        if self.error is not None:
            raise self.error
        if company_id != AGENCY or token != self.good_token:
            raise RefusedGrantError("401 Invalid JWT", status=401)
        start = int(after or 0)
        found = self.ids[start : start + min(limit, self.largest)]
        return Listed(tuple(map(One, found)), str(start + len(found)) if found else None)


@dataclass
class Tokens:
    newer: str | None = None
    none: bool = False

    async def company_token(self, company_id: str) -> str:
        if self.none:
            raise NoTokenError(company_id)
        return "token-1"

    async def company_newer_than(self, company_id: str, token: str) -> str | None:
        assert (company_id, token) == (AGENCY, "token-1")
        return self.newer


@dataclass
class Rows:
    """Rows of wanted sub-accounts with leases that run out."""

    companies: list[GrantRow] = field(default_factory=lambda: [row(Kind.COMPANY, AGENCY, Standing.ACTIVE)])
    leased_until: dict[str, int] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)

    async def want(self, locations: Sequence[str], *, company_id: str | None, at_ms: int, now_ms: int) -> int:
        assert company_id == AGENCY
        assert at_ms <= now_ms
        new = [one for one in locations if one not in self.leased_until]
        self.leased_until.update(dict.fromkeys(new, 0))
        return len(new)

    async def take(self, standing: Standing, *, now_ms: int, until_ms: int, limit: int) -> list[Leased]:
        assert standing is Standing.WANTED
        due = [one for one, until in self.leased_until.items() if until <= now_ms and one not in self.active][:limit]
        self.leased_until.update(dict.fromkeys(due, until_ms))
        return [Leased(row(Kind.LOCATION, one, standing), Lease(Kind.LOCATION, one, 1, 1)) for one in due]

    async def page(
        self, *, kind: Kind | None = None, limit: int = 100, after: tuple[str, str] = ("", "")
    ) -> list[GrantRow]:
        assert kind is Kind.COMPANY
        return [one for one in self.companies if (one.kind, one.id) > after][:limit]


@dataclass
class Stage:
    rows: Rows
    crm: Crm
    tokens: Tokens
    now_ms: int = 1000
    concurrency: int = 8
    under_way: int = 0
    most: int = 0
    stop_after: int | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    troubles: list[tuple[str | None, Exception]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.fanout = self.made()

    def made(self) -> Fanout:
        return Fanout(
            self.rows,
            self.tokens,
            self.crm,
            self.connect,
            now_ms=lambda: self.now_ms,
            concurrency=self.concurrency,
            on_trouble=lambda company, error: self.troubles.append((company, error)),
        )

    async def connect(self, leased: Leased) -> None:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        if self.stop_after is not None and len(self.rows.active) >= self.stop_after:
            self.reached.set()
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        self.rows.active.add(leased.row.id)
        self.under_way -= 1


def stage(number: int = 1000, *, concurrency: int = 8, stop_after: int | None = None) -> Stage:
    crm = Crm([f"LOC{n:04}" for n in range(number)])
    return Stage(Rows(), crm, Tokens(), concurrency=concurrency, stop_after=stop_after)


async def test_every_sub_account_is_connected() -> None:
    one = stage(1000)
    await one.fanout.once()
    assert one.rows.active == set(one.crm.ids)


async def test_so_many_at_a_time_and_no_more() -> None:
    one = stage(100, concurrency=5)
    await one.fanout.once()
    assert one.most == 5


async def test_a_page_shorter_than_asked_for_is_not_the_last() -> None:
    one = stage(45)
    one.crm.largest = 20
    assert await one.fanout.list_company(AGENCY) == 45


async def test_a_crm_that_repeats_a_page_for_ever_is_left() -> None:
    class Stuck(Crm):
        async def installed_locations(
            self, company_id: str, *, token: str, after: str | None = None, limit: int = 100
        ) -> Listed:
            del company_id, token, after, limit
            return Listed((One("LOC1"),), "again")

    one = Stage(Rows(), Stuck([]), Tokens())
    assert await one.fanout.list_company(AGENCY) == 1


async def test_what_was_stopped_in_the_middle_goes_on_when_its_leases_end() -> None:
    one = stage(50, stop_after=20)
    connecting = asyncio.create_task(one.fanout.once())
    await one.reached.wait()
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    done = len(one.rows.active)
    one.stop_after = None
    one.now_ms += LEASE_MS
    await one.made().connect_due()
    assert (20 <= done < 50, len(one.rows.active)) == (True, 50)


async def test_listing_again_wants_nothing_twice() -> None:
    one = stage(10)
    await one.fanout.list_company(AGENCY)
    assert await one.fanout.list_company(AGENCY) == 0


async def test_an_agency_is_listed_at_the_start_and_every_few_hours() -> None:
    one = stage(1)
    await one.fanout.once()
    first = one.crm.asked
    one.now_ms += AGAIN_MS - 1
    await one.fanout.once()
    before = one.crm.asked
    one.now_ms += LATER_MS
    await one.fanout.once()
    assert (before, one.crm.asked) == (first, 2 * first)


@pytest.mark.parametrize("standing", [Standing.UNCONFIRMED, Standing.REMOVED, Standing.NEEDS_RECONNECT])
async def test_an_agency_that_is_not_active_is_not_listed(standing: Standing) -> None:
    one = stage(1)
    one.rows.companies = [row(Kind.COMPANY, AGENCY, standing)]
    await one.fanout.once()
    assert one.crm.asked == 0


async def test_a_refused_agency_token_is_renewed_once() -> None:
    one = stage(3)
    one.crm.good_token = one.tokens.newer = "token-2"
    assert await one.fanout.list_company(AGENCY) == 3


async def test_a_listing_that_fails_is_told_and_tried_again_soon() -> None:
    one = stage(3)
    one.crm.error = LaterError()
    await one.fanout.once()
    one.crm.error = None
    one.now_ms += LATER_MS
    await one.fanout.once()
    assert ([company for company, _ in one.troubles], len(one.rows.active)) == ([AGENCY], 3)


async def test_an_agency_without_a_token_stops_nothing() -> None:
    one = stage(3)
    await one.fanout.list_company(AGENCY)
    one.tokens.none = True
    one.now_ms += AGAIN_MS
    await one.fanout.once()
    assert len(one.rows.active) == 3


async def test_it_goes_on_after_a_fault_and_says_so() -> None:
    one = stage(3)
    broken = [True]

    async def connect(leased: Leased) -> None:
        if broken.pop() if broken else False:
            raise OSError("disk full")
        await one.connect(leased)

    fanout = Fanout(
        one.rows,
        one.tokens,
        one.crm,
        connect,
        now_ms=lambda: one.now_ms,
        concurrency=1,
        on_trouble=lambda company, error: one.troubles.append((company, error)),
    )
    running = asyncio.create_task(fanout.run())
    fanout.list_soon(AGENCY)
    await fanout.settled()
    one.now_ms += LEASE_MS
    fanout.wake()
    await fanout.settled()
    running.cancel()
    assert (len(one.troubles), len(one.rows.active)) == (1, 3)
