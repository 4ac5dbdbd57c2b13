"""What a person sees at `/`: each sub-account, its contacts, and what has been written on them.

No script is needed.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import aiohttp_jinja2
import jinja2
from aiohttp import web

if TYPE_CHECKING:
    from connector.sandbox.state import Contact, Location, Record, Sandbox

CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_CONTACTS_SHOWN: Final = 50
_OPEN: Final = 3
"""So many timelines stand open from the start: those with the newest entries."""


def add(app: web.Application, sandbox: Sandbox) -> None:
    """Put the page into an application."""
    aiohttp_jinja2.setup(app, loader=jinja2.PackageLoader("connector.sandbox"), autoescape=True)
    style = files("connector.sandbox").joinpath("templates", "style.css").read_text()

    async def index(request: web.Request) -> web.Response:
        context = {
            "locations": [view(one) for one in sandbox.locations.values()],
            "apps": list(sandbox.market.apps.values()),
            "refresh": _refresh(request),
        }
        headers = {
            "Content-Security-Policy": CSP,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        }
        response = aiohttp_jinja2.render_template("index.html", request, context)
        response.headers.update(headers)
        return response

    async def sheet(_request: web.Request) -> web.Response:
        return web.Response(text=style, content_type="text/css")

    app.router.add_get("/", index)
    app.router.add_get("/_sandbox/style.css", sheet)


def view(location: Location) -> Record:
    """A sub-account as the template wants it: contacts with the newest entry first."""
    people = [_person(one, location) for one in location.contacts.values()]
    people.sort(key=lambda person: person["latest"], reverse=True)
    for position, person in enumerate(people):
        person["open"] = position < _OPEN and person["timeline"]
    return {
        "id": location.id,
        "name": location.name,
        "timezone": location.timezone,
        "workflows": list(location.workflows.values()),
        "people": people[:_CONTACTS_SHOWN],
        "total": len(people),
        "pace": location.pace,
    }


def _person(contact: Contact, location: Location) -> Record:
    entries = _timeline(contact, location)
    return {
        "id": contact.id,
        "name": contact.name or contact.fields.get("phone") or contact.id,
        "phone": contact.fields.get("phone", ""),
        "email": contact.fields.get("email", ""),
        "dnd": _dnd(contact),
        "tags": contact.tags,
        "enrolments": [
            location.workflows[one.workflow_id]["name"]
            for one in contact.enrolments.values()
            if one.active and one.workflow_id in location.workflows
        ],
        "tasks": [{**task, "due": _local(task["dueDate"], location.timezone)} for task in contact.tasks.values()],
        "timeline": entries,
        "latest": entries[0]["at"] if entries else datetime.min.replace(tzinfo=UTC),
    }


def _timeline(contact: Contact, location: Location) -> list[Record]:
    """Notes, call records and workflow steps, newest first (of the same time: the later written first)."""
    conversation = location.conversations.get(contact.id)
    entries = [{"kind": "note", **note} for note in contact.notes.values()]
    entries += [{"kind": "call", **message} for message in (conversation.messages if conversation else ())]
    entries += [
        {
            "kind": "workflow",
            "dateAdded": step["at"],
            "outcome": step["outcome"],
            "workflow": location.workflows.get(step["workflowId"], {}).get("name", step["workflowId"]),
        }
        for step in contact.history
    ]
    for entry in entries:
        entry["at"] = _moment(entry["dateAdded"])
        entry["when"] = _local(entry["dateAdded"], location.timezone)
    entries.sort(key=lambda entry: entry["at"])
    return entries[::-1]


def _dnd(contact: Contact) -> bool:
    channels: dict[str, Any] = contact.fields.get("dndSettings", {})
    call = channels.get("Call") or channels.get("call") or {}
    return bool(contact.fields.get("dnd")) or call.get("status") in {"active", "permanent"}


def _moment(iso8601: str) -> datetime:
    moment = datetime.fromisoformat(iso8601)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local(iso8601: str, timezone: str) -> str:
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return f"{_moment(iso8601).astimezone(zone):%a %d %b %Y, %H:%M:%S %Z}"


def _refresh(request: web.Request) -> int | None:
    """Seconds between reloads, if asked for: 1 to 60."""
    asked = request.query.get("refresh", "")
    return int(asked) if asked.isdecimal() and len(asked) <= 2 and 1 <= int(asked) <= 60 else None  # noqa: PLR2004 - the figures are the documented range
