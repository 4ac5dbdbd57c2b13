"""Voicemail: a tag and 48 hours without a redial, which end by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import State
from tests.connector.shift import HOUR_S, Shift, on_shift
from tests.connector.stage import ADA, LOC, Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTE, TAGS = "POST /contacts/{contactId}/notes", "POST /contacts/{contactId}/tags"
UNTAG = "DELETE /contacts/{contactId}/tags"
TWO_DAYS_S = 48 * HOUR_S
TAG = "voicemail-left"


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


@pytest.mark.parametrize(
    ("talk_s", "amd", "left"),
    [
        (19.999, None, False),
        (20, None, True),
        (30, None, True),
        (45, None, True),
        (45.001, None, False),
        (20, "human", False),
        (45, "human", False),
        (6, "machine", True),
        (600, "machine", True),
        (30, "fax", False),
    ],
)
async def test_twenty_to_forty_five_seconds_are_voicemail_unless_detection_knows(
    shift: Shift, talk_s: float, amd: str | None, *, left: bool
) -> None:
    await shift.call(talk_s, amd=amd)
    assert (TAG in shift.tags, (await shift.history()).suppressed_until_ms is not None) == (left, left)


async def test_the_redial_is_suppressed_for_48_hours_from_the_end(shift: Shift) -> None:
    ended_ms = shift.stage.clock()
    await shift.call(30)
    history = await shift.history()
    assert history.suppressed_until_ms == ended_ms + TWO_DAYS_S * 1000
    assert history.suppressed_why == "Voicemail left"


async def test_a_known_contact_costs_two_requests_and_one_at_its_end(shift: Shift) -> None:
    await shift.call(30)
    assert shift.asked() == [NOTE, TAGS]
    await shift.pass_s(TWO_DAYS_S)
    assert shift.asked() == [UNTAG]


async def test_until_48_hours_are_over_the_tag_stays(shift: Shift) -> None:
    await shift.call(30)
    await shift.pass_s(TWO_DAYS_S - 0.001)
    assert TAG in shift.tags


async def test_at_48_hours_the_tag_goes_by_itself_and_the_outcome_stays(shift: Shift) -> None:
    await shift.call(30)
    await shift.pass_s(TWO_DAYS_S)
    assert shift.tags == ["call-connected"]


async def test_a_later_suppression_keeps_the_tag_until_its_own_end(shift: Shift) -> None:
    first = await shift.call(30)
    await shift.pass_s(10 * HOUR_S)
    await shift.call(30)
    await shift.pass_s(TWO_DAYS_S - 10 * HOUR_S)
    assert TAG in shift.tags
    why = "a later suppression of this contact still runs"
    assert await shift.fired(first) == [("remove_tags:suppression", State.DONE, why)]
    await shift.pass_s(10 * HOUR_S - 0.001)
    assert TAG in shift.tags
    await shift.pass_s(0.001)
    assert TAG not in shift.tags


async def test_the_end_of_a_suppression_survives_a_restart(tmp_path: Path) -> None:
    clock = Clock()
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.call(30)
    clock.pass_s(TWO_DAYS_S + HOUR_S)
    async with on_shift(tmp_path, clock=clock) as shift:
        await shift.stage.crm.add_tags(LOC, shift.stage.contact().id, [TAG])
        await shift.stage.work()
        assert TAG not in shift.tags


async def test_the_end_of_a_suppression_waits_for_a_crm_that_is_away(shift: Shift) -> None:
    await shift.call(30)
    shift.stage.fault("status", "/tags$", method="DELETE", status=503, count=3)
    await shift.pass_s(TWO_DAYS_S)
    assert TAG in shift.tags
    await shift.stage.work_for(60)
    assert TAG not in shift.tags


async def test_detection_that_comes_late_makes_it_voicemail(shift: Shift) -> None:
    call = await shift.call(10)
    await shift.tell(call, amd="machine")
    assert shift.tags == ["call-voicemail", TAG]
    assert [timer.key for timer in await shift.timers(call)] == ["remove_tags:suppression"]
    assert (await shift.history()).suppressed_until_ms is not None


async def test_an_agent_who_spoke_with_somebody_lifts_the_suppression(shift: Shift) -> None:
    call = await shift.call(30)
    await shift.wrap_up(call, "Interested")
    assert shift.tags == ["call-interested"]
    assert await shift.timers() == []
    assert (await shift.history()).suppressed_until_ms is None


async def test_a_contact_that_is_gone_by_then_leaves_nothing_to_do(shift: Shift) -> None:
    call = await shift.call(30)
    location, gone = shift.stage.sandbox.locations[LOC], shift.stage.contact()
    location.unindex(gone)
    del location.contacts[gone.id]
    await shift.pass_s(TWO_DAYS_S)
    why = "the contact is gone, and with it what was to be done"
    assert await shift.fired(call) == [("remove_tags:suppression", State.DONE, why)]


async def test_a_contact_that_was_merged_into_another_one_loses_the_tag_there(shift: Shift) -> None:
    await shift.call(30)
    location, gone = shift.stage.sandbox.locations[LOC], shift.stage.contact()
    location.unindex(gone)
    del location.contacts[gone.id]
    await shift.stage.crm.create_contact(LOC, ADA)
    await shift.stage.crm.add_tags(LOC, shift.stage.contact().id, ["vip", TAG])
    await shift.pass_s(TWO_DAYS_S)
    assert shift.tags == ["vip"]


async def test_people_can_cancel_the_removal_of_the_tag(shift: Shift) -> None:
    await shift.call(30)
    (timer,) = await shift.timers()
    await shift.database.follow_up.cancel_timer(LOC, timer.id)
    await shift.pass_s(TWO_DAYS_S)
    assert TAG in shift.tags


async def test_voicemail_leaves_the_attempts_as_they_are(shift: Shift) -> None:
    await shift.call(None)
    await shift.call(30)
    assert (await shift.history()).attempts == 1
    assert "call-attempt-1" in shift.tags


async def test_no_voicemail_is_left_on_an_inbound_call(shift: Shift) -> None:
    await shift.call(30, direction="inbound", from_=ADA, to="+14155550100")
    assert TAG not in shift.tags
