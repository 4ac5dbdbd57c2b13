"""The state machine: calls come, time passes, everything fails and is mended; after each step the promises hold."""

from __future__ import annotations

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.store import TIMER, DeliveryRow, State, Store
from connector.store.sqlite import SqliteStore
from tests.connector.stage import Clock
from tests.connector.store.memory import MemoryStore
from tests.model.calls import Sent, call
from tests.model.crm import Account, Fate, ModelCrm, Person
from tests.model.process import MOST_ROUNDS, SETTLE_S, Fuse, Process, ProcessDiedError, register

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Sequence

REPEATS, HOLDS = "Repeats", "Holds"
"""Two sub-accounts, by what they do with an enrolment in doubt (`when_in_doubt`)."""
LOCATIONS = st.sampled_from([REPEATS, HOLDS])
PHONES = st.sampled_from(["+14155550111", "+14155550122"])
FATES = st.builds(
    lambda answered, fates: [Fate.ANSWERED] * answered + fates,
    st.integers(0, 4),
    st.lists(st.sampled_from(Fate), min_size=2, max_size=8),
)
"""A few requests go well, then some do not, then all do."""
STEPS = st.integers(1, 40)
"""After how many steps something happens."""
CALLS = st.lists(st.tuples(LOCATIONS, PHONES, st.booleans()), min_size=1, max_size=3)
"""Sub-account, contact, whether it was answered."""
SPANS_S = st.none() | st.sampled_from([0, 5, 60, 130, 700])
"""None: until something is due, which is when the worker wakes.

Among the others a settling time, a lease's time, and more than contacts and tokens are remembered for.
"""
MOST_MINDING = 400


