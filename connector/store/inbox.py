"""The CRM's events: each is kept once, acted on at least once, and remembered for as long as it may be repeated."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

KEEP_MS: Final = 96 * 3_600_000
"""How long an event that needs nothing any more is remembered after it came: twice the time within which it is taken,
for that is counted from its own time, which may lie ahead of ours by as much."""

UNFINISHED: Final = 100_000
"""So many events may wait or be parked; then no more are taken."""


class EventState(StrEnum):
    """Where an event stands."""

    WAITING = "waiting"
    DONE = "done"
    IGNORED = "ignored"
    PARKED = "parked"


class Put(StrEnum):
    """What became of an event that was to be kept."""

    KEPT = "kept"
    DUPLICATE = "duplicate"
    FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """An event to be kept; `state` is WAITING (due now), IGNORED (only remembered) or PARKED (with a `reason`)."""

    key: str
    type: str
    location: str | None
    state: EventState
    at_ms: int | None
    """Its own time, by the CRM's clock."""
    received_ms: int
    body: bytes = field(repr=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """An event and the right to act on it, until that time; `lease` fences off who slept past it."""

    id: int
    lease: int
    tries: int
    """This one included."""
    received_ms: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    """An event as lists show it; the body is empty where nothing is to be done any more."""

    id: int
    key: str
    type: str
    location: str | None
    state: EventState
    tries: int
    due_ms: int | None
    reason: str | None
    at_ms: int | None
    received_ms: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KnownTags:
    """What is known of a contact's tags that tell how a call went: those it had at `at_ms` (None: not known yet)."""

    tags: frozenset[str] = frozenset()
    at_ms: int | None = None
    ours: Mapping[str, int] = field(default_factory=dict)
    """Tags that we wrote ourselves, and when."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsSeen:
    """The tags that an event showed on a contact."""

    location: str
    contact_id: str
    tags: frozenset[str]
    at_ms: int


class Inbox(Protocol):
    """Events, and what must be remembered to read them."""

    async def put(self, arrival: Arrival, *, most: int = UNFINISHED) -> Put:
        """Keep an event, unless it was kept before, or (FULL) `most` wait or are parked already.

        Raises:
            StoreFullError: nothing was kept.
        """

    async def take(self, *, now_ms: int, until_ms: int, limit: int) -> list[Taken]:
        """Lease events that are due, the longest due first; they fall due again at `until_ms`. Counts as a try."""

    async def lapse(self, *, now_ms: int) -> int:
        """At the start of the only process on this store: end every lease of the dead; how many there were."""

    async def finish(
        self, taken: Taken, state: EventState, *, reason: str | None = None, seen: TagsSeen | None = None, now_ms: int
    ) -> bool:
        """Give it back for good, and keep what it showed, unless something newer is known of that.

        False: it is another's by now; nothing was kept.
        """

    async def retry(self, taken: Taken, *, reason: str, due_ms: int) -> bool:
        """Give it back until that time; False likewise."""

    async def next_due_ms(self) -> int | None:
        """When something falls due, or a lease runs out."""

    async def page(
        self, *, state: EventState | None = None, location: str | None = None, limit: int = 100, after: int = 0
    ) -> list[InboxRow]:
        """By id, ascending, those with an id greater than `after`."""

    async def replay(self, event: int, *, now_ms: int) -> bool:
        """Let a parked event wait again, due now; False where there is none of that id."""

    async def dismiss(self, event: int, *, now_ms: int) -> bool:
        """Let a parked event be, without its body; False likewise."""

    async def counts(self) -> Mapping[EventState, int]:
        """How many there are of each state."""

    async def tags(self, location: str, contact_id: str) -> KnownTags:
        """What is known of a contact's tags."""

    async def wrote_tags(self, location: str, contact_id: str, tags: Collection[str], *, now_ms: int) -> None:
        """We are about to write these tags ourselves."""
