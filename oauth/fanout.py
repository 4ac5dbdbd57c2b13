"""The sub-accounts of an agency's installation: listed with the agency's grant, then connected a few at a time.

What is listed is a row that is wanted; what is connected is a row that is active. So it goes on after a stop in the
middle where it was, and listing again is harmless. It is done for every agency at a start and every few hours, as
the CRM's events of new sub-accounts can be lost.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, Protocol

from oauth.keeper import NoTokenError
from oauth.refusal import GrantError
from oauth.standing import Kind, Standing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from oauth.standing import GrantRow, Leased

PAGE: Final = 20
"""Sub-accounts asked for at a time: the CRM's own default. Its largest is not documented, and a page that it cuts
short would look like the last one."""
LEASE_MS: Final = 60_000
"""How long the connecting of one sub-account may take before another process may take it over."""
AGAIN_MS: Final = 6 * 3_600_000
"""How often an agency's sub-accounts are listed again."""
LATER_MS: Final = 60_000
"""When a listing that failed is tried again."""
POLL_S: Final = 5.0
"""How often it looks for what became due, or was wanted by another process."""
LOOK_MS: Final = 60_000
"""How often it looks for agencies whose listing is due, or that another process confirmed."""


class Wanted(Protocol):
    """The rows of grants, as far as the fan-out needs them."""

    async def want(self, locations: Sequence[str], *, company_id: str | None, at_ms: int, now_ms: int) -> int:
        """Rows to be connected; those that are there already stay as they are."""

    async def take(self, standing: Standing, *, now_ms: int, until_ms: int, limit: int) -> list[Leased]:
        """Rows of that standing that are due, for nobody else until then."""

    async def page(
        self, *, kind: Kind | None = None, limit: int = 100, after: tuple[str, str] = ("", "")
    ) -> list[GrantRow]:
        """Rows by kind and id."""


class CompanyTokens(Protocol):
    """Whoever keeps the agencies' tokens (oauth/keeper.py)."""

    async def company_token(self, company_id: str) -> str:
        """A token that is valid now."""

    async def company_newer_than(self, company_id: str, token: str) -> str | None:
        """A newer one than the one that was refused."""


class Installed(Protocol):
    """A sub-account that has the app."""

    @property
    def id(self) -> str:
        """The CRM's id."""


class Page(Protocol):
    """Some of them; `next` is where to go on, None after the last."""

    @property
    def locations(self) -> Sequence[Installed]:
        """In the CRM's order."""

    @property
    def next(self) -> str | None:
        """What to give as `after`."""


class Listing(Protocol):
    """Whoever asks the CRM which sub-accounts have the app."""

    async def installed_locations(
        self, company_id: str, *, token: str, after: str | None = None, limit: int = PAGE
    ) -> Page:
        """One page of them."""


def _unheard(_company: str | None, _error: Exception) -> None:
    """Nobody listens."""


class Fanout:
    """Lists agencies and connects what is wanted, `concurrency` sub-accounts at a time, in all.

    `connect` connects one leased sub-account and raises nothing: what became of it is in its row.
    """

    def __init__(
        self,
        wanted: Wanted,
        tokens: CompanyTokens,
        listing: Listing,
        connect: Callable[[Leased], Awaitable[None]],
        *,
        now_ms: Callable[[], int],
        concurrency: int = 8,
        on_trouble: Callable[[str | None, Exception], None] = _unheard,
    ) -> None:
        self._wanted = wanted
        self._tokens = tokens
        self._listing = listing
        self._connect = connect
        self._now_ms = now_ms
        self._concurrency = concurrency
        self._on_trouble = on_trouble
        self._soon: OrderedDict[str, None] = OrderedDict()
        self._list_at: dict[str, int] = {}
        self._look_at = 0
        self._woken = asyncio.Event()
        self._idle = asyncio.Event()

    def list_soon(self, company: str) -> None:
        """List this agency's sub-accounts before all others."""
        self._soon[company] = None
        self.wake()

    def wake(self) -> None:
        """Something was wanted: look at once."""
        self._idle.clear()
        self._woken.set()

    async def settled(self) -> None:
        """Return when nothing is under way that could be done now."""
        await self._idle.wait()

    async def run(self) -> None:
        """Go on until cancelled; what is under way then is taken up again when its lease has ended."""
        while True:
            self._woken.clear()
            try:
                await self.once()
            except Exception as error:  # noqa: BLE001 - a full disk, say: the next round finds everything where it was
                self._on_trouble(None, error)
            if not self._woken.is_set():
                self._idle.set()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), POLL_S)

    async def once(self) -> None:
        """List what is to be listed, and connect all that is due."""
        while self._soon:
            company, _ = self._soon.popitem(last=False)
            await self.list_company(company)
            await self.connect_due()
        for company in await self._to_list():
            await self.list_company(company)
        await self.connect_due()

    async def list_company(self, company: str) -> int:
        """Want every sub-account that the CRM lists for this agency: how many were not known."""
        self._list_at[company] = self._now_ms() + AGAIN_MS
        try:
            return await self._list(company)
        except (GrantError, NoTokenError) as error:
            self._list_at[company] = self._now_ms() + LATER_MS
            self._on_trouble(company, error)
            return 0

    async def connect_due(self) -> None:
        """Connect what is due until nothing is, as many at a time as may be."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._concurrency):
                group.create_task(self._connect_some())

    async def _connect_some(self) -> None:
        while leased := await self._take():
            await self._connect(leased)

    async def _take(self) -> Leased | None:
        now_ms = self._now_ms()
        taken = await self._wanted.take(Standing.WANTED, now_ms=now_ms, until_ms=now_ms + LEASE_MS, limit=1)
        return taken[0] if taken else None

    async def _list(self, company: str) -> int:
        """All pages; ends where one brings nothing new, whatever the CRM's page size is."""
        new, after, seen = 0, None, set[str]()
        while True:
            asked_ms = self._now_ms()
            page = await self._page(company, after)
            found = [one.id for one in page.locations if one.id not in seen]
            if found:
                new += await self._wanted.want(found, company_id=company, at_ms=asked_ms, now_ms=self._now_ms())
                seen.update(found)
            if page.next is None or not found:
                return new
            after = page.next

    async def _page(self, company: str, after: str | None) -> Page:
        token = await self._tokens.company_token(company)
        try:
            return await self._listing.installed_locations(company, token=token, after=after, limit=PAGE)
        except GrantError:
            newer = await self._tokens.company_newer_than(company, token)
            if newer is None:
                raise
            return await self._listing.installed_locations(company, token=newer, after=after, limit=PAGE)

    async def _to_list(self) -> list[str]:
        """The agencies whose listing is due."""
        now_ms = self._now_ms()
        if now_ms < self._look_at:
            return []
        self._look_at = now_ms + LOOK_MS
        due, last = [], ("", "")
        while rows := await self._wanted.page(kind=Kind.COMPANY, after=last):
            active = [row.id for row in rows if row.standing is Standing.ACTIVE]
            due += [company for company in active if self._list_at.get(company, 0) <= now_ms]
            last = (rows[-1].kind, rows[-1].id)
        return due
