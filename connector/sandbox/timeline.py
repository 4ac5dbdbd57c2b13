"""What hangs on a contact: notes and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.bodies import (
        Body,
        Empty,
        NoteCreate,
        NoteUpdate,
        TaskCompleted,
        TaskCreate,
        TaskUpdate,
    )
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Record


def list_notes(ask: Ask[None]) -> Answer:
    """GET /contacts/{contactId}/notes: all of them, newest first."""
    return 200, {"notes": list(reversed(ask.contact().notes.values()))}


def add_note(ask: Ask[NoteCreate]) -> Answer:
    """POST /contacts/{contactId}/notes."""
    contact = ask.contact()
    note: Record = {
        "id": ask.sandbox.new_id(),
        "contactId": contact.id,
        "dateAdded": ask.sandbox.now(),
        "userId": None,
        "title": None,
        "color": None,
        "pinned": False,
        **_given(ask.body),
    }
    contact.notes[note["id"]] = note
    return 201, {"note": note}


def read_note(ask: Ask[None]) -> Answer:
    """GET /contacts/{contactId}/notes/{noteId}."""
    return 200, {"note": _one(ask.contact().notes, ask.path["noteId"], "Note")}


def update_note(ask: Ask[NoteUpdate]) -> Answer:
    """PUT /contacts/{contactId}/notes/{noteId}."""
    note = _one(ask.contact().notes, ask.path["noteId"], "Note")
    note |= _given(ask.body)
    return 200, {"note": note}


def delete_note(ask: Ask[Empty]) -> Answer:
    """DELETE /contacts/{contactId}/notes/{noteId}."""
    contact = ask.contact()
    del contact.notes[_one(contact.notes, ask.path["noteId"], "Note")["id"]]
    return 200, ask.success()


def list_tasks(ask: Ask[None]) -> Answer:
    """GET /contacts/{contactId}/tasks."""
    return 200, {"tasks": list(ask.contact().tasks.values())}


def add_task(ask: Ask[TaskCreate]) -> Answer:
    """POST /contacts/{contactId}/tasks."""
    contact = ask.contact()
    task: Record = {"id": ask.sandbox.new_id(), "contactId": contact.id, **_given(ask.body)}
    contact.tasks[task["id"]] = task
    return 201, {"task": task}


def read_task(ask: Ask[None]) -> Answer:
    """GET /contacts/{contactId}/tasks/{taskId}."""
    return 200, {"task": _one(ask.contact().tasks, ask.path["taskId"], "Task")}


def update_task(ask: Ask[TaskUpdate | TaskCompleted]) -> Answer:
    """PUT /contacts/{contactId}/tasks/{taskId} and .../completed."""
    task = _one(ask.contact().tasks, ask.path["taskId"], "Task")
    task |= _given(ask.body)
    return 200, {"task": task}


def delete_task(ask: Ask[Empty]) -> Answer:
    """DELETE /contacts/{contactId}/tasks/{taskId}."""
    contact = ask.contact()
    del contact.tasks[_one(contact.tasks, ask.path["taskId"], "Task")["id"]]
    return 200, ask.success()


def _given(body: Body) -> Record:
    return body.model_dump(by_alias=True, exclude_none=True)


def _one(records: dict[str, Record], wanted: str, what: str) -> Record:
    if wanted not in records:
        raise Refusal(400, f"{what} with id {wanted} not found")
    return records[wanted]
