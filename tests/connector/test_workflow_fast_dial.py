"""Answered before a phone can ring, and gone: the next call of this contact is to come from another number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.connector.shift import HOUR_S, OURS, Shift, on_shift
from tests.connector.stage import LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mappings.dial import CallerIdRecord

NOTE, TAGS = "POST /contacts/{contactId}/notes", "POST /contacts/{contactId}/tags"
TAG = "redial-other-caller-id"


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def caller_id(shift: Shift) -> CallerIdRecord:
    """How our number fared since the first call of the shift, which is in it."""
    (record,) = await shift.database.follow_up.caller_ids(LOC, since_ms=0)
    return record


@pytest.mark.parametrize(
    ("latency_s", "talk_s", "amd", "flagged"),
    [
        (2.999, 4.999, None, True),
        (0, 0, None, True),
        (3, 4.999, None, False),
        (2.999, 5, None, False),
        (1, 4, "machine", True),
        (1, 4, "human", True),
    ],
)
async def test_answered_in_less_than_three_seconds_and_gone_in_less_than_five(
    shift: Shift, latency_s: float, talk_s: float, amd: str | None, *, flagged: bool
) -> None:
    await shift.call(talk_s, latency_s=latency_s, amd=amd)
    assert (TAG in shift.tags, (await shift.history()).avoid) == (flagged, (OURS,) if flagged else ())


async def test_it_beats_voicemail_and_review(shift: Shift) -> None:
    await shift.call(4, latency_s=1, amd="machine")
    assert shift.tags == ["call-voicemail", TAG]
    assert (await shift.history()).suppressed_until_ms is None
    assert await shift.timers() == []


async def test_a_known_contact_costs_two_requests(shift: Shift) -> None:
    await shift.call(4, latency_s=1)
    assert shift.asked() == [NOTE, TAGS]


async def test_the_record_of_the_caller_id_is_kept(shift: Shift) -> None:
    await shift.call(4, latency_s=1)
    await shift.call(60)
    await shift.call(None)
    record = await caller_id(shift)
    assert (record.number, record.calls, record.answered, record.fast_drops) == (OURS, 4, 2, 1)


async def test_a_call_whose_try_is_repeated_counts_once_for_its_caller_id(shift: Shift) -> None:
    shift.stage.fault("status", "/tags$", method="POST", status=503, count=3)
    await shift.call(4, latency_s=1)
    await shift.stage.work_for(20)
    record = await caller_id(shift)
    assert (record.calls, record.fast_drops) == (2, 1)


async def test_a_correction_does_not_count_again(shift: Shift) -> None:
    call = await shift.call(4, latency_s=1)
    await shift.tell(call, recording_url="https://recordings.example.com/1.mp3")
    assert (await caller_id(shift)).fast_drops == 1


async def test_each_number_that_was_shown_in_vain_is_avoided(shift: Shift) -> None:
    await shift.call(4, latency_s=1)
    await shift.call(4, latency_s=1, from_="+14155550101")
    assert (await shift.history()).avoid == (OURS, "+14155550101")


async def test_the_sub_account_says_how_short_a_fast_drop_is(shift: Shift) -> None:
    await shift.stage.register(LOC, fast_drop_s=8.0)
    await shift.call(7.999, latency_s=1)
    assert TAG in shift.tags


async def test_a_call_we_took_says_nothing_of_our_number(shift: Shift) -> None:
    await shift.call(4, latency_s=1, direction="inbound", from_="+14155550111", to=OURS)
    assert (await shift.history()).avoid == ()
    assert (await caller_id(shift)).calls == 1


async def test_the_record_is_kept_by_the_day(shift: Shift) -> None:
    await shift.pass_s(72 * HOUR_S)
    since_ms = shift.stage.clock()
    await shift.call(4, latency_s=1)
    (record,) = await shift.database.follow_up.caller_ids(LOC, since_ms=since_ms)
    assert record.calls == 1
