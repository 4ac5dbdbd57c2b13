"""Notes, tasks, tags and workflows of a contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

TASK = {"title": "Call back", "dueDate": "2026-11-24T09:00:00-05:00", "completed": False}


@pytest.fixture
async def ada(crm: Crm) -> str:
    return await crm.person(name="Ada", phone="+12125550101")


async def test_a_note_is_201_and_listed_newest_first(crm: Crm, ada: str) -> None:
    status, _ = await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "first"})
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "second"})
    _, listed = await crm.ask("GET", f"/contacts/{ada}/notes")
    assert (status, [note["body"] for note in listed["notes"]]) == (201, ["second", "first"])


async def test_a_note_can_be_changed_and_taken_away(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "first", "title": "Call"})
    path = f"/contacts/{ada}/notes/{made['note']['id']}"
    _, changed = await crm.ask("PUT", path, {"body": "better"})
    assert changed["note"] == made["note"] | {"body": "better"}
    assert await crm.ask("GET", path) == (200, changed)
    assert await crm.ask("DELETE", path, {}) == (200, {"succeded": True})
    assert (await crm.ask("GET", path))[0] == 400


async def test_a_task_needs_its_completed_flag_even_when_new(crm: Crm, ada: str) -> None:
    body = {name: value for name, value in TASK.items() if name != "completed"}
    status, answer = await crm.ask("POST", f"/contacts/{ada}/tasks", body)
    assert (status, answer["message"]) == (422, ["completed should not be empty"])


async def test_a_tasks_due_date_must_be_a_date(crm: Crm, ada: str) -> None:
    status, answer = await crm.ask("POST", f"/contacts/{ada}/tasks", TASK | {"dueDate": "soon"})
    assert (status, answer["message"]) == (422, ["dueDate must be a valid ISO 8601 date string"])


async def test_a_task_lives_its_life(crm: Crm, ada: str) -> None:
    status, made = await crm.ask("POST", f"/contacts/{ada}/tasks", TASK)
    path = f"/contacts/{ada}/tasks/{made['task']['id']}"
    assert (status, made["task"]["contactId"]) == (201, ada)
    assert (await crm.ask("PUT", path, {"body": "ask for Sam"}))[1]["task"]["body"] == "ask for Sam"
    assert (await crm.ask("PUT", f"{path}/completed", {"completed": True}))[1]["task"]["completed"] is True
    assert (await crm.ask("GET", f"/contacts/{ada}/tasks"))[1]["tasks"] == [(await crm.ask("GET", path))[1]["task"]]
    assert await crm.ask("DELETE", path) == (200, {"succeded": True})
    assert (await crm.ask("GET", f"/contacts/{ada}/tasks"))[1] == {"tasks": []}


async def test_tags_are_trimmed_lower_cased_and_added_to_those_there(crm: Crm, ada: str) -> None:
    await crm.ask("POST", f"/contacts/{ada}/tags", {"tags": ["hot"]})
    answer = await crm.ask("POST", f"/contacts/{ada}/tags", {"tags": [" No Answer ", "HOT"]})
    assert answer == (201, {"tags": ["hot", "no answer"]})


async def test_tags_are_removed_by_a_delete_with_a_body(crm: Crm, ada: str) -> None:
    await crm.ask("POST", f"/contacts/{ada}/tags", {"tags": ["hot", "busy"]})
    assert await crm.ask("DELETE", f"/contacts/{ada}/tags", {"tags": ["Busy"]}) == (200, {"tags": ["hot"]})


async def test_every_tag_must_be_a_text(crm: Crm, ada: str) -> None:
    status, answer = await crm.ask("POST", f"/contacts/{ada}/tags", {"tags": ["a", 1]})
    assert (status, answer["message"]) == (422, ["each value in tags must be a string"])


async def enrolment(crm: Crm, contact: str, workflow: str, *verbs: str) -> tuple[Any, list[str]]:
    """What the contact's enrolment is after these requests (each answered alike), and its history."""
    for verb in verbs:
        assert await crm.ask(verb, f"/contacts/{contact}/workflow/{workflow}", {}) == (
            200,
            {"succeded": True},
        )
    async with crm.client.get("/_sandbox/state") as response:
        state = await response.json()
    person = next(one for one in state["locations"][0]["contacts"] if one["id"] == contact)
    return person["enrolments"][0], [step["outcome"] for step in person["history"]]


async def test_re_entry_while_enrolled_is_ignored_but_counted(crm: Crm, ada: str) -> None:
    assert await enrolment(crm, ada, "wf-live", "POST", "POST") == (
        {"workflowId": "wf-live", "active": True, "asked": 2},
        ["enrolled", "ignored: already enrolled"],
    )


async def test_a_workflow_may_allow_re_entry(crm: Crm, ada: str) -> None:
    assert (await enrolment(crm, ada, "wf-again", "POST", "POST"))[1] == ["enrolled", "enrolled"]


async def test_a_draft_takes_nobody_in_and_does_not_say_so(crm: Crm, ada: str) -> None:
    assert await enrolment(crm, ada, "wf-draft", "POST") == (
        {"workflowId": "wf-draft", "active": False, "asked": 1},
        ["ended silently: the workflow is not published"],
    )


async def test_who_was_removed_may_come_again(crm: Crm, ada: str) -> None:
    assert (await enrolment(crm, ada, "wf-live", "POST", "DELETE", "DELETE", "POST"))[1] == [
        "enrolled",
        "removed",
        "ignored: not enrolled",
        "enrolled",
    ]


async def test_an_unknown_workflow_is_refused(crm: Crm, ada: str) -> None:
    status, answer = await crm.ask("POST", f"/contacts/{ada}/workflow/none", {})
    assert (status, answer["message"]) == (400, "Workflow with id none not found")


async def test_an_enrolments_start_must_be_a_time(crm: Crm, ada: str) -> None:
    path = f"/contacts/{ada}/workflow/wf-live"
    assert (await crm.ask("POST", path, {"eventStartTime": "2026-11-24T09:00:00+01:00"}))[0] == 200
    assert (await crm.ask("POST", path, {"eventStartTime": "tomorrow"}))[0] == 422
