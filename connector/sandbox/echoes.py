"""What a write through the API makes the CRM say to the apps: contacts, tags, do-not-disturb, notes, tasks.

Source: the vendor's pages on webhook events; what live payloads lack is left out (its issues 312 and 332).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connector.sandbox.contacts import contact_json

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.routes import Route
    from connector.sandbox.state import Record

_NOTE: Final = ("id", "body", "contactId", "dateAdded")
_TASK: Final = ("id", "title", "dueDate", "completed", "assignedTo")
"""A live task event has neither `contactId` nor `body`."""


@dataclass(frozen=True, slots=True)
class _Write:
    """One write: the request, the records it named as they were before, and the answer's payload."""

    ask: Ask[Any]
    contact: Record
    note: Record
    task: Record
    payload: Record

    def now(self) -> Record:
        """The contact as it is now; empty if there is none."""
        contact_id = self.payload.get("contact", self.contact).get("id", "")
        contact = self.ask.location.contacts.get(contact_id)
        return {} if contact is None else contact_json(contact, self.ask.location)


Said: TypeAlias = "Iterable[tuple[str, Record]]"


def echoed(route: Route, ask: Ask[Any]) -> Answer:
    """Do the write, and tell the apps that are installed there."""
    say, apps = _ECHOES.get((route.method, route.path)), ask.sandbox.market.listeners(ask.location)
    if say is None or not apps:
        return route.handle(ask)
    before = _before(ask)
    status, payload = route.handle(ask)
    for kind, fields in say(_Write(ask, *before, payload)):
        for app in apps:
            ask.sandbox.market.say(app, kind, {**fields, "locationId": ask.location.id})
    return status, payload


def _before(ask: Ask[Any]) -> tuple[Record, Record, Record]:
    contact = ask.location.contacts.get(ask.path.get("contactId", ""))
    if contact is None:
        return {}, {}, {}
    note, task = contact.notes.get(ask.path.get("noteId", "")), contact.tasks.get(ask.path.get("taskId", ""))
    return contact_json(contact, ask.location), dict(note or {}), dict(task or {})


def _created(write: _Write) -> Said:
    yield "ContactCreate", write.now()


def _upserted(write: _Write) -> Said:
    yield "ContactCreate" if write.payload["new"] else "ContactUpdate", write.now()
    if not write.payload["new"] and write.ask.body.tags is not None:
        yield "ContactTagUpdate", write.now()


def _updated(write: _Write) -> Said:
    yield "ContactUpdate", write.now()
    yield from _tagged(write)
    if write.ask.body.dnd is not None or write.ask.body.dnd_settings is not None:
        yield "ContactDndUpdate", write.now()


def _deleted(write: _Write) -> Said:
    yield "ContactDelete", write.contact


def _tagged(write: _Write) -> Said:
    """The full list, not the difference; nothing where nothing has changed."""
    now = write.now()
    if now["tags"] != write.contact["tags"]:
        yield "ContactTagUpdate", now


def _note(kind: str) -> Callable[[_Write], Said]:
    def say(write: _Write) -> Said:
        note = write.payload.get("note", write.note)
        yield kind, {name: note[name] for name in _NOTE}

    return say


def _task_created(write: _Write) -> Said:
    yield "TaskCreate", _task(write.payload["task"])


def _task_updated(write: _Write) -> Said:
    """There is no event for a change, only for the completion."""
    if write.payload["task"].get("completed") and not write.task.get("completed"):
        yield "TaskComplete", _task(write.payload["task"])


def _task_deleted(write: _Write) -> Said:
    yield "TaskDelete", _task(write.task)


def _task(task: Record) -> Record:
    return {name: task[name] for name in _TASK if name in task}


_C: Final = "/contacts/{contactId}"
_ECHOES: Final[dict[tuple[str, str], Callable[[_Write], Said]]] = {
    ("POST", "/contacts/"): _created,
    ("POST", "/contacts/upsert"): _upserted,
    ("PUT", _C): _updated,
    ("DELETE", _C): _deleted,
    ("POST", f"{_C}/tags"): _tagged,
    ("DELETE", f"{_C}/tags"): _tagged,
    ("POST", f"{_C}/notes"): _note("NoteCreate"),
    ("PUT", f"{_C}/notes/{{noteId}}"): _note("NoteUpdate"),
    ("DELETE", f"{_C}/notes/{{noteId}}"): _note("NoteDelete"),
    ("POST", f"{_C}/tasks"): _task_created,
    ("PUT", f"{_C}/tasks/{{taskId}}"): _task_updated,
    ("PUT", f"{_C}/tasks/{{taskId}}/completed"): _task_updated,
    ("DELETE", f"{_C}/tasks/{{taskId}}"): _task_deleted,
}
