"""What the state machine found, each as the shortest course of events that broke a promise."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connector.store import State
from tests.connector.stage import Clock
from tests.connector.store.memory import MemoryStore
from tests.model.calls import Sent, call
from tests.model.crm import Account, Fate, ModelCrm
from tests.model.process import SETTLE_S, Fuse, Process, register

if TYPE_CHECKING:
    from connector.crm.model import Request, Response

LOC = "Loc"
ADA = "+14155550111"
LEASE_S = 120


class Bench:
    """One sub-account, one contact, and as many processes as it takes."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.crm = ModelCrm(self.clock)
        self.crm.accounts = {LOC: Account()}
        self.store = MemoryStore()
        self.sent = 0

    async def begin(self, when_in_doubt: str = "repeat") -> None:
        await register(self.store, [LOC], when_in_doubt=when_in_doubt)
        await self.restart()
        await self.ring(answered=True)
        await self.work()  # from here on the contact and its zone are known

    async def restart(self) -> None:
        self.process = Process(self.store, self.crm, self.clock, Fuse(), "process")
        await self.process.start()

    async def ring(self, *, answered: bool = False) -> None:
        sent = Sent(call(f"call-{self.sent}", ADA, answered=answered), LOC, ADA)
        self.sent += 1
        assert await self.store.record([sent.event(self.clock())]) == [True]

    async def work(self, *fates: Fate, after_s: int = 0) -> None:
        self.clock.pass_s(after_s)
        self.crm.catch_up()
        self.crm.fates.extend(fates)
        await self.process.work()
        self.crm.fates.clear()

    async def die_after(self, verb: str) -> None:
        """The process ends when the CRM has done this and before it has heard so; the next one starts."""
        self.process.fuse.die_at(f"crm.{verb}:after")
        await self.process.work()
        assert self.process.fuse.dead
        await self.restart()

    def noted(self) -> list[str]:
        """The calls on the contact's timeline, without the one before the story begins."""
        person = self.crm.accounts[LOC].find(ADA)
        assert person is not None
        return [one for one in person.calls if one != "call-0"]

    async def row(self) -> tuple[State, str | None]:
        last = (await self.store.list_deliveries())[-1]
        return last.state, last.reason

    async def replay(self) -> None:
        last = (await self.store.list_deliveries())[-1]
        assert await self.store.replay(last.id, now_ms=self.clock())


@pytest.fixture
async def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("fate", [Fate.THROTTLED, Fate.UNAVAILABLE, Fate.REFUSED])
async def test_the_doubt_a_dead_process_leaves_outlives_tries_that_get_nowhere(bench: Bench, fate: Fate) -> None:
    """It was forgotten when the next try ended before it came to the note, and the note was written again."""
    await bench.begin()
    await bench.ring()
    await bench.die_after("add_note")
    await bench.work(fate, fate, fate, after_s=SETTLE_S)
    if fate is Fate.REFUSED:
        await bench.replay()
    await bench.work(after_s=60)
    assert await bench.row() == (State.DONE, None)
    assert bench.noted() == ["call-1"]


async def test_a_refusal_to_read_back_is_no_answer_about_the_note(bench: Bench) -> None:
    """It counted as the note's refusal, and the replay wrote the note again."""
    await bench.begin()
    await bench.ring()
    await bench.work(Fate.DONE_UNSEEN)
    await bench.work(Fate.REFUSED, after_s=SETTLE_S)
    assert (await bench.row())[0] is State.PARKED
    await bench.replay()
    await bench.work()
    assert await bench.row() == (State.DONE, None)
    assert bench.noted() == ["call-1"]


async def test_a_contact_merged_between_two_actions_has_the_note_once(bench: Bench) -> None:
    """The note came along with the merge, and was written again to the contact that was found."""
    await bench.begin()
    await bench.ring()
    await bench.work(Fate.ANSWERED, Fate.MERGED)
    assert await bench.row() == (State.DONE, None)
    assert bench.noted() == ["call-1"]


async def test_a_contact_deleted_between_two_tries_is_replaced_by_one_that_has_everything(bench: Bench) -> None:
    """What was done to the old contact counted as done to the new one, which had tags and no note."""
    await bench.begin()
    await bench.ring()
    await bench.work(Fate.ANSWERED, Fate.UNAVAILABLE, Fate.UNAVAILABLE, Fate.UNAVAILABLE)
    bench.crm.delete(LOC, ADA)
    await bench.work(after_s=60)
    assert await bench.row() == (State.DONE, None)
    person = bench.crm.accounts[LOC].find(ADA)
    assert person is not None
    assert (bench.noted(), person.asked) == (["call-1"], 1)
    assert person.tags == {"call-no-answer", "call-attempt-1"}


async def test_an_enrolment_a_dead_process_may_have_done_is_held_though_the_contact_was_merged(bench: Bench) -> None:
    await bench.begin(when_in_doubt="hold")
    await bench.ring()
    await bench.die_after("enrol")
    bench.crm.merge(LOC, ADA)
    await bench.work(after_s=SETTLE_S)
    assert (await bench.row())[0] is State.PARKED
    assert bench.crm.accounts[LOC].asked == 1


async def test_a_pause_that_could_not_be_lifted_is_lifted_by_the_next_success(bench: Bench) -> None:
    """The failures were forgotten with the attempt, and nobody tried again: one delivery at a time, for good."""
    await bench.begin()
    await bench.ring()
    await bench.work(Fate.THROTTLED)
    assert LOC in await bench.store.pauses()
    bench.process.fuse.fill_at("store.pause:before")
    await bench.work(after_s=60)
    assert LOC in await bench.store.pauses()
    await bench.ring()
    await bench.work()
    assert await bench.store.pauses() == {}


class Hangs:
    """A CRM that does what it is asked, and answers a note never."""

    def __init__(self, crm: ModelCrm) -> None:
        self._crm = crm

    async def send(self, request: Request, *, token: str) -> Response:
        answer = await self._crm.send(request, token=token)
        if request.verb == "add_note":
            await asyncio.Event().wait()
        return answer


async def test_a_try_does_not_outlive_its_lease(bench: Bench) -> None:
    """A slow CRM and a full window could make it: the next holder would read back before the first had written."""
    await register(bench.store, [LOC])
    process = Process(bench.store, Hangs(bench.crm), bench.clock, Fuse(), "slow", lease_s=0.05)
    await process.start()
    await bench.ring()
    await process.work()
    assert (await bench.store.list_deliveries())[0].leased
    await bench.restart()
    await bench.work(after_s=SETTLE_S + 1)
    assert await bench.row() == (State.DONE, None)
    person = bench.crm.accounts[LOC].find(ADA)
    assert person is not None
    assert person.calls == ["call-0"]
