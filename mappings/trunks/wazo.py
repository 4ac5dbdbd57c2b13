"""Wazo: call events of its message bus, posted by wazo-webhookd.

https://wazo-platform.org/documentation/api/calld.html (events), wazo_calld/plugins/calls/events.yml and schemas.py of
github.com/wazo-platform/wazo-calld (fields),
https://wazo-platform.org/uc-doc/api_sdk/rest_api/webhookd/templates (what is posted). Each event is about one channel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mappings import causes
from mappings.call import Call, Direction, Event, iso
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "wazo"
_EVENTS: dict[str, Event] = {
    "call_created": "initiated",
    "call_answered": "answered",
    "call_updated": "extra",
    "call_held": "extra",
    "call_resumed": "extra",
    "call_ended": "completed",
}
_HOOKS = {"initiated": "call_created", "answered": "call_answered", "completed": "call_ended", "extra": "call_updated"}
_TELLING: tuple[tuple[str, Event], ...] = (
    ("hangup_time", "completed"),
    ("answer_time", "answered"),
    ("creation_time", "initiated"),
)
_ANSWERED_ELSEWHERE = 26  # Q.850: non-selected user clearing


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: Wazo cannot sign, but logs in or posts to a secret path.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The channel of the event.

    Raises:
        NotUnderstoodError: an event of another kind, or nothing tells which it is.
    """
    item = body.fields(request)
    inner = item.get("data")
    data = inner if isinstance(inner, dict) else item
    notes: list[str] = []
    event = _event(item, data, request.query, notes)
    shared: dict[str, Any] = {
        "trunk": _NAME,
        "call_id": fields.text(data.get("call_id")),
        "event": event,
        "session_id": fields.text(data.get("conversation_id")),
        "aside": _aside(data),
    }
    if event == "extra":
        return [Call(**shared)]
    return [_call(data, event, shared, notes)]


def _aside(data: dict[str, Any]) -> str | None:
    """Why this channel is not the customer's: wazo-calld tells of all channels of a conversation (but `Local/`).

    A user's channel is the agent's; the customer's is the trunk's, which belongs to no user.
    """
    if data.get("direction") == "internal":
        return "an internal call"
    if fields.text(data.get("conversation_id")) is None:
        return None
    own = fields.phone(data.get("caller_id_number"), "caller_id_number", [])
    return "the agent's channel of a call" if data.get("user_uuid") or fields.is_extension(own) else None


def _event(item: dict[str, Any], data: dict[str, Any], query: str, notes: list[str]) -> Event:
    """By the name in the envelope or, as set up, in the query (`event=`); else by the latest time there is."""
    name = fields.text(item.get("name")) if data is not item else None
    if name is None and "event=" in query:
        name = fields.text(body.form(query).get("event"))
    if name is not None:
        if name not in _EVENTS:
            raise NotUnderstoodError(f"unknown event {fields.shown(name)}")
        return _EVENTS[name]
    event = next((event for field, event in _TELLING if data.get(field)), None)
    if event is None:
        raise NotUnderstoodError("neither the event's name nor a time of a call")
    notes.append(f"the event's name is missing: taken as {event} by its times")
    return event


def _call(data: dict[str, Any], event: Event, shared: dict[str, Any], notes: list[str]) -> Call:
    start, answer, end = (
        fields.instant(data.get(f"{name}_time"), f"{name}_time", notes) for name in ("creation", "answer", "hangup")
    )
    shared |= _parties(data, notes) | {"direction": _direction(data, notes), "start_ms": start}
    if event != "completed":
        return Call(**shared, answer_ms=answer if event == "answered" else None, notes=tuple(notes))
    code = fields.integer(data.get("reason_code")) or None
    if code == _ANSWERED_ELSEWHERE and answer is None:
        shared["aside"] = shared["aside"] or "answered elsewhere"
    never = "answer_time" in data and answer is None
    return Call(
        **shared,
        answer_ms=answer,
        end_ms=end,
        answered=False if never else None,
        q850=code,
        cause=_cause(code),
        awaits=() if answer is not None or never else ("answer",),
        notes=tuple(notes),
    )


def _direction(data: dict[str, Any], notes: list[str]) -> Direction | None:
    given = data.get("direction")
    return None if given in ("internal", "unknown") else fields.direction(given, notes)


def _parties(data: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """`caller_id_number` is the channel's own number, `peer_caller_id_number` the far side's."""
    own = fields.phone(data.get("caller_id_number"), "caller_id_number", notes)
    peer = fields.phone(data.get("peer_caller_id_number"), "peer_caller_id_number", notes)
    dialled = fields.phone(data.get("dialed_extension"), "dialed_extension", notes)
    if data.get("is_caller") is False and peer is not None:
        return {"from_": peer, "to": own or dialled}
    return {"from_": own, "to": dialled or peer}


def _cause(code: int | None) -> str | None:
    """The number's name, so that people can read it; the number itself where it has none."""
    known = causes.q850(code)
    return known.name if known is not None else fields.text(code)


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The request wazo-webhookd would make to `url` as set up: the event's data, its name in the query."""
    data = {
        "call_id": call.call_id,
        "conversation_id": call.session_id,
        "caller_id_number": call.from_ or "",
        "dialed_extension": call.to or "",
        "is_caller": True,
        "direction": call.direction or "unknown",
        "creation_time": iso(call.start_ms),
        "answer_time": iso(call.answer_ms),
        "hangup_time": iso(call.end_ms),
        "reason_code": call.q850 or 0,
    }
    return Request(
        method="POST",
        url=f"{url}?event={_HOOKS[call.event]}",
        headers={"content-type": "application/json", "authorization": signing.basic(secret)},
        body=orjson.dumps(data),
        received_ms=sent_ms,
    )


TRUNK = Trunk(
    name=_NAME,
    title="Wazo (webhookd)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="basic auth, or a secret path",
    setup=(
        "1. Create a webhookd subscription of the service http for call_created, call_answered and call_ended,\n"
        "   method post, content type application/json.\n"
        "2. As its URL take {url}/<secret>?event={{ event_name }}; leave the body empty, so that the event\n"
        "   itself is posted.\n"
        "3. Use https only: the events are not signed."
    ),
)
