"""PURE: what an event of the CRM says. Reads what live payloads have, not what their pages promise.

Source: HighLevel's webhook pages; they are flat, though the integration guide's own sample reads `body.data`. Live
payloads lack documented fields: notes come without a user, completed tasks without a contact
(github.com/GoHighLevel/highlevel-api-docs, issues 264, 312 and 332).
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import orjson

from mappings.payload.fields import instant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}")
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")


class Installation(NamedTuple):
    """The app was installed or uninstalled: in the event's sub-account, else in its whole agency."""

    installed: bool


class ContactTold(NamedTuple):
    """A contact was made or changed; `phone` as the CRM writes it, None where it has none or the event lacks it."""

    contact_id: str
    phone: str | None


class ContactGone(NamedTuple):
    """A contact was deleted, or merged into another one."""

    contact_id: str


class Tagged(NamedTuple):
    """A contact's tags changed: all it has now, in lower case."""

    contact_id: str
    tags: frozenset[str]


class Noted(NamedTuple):
    """Somebody, or something, wrote a note."""

    contact_id: str
    note_id: str
    body: str


class TaskDone(NamedTuple):
    """A task was ticked off; live payloads do not say whose it is."""

    contact_id: str | None
    task_id: str
    title: str


class Unclear(NamedTuple):
    """An event that we act on, without what is needed for that."""

    lacks: str


What: TypeAlias = Installation | ContactTold | ContactGone | Tagged | Noted | TaskDone | Unclear


@dataclass(frozen=True, slots=True, kw_only=True)
class CrmEvent:
    """One event. `what` is None for a type that we do not act on."""

    key: str
    """The same whenever the event is repeated, and no other app's."""
    type: str
    location: str | None
    company: str | None
    app_id: str | None
    at_ms: int | None
    """When it happened, by the CRM's clock; None where it does not say."""
    what: What | None


class UnreadableError(ValueError):
    """The body is no event."""


def read(body: bytes) -> CrmEvent:
    """The event in a body that the CRM signed.

    Raises:
        UnreadableError: there is none.
    """
    fields = _fields(body)
    kind = fields.get("type")
    if not isinstance(kind, str) or not _TYPE.fullmatch(kind):
        raise UnreadableError("it has no type")
    reader = _READERS.get(kind)
    app_id = _id(fields, "appId")
    return CrmEvent(
        key=f"{app_id or ''}/{_id(fields, 'webhookId') or hashlib.sha256(body).hexdigest()}",
        type=kind,
        location=_id(fields, "locationId"),
        company=_id(fields, "companyId"),
        app_id=app_id,
        at_ms=instant(fields.get("timestamp"), "timestamp", []),
        what=None if reader is None else reader(fields),
    )


def digest_key(body: bytes) -> str:
    """The key of a body that holds no event."""
    return f"?/{hashlib.sha256(body).hexdigest()}"


def _fields(body: bytes) -> Mapping[str, Any]:
    """The event's fields; those under `data`, if there are any, below those beside it."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnreadableError("it is no JSON") from None
    if not isinstance(found, dict):
        raise UnreadableError("it is no JSON object")
    inner = found.get("data")
    return {**inner, **found} if isinstance(inner, dict) else found


def _id(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) and _ID.fullmatch(value) else None


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _installed(_fields: Mapping[str, Any]) -> What:
    return Installation(installed=True)


def _uninstalled(_fields: Mapping[str, Any]) -> What:
    return Installation(installed=False)


def _of_contact(make: Callable[[str, Mapping[str, Any]], What]) -> Callable[[Mapping[str, Any]], What]:
    """For events that are a contact: it has an id, and a sub-account."""

    def reader(fields: Mapping[str, Any]) -> What:
        contact_id = _id(fields, "id")
        if contact_id is None:
            return Unclear("it has no contact id")
        return make(contact_id, fields) if _id(fields, "locationId") else _NOWHERE

    return reader


def _tagged(contact_id: str, fields: Mapping[str, Any]) -> What:
    tags = fields.get("tags")
    if not isinstance(tags, list):
        return Unclear("it has no list of tags")
    return Tagged(contact_id, frozenset(tag.strip().lower() for tag in tags if isinstance(tag, str)))


def _noted(fields: Mapping[str, Any]) -> What:
    contact_id, note_id = _id(fields, "contactId"), _id(fields, "id")
    if contact_id is None or note_id is None:
        return Unclear("it does not say which note of which contact")
    return Noted(contact_id, note_id, _text(fields, "body")) if _id(fields, "locationId") else _NOWHERE


def _task_done(fields: Mapping[str, Any]) -> What:
    task_id = _id(fields, "id")
    if task_id is None:
        return Unclear("it has no task id")
    title = _text(fields, "title")
    return TaskDone(_id(fields, "contactId"), task_id, title) if _id(fields, "locationId") else _NOWHERE


_NOWHERE: Final = Unclear("it names no sub-account")
_TOLD: Final = _of_contact(lambda contact_id, fields: ContactTold(contact_id, _text(fields, "phone") or None))
_READERS: Final[Mapping[str, Callable[[Mapping[str, Any]], What]]] = {
    "INSTALL": _installed,
    "UNINSTALL": _uninstalled,
    "ContactCreate": _TOLD,
    "ContactUpdate": _TOLD,
    "ContactDelete": _of_contact(lambda contact_id, _fields: ContactGone(contact_id)),
    "ContactTagUpdate": _of_contact(_tagged),
    "NoteCreate": _noted,
    "TaskComplete": _task_done,
}
EVENTS: Final = tuple(_READERS)
"""The types we act on: those that the app has to be subscribed to."""
