"""The request of each verb on contacts and the sub-account itself, and how any request is made. PURE.

Paths and fields: the CRM's OpenAPI (contacts, locations, users, workflows). Conversations, opportunities and triggers
have files of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from connector.crm.model import Request
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.crm.model import ChannelDnd

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
    "update_task": "2021-07-28",
    "complete_task": "2021-07-28",
    "set_fields": "2021-07-28",
    "write_dnd": "2021-07-28",
    "get_location": "2021-07-28",
    "list_workflows": "2021-07-28",
    "list_tags": "2021-07-28",
    "list_custom_fields": "2021-07-28",
    "create_custom_field": "2021-07-28",
    "list_users": "2021-07-28",
    "add_outbound_call": "2021-04-15",
    "add_inbound_call": "2021-04-15",
    "list_calls": "2021-04-15",
    "find_conversation": "2021-04-15",
    "create_conversation": "2021-04-15",
    "set_attachments": "2021-04-15",
    "list_pipelines": "2021-07-28",
    "find_opportunities": "2021-07-28",
    "create_opportunity": "2021-07-28",
    "update_opportunity": "2021-07-28",
    "fire_trigger": "2021-07-28",
}
"""Verb -> `Version` header. Pinned for each: the CRM selects a contract by it, and answers 401 without it."""

USERS_PAGE: Final = 100


def find_contact(location: str, number: str) -> Request:
    """Who has this number (E.164)? The exact lookup: the CRM's search lags behind and misses phones."""
    query = f"locationId={escaped(location)}&number={escaped(number)}"
    return read("find_contact", f"/contacts/search/duplicate?{query}")


def get_contact(contact_id: str) -> Request:
    """One contact with its tags."""
    return read("get_contact", _contact(contact_id))


def create_contact(location: str, phone: str, name: str | None = None) -> Request:
    """A new contact of that phone (E.164). Not an upsert: that replaces tags and drops fields silently."""
    fields = {"locationId": location, "phone": phone}
    if name is not None:
        fields["name"] = name
    return write("create_contact", "POST", "/contacts/", fields)


def add_note(contact_id: str, body: str) -> Request:
    """A new note (plain text) on the contact's timeline."""
    return write("add_note", "POST", f"{_contact(contact_id)}/notes", {"body": body})


def list_notes(contact_id: str) -> Request:
    """All notes of the contact; the CRM does not page them."""
    return read("list_notes", f"{_contact(contact_id)}/notes")


def update_note(contact_id: str, note_id: str, body: str) -> Request:
    """Replace a note's text."""
    path = f"{_contact(contact_id)}/notes/{escaped(note_id)}"
    return write("update_note", "PUT", path, {"body": body}, repeatable=True)


def add_tags(contact_id: str, tags: Iterable[str]) -> Request:
    """Add tags to the contact; those it has already stay. Unknown ones are made by the CRM."""
    path = f"{_contact(contact_id)}/tags"
    return write("add_tags", "POST", path, {"tags": clean_tags(tags)}, repeatable=True)


def remove_tags(contact_id: str, tags: Iterable[str]) -> Request:
    """Take tags off the contact (a DELETE with a body)."""
    path = f"{_contact(contact_id)}/tags"
    return write("remove_tags", "DELETE", path, {"tags": clean_tags(tags)}, repeatable=True)


def enrol(contact_id: str, workflow_id: str) -> Request:
    """Put the contact into a workflow. The CRM cannot tell who is in one: not repeatable."""
    return write("enrol", "POST", _enrolment(contact_id, workflow_id), {})


def unenrol(contact_id: str, workflow_id: str) -> Request:
    """Take the contact out of a workflow."""
    return write("unenrol", "DELETE", _enrolment(contact_id, workflow_id), {}, repeatable=True)


def create_task(
    contact_id: str, title: str, *, due_ms: int, body: str | None = None, assigned_to: str | None = None
) -> Request:
    """A new open task on the contact, due at `due_ms` (epoch milliseconds), for a CRM user id or nobody."""
    # `completed` is required even for a new task.
    fields = {"title": title, "dueDate": iso(due_ms), "completed": False} | given(body=body, assignedTo=assigned_to)
    return write("create_task", "POST", f"{_contact(contact_id)}/tasks", fields)


def list_tasks(contact_id: str) -> Request:
    """All tasks of the contact."""
    return read("list_tasks", f"{_contact(contact_id)}/tasks")


