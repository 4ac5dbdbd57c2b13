"""Nobody answered: the text sequence, a callback at a sensible hour, a tag that counts, and an end to it all."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from connector.store import State
from connector.store.follow_up import DialRecord
from mappings.call import iso
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import LOC, WORKFLOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOTE, TAGS, TASK, ENROL = (
    f"POST /contacts/{{contactId}}/{what}" for what in ("notes", "tags", "tasks", "workflow/{workflowId}")
)
UNTAG = "DELETE /contacts/{contactId}/tags"
BOB = "+14155550122"


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def test_the_contact_is_tagged_enrolled_and_to_be_called_back(shift: Shift) -> None:
    await shift.call(None)
    assert shift.tags == ["call-attempt-1", "call-no-answer"]
    assert shift.stage.asked() == 1
    (task,) = shift.tasks
    assert (task["title"], task["completed"]) == ("Call back +14155550111", False)


async def test_a_known_contact_costs_four_requests_with_the_callback_task(shift: Shift) -> None:
    await shift.call(None)
    assert shift.asked() == [NOTE, TAGS, TASK, ENROL]


async def test_a_known_contact_costs_three_requests_without_it(shift: Shift) -> None:
    steps = [{"kind": "note"}, {"kind": "enrol", "workflow": "no_answer"}]
    tags = {"kind": "add_tags", "tags": ["call-{disposition}"]}
    await shift.stage.register(LOC, book=book({"do": steps}, {"do": [{"kind": "count_attempt"}, tags]}))
    await shift.call(None)
    assert shift.asked() == [NOTE, TAGS, ENROL]


async def test_all_tags_that_come_are_one_request_and_those_that_go_another(shift: Shift) -> None:
    await shift.call(None)
    shift.asked()
    await shift.call(None)
    assert shift.asked() == [NOTE, UNTAG, TAGS, TASK, ENROL]


async def test_each_attempt_has_its_tag_in_place_of_the_one_before(shift: Shift) -> None:
    seen = []
    for _ in range(3):
        await shift.call(None)
        seen += [tag for tag in shift.tags if tag.startswith("call-attempt-")]
    assert seen == ["call-attempt-1", "call-attempt-2", "call-attempt-3"]


async def test_attempts_are_counted_for_each_contact(shift: Shift) -> None:
    await shift.call(None)
    await shift.call(None)
    await shift.call(None, to=BOB)
    assert "call-attempt-1" in shift.stage.contact(BOB).tags
    assert "call-attempt-2" in shift.tags


async def test_somebody_answering_ends_the_sequence(shift: Shift) -> None:
    await shift.call(None)
    shift.asked()
    await shift.call(10)
    assert shift.tags == ["call-connected", "call-no-answer"]
    assert [one.active for one in shift.stage.contact().enrolments.values()] == [False]


async def test_after_somebody_answered_the_count_starts_again(shift: Shift) -> None:
    await shift.call(None)
    await shift.call(None)
    await shift.call(10)
    await shift.call(None)
    assert [tag for tag in shift.tags if tag.startswith("call-attempt-")] == ["call-attempt-1"]


async def test_at_the_cap_the_contact_leaves_the_workflow_and_nobody_calls_back(shift: Shift) -> None:
    await shift.stage.register(LOC, max_attempts=2)
    await shift.call(None)
    await shift.call(None)
    assert "call-attempt-2" in shift.tags
    assert len(shift.tasks) == 1
    assert [one.active for one in shift.stage.contact().enrolments.values()] == [False]


async def test_after_the_cap_nothing_starts_the_sequence_again(shift: Shift) -> None:
    await shift.stage.register(LOC, max_attempts=1)
    await shift.call(None)
    await shift.call(None)
    assert (shift.stage.asked(), shift.tasks) == (0, [])


async def test_the_dialler_can_look_up_attempts_and_callback(shift: Shift) -> None:
    await shift.call(None)
    (task,) = shift.tasks
    history = await shift.history()
    assert (history.attempts, history.attempt_tag, history.last_disposition) == (1, "call-attempt-1", "No Answer")
    assert iso(history.callback_due_ms) == task["dueDate"]


async def test_an_attempt_whose_try_is_repeated_is_counted_once(shift: Shift) -> None:
    shift.stage.fault("status", "/workflow/", status=503, count=1)
    call = await shift.call(None)
    assert (await shift.end(call)).state is State.WAITING
    await shift.stage.work_for(10)
    assert (await shift.end(call)).state is State.DONE
    assert (await shift.history()).attempts == 1
    assert (shift.tags, len(shift.tasks)) == (["call-attempt-1", "call-no-answer"], 1)


async def test_a_missed_call_is_called_back_and_is_no_attempt_of_ours(shift: Shift) -> None:
    await shift.call(None, direction="inbound", from_="+14155550111", to="+14155550100")
    assert (shift.tags, shift.stage.asked(), len(shift.tasks)) == (["call-no-answer"], 0, 1)
    assert (await shift.history()).attempts == 0


async def test_a_deleted_workflow_is_named_and_the_rest_is_done(shift: Shift) -> None:
    shift.stage.sandbox.locations[LOC].workflows.clear()
    call = await shift.call(None)
    row = await shift.end(call)
    assert row.state is State.PARKED
    assert "'no_answer'" in (row.reason or "")
    assert WORKFLOW in (row.reason or "")
    assert (len(shift.stage.notes(call)), len(shift.tasks)) == (1, 1)
    assert shift.tags == ["call-attempt-1", "call-no-answer"]


async def test_once_the_workflow_is_there_a_replay_does_what_is_left_and_counts_nothing_twice(shift: Shift) -> None:
    workflows = dict(shift.stage.sandbox.locations[LOC].workflows)
    shift.stage.sandbox.locations[LOC].workflows.clear()
    call = await shift.call(None)
    shift.stage.sandbox.locations[LOC].workflows |= workflows
    shift.asked()
    await shift.replay(call)
    assert (await shift.end(call)).state is State.DONE
    assert shift.asked() == [ENROL]
    assert (await shift.history()).attempts == 1


async def test_a_deleted_user_is_named_and_the_rest_is_done(shift: Shift) -> None:
    await shift.stage.register(LOC, agents={"Ana": "user1"})
    shift.stage.fault("status", "/tasks$", method="POST", status=422, message="assignedTo is invalid", count=1)
    call = await shift.call(None, agent="Ana")
    row = await shift.end(call)
    assert row.state is State.PARKED
    assert "Ana, the user user1" in (row.reason or "")
    assert shift.stage.asked() == 1


async def test_the_agent_of_the_call_gets_the_callback(shift: Shift) -> None:
    await shift.stage.register(LOC, agents={"Ana": "user1"})
    await shift.call(None, agent="Ana")
    assert shift.tasks[0]["assignedTo"] == "user1"


async def test_a_text_that_cannot_be_filled_in_parks_that_one_action_with_the_reason(shift: Shift) -> None:
    broken = {"kind": "task", "title": "{{ talk_s + agent }}"}
    await shift.stage.register(LOC, book=book({"do": [{"kind": "note"}, broken, {"kind": "count_attempt"}]}))
    call = await shift.call(None)
    lines = await shift.lines(call)
    assert (lines["note"], lines["add_tags"], lines["task:R0#2"]) == ("applied", "applied", "refused")
    assert "the text cannot be filled in" in ((await shift.end(call)).reason or "")


async def test_a_review_whose_text_cannot_be_filled_in_says_so(shift: Shift) -> None:
    broken = {"kind": "review", "why": "{{ talk_s + agent }}"}
    await shift.stage.register(LOC, book=book({"do": [broken]}))
    call = await shift.call(60)
    assert "the text cannot be filled in" in ((await shift.end(call)).reason or "")


GERMAN = {"time_zone": "Europe/Berlin", "holidays": {"country": "DE"}}
CALLBACKS = [
    # When the call ended, local; the sub-account's settings; when it is called back, local.
    ("2026-09-21T11:32:10-05:00", {}, "2026-09-23T11:32:00-05:00"),  # a Monday
    ("2026-09-24T16:05:00-05:00", {}, "2026-09-28T16:05:00-05:00"),  # over a weekend
    ("2026-09-26T12:00:00-05:00", {}, "2026-09-29T12:00:00-05:00"),  # on a Saturday
    ("2026-07-02T15:00:00-05:00", {"holidays": {"country": "US"}}, "2026-07-07T15:00:00-05:00"),  # 4 July observed
    ("2026-07-02T15:00:00-05:00", {}, "2026-07-06T15:00:00-05:00"),  # the same without holidays
    ("2026-04-02T14:30:00+02:00", GERMAN, "2026-04-08T14:30:00+02:00"),  # Good Friday and Easter Monday
    ("2026-10-30T11:00:00-05:00", {}, "2026-11-03T11:00:00-06:00"),  # the clock is put back
    ("2026-03-06T11:00:00-06:00", {}, "2026-03-10T11:00:00-05:00"),  # the clock is put forward
    ("2026-09-21T22:15:00-05:00", {}, "2026-09-23T10:00:00-05:00"),  # nobody works at that hour
    ("2026-09-21T08:59:59-05:00", {}, "2026-09-23T10:00:00-05:00"),  # the minute before work starts
    ("2026-09-21T09:00:00-05:00", {}, "2026-09-23T09:00:00-05:00"),
    ("2026-09-21T17:59:59-05:00", {}, "2026-09-23T17:59:00-05:00"),
    ("2026-09-21T18:00:00-05:00", {}, "2026-09-23T10:00:00-05:00"),
    ("2026-09-21T07:30:00-05:00", {"hours": {"opens": "07:00"}}, "2026-09-23T10:00:00-05:00"),  # open, but quiet
    ("2026-09-21T23:30:00-05:00", {"time_zone": "Asia/Tokyo"}, "2026-09-24T13:30:00+09:00"),  # Tuesday there
    ("2026-09-24T16:05:00-05:00", {"hours": {"weekend": ["sun"]}}, "2026-09-26T16:05:00-05:00"),  # a six-day week
]


@pytest.mark.parametrize(("ended", "config", "due"), CALLBACKS)
async def test_the_callback_is_two_business_days_later_at_a_sensible_local_hour(
    tmp_path: Path, ended: str, config: dict[str, Any], due: str
) -> None:
    now_ms = round(datetime.fromisoformat(ended).timestamp() * 1000)
    async with on_shift(tmp_path, now_ms=now_ms) as shift:
        await shift.stage.register(LOC, **config)
        await shift.call(None)
        (task,) = shift.tasks
        assert datetime.fromisoformat(task["dueDate"]) == datetime.fromisoformat(due)


async def test_a_number_never_called_has_no_history(shift: Shift) -> None:
    assert await shift.database.follow_up.dial_histories(LOC, [BOB]) == {}
    await shift.call(None, to=BOB)
    assert isinstance(await shift.history(BOB), DialRecord)
