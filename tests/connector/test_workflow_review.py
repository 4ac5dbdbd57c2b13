"""Connected, and nobody said how it went: five minutes after the end a manager is to look."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import State
from connector.store.follow_up import ReviewState
from tests.connector.shift import Shift, on_shift
from tests.connector.stage import LOC, Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTE, TAGS = "POST /contacts/{contactId}/notes", "POST /contacts/{contactId}/tags"
EVERY = frozenset(ReviewState)
FIVE_MINUTES_S = 300


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def test_a_known_contact_costs_two_requests_a_connected_call(shift: Shift) -> None:
    await shift.call(60)
    await shift.pass_s(FIVE_MINUTES_S)
    assert shift.asked() == [NOTE, TAGS]


async def test_nothing_is_to_review_until_five_minutes_after_the_end(shift: Shift) -> None:
    await shift.call(60)
    await shift.pass_s(FIVE_MINUTES_S - 0.001)
    assert await shift.reviews() == []


async def test_five_minutes_after_the_end_the_call_is_to_review(shift: Shift) -> None:
    ended_ms = shift.stage.clock()
    call = await shift.call(60, agent="Ana")
    await shift.pass_s(FIVE_MINUTES_S)
    (review,) = await shift.reviews()
    assert (review.call_id, review.agent, review.talk_s, review.ended_ms) == (call, "Ana", 60, ended_ms)
    assert review.contact_id == shift.stage.contact().id
    assert review.reason == "Connected, and no disposition by the agent"


@pytest.mark.parametrize(
    ("talk_s", "amd", "reviewed"),
    [
        (30, "human", False),
        (30.001, "human", True),
        (45, None, False),
        (45.001, None, True),
        (45, "human", True),
        (600, "machine", False),
    ],
)
async def test_talk_of_more_than_thirty_seconds_that_is_no_voicemail_is_to_review(
    shift: Shift, talk_s: float, amd: str | None, *, reviewed: bool
) -> None:
    await shift.call(talk_s, amd=amd)
    await shift.pass_s(FIVE_MINUTES_S)
    assert len(await shift.reviews()) == reviewed


async def test_an_agents_disposition_cancels_the_timer(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.pass_s(FIVE_MINUTES_S - 1)
    await shift.wrap_up(call, "Interested")
    assert await shift.timers() == []
    await shift.pass_s(1)
    assert await shift.reviews(states=EVERY) == []


async def test_a_disposition_before_the_end_of_the_call_sets_no_timer(shift: Shift) -> None:
    await shift.wrap_up("early", "Interested")
    await shift.call(60, call_id="early")
    assert await shift.timers() == []


async def test_a_disposition_that_comes_as_the_timer_falls_due_is_in_time(shift: Shift) -> None:
    """The timer is a delivery by then, and nobody has begun with it."""
    call = await shift.call(60)
    shift.stage.clock.pass_s(FIVE_MINUTES_S)
    await shift.database.follow_up.promote(now_ms=shift.stage.clock(), limit=10)
    await shift.wrap_up(call, "Interested")
    assert await shift.reviews(states=EVERY) == []
    assert await shift.fired(call) == [("review", State.DONE, "by now nothing asks for it any more")]


async def test_a_disposition_that_comes_later_resolves_the_review(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.pass_s(FIVE_MINUTES_S)
    await shift.wrap_up(call, "Interested", agent="Ana")
    (review,) = await shift.reviews(states=EVERY)
    assert (review.state, review.by, review.why) == (ReviewState.RESOLVED, "Ana", "disposition: Interested")


async def test_a_disposition_resolves_a_review_that_a_manager_has_claimed(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.pass_s(FIVE_MINUTES_S)
    (review,) = await shift.reviews()
    change = {review.id: review.version}
    await shift.database.follow_up.change_reviews(LOC, change, to=ReviewState.CLAIMED, by="Max", now_ms=1)
    await shift.wrap_up(call, "Interested")
    assert [one.state for one in await shift.reviews(states=EVERY)] == [ReviewState.RESOLVED]


async def test_notes_without_a_disposition_leave_the_review(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, notes="Asked for prices")
    await shift.pass_s(FIVE_MINUTES_S)
    assert len(await shift.reviews()) == 1


async def test_notes_after_the_disposition_do_not_bring_the_review_back(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested")
    await shift.pass_s(1)
    await shift.wrap_up(call, notes="Asked for prices")
    await shift.pass_s(FIVE_MINUTES_S)
    assert await shift.reviews(states=EVERY) == []


async def test_the_timer_survives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with on_shift(tmp_path, clock=clock) as shift:
        call = await shift.call(60)
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.pass_s(FIVE_MINUTES_S - 0.001)
        assert await shift.reviews() == []
        await shift.pass_s(0.001)
        assert [review.call_id for review in await shift.reviews()] == [call]


async def test_a_restart_after_the_timer_fell_due_puts_the_call_on_review_once(tmp_path: Path) -> None:
    clock = Clock()
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.call(60)
    clock.pass_s(2 * FIVE_MINUTES_S)
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.stage.work()
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.stage.work()
        assert len(await shift.reviews()) == 1


async def test_a_timer_that_people_cancel_does_nothing(shift: Shift) -> None:
    await shift.call(60)
    (timer,) = await shift.timers()
    assert await shift.database.follow_up.cancel_timer(LOC, timer.id)
    await shift.pass_s(FIVE_MINUTES_S)
    assert await shift.reviews() == []


async def test_the_sub_account_says_how_long_the_agent_has(shift: Shift) -> None:
    await shift.stage.register(LOC, review_after_s=60)
    await shift.call(60)
    await shift.pass_s(59.999)
    assert await shift.reviews() == []
    await shift.pass_s(0.001)
    assert len(await shift.reviews()) == 1


async def test_a_call_that_is_told_later_than_that_is_to_review_at_once(shift: Shift) -> None:
    call = shift.ended(60)
    shift.stage.clock.pass_s(FIVE_MINUTES_S)
    await shift.take(call)
    assert len(await shift.reviews()) == 1


async def test_a_call_parked_for_another_action_is_reviewed_all_the_same(shift: Shift) -> None:
    shift.stage.fault("status", "/notes$", method="POST", status=422, count=1)
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.PARKED
    await shift.pass_s(FIVE_MINUTES_S)
    assert len(await shift.reviews()) == 1


async def test_the_agent_of_a_wrap_up_stands_on_the_review(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, notes="Asked for prices", agent="Ana")
    await shift.pass_s(FIVE_MINUTES_S)
    assert [review.agent for review in await shift.reviews()] == ["Ana"]
