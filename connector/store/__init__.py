"""What the connector needs kept: one protocol, one conformance suite, several engines.

Times are epoch milliseconds. Everything a method returns is on disk (fsync) when it returns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from connector.store.follow_up import Effect


PROBES = 1
"""How many may be held at a time for a sub-account whose pause ran out but was not lifted: is the trouble over?"""


class StoreError(Exception):
    """The store could not do it; nothing of the call was kept."""


class StoreFullError(StoreError):
    """The store cannot take more now (disk full, read-only, locked): nothing was acknowledged, nothing is lost."""


class State(StrEnum):
    """Where a delivery stands. `waiting` covers "due later" and "being worked on" (it then has a lease)."""

    WAITING = "waiting"
    DONE = "done"
    PARKED = "parked"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event of one call, to be kept together with its delivery, unique on (location, call_id, event).

    `lane` is what keeps its order: the contact's number, or the call id where no number is known. `call` is the
    canonical call as JSON.
    """

    location: str
    trunk: str
    call_id: str
    event: str
    lane: str
    call: bytes
    received_ms: int
    part: bool = False
    """An event that is not the end of its call: kept beside it, and delivered with it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one delivery until it expires; `token` fences off a holder that slept past it."""

    delivery: int
    owner: str
    token: int


class Applied(StrEnum):
    """What is known of one action's write to the CRM."""

    APPLIED = "applied"
    REFUSED = "refused"
    IN_DOUBT = "in_doubt"


@dataclass(frozen=True, slots=True)
class ActionResult:
    """One line of a delivery's ledger: the action's key, what became of it, the CRM's id for it, why."""

    key: str
    applied: Applied
    crm_id: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One event's way to the CRM, as claimed.

    `in_doubt` is true when an earlier holder never gave its lease back: any action without a ledger line may have
    reached the CRM. `plan` is the plan as JSON, once one was written down; `ledger` is by action key.
    """

    lease: Lease
    location: str
    trunk: str
    call_id: str
    event: str
    lane: str
    call: bytes
    received_ms: int
    tries: int
    in_doubt: bool
    contact_id: str | None
    plan: bytes | None
    ledger: Mapping[str, ActionResult]
    parts: tuple[bytes, ...] = ()
    """The call's other events so far, as JSON, in the order in which they came."""


LEG = "leg:"
"""How the event of a part begins that is another leg of the call: it is linked, and never makes a call of its own."""
FIX = "fix:"
"""How the event of a delivery begins that corrects what was written of a call, because a part of it came late."""
TIMER = "timer:"
"""How the event of a delivery begins that was a timer of its call until it fell due (store/follow_up.py)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the end of a call: what a correction needs."""

    call: bytes
    state: State
    contact_id: str | None
    ledger: Mapping[str, ActionResult]
    parts: tuple[bytes, ...] = ()
    """The call's other events so far, as `Delivery.parts`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCall:
    """A call that began, as its parts tell, and has not ended as far as we know."""

    location: str
    trunk: str
    call_id: str
    lane: str
    parts: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Ending:
    """How a holder gives its lease back: done, parked, or waiting again until `due_ms`; `reason` in words."""

    state: State
    reason: str | None = None
    due_ms: int | None = None
    """Only for WAITING: when to try again."""
    counts: bool = True
    """False where the try should not count (a pause of the whole sub-account, a clean stop)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryRow:
    """A delivery as lists show it."""

    id: int
    location: str
    trunk: str
    call_id: str
    event: str
    lane: str
    call: bytes
    state: State
    tries: int
    due_ms: int
    leased: bool
    reason: str | None
    contact_id: str | None
    received_ms: int
    finished_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewQuarantine:
    """An authentic request that was not understood: kept as it came, to be read again after a fix."""

    location: str
    trunk: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    reason: str
    received_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRow(NewQuarantine):
    """A quarantined request with its id."""

    id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationRow:
    """A sub-account: its configuration as JSON, and its sealed secrets by name (see oauth/vault.py)."""

    id: str
    document: bytes
    secrets: Mapping[str, bytes] = field(repr=False)
    updated_ms: int
    company: str | None = field(default=None, compare=False)
    """The agency it belongs to, where that is known."""
    defaults: bytes | None = field(default=None, compare=False)
    """What that agency chose for all its sub-accounts, as JSON; its own document wins."""
    version: int = field(default=0, compare=False)
    """How often it was changed (store/history.py)."""


@dataclass(frozen=True, slots=True)
class Pause:
    """A sub-account's deliveries wait until `until_ms`; `failures` in a row decide how long the next pause is."""

    until_ms: int
    reason: str
    failures: int


@dataclass(frozen=True, slots=True)
class Depth:
    """How much waits (leases included), is parked, is quarantined; when the earliest recorded waiting one came."""

    waiting: int
    parked: int
    quarantined: int
    oldest_waiting_ms: int | None


class Events(Protocol):
    """What intake needs."""

    async def record(self, events: Sequence[NewEvent]) -> list[bool]:
        """Keep events and their deliveries (due at once), all or none: True for each that is new.

        The transaction is shared with whoever else asks meanwhile. False stands for one already kept, also for one
        given twice in `events`.

        A `part` has no delivery of its own. If the end of its call waits, nobody works on it and nothing of it is
        written to a contact yet, that falls due now; else a delivery `fix:<event>` is made in the same lane.

        Raises:
            StoreFullError: nothing was kept.
        """

    async def quarantine(self, request: NewQuarantine) -> int:
        """Keep a request that was not understood; returns its id.

        The same body for the same trunk and sub-account, still quarantined, is kept once.

        Raises:
            StoreFullError: nothing was kept.
        """


