"""Successful answers as values: contacts and what hangs on them, the sub-account's own facts. PURE.

Each raises MalformedError where the answer lacks what it must hold. Both spellings of the CRM's API generations are
read ("succeded" and "succeeded"); a thing may stand under its name (`{"note": {...}}`) or by itself.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from connector.crm import dnd
from connector.crm.errors import RefusedError
from connector.crm.model import ChannelDnd, Contact, CustomField, LocationInfo, Note, Task, User, Workflow
from connector.crm.reading import id_of, inner, items, json_object, malformed, text

if TYPE_CHECKING:
    from connector.crm.model import Response


def found_contact(response: Response) -> Contact | None:
    """The contact of a lookup, None where the CRM knows none (`contact` null or not there)."""
    found = json_object(response).get("contact")
    return _contact(response, found) if found else None


def contact(response: Response) -> Contact:
    """The contact the answer holds."""
    return _contact(response, inner(response, "contact"))


def note_id(response: Response) -> str:
    """The id of the note the answer holds."""
    return id_of(response, inner(response, "note"))


def notes(response: Response) -> list[Note]:
    """The contact's notes."""
    return [Note(id_of(response, item), text(item, "body") or "") for item in items(response, "notes")]


def tags(response: Response) -> tuple[str, ...]:
    """All tags of the contact after the change, lower case; empty where the answer does not list them."""
    return _tags(json_object(response))


def accepted(response: Response) -> None:
    """An enrolment's answer: accepted (which is not yet "done", but all the CRM tells).

    Raises:
        RefusedError: the answer's flag says that it did not succeed.
    """
    if response.status == HTTPStatus.NO_CONTENT:
        return
    answer = json_object(response)
    if answer.get("succeeded", answer.get("succeded")) is False:
        raise RefusedError("the CRM answered that it did not succeed", status=response.status)


def task_id(response: Response) -> str:
    """The id of the task the answer holds."""
    return id_of(response, inner(response, "task"))


def tasks(response: Response) -> list[Task]:
    """The contact's tasks."""
    return [
        Task(
            id_of(response, item),
            text(item, "title"),
            text(item, "body"),
            text(item, "dueDate"),
            item.get("completed") is True,
            text(item, "assignedTo"),
        )
        for item in items(response, "tasks")
    ]


def location_info(response: Response) -> LocationInfo:
    """The sub-account; its own time zone, or that of its business where it has none."""
    location = inner(response, "location")
    business = location.get("business")
    timezone = text(location, "timezone") or (text(business, "timezone") if isinstance(business, dict) else None)
    name, country, company = (text(location, key) for key in ("name", "country", "companyId"))
    return LocationInfo(id_of(response, location), name, timezone, country, company)


def workflows(response: Response) -> list[Workflow]:
    """The sub-account's workflows, drafts included."""
    return [
        Workflow(id_of(response, item), text(item, "name"), text(item, "status"))
        for item in items(response, "workflows")
    ]


def updated_contact(response: Response) -> Contact:
    """The contact as it is after a change.

    Raises:
        RefusedError: the answer's flag says that it did not succeed.
    """
    accepted(response)
    return contact(response)


def location_tags(response: Response) -> tuple[str, ...]:
    """The sub-account's tags in lower case, each once: its list may name one twice."""
    return tuple(dict.fromkeys(id_of(response, item, "name").strip().lower() for item in items(response, "tags")))


def custom_fields(response: Response) -> list[CustomField]:
    """The sub-account's custom fields."""
    return [_custom_field(response, item) for item in items(response, "customFields")]


def custom_field(response: Response) -> CustomField:
    """The custom field the answer holds."""
    return _custom_field(response, inner(response, "customField"))


def users(response: Response) -> list[User]:
    """A page of users, deleted ones included."""
    return [_user(response, item) for item in items(response, "users")]


def _custom_field(response: Response, fields: dict[str, Any]) -> CustomField:
    return CustomField(
        id_of(response, fields), text(fields, "name"), text(fields, "fieldKey"), text(fields, "dataType")
    )


def _user(response: Response, fields: dict[str, Any]) -> User:
    name, email, phone, extension = (text(fields, key) for key in ("name", "email", "phone", "extension"))
    return User(id_of(response, fields), name, email, phone, extension, deleted=fields.get("deleted") is True)


def _contact(response: Response, fields: object) -> Contact:
    if not isinstance(fields, dict):
        raise malformed(response, "a contact that is no object")
    everything = fields.get("dnd")
    return Contact(
        id_of(response, fields),
        _name(fields),
        text(fields, "phone"),
        _tags(fields),
        _values(fields.get("customFields")),
        everything if isinstance(everything, bool) else None,
        _channels(fields.get("dndSettings")),
        text(fields, "assignedTo"),
        text(fields, "timezone"),
    )


def _values(listed: object) -> dict[str, Any]:
    """Custom field id -> value; read as `value`, though written as `field_value`."""
    if not isinstance(listed, list):
        return {}
    return {one["id"]: one.get("value") for one in listed if isinstance(one, dict) and isinstance(one.get("id"), str)}


def _channels(settings: object) -> dict[str, ChannelDnd]:
    if not isinstance(settings, dict):
        return {}
    return {
        dnd.spelt(name): ChannelDnd(status, text(one, "message"), text(one, "code"))
        for name, one in settings.items()
        if isinstance(one, dict) and (status := text(one, "status"))
    }


def _name(fields: dict[str, Any]) -> str | None:
    whole = text(fields, "name") or text(fields, "contactName")
    if whole:
        return whole
    parts = (text(fields, "firstName"), text(fields, "lastName"))
    return " ".join(part for part in parts if part) or None


def _tags(fields: dict[str, Any]) -> tuple[str, ...]:
    listed = fields.get("tags")
    if not isinstance(listed, list):
        return ()
    return tuple(tag.strip().lower() for tag in listed if isinstance(tag, str))
