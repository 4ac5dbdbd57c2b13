"""Successful answers as values. PURE. Each raises MalformedError where the answer lacks what it must hold.

Both spellings of the CRM's API generations are read ("succeded" and "succeeded"); a thing may stand under its
name (`{"note": {...}}`) or by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.errors import MalformedError, RefusedError
from connector.crm.model import Contact, LocationInfo, Note, Task, Workflow

if TYPE_CHECKING:
    from connector.crm.model import Response


def found_contact(response: Response) -> Contact | None:
    """The contact of a lookup, None where the CRM knows none (`contact` null or not there)."""
    found = _object(response).get("contact")
    return _contact(response, found) if found else None


def contact(response: Response) -> Contact:
    """The contact the answer holds."""
    return _contact(response, _inner(response, "contact"))


def note_id(response: Response) -> str:
    """The id of the note the answer holds."""
    return _id(response, _inner(response, "note"))


def notes(response: Response) -> list[Note]:
    """The contact's notes."""
    return [Note(_id(response, item), _text(item, "body") or "") for item in _items(response, "notes")]


def tags(response: Response) -> tuple[str, ...]:
    """All tags of the contact after the change, lower case; empty where the answer does not list them."""
    return _tags(_object(response))


def accepted(response: Response) -> None:
    """An enrolment's answer: accepted (which is not yet "done", but all the CRM tells).

    Raises:
        RefusedError: the answer's flag says that it did not succeed.
    """
    no_content = 204
    if response.status == no_content:
        return
    answer = _object(response)
    if answer.get("succeeded", answer.get("succeded")) is False:
        raise RefusedError("the CRM answered that it did not succeed", status=response.status)


def task_id(response: Response) -> str:
    """The id of the task the answer holds."""
    return _id(response, _inner(response, "task"))


def tasks(response: Response) -> list[Task]:
    """The contact's tasks."""
    return [
        Task(
            _id(response, item),
            _text(item, "title"),
            _text(item, "body"),
            _text(item, "dueDate"),
            item.get("completed") is True,
        )
        for item in _items(response, "tasks")
    ]


def location_info(response: Response) -> LocationInfo:
    """The sub-account; its own time zone, or that of its business where it has none."""
    location = _inner(response, "location")
    business = location.get("business")
    timezone = _text(location, "timezone") or (_text(business, "timezone") if isinstance(business, dict) else None)
    return LocationInfo(_id(response, location), _text(location, "name"), timezone, _text(location, "country"))


def workflows(response: Response) -> list[Workflow]:
    """The sub-account's workflows, drafts included."""
    return [
        Workflow(_id(response, item), _text(item, "name"), _text(item, "status"))
        for item in _items(response, "workflows")
    ]


def _contact(response: Response, fields: object) -> Contact:
    if not isinstance(fields, dict):
        raise _malformed(response, "a contact that is no object")
    return Contact(_id(response, fields), _name(fields), _text(fields, "phone"), _tags(fields))


def _name(fields: dict[str, Any]) -> str | None:
    whole = _text(fields, "name") or _text(fields, "contactName")
    if whole:
        return whole
    parts = (_text(fields, "firstName"), _text(fields, "lastName"))
    return " ".join(part for part in parts if part) or None


def _tags(fields: dict[str, Any]) -> tuple[str, ...]:
    listed = fields.get("tags")
    if not isinstance(listed, list):
        return ()
    return tuple(tag.strip().lower() for tag in listed if isinstance(tag, str))


def _object(response: Response) -> dict[str, Any]:
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        raise _malformed(response, "no JSON") from error
    if not isinstance(answer, dict):
        raise _malformed(response, "JSON that is no object")
    return answer


def _inner(response: Response, name: str) -> dict[str, Any]:
    answer = _object(response)
    inner = answer.get(name)
    return inner if isinstance(inner, dict) else answer


def _items(response: Response, name: str) -> list[dict[str, Any]]:
    items = _object(response).get(name)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _malformed(response, f"no list of {name}")
    return items


def _id(response: Response, fields: dict[str, Any]) -> str:
    found = _text(fields, "id")
    if found is None:
        raise _malformed(response, "something without its id")
    return found


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def _malformed(response: Response, what: str) -> MalformedError:
    return MalformedError(f"the CRM answered {response.status} with {what}", status=response.status)
