"""Calls that have just ended, told to the pages that are open, at once; in this process's memory only.

What a page misses it can find in the list of calls: this is for the form that opens by itself.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

from connector.crm.errors import CrmError
from mappings.call import iso
from mappings.numbers import contact_side
from oauth.keeper import NoTokenError
from oauth.refusal import GrantError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping

    from connector.locations import Location
    from connector.session.tokens import Session
    from mappings.call import Call

    Naming: TypeAlias = Callable[[str, str], Awaitable[str | None]]

RECENT_MS: Final = 15 * 60_000
"""A page that is opened is told of calls that ended in this time."""
_RECENT: Final = 100
"""How many of them for each sub-account."""
_ROOMS: Final = 2000
_BEHIND: Final = 200
"""A page that has not taken this many is let go: it comes again."""
_PAGES: Final = 20
"""How many pages of one person listen at a time."""

Kind: TypeAlias = Literal["ended", "contact", "wrapped"]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that pages are told; `data` is what JSON can hold, its call's id in it."""

    kind: Kind
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """A call that ended, as its agent's form shows it, and who that may be."""

    at_ms: int
    data: Mapping[str, Any]
    owner: str | None
    """The CRM's user, where the sub-account says who the trunk's agent is."""
    agent: str | None
    known: frozenset[str]
    """Users for whom it says so: a call of nobody in particular is none of theirs."""

    def concerns(self, session: Session) -> bool:
        """Whether that person may have had this call."""
        if self.owner is not None:
            return session.user == self.owner
        if self.agent is not None and self.agent.casefold() in {
            name.casefold() for name in (session.name, session.email) if name
        }:
            return True
        return session.user not in self.known


class Page:
    """An open page: what it has yet to be told. None ends it."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._waiting: asyncio.Queue[Told | None] = asyncio.Queue(_BEHIND)
        self.is_over = False

    def tell(self, told: Told) -> None:
        """It is told next; one that takes nothing is ended."""
        if self.is_over:
            return
        try:
            self._waiting.put_nowait(told)
        except asyncio.QueueFull:
            self.end()

    def end(self) -> None:
        """It is told nothing more."""
        self.is_over = True
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(None)

    async def next(self) -> Told | None:
        """What it is told next; None: nothing more."""
        return await self._waiting.get()


@dataclass(slots=True)
class _Room:
    pages: set[Page] = field(default_factory=set)
    recent: deque[Ended] = field(default_factory=lambda: deque(maxlen=_RECENT))


class Live:
    """Tells open pages of calls.

    Args:
        naming: The contact's name by sub-account and number (E.164), where the CRM knows it.
        now_ms: Epoch milliseconds.
    """

    def __init__(self, naming: Naming, now_ms: Callable[[], int]) -> None:
        self._naming = naming
        self._now_ms = now_ms
        self._rooms: OrderedDict[str, _Room] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    def ended(self, location: Location, call: Call) -> None:
        """A call ended, and that is on disk. Costs a look where no page of the sub-account was ever open."""
        room = self._rooms.get(location.id)
        if room is None:
            return
        ended, number = _ended(location, call, self._now_ms())
        room.recent.append(ended)
        _tell(room, ended, Told("ended", ended.data))
        if number is not None and room.pages:
            task = asyncio.create_task(self._name(location.id, number, ended))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def wrapped(self, location: str, call_id: str) -> None:
        """A call was wrapped up: it wants nobody any more."""
        room = self._rooms.get(location)
        if room is None:
            return
        for one in [one for one in room.recent if one.data["call_id"] == call_id]:
            room.recent.remove(one)
        for page in list(room.pages):
            page.tell(Told("wrapped", {"call_id": call_id}))

    @contextmanager
    def listening(self, location: str, session: Session) -> Iterator[Page]:
        """A page of that person, told first of what ended lately."""
        room = self._room(location)
        mine = [page for page in room.pages if page.session.user == session.user]
        if len(mine) >= _PAGES:
            mine[0].end()
        page = Page(session)
        since_ms = self._now_ms() - RECENT_MS
        for one in room.recent:
            if one.at_ms > since_ms and one.concerns(session):
                page.tell(Told("ended", one.data))
        room.pages.add(page)
        try:
            yield page
        finally:
            room.pages.discard(page)

    async def close(self) -> None:
        """End all pages: the service stops."""
        for room in self._rooms.values():
            for page in list(room.pages):
                page.end()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _room(self, location: str) -> _Room:
        room = self._rooms.setdefault(location, _Room())
        self._rooms.move_to_end(location)
        if len(self._rooms) > _ROOMS:
            empty = next((name for name, one in self._rooms.items() if not one.pages and one is not room), None)
            if empty is not None:
                del self._rooms[empty]
        return room

    async def _name(self, location: str, number: str, ended: Ended) -> None:
        name = None
        with suppress(CrmError, GrantError, NoTokenError, LookupError, TimeoutError):
            name = await self._naming(location, number)
        room = self._rooms.get(location)
        if name is None or room is None:
            return
        with suppress(ValueError):  # it was wrapped up meanwhile
            room.recent[room.recent.index(ended)] = replace(ended, data={**ended.data, "name": name})
        _tell(room, ended, Told("contact", {"call_id": ended.data["call_id"], "name": name}))


def _tell(room: _Room, ended: Ended, told: Told) -> None:
    for page in list(room.pages):
        if ended.concerns(page.session):
            page.tell(told)


def _ended(location: Location, call: Call, now_ms: int) -> tuple[Ended, str | None]:
    """The call, and its contact's number in E.164."""
    config = location.config
    side = contact_side(call, config.country)
    outcome = config.words.outcome(call)
    data = {
        "call_id": call.call_id,
        "number": side.number or side.text,
        "name": None,
        "direction": call.direction,
        "answered": call.answered,
        "talk_s": call.duration_s,
        "ended": iso(call.end_ms) or iso(now_ms),
        "agent": call.agent,
        "suggested": outcome.shown,
    }
    owner = config.agents.get(call.agent) if call.agent else None
    return Ended(now_ms, data, owner, call.agent, frozenset(config.agents.values())), side.number