class Deliveries(Protocol):
    """What the delivery worker needs."""

    async def claim(
        self, owner: str, *, now_ms: int, lease_ms: int, limit: int, per_location: int, fresh_first: bool = False
    ) -> list[Delivery]:
        """Lease up to `limit` due deliveries to `owner`.

        Oldest first within a sub-account (or, `fresh_first`, the latest due; a lane keeps its order), in turn between
        sub-accounts, never more than `per_location` held at a time for one (leases already held count), and PROBES for
        one whose pause ran out but was not lifted.

        Not claimable: a delivery of a paused sub-account; one with an earlier waiting delivery in its lane; one
        under somebody's running lease. A lane finishes what it began: a replayed delivery waits for the one that its
        lane is working on, even where that one was recorded later. A claim counts as a try.
        """

    async def write_down(
        self,
        lease: Lease,
        *,
        now_ms: int,
        contact_id: str | None = None,
        plan: bytes | None = None,
        results: Sequence[ActionResult] = (),
        ending: Ending | None = None,
        effects: Sequence[Effect] = (),
    ) -> bool:
        """Record what a holder did and what follows from it, and give the lease back if there is an `ending`.

        None leaves a field as it was; a result replaces the ledger line of the same key; the effects take effect in
        their order (store/follow_up.py). False: the lease is no longer the holder's; nothing was written.
        """

    async def written(self, location: str, call_id: str) -> Written | None:
        """What became of the end of this call; None where it has not come."""

    async def open_calls(self, *, before_ms: int, limit: int) -> list[OpenCall]:
        """Calls whose first part came before that time and whose end has not come, the earliest first."""

    async def pause(self, location: str, pause: Pause | None) -> None:
        """Set or lift a sub-account's pause."""

    async def pauses(self) -> dict[str, Pause]:
        """All pauses that were set and not lifted, whether or not their time has come."""

    async def next_due_ms(self, *, now_ms: int) -> int | None:
        """The earliest time after `now_ms` at which a waiting delivery falls due, a lease runs out or a pause ends.

        A timer counts, too, also where its time is over: it has to be promoted (store/follow_up.py).
        """

    async def release_all(self, *, now_ms: int, due_ms: int) -> int:
        """At the start of the only process on this store: end every lease of the dead; how many there were.

        Their deliveries are due at `due_ms`, in doubt; the try that the process's end cut off does not count.
        """


class Repair(Protocol):
    """What people need who look after deliveries."""

    async def list_deliveries(
        self, *, location: str | None = None, state: State | None = None, limit: int = 100, after: int = 0
    ) -> list[DeliveryRow]:
        """By id, ascending, those with an id greater than `after`."""

    async def ledger(self, delivery: int) -> list[ActionResult]:
        """The delivery's ledger by key; empty where nothing was written yet, or there is no such delivery."""

    async def replay(self, delivery: int, *, now_ms: int) -> bool:
        """Make a parked delivery wait again, due now; False if there is no parked delivery of that id.

        Its tries are at 0 and its refused ledger lines taken away; what was applied stays applied.
        """

    async def list_quarantined(
        self, *, location: str | None = None, limit: int = 100, after: int = 0
    ) -> list[QuarantineRow]:
        """By id, ascending, those with an id greater than `after`."""

    async def release(self, quarantined: int) -> bool:
        """Forget a quarantined request (it was read at last). False if there is none of that id."""

    async def depth(self) -> Depth:
        """How much is waiting, parked and quarantined."""

    async def crowded(self, at_least: int) -> frozenset[str]:
        """The sub-accounts with at least so many deliveries waiting."""

    async def prune(self, *, done_before_ms: int, quarantined_before_ms: int | None, limit: int) -> int:
        """Forget what was done before that time, and what was quarantined before that one (None: nothing of it).

        Of what follows calls, what was settled or mattered last before that time (store/follow_up.py). Up to `limit` of
        each; how many there were. What waits or is parked stays.
        """

    async def prune_location(self, location: str, *, done_before_ms: int, limit: int) -> int:
        """Likewise for one sub-account, of its `limit` oldest deliveries those done before that time."""


class Locations(Protocol):
    """What configuration needs."""

    async def put_location(
        self, location: str, *, document: bytes, secrets: Mapping[str, bytes | None], now_ms: int
    ) -> None:
        """Keep a sub-account's configuration; secrets named are replaced (None removes one), others stay."""

    async def get_location(self, location: str) -> LocationRow | None:
        """The sub-account, or None."""

    async def list_locations(self, *, limit: int = 100, after: str = "") -> list[LocationRow]:
        """By id, ascending, those with an id greater than `after`."""

    async def remove_location(self, location: str) -> bool:
        """Forget the sub-account's configuration and secrets (its calls stay). False if there was none."""

    async def locations_revision(self) -> int:
        """A number that grows with each change to any sub-account, by whichever process."""


class Store(Events, Deliveries, Repair, Locations, Protocol):
    """All of it, and its end."""

    async def check(self) -> None:
        """Prove that the store can be written.

        Raises:
            StoreError: it cannot; the text says why.
        """

    async def close(self) -> None:
        """Finish what was asked, and let go. Idempotent."""
