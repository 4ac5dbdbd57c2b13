"""Every verb of the client as one row: how to call it, what goes out, a good answer and what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.crm.model import Contact, LocationInfo, Note, Task, Workflow

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.crm.client import Crm

LOCATION = "loc000000000000000A1"
CONTACT = "con000000000000000B2"
WORKFLOW = "5c1f9a50-0000-4000-8000-00000000c0de"
NUMBER = "+14155550123"
DUE_MS = 1_700_000_000_250


@dataclass(frozen=True)
class Verb:
    """One verb's contract; `sent` is the JSON body it must send, None for no body."""

    name: str
    call: Callable[[Crm], Awaitable[Any]]
    method: str
    target: str
    status: int
    answer: dict[str, Any]
    means: Any
    sent: Any = None
    repeatable: bool = True
    of_contact: bool = True
    needs: tuple[str, ...] = ()
    """Answers with 2xx that lack what this verb needs."""


_CONTACT = {
    "id": CONTACT,
    "firstName": "Ada",
    "lastName": "Byron",
    "phone": NUMBER,
    "tags": ["VIP", " lead "],
}
_KNOWN = Contact(CONTACT, "Ada Byron", NUMBER, ("vip", "lead"))
_BROKEN = ("<html>", "[]", "null", "")
_NO_ID = (*_BROKEN, "{}", '{"note":{},"contact":{"name":"x"},"task":{},"location":{}}')
_NO_LIST = (
    *_BROKEN,
    "{}",
    '{"notes":{},"tasks":"x","workflows":[1]}',
    '{"notes":[{}],"tasks":[{}],"workflows":[{}]}',
)

VERBS = (
    Verb(
        "find_contact",
        lambda crm: crm.find_contact(LOCATION, NUMBER),
        "GET",
        f"/contacts/search/duplicate?locationId={LOCATION}&number=%2B14155550123",
        200,
        {"contact": _CONTACT},
        _KNOWN,
        of_contact=False,
        needs=(*_BROKEN, '{"contact":"x"}', '{"contact":{"name":"x"}}'),
    ),
    Verb(
        "get_contact",
        lambda crm: crm.get_contact(LOCATION, CONTACT),
        "GET",
        f"/contacts/{CONTACT}",
        200,
        {"contact": _CONTACT},
        _KNOWN,
        needs=_NO_ID,
    ),
    Verb(
        "create_contact",
        lambda crm: crm.create_contact(LOCATION, NUMBER, "Ada Byron"),
        "POST",
        "/contacts/",
        201,
        {"contact": _CONTACT},
        _KNOWN,
        {"locationId": LOCATION, "phone": NUMBER, "name": "Ada Byron"},
        repeatable=False,
        of_contact=False,
        needs=_NO_ID,
    ),
    Verb(
        "add_note",
        lambda crm: crm.add_note(LOCATION, CONTACT, "No answer\nCall ID: c-1"),
        "POST",
        f"/contacts/{CONTACT}/notes",
        201,
        {"note": {"id": "note1", "body": "No answer\nCall ID: c-1"}},
        "note1",
        {"body": "No answer\nCall ID: c-1"},
        repeatable=False,
        needs=_NO_ID,
    ),
    Verb(
        "list_notes",
        lambda crm: crm.list_notes(LOCATION, CONTACT),
        "GET",
        f"/contacts/{CONTACT}/notes",
        200,
        {"notes": [{"id": "note1", "body": "x", "pinned": False}, {"id": "note2"}]},
        [Note("note1", "x"), Note("note2", "")],
        needs=_NO_LIST,
    ),
    Verb(
        "update_note",
        lambda crm: crm.update_note(LOCATION, CONTACT, "note1", "new"),
        "PUT",
        f"/contacts/{CONTACT}/notes/note1",
        200,
        {"note": {"id": "note1", "body": "new"}},
        "note1",
        {"body": "new"},
        needs=_NO_ID,
    ),
    Verb(
        "add_tags",
        lambda crm: crm.add_tags(LOCATION, CONTACT, [" No Answer ", "no answer", "VIP", " "]),
        "POST",
        f"/contacts/{CONTACT}/tags",
        201,
        {"tags": ["Lead", "no answer", "vip"]},
        ("lead", "no answer", "vip"),
        {"tags": ["no answer", "vip"]},
        needs=_BROKEN,
    ),
    Verb(
        "remove_tags",
        lambda crm: crm.remove_tags(LOCATION, CONTACT, ["VIP"]),
        "DELETE",
        f"/contacts/{CONTACT}/tags",
        200,
        {"tags": ["lead"]},
        ("lead",),
        {"tags": ["vip"]},
        needs=_BROKEN,
    ),
    Verb(
        "enrol",
        lambda crm: crm.enrol(LOCATION, CONTACT, WORKFLOW),
        "POST",
        f"/contacts/{CONTACT}/workflow/{WORKFLOW}",
        200,
        {"succeded": True},
        None,
        {},
        repeatable=False,
        needs=_BROKEN,
    ),
    Verb(
        "unenrol",
        lambda crm: crm.unenrol(LOCATION, CONTACT, WORKFLOW),
        "DELETE",
        f"/contacts/{CONTACT}/workflow/{WORKFLOW}",
        200,
        {"succeeded": True, "succeded": True},
        None,
        {},
        needs=_BROKEN,
    ),
    Verb(
        "create_task",
        lambda crm: crm.create_task(LOCATION, CONTACT, "Call back", due_ms=DUE_MS, body="b", assigned_to="u1"),
        "POST",
        f"/contacts/{CONTACT}/tasks",
        201,
        {"task": {"id": "task1", "title": "Call back"}},
        "task1",
        {
            "title": "Call back",
            "dueDate": "2023-11-14T22:13:20.250Z",
            "completed": False,
            "body": "b",
            "assignedTo": "u1",
        },
        repeatable=False,
        needs=_NO_ID,
    ),
    Verb(
        "list_tasks",
        lambda crm: crm.list_tasks(LOCATION, CONTACT),
        "GET",
        f"/contacts/{CONTACT}/tasks",
        200,
        {"tasks": [{"id": "task1", "title": "t", "dueDate": "2023-11-14T22:13:20.000Z", "completed": True}]},
        [Task("task1", "t", None, "2023-11-14T22:13:20.000Z", completed=True)],
        needs=_NO_LIST,
    ),
    Verb(
        "get_location",
        lambda crm: crm.get_location(LOCATION),
        "GET",
        f"/locations/{LOCATION}",
        200,
        {"location": {"id": LOCATION, "name": "Shoes", "timezone": "US/Central", "country": "US"}},
        LocationInfo(LOCATION, "Shoes", "US/Central", "US"),
        of_contact=False,
        needs=_NO_ID,
    ),
    Verb(
        "list_workflows",
        lambda crm: crm.list_workflows(LOCATION),
        "GET",
        f"/workflows/?locationId={LOCATION}",
        200,
        {"workflows": [{"id": WORKFLOW, "name": "No answer", "status": "draft", "version": 2}]},
        [Workflow(WORKFLOW, "No answer", "draft")],
        of_contact=False,
        needs=_NO_LIST,
    ),
)
