"""A store in memory, for tests and for trying things out: passes the same suite as the others, keeps nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from connector.store import (
    FIX,
    LEG,
    PROBES,
    ActionResult,
    Applied,
    Delivery,
    DeliveryRow,
    Depth,
    Lease,
    LocationRow,
    NewEvent,
    OpenCall,
    QuarantineRow,
    State,
    Written,
)
from connector.store.turns import take_turns

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from connector.store import Ending, NewQuarantine, Pause
    from connector.store.follow_up import Effect


@dataclass(slots=True)
class _Row:
    id: int
    event: NewEvent
    due_ms: int
    state: State = State.WAITING
    tries: int = 0
    token: int = 0
    owner: str | None = None
    until_ms: int = 0
    in_doubt: bool = False
    contact_id: str | None = None
    plan: bytes | None = None
    reason: str | None = None
    finished_ms: int | None = None
    ledger: dict[str, ActionResult] = field(default_factory=dict)

    @property
    def lane(self) -> tuple[str, str]:
        return self.event.location, self.event.lane

    @property
    def wake_ms(self) -> int:
        """Claimable from then on."""
        return self.due_ms if self.owner is None else self.until_ms

    def held_at(self, now_ms: int) -> bool:
        return self.owner is not None and self.until_ms > now_ms

    def end_lease(self) -> None:
        self.owner = None
        self.in_doubt = False


class MemoryStore:
    """A `Store` of dicts. Each method is done before anybody else's turn comes: nothing here awaits."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._recorded = 0
        self._parts = defaultdict[tuple[str, str], list[NewEvent]](list)
        self._legs_over: set[tuple[str, str]] = set()
        self._known: set[tuple[str, str, str]] = set()
        self._waiting: dict[int, _Row] = {}
        self._served: dict[str, int] = {}
        self._claims = 0
        self._pauses: dict[str, Pause] = {}
        self._quarantine: dict[int, QuarantineRow] = {}
        self._quarantined = 0
        self._locations: dict[str, LocationRow] = {}
        self._revision = 0
        self.effects: list[tuple[str, str, Effect]] = []
        """What was to follow from calls: sub-account, call id, effect. Nothing comes of it here."""

    async def record(self, events: Sequence[NewEvent]) -> list[bool]:
        """See `Events.record`."""
        return [self._record(event) for event in events]

    def _record(self, event: NewEvent) -> bool:
        key = event.location, event.call_id, event.event
        if key in self._known:
            return False
        self._known.add(key)
        if event.part:
            self._keep_part(event)
        else:
            self._deliver(event)
        return True

    def _keep_part(self, event: NewEvent) -> None:
        self._parts[event.location, event.call_id].append(event)
        leg, _, told = event.event.removeprefix(LEG).rpartition(":")
        if leg and told == "completed":
            self._legs_over.add((event.location, leg))
        end = self._end_of(event.location, event.call_id)
        if end is None:
            return
        if end.state is State.WAITING and end.owner is None and end.contact_id is None:
            end.due_ms = min(end.due_ms, event.received_ms)
        else:
            fix = replace(event, event=FIX + event.event, lane=end.event.lane, part=False)
            self._known.add((fix.location, fix.call_id, fix.event))
            self._deliver(fix)

    def _end_of(self, location: str, call_id: str) -> _Row | None:
        wanted = location, call_id, "completed"
        ends = (r for r in self._rows.values() if (r.event.location, r.event.call_id, r.event.event) == wanted)
        return next(ends, None)

    def _parts_of(self, location: str, call_id: str) -> tuple[bytes, ...]:
        found = sorted(self._parts.get((location, call_id), ()), key=lambda part: (part.received_ms, part.event))
        return tuple(part.call for part in found)

    async def written(self, location: str, call_id: str) -> Written | None:
        """See `Deliveries.written`."""
        end = self._end_of(location, call_id)
        if end is None:
            return None
        return Written(
            call=end.event.call,
            state=end.state,
            contact_id=end.contact_id,
            ledger=dict(end.ledger),
            parts=self._parts_of(location, call_id),
        )

    async def open_calls(self, *, before_ms: int, limit: int) -> list[OpenCall]:
        """See `Deliveries.open_calls`."""
        began = {
            key: min(part.received_ms for part in began)
            for key, found in self._parts.items()
            if key not in self._legs_over and self._end_of(*key) is None
            if (began := [part for part in found if not part.event.startswith(LEG)])
        }
        old = sorted((at_ms, *key) for key, at_ms in began.items() if at_ms < before_ms)[:limit]
        return [
            OpenCall(
                location=location,
                call_id=call_id,
                trunk=min(part.trunk for part in self._parts[location, call_id]),
                lane=min(part.lane for part in self._parts[location, call_id]),
                parts=self._parts_of(location, call_id),
            )
            for _, location, call_id in old
        ]

    def _deliver(self, event: NewEvent) -> None:
        self._recorded += 1
        row = _Row(self._recorded, event, due_ms=event.received_ms)
        self._rows[row.id] = self._waiting[row.id] = row

    async def quarantine(self, request: NewQuarantine) -> int:
        """See `Events.quarantine`."""
        for row in self._quarantine.values():
            if (row.location, row.trunk, row.body) == (request.location, request.trunk, request.body):
                return row.id
        self._quarantined += 1
        self._quarantine[self._quarantined] = QuarantineRow(
            id=self._quarantined,
            location=request.location,
            trunk=request.trunk,
            method=request.method,
            url=request.url,
            headers=dict(request.headers),
            body=request.body,
            reason=request.reason,
            received_ms=request.received_ms,
        )
        return self._quarantined

    async def claim(
        self, owner: str, *, now_ms: int, lease_ms: int, limit: int, per_location: int, fresh_first: bool = False
    ) -> list[Delivery]:
        """See `Deliveries.claim`."""
        fronts = defaultdict[str, list[_Row]](list)
        for row in self._fronts():
            fronts[row.event.location].append(row)
        # Whoever was served longest ago comes first.
        order = sorted(fronts, key=lambda location: self._served.get(location, 0))
        queues = [
            self._claimable(fronts[location], now_ms, per_location, fresh_first=fresh_first) for location in order
        ]
        claimed = []
        self._claims += 1
        for row in take_turns(queues, max(0, limit)):
            self._served[row.event.location] = self._claims
            parts = self._parts_of(row.event.location, row.event.call_id)
            claimed.append(_lease(row, owner, now_ms + lease_ms, parts))
        return claimed

    def _fronts(self) -> Iterable[_Row]:
        """Each lane's one delivery that may be worked on: the one that is, or the earliest one waiting."""
        fronts: dict[tuple[str, str], _Row] = {}
        for row in sorted(self._waiting.values(), key=lambda row: (row.owner is None, row.id)):
            fronts.setdefault(row.lane, row)
        return fronts.values()

    def _claimable(self, fronts: Sequence[_Row], now_ms: int, per_location: int, *, fresh_first: bool) -> list[_Row]:
        pause = self._pauses.get(fronts[0].event.location)
        if pause is not None and pause.until_ms > now_ms:
            return []
        most = per_location if pause is None else PROBES
        room = most - sum(row.held_at(now_ms) for row in fronts)
        due = [row for row in fronts if row.wake_ms <= now_ms]
        due.sort(key=lambda row: (row.wake_ms, row.id), reverse=fresh_first)
        return due[: max(0, room)]

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
        """See `Deliveries.write_down`."""
        row = self._waiting.get(lease.delivery)
        if row is None or (row.owner, row.token) != (lease.owner, lease.token) or not row.held_at(now_ms):
            return False
        row.contact_id = row.contact_id if contact_id is None else contact_id
        row.plan = row.plan if plan is None else plan
        row.ledger.update((result.key, result) for result in results)
        self.effects += [(row.event.location, row.event.call_id, effect) for effect in effects]
        if ending is not None:
            self._end(row, ending, now_ms)
        return True

    def _end(self, row: _Row, ending: Ending, now_ms: int) -> None:
        row.end_lease()
        row.state = ending.state
        row.reason = ending.reason
        row.tries -= not ending.counts
        if ending.state is State.WAITING:
            row.due_ms = now_ms if ending.due_ms is None else ending.due_ms
        else:
            row.finished_ms = now_ms
            del self._waiting[row.id]

    async def pause(self, location: str, pause: Pause | None) -> None:
        """See `Deliveries.pause`."""
        if pause is None:
            self._pauses.pop(location, None)
        else:
            self._pauses[location] = pause

    async def pauses(self) -> dict[str, Pause]:
        """See `Deliveries.pauses`."""
        return dict(self._pauses)

    async def next_due_ms(self, *, now_ms: int) -> int | None:
        """See `Deliveries.next_due_ms`."""
        wakes = [row.wake_ms for row in self._fronts()]
        ends = [pause.until_ms for pause in self._pauses.values()]
        return min((at_ms for at_ms in wakes + ends if at_ms > now_ms), default=None)

    async def release_all(self, *, now_ms: int, due_ms: int) -> int:  # noqa: ARG002 - part of the protocol
        """See `Deliveries.release_all`."""
        leased = [row for row in self._waiting.values() if row.owner is not None]
        for row in leased:
            row.end_lease()
            row.in_doubt = True
            row.due_ms = due_ms
            row.tries = max(0, row.tries - 1)
        return len(leased)

    async def list_deliveries(
        self, *, location: str | None = None, state: State | None = None, limit: int = 100, after: int = 0
    ) -> list[DeliveryRow]:
        """See `Repair.list_deliveries`."""
        wanted = (
            row
            for row in self._rows.values()
            if row.id > after and location in {None, row.event.location} and state in {None, row.state}
        )
        return [_listed(row) for row in islice(wanted, limit)]

    async def ledger(self, delivery: int) -> list[ActionResult]:
        """See `Repair.ledger`."""
        row = self._rows.get(delivery)
        return [] if row is None else [row.ledger[key] for key in sorted(row.ledger)]

    async def replay(self, delivery: int, *, now_ms: int) -> bool:
        """See `Repair.replay`."""
        row = self._rows.get(delivery)
        if row is None or row.state is not State.PARKED:
            return False
        row.state, row.tries, row.due_ms, row.reason, row.finished_ms = State.WAITING, 0, now_ms, None, None
        row.ledger = {key: result for key, result in row.ledger.items() if result.applied is not Applied.REFUSED}
        self._waiting[row.id] = row
        return True

    async def list_quarantined(
        self, *, location: str | None = None, limit: int = 100, after: int = 0
    ) -> list[QuarantineRow]:
        """See `Repair.list_quarantined`."""
        rows = self._quarantine.values()
        wanted = (row for row in rows if row.id > after and location in {None, row.location})
        return list(islice(wanted, limit))

    async def release(self, quarantined: int) -> bool:
        """See `Repair.release`."""
        return self._quarantine.pop(quarantined, None) is not None

    async def depth(self) -> Depth:
        """See `Repair.depth`."""
        oldest = self._waiting[min(self._waiting)].event.received_ms if self._waiting else None
        parked = sum(row.state is State.PARKED for row in self._rows.values())
        return Depth(len(self._waiting), parked, len(self._quarantine), oldest)

    async def crowded(self, at_least: int) -> frozenset[str]:
        """See `Repair.crowded`."""
        waiting = Counter(row.event.location for row in self._waiting.values())
        return frozenset(location for location, count in waiting.items() if count >= at_least)

    def _prune_parts(self, before_ms: int) -> None:
        for key, found in list(self._parts.items()):
            closed = self._end_of(*key) is not None
            for part in [p for p in found if p.received_ms < before_ms and (closed or p.event.startswith(LEG))]:
                found.remove(part)
                self._known.discard((part.location, part.call_id, part.event))

    async def prune_location(self, location: str, *, done_before_ms: int, limit: int) -> int:
        """See `Repair.prune_location`."""
        oldest = [row for row in self._rows.values() if row.event.location == location][:limit]
        done = [row for row in oldest if row.state is State.DONE and (row.finished_ms or 0) < done_before_ms]
        self._forget(done)
        return len(done)

    def _forget(self, rows: Iterable[_Row]) -> None:
        for row in rows:
            del self._rows[row.id]
            location, call_id = row.event.location, row.event.call_id
            self._known.discard((location, call_id, row.event.event))
            for part in self._parts.pop((location, call_id), ()):
                self._known.discard((location, call_id, part.event))

    async def prune(self, *, done_before_ms: int, quarantined_before_ms: int | None, limit: int) -> int:
        """See `Repair.prune`."""
        done = [
            row for row in self._rows.values() if row.state is State.DONE and (row.finished_ms or 0) < done_before_ms
        ]
        done.sort(key=lambda row: (row.finished_ms, row.id))
        self._forget(done[:limit])
        self._prune_parts(done_before_ms)
        if quarantined_before_ms is None:
            return len(done[:limit])
        old = [id_ for id_, row in sorted(self._quarantine.items()) if row.received_ms < quarantined_before_ms][:limit]
        for id_ in old:
            del self._quarantine[id_]
        return len(done[:limit]) + len(old)

    async def put_location(
        self, location: str, *, document: bytes, secrets: Mapping[str, bytes | None], now_ms: int
    ) -> None:
        """See `Locations.put_location`."""
        old = self._locations.get(location)
        merged = {**(old.secrets if old else {}), **secrets}
        kept = {name: sealed for name, sealed in merged.items() if sealed is not None}
        self._locations[location] = LocationRow(id=location, document=document, secrets=kept, updated_ms=now_ms)
        self._revision += 1

    async def get_location(self, location: str) -> LocationRow | None:
        """See `Locations.get_location`."""
        return self._locations.get(location)

    async def list_locations(self, *, limit: int = 100, after: str = "") -> list[LocationRow]:
        """See `Locations.list_locations`."""
        return [self._locations[key] for key in islice((k for k in sorted(self._locations) if k > after), limit)]

    async def remove_location(self, location: str) -> bool:
        """See `Locations.remove_location`."""
        if self._locations.pop(location, None) is None:
            return False
        self._revision += 1
        return True

    async def locations_revision(self) -> int:
        """See `Locations.locations_revision`."""
        return self._revision

    async def check(self) -> None:
        """See `Store.check`."""

    async def close(self) -> None:
        """See `Store.close`."""


def _lease(row: _Row, owner: str, until_ms: int, parts: tuple[bytes, ...]) -> Delivery:
    row.in_doubt = row.in_doubt or row.owner is not None
    row.owner, row.until_ms = owner, until_ms
    row.tries += 1
    row.token += 1
    event = row.event
    return Delivery(
        lease=Lease(row.id, owner, row.token),
        location=event.location,
        trunk=event.trunk,
        call_id=event.call_id,
        event=event.event,
        lane=event.lane,
        call=event.call,
        received_ms=event.received_ms,
        tries=row.tries,
        in_doubt=row.in_doubt,
        contact_id=row.contact_id,
        plan=row.plan,
        ledger=dict(row.ledger),
        parts=parts,
    )


def _listed(row: _Row) -> DeliveryRow:
    event = row.event
    return DeliveryRow(
        id=row.id,
        location=event.location,
        trunk=event.trunk,
        call_id=event.call_id,
        event=event.event,
        lane=event.lane,
        call=event.call,
        state=row.state,
        tries=row.tries,
        due_ms=row.due_ms,
        leased=row.owner is not None,
        reason=row.reason,
        contact_id=row.contact_id,
        received_ms=event.received_ms,
        finished_ms=row.finished_ms,
    )