def update_task(
    contact_id: str,
    task_id: str,
    *,
    title: str | None = None,
    body: str | None = None,
    due_ms: int | None = None,
    completed: bool | None = None,
    assigned_to: str | None = None,
) -> Request:
    """Change what is given of a task; `due_ms` in epoch milliseconds."""
    due = None if due_ms is None else iso(due_ms)
    fields = given(title=title, body=body, dueDate=due, completed=completed, assignedTo=assigned_to)
    return write("update_task", "PUT", _task(contact_id, task_id), fields, repeatable=True)


def complete_task(contact_id: str, task_id: str) -> Request:
    """Tick a task off."""
    path = f"{_task(contact_id, task_id)}/completed"
    return write("complete_task", "PUT", path, {"completed": True}, repeatable=True)


def set_fields(contact_id: str, fields: Mapping[str, Any]) -> Request:
    """Set custom fields, by id; read back they are `value`, but here `field_value`.

    Never with tags: in this request they replace all the contact has.
    """
    values = [{"id": field_id, "field_value": value} for field_id, value in fields.items()]
    return write("set_fields", "PUT", _contact(contact_id), {"customFields": values}, repeatable=True)


def write_dnd(contact_id: str, settings: Mapping[str, ChannelDnd] | None, *, everything: bool | None) -> Request:
    """Set do-not-disturb: of channels (all that are known: dnd.py), and the switch for all; None leaves it as it is."""
    fields: dict[str, Any] = given(dnd=everything)
    if settings is not None:
        fields["dndSettings"] = {
            name: given(status=one.status, message=one.message, code=one.code) for name, one in settings.items()
        }
    return write("write_dnd", "PUT", _contact(contact_id), fields, repeatable=True)


def get_location(location: str) -> Request:
    """The sub-account itself: name, time zone, country."""
    return read("get_location", f"/locations/{escaped(location)}")


def list_workflows(location: str) -> Request:
    """The sub-account's workflows; the slash before the query is the CRM's own."""
    return read("list_workflows", f"/workflows/?locationId={escaped(location)}")


def list_tags(location: str) -> Request:
    """The tags known in the sub-account."""
    return read("list_tags", f"/locations/{escaped(location)}/tags")


def list_custom_fields(location: str, model: str = "contact") -> Request:
    """The sub-account's custom fields of a model: `contact`, `opportunity` or `all`."""
    return read("list_custom_fields", f"{_fields(location)}?model={escaped(model)}")


def create_custom_field(location: str, name: str, data_type: str = "TEXT", *, model: str = "contact") -> Request:
    """A new custom field; its type cannot be changed later."""
    fields = {"name": name, "dataType": data_type, "model": model}
    return write("create_custom_field", "POST", _fields(location), fields)


def list_users(location: str, company_id: str, *, skip: int = 0) -> Request:
    """A page of the sub-account's users, the first `skip` left out; the agency's id is required."""
    query = f"companyId={escaped(company_id)}&locationId={escaped(location)}&skip={skip}&limit={USERS_PAGE}"
    return read("list_users", f"/users/search?{query}")


def clean_tags(tags: Iterable[str]) -> list[str]:
    """Tags as the CRM keeps them: trimmed, lower case, each once, in their order."""
    return list(dict.fromkeys(clean for tag in tags if (clean := tag.strip().lower())))


def read(verb: str, path: str) -> Request:
    """A request that changes nothing."""
    return Request(verb, "GET", path, VERSIONS[verb], None, repeatable=True)


def write(verb: str, method: str, path: str, fields: dict[str, Any], *, repeatable: bool = False) -> Request:
    """A request that changes something."""
    return Request(verb, method, path, VERSIONS[verb], orjson.dumps(fields), repeatable=repeatable)


def given(**fields: Any) -> dict[str, Any]:
    """Those that are not None: a property given as null may be refused."""
    return {name: value for name, value in fields.items() if value is not None}


def escaped(value: str) -> str:
    """For a path segment or a query value; "+" becomes "%2B" (bare, it is read as a space)."""
    return quote(value, safe="")


def _contact(contact_id: str) -> str:
    return f"/contacts/{escaped(contact_id)}"


def _task(contact_id: str, task_id: str) -> str:
    return f"{_contact(contact_id)}/tasks/{escaped(task_id)}"


def _enrolment(contact_id: str, workflow_id: str) -> str:
    return f"{_contact(contact_id)}/workflow/{escaped(workflow_id)}"


def _fields(location: str) -> str:
    return f"/locations/{escaped(location)}/customFields"
