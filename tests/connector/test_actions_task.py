"""A task is made once, whatever becomes of the answer; its last line is the mark it is found again by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store import ActionResult, Applied, State
from mappings.note import marker
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CALL_BACK = {"kind": "task", "title": "Call {{ number }} back", "body": "Line one\nLine two"}


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        await plan(made, CALL_BACK)
        yield made


async def plan(shift: Shift, *steps: dict[str, Any]) -> None:
    await shift.stage.register(LOC, book=book({"do": list(steps)}))


async def test_a_task_says_what_is_to_be_done_and_which_call_it_is_about(shift: Shift) -> None:
    call = await shift.call(60)
    (task,) = shift.tasks
    assert task["title"] == "Call +14155550111 back"
    assert task["body"].splitlines() == ["Line one", "Line two", f"Call ID: {call} (task:R0#1)"]
    assert (await shift.lines(call))["task:R0#1"] == "applied"


@pytest.mark.parametrize("kind", ["applied_then_closed", "applied_then_500"])
async def test_a_task_in_doubt_is_found_and_not_made_again(shift: Shift, kind: str) -> None:
    shift.stage.fault(kind, "/tasks$", method="POST", count=1)
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.WAITING
    await shift.stage.work_for(20)
    assert (await shift.end(call)).state is State.DONE
    assert len(shift.tasks) == 1


async def test_a_task_in_doubt_that_was_not_made_is_made(shift: Shift) -> None:
    shift.stage.fault("reset_before", "/tasks$", method="POST", count=1)
    await shift.call(60)
    await shift.stage.work_for(20)
    assert len(shift.tasks) == 1


async def test_of_two_tasks_of_a_call_the_one_in_doubt_is_found(shift: Shift) -> None:
    await plan(shift, CALL_BACK, {"kind": "task", "title": "Send the quote"})
    shift.stage.fault("applied_then_closed", "/tasks$", method="POST", count=1)
    await shift.call(60)
    await shift.stage.work_for(20)
    assert sorted(task["title"] for task in shift.tasks) == ["Call +14155550111 back", "Send the quote"]


async def test_a_refused_task_is_parked_alone_and_made_by_the_replay(shift: Shift) -> None:
    shift.stage.fault("status", "/tasks$", method="POST", status=422, message="dueDate is invalid", count=1)
    call = await shift.call(60)
    row = await shift.end(call)
    assert (row.state, shift.tasks) == (State.PARKED, [])
    assert "task:R0#1" in (row.reason or "")
    assert "dueDate is invalid" in (row.reason or "")
    await shift.replay(call)
    assert len(shift.tasks) == 1


async def test_a_holder_that_died_after_a_task_leaves_one(shift: Shift) -> None:
    """What is done here between note and task is not written down by itself: the doubt goes on to the task."""
    await plan(shift, {"kind": "note"}, {"kind": "suppress_redial", "hours": 1}, CALL_BACK)
    call = shift.ended(60)
    await shift.stage.record(call)
    database, clock, contact = shift.database, shift.stage.clock, shift.stage.contact().id
    (held,) = await database.claim("dead", now_ms=clock(), lease_ms=60_000, limit=1, per_location=1)
    mark = marker(str(call.call_id))
    note = await shift.stage.crm.add_note(LOC, contact, mark)
    lines = [ActionResult("note", Applied.APPLIED, note)]
    await database.write_down(held.lease, now_ms=clock(), contact_id=contact, results=lines)
    await shift.stage.crm.create_task(LOC, contact, "Call back", due_ms=clock(), body=f"{mark} (task:R0#3)")
    await database.release_all(now_ms=clock(), due_ms=clock())
    await shift.stage.work()
    assert len(shift.tasks) == 1
    assert (await shift.history()).suppressed_until_ms is not None
