"""The agent says what is to follow, and it does: in the CRM, and in the dial advice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from connector.wrapup import Wrapups
from mappings.call import Wrapup
from tests.connector.shift import Shift, on_shift
from tests.connector.stage import LOC, WORKFLOW

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HOUR_MS = 3_600_000


@pytest_asyncio.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def wrap_up(shift: Shift, call_id: str, **said: Any) -> None:
    """Through the door that all take."""
    wrapups = Wrapups(
        calls=shift.database.calls,
        records=shift.database,
        now_ms=shift.stage.clock,
        wake=lambda: None,
        full=lambda _: None,
    )
    await wrapups.add(LOC, call_id, Wrapup(**said))
    await shift.stage.work()


async def test_a_callback_is_a_task_at_its_time_and_holds_the_dialler_until_then(shift: Shift) -> None:
    call = await shift.call(60)
    due_ms = shift.stage.clock() + 30 * HOUR_MS
    await wrap_up(shift, call, disposition="Interested", next_step="callback", due_ms=due_ms, notes="Ask for Joe")
    (task,) = shift.tasks
    assert task["dueDate"] == "2026-09-22T20:13:20.000Z"
    assert task["body"].startswith("Ask for Joe\n")
    assert (await shift.history()).callback_due_ms == due_ms
    assert "Next step: callback · 22 Sep 2026, 15:13 CDT" in shift.note(call)


async def test_an_agreed_time_takes_the_place_of_the_usual_one_for_the_dialler(shift: Shift) -> None:
    call = await shift.call(None)
    due_ms = shift.stage.clock() + HOUR_MS
    await wrap_up(shift, call, next_step="callback", due_ms=due_ms)
    assert (await shift.history()).callback_due_ms == due_ms


async def test_who_is_not_to_be_called_is_left_alone_everywhere(shift: Shift) -> None:
    call = await shift.call(60)
    await wrap_up(shift, call, disposition="Not interested", next_step="do not call")
    assert shift.stage.contact().fields["dndSettings"]["Call"]["status"] == "active"
    assert "do-not-call" in shift.tags
    assert (await shift.history()).dnd is True


async def test_said_before_the_end_it_is_heeded_at_once(shift: Shift) -> None:
    began = shift.ended(None, call_id="early")
    await shift.tell("early", start_ms=began.start_ms)
    await wrap_up(shift, "early", next_step="do not call")
    await shift.take(began)
    assert (await shift.history()).dnd is True
    assert shift.tasks == []
    assert not shift.stage.contact().enrolments


async def test_somebody_who_was_to_get_text_messages_gets_no_more(shift: Shift) -> None:
    call = await shift.call(None)
    assert WORKFLOW in shift.stage.contact().enrolments
    shift.asked()
    await wrap_up(shift, call, next_step="do not call")
    assert "DELETE /contacts/{contactId}/workflow/{workflowId}" in shift.asked()


async def test_the_next_workflow_is_the_agents_choice(shift: Shift) -> None:
    call = await shift.call(60)
    await wrap_up(shift, call, disposition="Interested", next_step="enrol", workflow="no_answer")
    assert shift.stage.asked() == 1


@pytest.mark.parametrize("again", ["callback", "do not call", "enrol"])
async def test_what_was_done_is_not_done_again_with_the_next_word(shift: Shift, again: str) -> None:
    call = await shift.call(60)
    await wrap_up(shift, call, next_step=again, workflow="no_answer" if again == "enrol" else None)
    shift.asked()
    await wrap_up(shift, call, notes="One more thing")
    assert shift.asked() == ["PUT /contacts/{contactId}/notes/{noteId}"]


async def test_the_contact_of_a_call_is_known_by_its_number(shift: Shift) -> None:
    await shift.call(60)
    assert (await shift.history()).contact_id == shift.stage.contact().id
