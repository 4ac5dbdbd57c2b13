"""The call as the CRM's conversation shows it: written once, its recording with it or behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store import State
from tests.connector.shift import OURS, Shift, on_shift
from tests.connector.stage import ADA, LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LINK = "https://recordings.example.com/1.mp3"
WRITTEN = r"/messages/(out|in)bound$"
NOTE, TAGS = "POST /contacts/{contactId}/notes", "POST /contacts/{contactId}/tags"
RECORD = "POST /conversations/messages/outbound"


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.stage.register(LOC, call_record="record", provider_id="provider1")
        await made.met()
        made.stage.sandbox.locations[LOC].messages.clear()
        yield made


def records(shift: Shift) -> list[dict[str, Any]]:
    return list(shift.stage.sandbox.locations[LOC].messages.values())


async def test_a_call_we_made_stands_in_the_conversation_and_not_in_a_note(shift: Shift) -> None:
    call = await shift.call(60)
    (record,) = records(shift)
    told = {name: record[name] for name in ("direction", "status", "from", "to", "altId", "messageType")}
    assert told == {
        "direction": "outbound",
        "status": "completed",
        "from": OURS,
        "to": ADA,
        "altId": call,
        "messageType": "TYPE_CALL",
    }
    assert shift.stage.notes(call) == []


async def test_a_call_we_took_stands_there_the_other_way_round(shift: Shift) -> None:
    await shift.call(60, direction="inbound", from_=ADA, to=OURS)
    (record,) = records(shift)
    assert (record["direction"], record["from"], record["to"]) == ("inbound", ADA, OURS)


async def test_a_call_nobody_answered_says_so(shift: Shift) -> None:
    await shift.call(None)
    assert [record["status"] for record in records(shift)] == ["no-answer"]


async def test_a_known_conversation_costs_one_request_a_call(shift: Shift) -> None:
    await shift.call(60)
    assert shift.asked() == [RECORD, TAGS]


async def test_note_and_record_can_both_be_had(shift: Shift) -> None:
    await shift.stage.register(LOC, call_record="both", provider_id="provider1")
    call = await shift.call(60)
    assert (len(records(shift)), len(shift.stage.notes(call))) == (1, 1)


async def test_a_recording_that_is_known_goes_with_it(shift: Shift) -> None:
    await shift.call(60, recording_url=LINK)
    assert [record["attachments"] for record in records(shift)] == [[LINK]]


async def test_a_recording_that_comes_later_is_put_to_it(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.tell(call, recording_url=LINK)
    assert [record["attachments"] for record in records(shift)] == [[LINK]]


async def test_a_recording_is_put_to_it_once(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.tell(call, recording_url=LINK)
    await shift.tell(call, agent="Ana")
    assert shift.stage.requests("PUT /conversations/messages/{messageId}/attachments") == 1


@pytest.mark.parametrize("kind", ["applied_then_closed", "applied_then_500"])
async def test_a_record_in_doubt_is_found_and_not_written_again(shift: Shift, kind: str) -> None:
    shift.stage.fault(kind, WRITTEN, method="POST", count=1)
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.WAITING
    await shift.stage.work_for(20)
    assert ((await shift.end(call)).state, len(records(shift))) == (State.DONE, 1)


async def test_a_recording_finds_a_record_that_was_in_doubt(shift: Shift) -> None:
    shift.stage.fault("applied_then_closed", WRITTEN, method="POST", count=1)
    call = await shift.call(60)
    await shift.stage.work_for(20)
    await shift.tell(call, recording_url=LINK)
    assert [record["attachments"] for record in records(shift)] == [[LINK]]


async def test_a_record_in_doubt_that_was_not_written_is(shift: Shift) -> None:
    shift.stage.fault("reset_before", WRITTEN, method="POST", count=1)
    await shift.call(60)
    await shift.stage.work_for(20)
    assert len(records(shift)) == 1


async def test_a_refused_record_is_parked_alone(shift: Shift) -> None:
    shift.stage.fault("status", WRITTEN, method="POST", status=400, message="no such provider", count=1)
    call = await shift.call(60)
    row = await shift.end(call)
    assert row.state is State.PARKED
    assert "no such provider" in (row.reason or "")
    assert "call-connected" in shift.tags


async def test_without_a_provider_the_reason_says_what_to_set(shift: Shift) -> None:
    await shift.stage.register(LOC, call_record="record")
    call = await shift.call(60)
    assert "set provider_id" in ((await shift.end(call)).reason or "")
