"""The request of each verb. PURE. Paths and fields: the CRM's OpenAPI (contacts, locations, workflows)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from connector.crm.model import Request
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

VERSIONS: Final = {
    "find_contact": "2021-07-28",
    "get_contact": "2021-07-28",
    "create_contact": "2021-07-28",
    "add_note": "2021-07-28",
    "list_notes": "2021-07-28",
    "update_note": "2021-07-28",
    "add_tags": "2021-07-28",
    "remove_tags": "2021-07-28",
    "enrol": "2021-07-28",
    "unenrol": "2021-07-28",
    "create_task": "2021-07-28",
    "list_tasks": "2021-07-28",
    "get_location": "2021-07-28",
    "list_workflows": "2021-07-28",
}
"""Verb -> `Version` header. Pinned for each: the CRM selects a contract by it, and answers 401 without it."""


def find_contact(location: str, number: str) -> Request:
    """Who has this number (E.164)? The exact lookup: the CRM's search lags behind and misses phones."""
    query = f"locationId={_escaped(location)}&number={_escaped(number)}"
    return _read("find_contact", f"/contacts/search/duplicate?{query}")


def get_contact(contact_id: str) -> Request:
    """One contact with its tags."""
    return _read("get_contact", _contact(contact_id))


def create_contact(location: str, phone: str, name: str | None = None) -> Request:
    """A new contact of that phone (E.164). Not an upsert: that replaces tags and drops fields silently."""
    fields = {"locationId": location, "phone": phone}
    if name is not None:
        fields["name"] = name
    return _write("create_contact", "POST", "/contacts/", fields)


def add_note(contact_id: str, body: str) -> Request:
    """A new note (plain text) on the contact's timeline."""
    return _write("add_note", "POST", f"{_contact(contact_id)}/notes", {"body": body})


def list_notes(contact_id: str) -> Request:
    """All notes of the contact; the CRM does not page them."""
    return _read("list_notes", f"{_contact(contact_id)}/notes")


def update_note(contact_id: str, note_id: str, body: str) -> Request:
    """Replace a note's text."""
    path = f"{_contact(contact_id)}/notes/{_escaped(note_id)}"
    return _write("update_note", "PUT", path, {"body": body}, repeatable=True)


def add_tags(contact_id: str, tags: Iterable[str]) -> Request:
    """Add tags to the contact; those it has already stay. Unknown ones are made by the CRM."""
    path = f"{_contact(contact_id)}/tags"
    return _write("add_tags", "POST", path, {"tags": clean_tags(tags)}, repeatable=True)


def remove_tags(contact_id: str, tags: Iterable[str]) -> Request:
    """Take tags off the contact (a DELETE with a body)."""
    path = f"{_contact(contact_id)}/tags"
    return _write("remove_tags", "DELETE", path, {"tags": clean_tags(tags)}, repeatable=True)


def enrol(contact_id: str, workflow_id: str) -> Request:
    """Put the contact into a workflow. The CRM cannot tell who is in one: not repeatable."""
    return _write("enrol", "POST", _enrolment(contact_id, workflow_id), {})


def unenrol(contact_id: str, workflow_id: str) -> Request:
    """Take the contact out of a workflow."""
    return _write("unenrol", "DELETE", _enrolment(contact_id, workflow_id), {}, repeatable=True)


def create_task(
    contact_id: str, title: str, *, due_ms: int, body: str | None = None, assigned_to: str | None = None
) -> Request:
    """A new open task on the contact, due at `due_ms` (epoch milliseconds), for a CRM user id or nobody."""
    # `completed` is required even for a new task; a property given as null may be refused, so it is left out.
    fields: dict[str, Any] = {"title": title, "dueDate": iso(due_ms), "completed": False}
    if body is not None:
        fields["body"] = body
    if assigned_to is not None:
        fields["assignedTo"] = assigned_to
    return _write("create_task", "POST", f"{_contact(contact_id)}/tasks", fields)


def list_tasks(contact_id: str) -> Request:
    """All tasks of the contact."""
    return _read("list_tasks", f"{_contact(contact_id)}/tasks")


def get_location(location: str) -> Request:
    """The sub-account itself: name, time zone, country."""
    return _read("get_location", f"/locations/{_escaped(location)}")


def list_workflows(location: str) -> Request:
    """The sub-account's workflows; the slash before the query is the CRM's own."""
    return _read("list_workflows", f"/workflows/?locationId={_escaped(location)}")


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags as the CRM keeps them: trimmed, lower case, each once, in their order."""
    return list(dict.fromkeys(clean for tag in tags if (clean := tag.strip().lower())))


def _read(verb: str, path: str) -> Request:
    return Request(verb, "GET", path, VERSIONS[verb], None, repeatable=True)


def _write(verb: str, method: str, path: str, fields: dict[str, Any], *, repeatable: bool = False) -> Request:
    return Request(verb, method, path, VERSIONS[verb], orjson.dumps(fields), repeatable=repeatable)


def _contact(contact_id: str) -> str:
    return f"/contacts/{_escaped(contact_id)}"


def _enrolment(contact_id: str, workflow_id: str) -> str:
    return f"{_contact(contact_id)}/workflow/{_escaped(workflow_id)}"


def _escaped(value: str) -> str:
    """For a path segment or a query value; "+" becomes "%2B" (bare, it is read as a space)."""
    return quote(value, safe="")
