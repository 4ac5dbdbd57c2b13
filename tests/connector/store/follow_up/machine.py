"""Timers set, replaced, cancelled, promoted, carried, and processes that die; beside it, what must be so."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connector.store import TIMER, Delivery, Ending, State
from connector.store.follow_up import Cancel, Schedule
from connector.store.sqlite import SqliteStore
from tests.connector.store.build import DONE, NOW, claim, event

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from connector.store.follow_up import Effect

Timer: TypeAlias = tuple[str, str]
"""Call id and key."""

CALLS = st.sampled_from(["call-1", "call-2"])
LANES = st.sampled_from(["lane-1", "lane-2"])
SPANS_MS = st.sampled_from([0, 1, 10, 100])
KEYS = st.sampled_from(["review", "review:2", "tag"])
PREFIXES = st.sampled_from(["", "review", "review:", "tag"])
EFFECTS = st.lists(
    st.tuples(st.just("set"), KEYS, SPANS_MS) | st.tuples(st.just("cancel"), PREFIXES, st.just(0)), max_size=3
)
"""What is to be done, to which key or keys, and for "set" how much later it is due."""
LONG_MS = 1000


@dataclass(frozen=True, slots=True)
class Pending:
    """A timer as it should be: `number` grows with each that was set anew."""

    due_ms: int
    number: int
    document: bytes


class Timers(RuleBasedStateMachine):
    """One database file, opened anew by each process, and one clock that never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now_ms = NOW
        self.numbers = count(1)
        self.asked: dict[str, list[tuple[str, str, int]]] = {}
        self.pending: dict[Timer, Pending] = {}
        self.fallen_due: dict[Timer, bytes] = {}
        self.begun: dict[Timer, bytes] = {}
        self.fired: Counter[Timer] = Counter()

    def run(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(asked)

    @initialize()
    def open(self) -> None:
        self.store = self.run(SqliteStore.open(Path(self.folder.name) / "ringback.db"))

    # What happens.

    @rule(span_ms=SPANS_MS)
    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms

    @rule(call_id=CALLS, lane=LANES, effects=EFFECTS)
    def something_of_the_call_comes(self, call_id: str, lane: str, effects: list[tuple[str, str, int]]) -> None:
        """A delivery from which all that will follow, once it is carried."""
        kind = f"event-{next(self.numbers)}"
        self.asked[kind] = effects
        self.run(self.store.record([event(call_id, kind=kind, lane=lane, received_ms=self.now_ms)]))

    @rule(limit=st.integers(1, 3))
    def promote(self, limit: int) -> None:
        due = [timer for timer, pending in self.pending.items() if pending.due_ms <= self.now_ms]
        due.sort(key=lambda timer: (self.pending[timer].due_ms, self.pending[timer].number))
        promoted = self.run(self.store.follow_up.promote(now_ms=self.now_ms, limit=limit))
        assert promoted == len(due[:limit])
        for timer in due[:limit]:
            self.fallen_due[timer] = self.pending.pop(timer).document

    @rule(limit=st.integers(1, 3), lives=st.booleans())
    def work(self, limit: int, lives: bool) -> None:  # noqa: FBT001 - hypothesis names it
        """Carry what is due; or die with it in hand, before or after what follows was written down."""
        claimed = self.run(claim(self.store, now_ms=self.now_ms, limit=limit))
        for delivery in claimed:
            self.begin(delivery)
        for delivery in claimed[: None if lives else len(claimed) // 2]:
            self.carry(delivery)
        if not lives:
            self.die()

    def begin(self, delivery: Delivery) -> None:
        timer = delivery.call_id, delivery.event.removeprefix(TIMER)
        if delivery.event.startswith(TIMER):
            if timer in self.fallen_due:
                self.begun[timer] = self.fallen_due.pop(timer)
            assert self.begun[timer] == delivery.call

    def carry(self, delivery: Delivery) -> None:
        effects = [self.effect(delivery, *asked) for asked in self.asked.get(delivery.event, [])]
        assert self.run(self.store.write_down(delivery.lease, now_ms=self.now_ms, effects=effects, ending=DONE)), (
            "the lease is running"
        )
        if delivery.event.startswith(TIMER):
            self.fired[delivery.call_id, delivery.event.removeprefix(TIMER)] += 1

    def effect(self, delivery: Delivery, what: str, key: str, span_ms: int) -> Effect:
        """The effect, and what it should do."""
        if what == "cancel":
            for timers in (self.pending, self.fallen_due):
                for timer in [(call_id, one) for call_id, one in timers if call_id == delivery.call_id]:
                    if timer[1].startswith(key):
                        del timers[timer]
            return Cancel(key_prefix=key)
        timer = delivery.call_id, key
        number = next(self.numbers)
        schedule = Schedule(key=key, due_ms=self.now_ms + span_ms, document=f"{number}".encode())
        if timer not in self.fallen_due and timer not in self.begun:
            first = self.pending[timer].number if timer in self.pending else number
            self.pending[timer] = Pending(schedule.due_ms, first, schedule.document)
        return schedule

    @rule()
    def try_in_vain(self) -> None:
        """What is due is begun, and waits again."""
        for delivery in self.run(claim(self.store, now_ms=self.now_ms)):
            self.begin(delivery)
            again = Ending(State.WAITING, "in vain", self.now_ms)
            assert self.run(self.store.write_down(delivery.lease, now_ms=self.now_ms, ending=again))

    @rule()
    def die(self) -> None:
        """The process ends without a word, and another one takes up what it left."""
        self.run(self.store.close())
        self.open()
        self.run(self.store.release_all(now_ms=self.now_ms, due_ms=self.now_ms))

    # What holds.

    @invariant()
    def what_is_pending_is_what_was_set_and_neither_fired_nor_cancelled(self) -> None:
        rows = self.run(self.store.follow_up.list_timers("loc-a"))
        assert {(row.call_id, row.key): (row.due_ms, row.document) for row in rows} == {
            timer: (pending.due_ms, pending.document) for timer, pending in self.pending.items()
        }

    @invariant()
    def what_fell_due_is_a_delivery_once(self) -> None:
        rows = self.run(self.store.list_deliveries(limit=10_000))
        made = Counter((row.call_id, row.event.removeprefix(TIMER)) for row in rows if row.event.startswith(TIMER))
        assert made == Counter({**self.fallen_due, **self.begun}.keys())

    @invariant()
    def none_fires_twice(self) -> None:
        assert set(self.fired.values()) <= {1}

    # How it ends.

    def teardown(self) -> None:
        try:
            self.everything_fires_that_was_not_cancelled()
        finally:
            self.run(self.store.close())
            self.runner.close()
            self.folder.cleanup()

    def everything_fires_that_was_not_cancelled(self) -> None:
        for _ in range(200):
            self.now_ms += LONG_MS
            self.promote(3)
            self.work(3, lives=True)
            if not self.pending and self.run(self.store.depth()).waiting == 0:
                break
        assert (self.pending, self.fallen_due) == ({}, {})
        assert set(self.fired) == set(self.begun)
        self.none_fires_twice()