class Once(RuleBasedStateMachine):
    """The delivery of calls over a store in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.runner.get_loop().set_exception_handler(self._unhandled)
        self.clock = Clock()
        self.crm = ModelCrm(self.clock)
        self.sent: dict[str, Sent] = {}
        self.replayed: set[str] = set()
        self.wrong: list[str] = []
        self.processes = 0
        self.kept = True
        self.store: Store = MemoryStore()
        self.run(self.opened())
        self.run(register(self.store, [REPEATS], when_in_doubt="repeat"))
        self.run(register(self.store, [HOLDS], when_in_doubt="hold"))
        self.crm.accounts = {REPEATS: Account(), HOLDS: Account()}

    async def opened(self) -> None:
        """What a process does with the store as it starts."""

    async def closed(self) -> None:
        """What becomes of the store as a process ends."""

    def run(self, asked: Coroutine[Any, Any, Any]) -> Any:
        return self.runner.run(asked)

    def _unhandled(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not isinstance(error, ProcessDiedError):
            self.wrong.append(f"{context.get('message')}: {error!r}")

    # What happens.

    @initialize()
    def start(self) -> None:
        self.restart()

    @rule(calls=CALLS)
    def ring(self, calls: list[tuple[str, str, bool]]) -> None:
        for location, phone, answered in calls:
            sent = Sent(call(f"call-{len(self.sent)}", phone, answered=answered), location, phone)
            assert self.run(self.store.record([sent.event(self.clock())])) == [True]
            self.sent[f"call-{len(self.sent)}"] = sent

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def the_same_call_again(self, data: st.DataObject) -> None:
        sent = self.sent[data.draw(st.sampled_from(sorted(self.sent)))]
        assert self.run(self.store.record([sent.event(self.clock())])) == [False]

    @rule(calls=CALLS, after_s=SPANS_S, fates=FATES)
    def ring_and_work_with_a_moody_crm(
        self, calls: list[tuple[str, str, bool]], after_s: int | None, fates: list[Fate]
    ) -> None:
        self.ring(calls)
        self.work(after_s, fates=fates)

    @rule(calls=CALLS, after_s=SPANS_S, dies_at=STEPS)
    def ring_and_work_and_die(self, calls: list[tuple[str, str, bool]], after_s: int | None, dies_at: int) -> None:
        self.ring(calls)
        self.work(after_s, dies_at=dies_at)

    @rule(calls=CALLS, after_s=SPANS_S, full_at=STEPS)
    def ring_and_work_on_a_full_disk(
        self, calls: list[tuple[str, str, bool]], after_s: int | None, full_at: int
    ) -> None:
        self.ring(calls)
        self.work(after_s, full_at=full_at)

    @rule(after_s=SPANS_S, fates=FATES, dies_at=STEPS, full_at=STEPS)
    def work_on_a_bad_day(self, after_s: int | None, fates: list[Fate], dies_at: int, full_at: int) -> None:
        self.work(after_s, fates=fates, dies_at=dies_at, full_at=full_at)

    @rule(after_s=SPANS_S)
    def work(self, after_s: int | None, *, fates: Sequence[Fate] = (), dies_at: int = 0, full_at: int = 0) -> None:
        self.pass_s(after_s)
        self.crm.fates.extend(fates)
        self.process.fuse.set(dies_at, full_at)
        assert self.run(self.process.work()) < MOST_ROUNDS
        self.crm.fates.clear()
        self.process.fuse.set()
        if self.process.fuse.dead:
            self.restart()

    @rule(dies_at=st.just(0) | STEPS)
    def restart(self, dies_at: int = 0) -> None:
        """A new process takes up what the last one left; it may die while it starts, and another one starts."""
        for steps in (dies_at, 0):
            self.run(self.closed())
            self.run(self.opened())
            self.processes += 1
            self.process = Process(self.store, self.crm, self.clock, Fuse(steps), f"process-{self.processes}")
            self.run(self.process.start())
            self.process.fuse.set()
            if not self.process.fuse.dead:
                return

    @rule(away=st.booleans(), revoked=st.sets(LOCATIONS))
    def the_crm_changes(self, away: bool, revoked: set[str]) -> None:  # noqa: FBT001 - hypothesis names it
        """An outage begins or ends; tokens are refused from now on, or taken again."""
        self.crm.away = away
        self.crm.revoked = revoked

    @rule(location=LOCATIONS, phone=PHONES, merged=st.booleans())
    def contact_goes(self, location: str, phone: str, merged: bool) -> None:  # noqa: FBT001 - hypothesis names it
        (self.crm.merge if merged else self.crm.delete)(location, phone)

    @rule()
    def replay(self) -> None:
        """A person replays all that is parked, having taken longer than a late write does."""
        self.pass_s(SETTLE_S)
        for row in self.rows():
            if row.state is State.PARKED:
                self.replayed.add(row.call_id)
                assert self.run(self.store.replay(row.id, now_ms=self.clock()))

    # What holds.

    @invariant()
    def what_is_promised_holds(self) -> None:
        self.kept = False
        rows = [row for row in self.rows() if not row.event.startswith(TIMER)]
        self.every_call_is_accounted_for(rows)
        self.no_call_is_noted_twice()
        self.no_call_has_two_tasks()
        self.notes_keep_the_order_of_their_calls()
        done = {row.call_id for row in rows if row.state is State.DONE}
        self.what_is_done_is_done_in_full(done)
        self.each_unanswered_call_that_is_done_asked_for_its_enrolment(done)
        self.where_doubt_is_held_nobody_is_enrolled_twice()
        wrong = self.wrong + self.crm.wrong
        assert not wrong, wrong
        self.kept = True

    def pass_s(self, seconds: int | None) -> None:
        due_ms = self.run(self.store.next_due_ms(now_ms=self.clock())) if seconds is None else None
        self.clock.now_ms = max(self.clock(), due_ms or 0) + (seconds or 0) * 1000
        self.crm.catch_up()

    def rows(self) -> list[DeliveryRow]:
        rows: list[DeliveryRow] = self.run(self.store.list_deliveries(limit=10_000))
        return rows

    def homes(self, sent: Sent) -> Iterator[Person]:
        """Who has, or had, the call's note."""
        people = self.crm.accounts[sent.location].ever()
        return (person for person in people if sent.call.call_id in person.calls)

    def every_call_is_accounted_for(self, rows: Sequence[DeliveryRow]) -> None:
        assert sorted(row.call_id for row in rows) == sorted(self.sent)
        assert [row.reason for row in rows if "in the connector" in (row.reason or "")] == []

    def no_call_is_noted_twice(self) -> None:
        for account in self.crm.accounts.values():
            noted = Counter(call for person in account.living.values() for call in person.calls)
            assert {call: count for call, count in noted.items() if count > 1} == {}

    def no_call_has_two_tasks(self) -> None:
        for account in self.crm.accounts.values():
            made = Counter(line for person in account.living.values() for line in person.tasks)
            assert {line: count for line, count in made.items() if count > 1} == {}

    def notes_keep_the_order_of_their_calls(self) -> None:
        numbers = {call: number for number, call in enumerate(self.sent)}
        for account in self.crm.accounts.values():
            for person in account.living.values():
                order = [numbers[call] for call in person.calls if call not in self.replayed]
                assert order == sorted(order)

    def what_is_done_is_done_in_full(self, done: set[str]) -> None:
        for sent in map(self.sent.__getitem__, done):
            assert any(
                sent.tag in home.tags and (sent.call.answered or (home.asked and sent.has_task(home.tasks)))
                for home in self.homes(sent)
            ), f"{sent.call.call_id} is done, but only in part"

    def each_unanswered_call_that_is_done_asked_for_its_enrolment(self, done: set[str]) -> None:
        for account in self.crm.accounts.values():
            for person in account.living.values():
                wanted = sum(call in done and not self.sent[call].call.answered for call in person.calls)
                assert person.asked >= wanted

    def where_doubt_is_held_nobody_is_enrolled_twice(self) -> None:
        unanswered = [call for call, sent in self.sent.items() if sent.location == HOLDS and not sent.call.answered]
        if not self.replayed.intersection(unanswered):
            assert self.crm.accounts[HOLDS].asked <= len(unanswered)

    # How it ends.

    def teardown(self) -> None:
        try:
            if self.kept:
                self.mend()
                self.everything_comes_to_its_end()
        finally:
            self.run(self.closed())
            self.runner.close()

    def mend(self) -> None:
        self.crm.away = False
        self.crm.revoked.clear()
        # What comes last shows whether the sub-account is out of its pause.
        self.ring([(REPEATS, "+14155550133", True), (HOLDS, "+14155550133", True)])

    def everything_comes_to_its_end(self) -> None:
        for _ in range(MOST_MINDING):
            assert self.run(self.process.work()) < MOST_ROUNDS
            if not self.wait_for_what_is_due():
                break
        for row in self.rows():
            assert row.state is State.DONE, f"{row.call_id}: {row.state}, {row.reason}"
        assert self.run(self.store.pauses()) == {}
        self.what_is_promised_holds()

    def wait_for_what_is_due(self) -> bool:
        """Let time pass until something is due, then replay what is parked; False when there is neither."""
        states = {row.state for row in self.rows()}
        if State.WAITING in states:
            self.pass_s(None)
        elif State.PARKED in states:
            self.replay()
        return states != {State.DONE}


class OnceOnDisk(Once):
    """The same over a SQLite file, which each process opens anew."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        super().__init__()

    async def opened(self) -> None:
        self.store = await SqliteStore.open(Path(self.folder.name) / "ringback.db")

    async def closed(self) -> None:
        await self.store.close()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.folder.cleanup()
