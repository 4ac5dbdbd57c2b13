"""After the call: what the agent adds, and what the trunk tells late, become one record with what is known already."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.intake import leg_of
from connector.store import State
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import ADA, LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTE, TAGS, TASK = (f"POST /contacts/{{contactId}}/{what}" for what in ("notes", "tags", "tasks"))
EDIT = "PUT /contacts/{contactId}/notes/{noteId}"
UNTAG = "DELETE /contacts/{contactId}/tags"
ENROL = "POST /contacts/{contactId}/workflow/{workflowId}"
LINK = "https://recordings.example.com/1.mp3"


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def test_the_machines_note_and_the_agents_are_one(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested", notes="Wants a quote", next_step="Call on Friday", agent="Ana")
    note = shift.note(call)
    assert "Outcome: Interested (agent), Connected (trunk)" in note
    assert "Agent's notes: Wants a quote" in note
    assert "Next step: Call on Friday" in note
    assert "Agent: Ana" in note
    assert "Outbound call · Interested · 1 min 0 s" in note


async def test_remarks_alone_cost_one_request(shift: Shift) -> None:
    call = await shift.call(60)
    shift.asked()
    await shift.wrap_up(call, notes="Wants a quote")
    assert shift.asked() == [EDIT]


async def test_the_rules_are_run_again_with_the_disposition(shift: Shift) -> None:
    call = await shift.call(60)
    shift.asked()
    await shift.wrap_up(call, "Interested")
    assert shift.tags == ["call-interested"]
    assert shift.asked() == [EDIT, UNTAG, TAGS]


async def test_what_the_agent_said_before_the_call_ended_is_in_its_first_note(shift: Shift) -> None:
    await shift.wrap_up("early", "Interested", notes="Wants a quote")
    await shift.call(60, call_id="early")
    assert "Agent's notes: Wants a quote" in shift.note("early")
    assert shift.asked() == [NOTE, TAGS]


async def test_a_wrap_up_that_is_sent_twice_is_one(shift: Shift) -> None:
    call = await shift.call(60)
    wrapup = shift.wrapped(call, "Interested")
    await shift.take(wrapup)
    shift.asked()
    await shift.take(wrapup)
    assert shift.asked() == []


async def test_of_two_wrap_ups_the_later_one_counts_and_there_is_one_note(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested", notes="Wants a quote")
    await shift.pass_s(60)
    await shift.wrap_up(call, "Not interested")
    assert "Outcome: Not interested (agent)" in shift.note(call)
    assert "Agent's notes: Wants a quote" in shift.note(call)
    assert shift.tags == ["call-not-interested"]


async def test_two_that_wait_for_the_crm_together_come_to_the_same(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.stage.record(shift.wrapped(call, "Interested", notes="Wants a quote"))
    shift.stage.clock.pass_s(1)
    await shift.stage.record(shift.wrapped(call, "Not interested"))
    await shift.stage.work()
    assert "Outcome: Not interested (agent)" in shift.note(call)
    assert shift.tags == ["call-not-interested"]
    assert await shift.fixes(call) == [State.DONE, State.DONE]


async def test_an_agent_who_says_nobody_answered_starts_the_sequence_once(shift: Shift) -> None:
    call = await shift.call(10)
    await shift.wrap_up(call, "No Answer")
    assert (len(shift.tasks), shift.stage.asked()) == (1, 1)
    assert shift.tags == ["call-attempt-1", "call-no-answer"]
    assert (await shift.history()).attempts == 1
    await shift.wrap_up(call, "No Answer", notes="Rang out")
    assert (len(shift.tasks), shift.stage.asked()) == (1, 1)


async def test_an_agent_who_says_somebody_answered_takes_the_attempt_back(shift: Shift) -> None:
    await shift.call(None)
    call = await shift.call(None)
    await shift.wrap_up(call, "Connected")
    assert shift.tags == ["call-connected"]
    assert (await shift.history()).attempts == 0
    await shift.call(None)
    assert "call-attempt-1" in shift.tags


async def test_a_late_word_on_an_earlier_call_leaves_what_a_later_one_counted(shift: Shift) -> None:
    await shift.call(None)
    early = await shift.call(None)
    await shift.call(None)
    await shift.tell(early, amd="machine")
    await shift.wrap_up(early, "Voicemail")
    history = await shift.history()
    assert (history.attempts, history.attempt_tag) == (2, "call-attempt-3")


async def test_a_late_word_on_a_call_before_the_sequence_ended_leaves_the_new_count(shift: Shift) -> None:
    await shift.call(None)
    early = await shift.call(None)
    await shift.call(10)
    await shift.call(None)
    await shift.wrap_up(early, "Voicemail")
    assert (await shift.history()).attempts == 1


async def test_an_attempt_that_was_voicemail_after_all_leaves_its_number_to_the_next(shift: Shift) -> None:
    await shift.call(None)
    call = await shift.call(None)
    await shift.wrap_up(call, "Voicemail")
    history = await shift.history()
    assert (history.attempts, history.attempt_tag) == (1, None)
    await shift.call(None)
    assert "call-attempt-2" in shift.tags


async def test_a_recording_that_comes_after_the_wrap_up_keeps_what_the_agent_said(shift: Shift) -> None:
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested")
    await shift.tell(call, recording_url=LINK)
    assert f"Recording: {LINK}" in shift.note(call)
    assert "Outcome: Interested (agent)" in shift.note(call)


async def test_another_leg_that_ends_late_is_named_in_the_note(shift: Shift) -> None:
    call = await shift.call(60)
    leg = shift.ended(None, call_id="leg-2", to="+14155550133", session_id=call, aside="it lost the race")
    location = await shift.stage.locations.get(LOC)
    assert location is not None
    await shift.database.record([leg_of(location, leg, shift.stage.clock())])
    await shift.stage.work()
    assert "another leg, to +14155550133" in shift.note(call)


async def test_a_wrap_up_while_the_call_is_half_written_is_not_lost(shift: Shift) -> None:
    """The note is written, the tags are not: the call waits, and its plan is kept."""
    shift.stage.fault("status", "/tags$", method="POST", status=503, count=3)
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.WAITING
    await shift.wrap_up(call, "Interested", notes="Wants a quote")
    await shift.stage.work_for(30)
    assert "Agent's notes: Wants a quote" in shift.note(call)
    assert shift.tags == ["call-interested"]
    assert await shift.timers() == []


async def test_a_wrap_up_while_nothing_is_written_goes_into_the_first_note(shift: Shift) -> None:
    shift.stage.fault("status", "/contacts/search/duplicate", status=503, count=3)
    call = await shift.call(60, to="+14155550177")
    await shift.wrap_up(call, "Interested")
    await shift.stage.work_for(30)
    assert await shift.fixes(call) == []
    assert "Outcome: Interested (agent)" in shift.stage.notes(call, "+14155550177")[0]


async def test_an_action_that_only_the_wrap_up_asks_for_is_done_once_though_the_call_was_half_written(
    shift: Shift,
) -> None:
    shift.stage.fault("status", "/tags$", method="POST", status=503, count=3)
    call = await shift.call(10)
    await shift.wrap_up(call, "No Answer")
    await shift.stage.work_for(30)
    assert (len(shift.tasks), shift.stage.asked()) == (1, 1)


async def test_a_wrap_up_of_a_call_parked_for_one_action_corrects_what_was_written(shift: Shift) -> None:
    shift.stage.sandbox.locations[LOC].workflows.clear()
    call = await shift.call(None)
    assert (await shift.end(call)).state is State.PARKED
    await shift.wrap_up(call, "Connected", notes="Wants a quote")
    assert "Agent's notes: Wants a quote" in shift.note(call)
    assert shift.tags == ["call-connected"]


async def test_the_replay_of_a_parked_call_does_not_do_what_the_agent_has_made_pointless(shift: Shift) -> None:
    workflows = dict(shift.stage.sandbox.locations[LOC].workflows)
    shift.stage.sandbox.locations[LOC].workflows.clear()
    call = await shift.call(None)
    await shift.wrap_up(call, "Connected")
    shift.stage.sandbox.locations[LOC].workflows |= workflows
    shift.asked()
    await shift.replay(call)
    assert (await shift.end(call)).state is State.DONE
    assert shift.asked() == []
    assert (await shift.history()).attempts == 0


async def test_the_replay_of_a_call_whose_note_was_refused_writes_all_that_is_known(shift: Shift) -> None:
    shift.stage.fault("status", "/notes$", method="POST", status=422, count=1)
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested", notes="Wants a quote")
    assert shift.stage.notes(call) == []
    await shift.replay(call)
    assert "Agent's notes: Wants a quote" in shift.note(call)
    assert shift.tags == ["call-interested"]


async def test_what_the_agent_brought_about_while_the_call_was_parked_is_not_done_again_by_its_replay(
    shift: Shift,
) -> None:
    shift.stage.fault("status", "/notes$", method="POST", status=422, count=1)
    call = await shift.call(10)
    await shift.wrap_up(call, "No Answer")
    assert (len(shift.tasks), shift.stage.asked()) == (1, 1)
    await shift.replay(call)
    assert (len(shift.tasks), shift.stage.asked()) == (1, 1)
    assert (await shift.history()).attempts == 1
    assert len(shift.stage.notes(call)) == 1


async def test_a_wrap_up_of_a_call_without_a_contact_waits_for_its_replay(shift: Shift) -> None:
    await shift.stage.register(LOC, unknown_number="hold")
    stranger = "+14155550177"
    call = await shift.call(60, to=stranger)
    await shift.wrap_up(call, "Interested")
    assert (await shift.fixes(call), (await shift.end(call)).state) == ([State.DONE], State.PARKED)
    await shift.stage.crm.create_contact(LOC, stranger)
    await shift.replay(call)
    assert "Outcome: Interested (agent)" in shift.stage.notes(call, stranger)[0]


async def test_a_wrap_up_in_doubt_is_repeated_and_leaves_one_note(shift: Shift) -> None:
    call = await shift.call(60)
    shift.stage.fault("applied_then_closed", "/notes/", method="PUT", count=4)
    await shift.wrap_up(call, "Interested")
    await shift.stage.work_for(30)
    assert "Outcome: Interested (agent)" in shift.note(call)
    assert await shift.fixes(call) == [State.DONE]


async def test_a_wrap_up_of_a_contact_that_was_merged_goes_to_the_other_one(shift: Shift) -> None:
    call = await shift.call(60)
    location, gone = shift.stage.sandbox.locations[LOC], shift.stage.contact()
    location.unindex(gone)
    del location.contacts[gone.id]
    await shift.stage.crm.create_contact(LOC, ADA)
    shift.stage.contact().notes |= gone.notes
    await shift.wrap_up(call, "Interested")
    assert "Outcome: Interested (agent)" in shift.note(call)
    assert shift.tags == ["call-interested"]


async def test_a_wrap_up_of_a_contact_that_is_gone_is_told_and_done(shift: Shift) -> None:
    call = await shift.call(60)
    location, gone = shift.stage.sandbox.locations[LOC], shift.stage.contact()
    location.unindex(gone)
    del location.contacts[gone.id]
    await shift.wrap_up(call, "Interested")
    (fix,) = await shift.rows(call, "fix:")
    assert (fix.state, fix.reason) == (State.DONE, "the contact is gone, and with it what was to be done")


async def test_a_note_that_only_the_wrap_up_asks_for_is_written_once_and_then_replaced(shift: Shift) -> None:
    rules = book({"when": {"wrapup": True}, "do": [{"kind": "note"}]})
    await shift.stage.register(LOC, book=rules)
    call = await shift.call(60)
    assert shift.stage.notes(call) == []
    await shift.wrap_up(call, "Interested")
    assert "Outcome: Interested (agent)" in shift.note(call)
    await shift.pass_s(1)
    await shift.wrap_up(call, "Not interested")
    assert "Outcome: Not interested (agent)" in shift.note(call)


async def test_a_deferred_action_that_is_wanted_no_more_leaves_the_others_of_its_kind(shift: Shift) -> None:
    soon = {"kind": "add_tags", "tags": ["soon"], "after_s": 60}
    late = {"kind": "add_tags", "tags": ["late"], "after_s": 600}
    rules = book({"when": {"wrapup": False}, "do": [soon]}, {"do": [{"kind": "note"}, late]})
    await shift.stage.register(LOC, book=rules)
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested")
    assert [timer.key for timer in await shift.timers()] == ["add_tags@600"]
    await shift.pass_s(600)
    assert shift.tags == ["late"]
