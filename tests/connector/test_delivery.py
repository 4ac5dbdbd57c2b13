"""Each call reaches its contact once, or waits or is parked where people can see it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.store import State
from mappings.call import Call
from mappings.note import marker
from tests.connector.stage import LOC, OTHER, Stage, on_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOTES = "POST /contacts/{contactId}/notes"
STRANGER = "+14155550199"


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    async with on_stage() as made:
        yield made


async def test_an_unanswered_call_is_noted_tagged_and_enrolled_once(stage: Stage) -> None:
    await stage.record(stage.call("c1"))
    await stage.work()
    assert await stage.state("c1") is State.DONE
    assert len(stage.notes("c1")) == 1
    assert "No Answer" in stage.notes("c1")[0]
    assert stage.contact().tags == ["call-no-answer", "call-attempt-1"]
    assert stage.asked() == 1


async def test_a_connected_call_enrols_nobody(stage: Stage) -> None:
    await stage.record(stage.call("c1", q850=16, talk_s=60))
    await stage.work()
    assert stage.contact().tags == ["call-connected"]
    assert not stage.contact().enrolments


async def test_the_ledger_holds_the_crms_id_of_the_note(stage: Stage) -> None:
    await stage.record(stage.call("c1"))
    await stage.work()
    lines = {line.key: line for line in await stage.store.ledger((await stage.row("c1")).id)}
    assert lines["note"].crm_id in stage.contact().notes


async def test_a_known_contact_costs_two_requests_a_connected_call(stage: Stage) -> None:
    await stage.record(stage.call("c1", q850=16, talk_s=60))
    await stage.work()
    before = stage.sandbox.journal.total
    await stage.record(stage.call("c2", q850=16, talk_s=60))
    await stage.work()
    assert stage.sandbox.journal.total - before == 2


async def test_the_note_is_in_the_sub_accounts_time_zone(stage: Stage) -> None:
    await stage.record(stage.call("c1"))
    await stage.work()
    assert "CDT" in stage.notes("c1")[0]


async def test_an_unknown_number_becomes_a_contact(stage: Stage) -> None:
    await stage.record(stage.call("c1", to=STRANGER))
    await stage.work()
    assert len(stage.notes("c1", STRANGER)) == 1


async def test_an_unknown_number_can_be_let_go(stage: Stage) -> None:
    await stage.register(LOC, unknown_number="skip")
    await stage.record(stage.call("c1", to=STRANGER))
    await stage.work()
    assert stage.contact(STRANGER) is None
    row = await stage.row("c1")
    assert row.state is State.DONE
    assert "does not know the number" in (row.reason or "")


async def test_an_unknown_number_can_be_held_and_replayed_when_the_contact_is_there(stage: Stage) -> None:
    await stage.register(LOC, unknown_number="hold")
    await stage.record(stage.call("c1", to=STRANGER))
    await stage.work()
    row = await stage.row("c1")
    assert row.state is State.PARKED
    await stage.register(LOC, unknown_number="create")
    assert await stage.store.replay(row.id, now_ms=stage.clock())
    await stage.work()
    assert len(stage.notes("c1", STRANGER)) == 1


async def test_a_withheld_number_is_parked_with_the_reason(stage: Stage) -> None:
    await stage.record(stage.call("c1", to=None))
    await stage.work()
    row = await stage.row("c1")
    assert row.state is State.PARKED
    assert "no contact can be found" in (row.reason or "")


@pytest.mark.parametrize("kind", ["applied_then_closed", "applied_then_500"])
async def test_a_note_in_doubt_is_found_by_its_marker_and_not_written_again(stage: Stage, kind: str) -> None:
    stage.fault(kind, "/notes$", method="POST", count=1)
    await stage.record(stage.call("c1"))
    await stage.work()
    assert await stage.state("c1") is State.WAITING
    await stage.work_for(20)
    assert await stage.state("c1") is State.DONE
    assert len(stage.notes("c1")) == 1
    assert stage.requests(NOTES) == 1


async def test_a_note_that_was_lost_before_it_was_applied_is_written_after_looking(stage: Stage) -> None:
    stage.fault("reset_before", "/notes$", method="POST", count=1)
    await stage.record(stage.call("c1"))
    await stage.work_for(20)
    assert len(stage.notes("c1")) == 1
    assert stage.requests(NOTES) == 2


async def test_tags_in_doubt_are_read_from_the_contact_and_not_set_again(stage: Stage) -> None:
    stage.fault("applied_then_closed", "/tags$", method="POST", count=3)
    await stage.record(stage.call("c-1", talk_s=9))
    await stage.work()
    await stage.work_for(10)
    assert (stage.requests("POST /contacts/{contactId}/tags"), stage.requests("GET /contacts/{contactId}")) == (3, 1)
    assert await stage.state("c-1") is State.DONE


async def test_tags_that_were_lost_before_they_were_set_are_set_after_looking(stage: Stage) -> None:
    stage.fault("reset_before", "/tags$", method="POST", count=3)
    await stage.record(stage.call("c-1", talk_s=9))
    await stage.work()
    await stage.work_for(10)
    assert stage.requests("GET /contacts/{contactId}") == 1
    assert "call-connected" in stage.contact().tags


async def test_a_holder_that_died_after_the_note_leaves_one_note(stage: Stage) -> None:
    """Send and record are two steps: here the process dies between them."""
    await stage.record(stage.call("c1"))
    claimed = await stage.store.claim("dead", now_ms=stage.clock(), lease_ms=60_000, limit=1, per_location=1)
    contact = stage.contact().id
    text = f"written by the one that died\n{marker('c1')}"
    await stage.crm.add_note(claimed[0].location, contact, text)
    assert len(stage.notes("c1")) == 1
    await stage.store.release_all(now_ms=stage.clock(), due_ms=stage.clock())
    await stage.work()
    assert await stage.state("c1") is State.DONE
    assert len(stage.notes("c1")) == 1
    assert stage.asked() == 1


async def test_a_bad_moment_of_the_crm_delays_a_call_and_loses_nothing(stage: Stage) -> None:
    stage.fault("status", "/contacts/search/duplicate", status=503, count=3)
    await stage.record(stage.call("c1"))
    await stage.work()
    assert await stage.state("c1") is State.WAITING
    await stage.work_for(30)
    assert await stage.state("c1") is State.DONE


async def test_a_throttled_sub_account_pauses_and_the_other_one_goes_on(stage: Stage) -> None:
    stage.fault("status", "/notes$", location=LOC, status=429, count=1)
    await stage.record(stage.call("c1"))
    await stage.work()
    await stage.record(stage.call("c2", to=STRANGER), OTHER)
    await stage.work()
    assert LOC in await stage.store.pauses()
    assert await stage.state("c1") is State.WAITING
    assert await stage.state("c2") is State.DONE
    await stage.work_for(15)
    assert await stage.state("c1") is State.DONE
    assert not await stage.store.pauses()


async def test_a_refused_token_pauses_until_it_is_mended(stage: Stage) -> None:
    await stage.register(LOC, token="pit-revoked")
    await stage.record(stage.call("c1"))
    await stage.work()
    assert LOC in await stage.store.pauses()
    await stage.register(LOC)
    await stage.work_for(60)
    assert await stage.state("c1") is State.DONE
    assert (await stage.row("c1")).tries == 1


async def test_a_refused_action_is_parked_alone_and_the_others_are_done(stage: Stage) -> None:
    stage.fault("status", "/workflow/", status=422, count=1)
    await stage.record(stage.call("c1"))
    await stage.work()
    row = await stage.row("c1")
    assert row.state is State.PARKED
    assert "enrol" in (row.reason or "")
    assert len(stage.notes("c1")) == 1
    await stage.store.replay(row.id, now_ms=stage.clock())
    await stage.work()
    assert await stage.state("c1") is State.DONE
    assert stage.requests(NOTES) == 1
    assert stage.asked() == 1


async def test_a_contact_deleted_since_we_last_looked_is_found_again(stage: Stage) -> None:
    await stage.record(stage.call("c1"))
    await stage.work()
    location = stage.sandbox.locations[LOC]
    gone = stage.contact()
    location.unindex(gone)
    del location.contacts[gone.id]
    await stage.record(stage.call("c2"))
    await stage.work()
    assert await stage.state("c2") is State.DONE
    assert len(stage.notes("c2")) == 1


async def test_an_enrolment_in_doubt_is_repeated_by_default(stage: Stage) -> None:
    stage.fault("applied_then_closed", "/workflow/", count=1)
    await stage.record(stage.call("c1"))
    await stage.work_for(20)
    assert await stage.state("c1") is State.DONE
    assert stage.asked() == 2  # the CRM ignores re-entry while enrolled


async def test_an_enrolment_in_doubt_is_held_where_that_is_configured(stage: Stage) -> None:
    await stage.register(LOC, when_in_doubt="hold")
    stage.fault("applied_then_closed", "/workflow/", count=1)
    await stage.record(stage.call("c1"))
    await stage.work_for(20)
    row = await stage.row("c1")
    assert row.state is State.PARKED
    assert "hold" in (row.reason or "")
    assert stage.asked() == 1


async def test_calls_of_one_contact_keep_their_order_even_if_the_first_one_waits(stage: Stage) -> None:
    stage.fault("status", "/notes$", status=503, count=1)
    await stage.record(stage.call("c1"))
    await stage.work()
    await stage.record(stage.call("c2"))
    await stage.record(stage.call("c3", to=STRANGER))
    await stage.work()
    assert await stage.state("c3") is State.DONE
    assert not stage.notes("c2")
    await stage.work_for(20)
    bodies = [note["body"] for note in stage.contact().notes.values()]
    assert [body.splitlines()[-1] for body in bodies] == ["Call ID: c1", "Call ID: c2"]


async def test_calls_of_a_removed_sub_account_are_parked(stage: Stage) -> None:
    await stage.record(stage.call("c1"))
    await stage.store.remove_location(LOC)
    await stage.locations.refresh()
    await stage.work()
    row = await stage.row("c1")
    assert row.state is State.PARKED
    assert "removed" in (row.reason or "")


async def test_an_outage_parks_nothing_and_is_probed_seldom(stage: Stage) -> None:
    for number in range(20):
        await stage.record(stage.call(f"c{number}", to=f"+1415555{number:04d}"))
    stage.fault("outage", ".*")
    before = stage.sandbox.journal.total
    await stage.work_for(600)
    asked = stage.sandbox.journal.total - before
    assert asked <= 30 + 20 * 3  # the first moment: each delivery, three tries of the client; then a probe at a time
    stage.sandbox.faults.clear()
    await stage.work_for(90)
    for number in range(20):
        assert await stage.state(f"c{number}") is State.DONE
    assert stage.requests(NOTES) == 20


def begun(call: Call) -> Call:
    return replace(call, event="initiated", answer_ms=None, end_ms=None, talk_ms=None, answered=None, q850=None)


def hung_up(call: Call) -> Call:
    """As trunks tell it whose last event has neither the answer nor the start."""
    return replace(call, answer_ms=None, start_ms=None, talk_ms=None, awaits=("answer", "start"))


def answered(call: Call) -> Call:
    return replace(call, event="answered", start_ms=None, end_ms=None, talk_ms=None, q850=None)


async def test_a_call_whose_events_come_in_any_order_is_one_note_with_all_they_tell(stage: Stage) -> None:
    whole = stage.call("c1", q850=16, talk_s=65)
    await stage.record(hung_up(whole))
    await stage.work()
    assert not stage.notes("c1")
    await stage.record(begun(whole))
    await stage.record(answered(whole))
    await stage.work()
    (note,) = stage.notes("c1")
    assert "Connected · 1 min 5 s" in note
    assert "answered after 10 s" in note
    assert (await stage.row("c1")).tries == 1


async def test_a_call_whose_other_events_never_come_goes_on_after_the_grace_and_says_so(stage: Stage) -> None:
    await stage.record(hung_up(stage.call("c1", q850=16, talk_s=65)))
    await stage.work_for(4)
    assert not stage.notes("c1")
    await stage.work_for(2)
    (note,) = stage.notes("c1")
    assert "not told by the trunk in time: answer, start" in note


async def test_an_extra_that_comes_later_corrects_the_note_and_doubles_nothing(stage: Stage) -> None:
    whole = stage.call("c1", q850=16, talk_s=65)
    await stage.record(whole)
    await stage.work()
    link = "https://recordings.example.com/1.mp3"
    await stage.record(Call(trunk="generic", call_id="c1", event="extra", recording_url=link, amd="machine"))
    await stage.work()
    (note,) = stage.notes("c1")
    assert f"Recording: {link}" in note
    assert "Voicemail" in note
    assert stage.contact().tags == ["call-voicemail", "voicemail-left"]
    rows = [row for row in await stage.store.list_deliveries() if row.call_id == "c1"]
    assert [row.state for row in rows] == [State.DONE, State.DONE]


async def test_a_late_event_of_a_parked_call_waits_for_the_replay(stage: Stage) -> None:
    stage.fault("status", "/notes$", method="POST", status=422, count=1)
    await stage.record(stage.call("c1", q850=16, talk_s=65))
    await stage.work()
    await stage.record(Call(trunk="generic", call_id="c1", event="extra", amd="machine"))
    await stage.work()
    assert not stage.notes("c1")
    row = await stage.row("c1")
    assert row.state is State.PARKED
    await stage.store.replay(row.id, now_ms=stage.clock())
    await stage.work()
    assert len(stage.notes("c1")) == 1
