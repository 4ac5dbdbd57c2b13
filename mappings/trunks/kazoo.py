"""Kazoo (2600Hz): its channel webhooks.

https://docs.2600hz.com/dev/applications/webhooks/. Each event is about one leg, and `call_direction` is the switch's
view: a call a device makes is "inbound".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mappings import causes
from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.payload.request import Credentials

_NAME = "kazoo"
_EVENTS: dict[str, Event] = {
    "channel_create": "initiated",
    "channel_answer": "answered",
    "channel_bridge": "extra",
    "channel_destroy": "completed",
}
_HOOKS = {event: hook for hook, event in _EVENTS.items()}
# Seconds from the year 0 (Erlang's calendar) to 1970.
_GREGORIAN_S = 62_167_219_200
_SIP_CODE = re.compile(r"(?:sip:)?([1-6][0-9]{2})", re.IGNORECASE)
_ELSEWHERE = {
    "LOSE_RACE": "another leg of the same dial won",
    "PICKED_OFF": "picked up elsewhere",
    "NON_SELECTED_USER_CLEARING": "answered elsewhere",
    "ANSWERED_ELSEWHERE": "answered elsewhere",
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: Kazoo cannot sign, but logs in or posts to a secret path.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The leg of the event: a form, JSON or a query, as the hook is configured.

    Raises:
        NotUnderstoodError: an event of another kind, or a document that is no event.
    """
    item = body.fields(request)
    hook = (fields.text(item.get("hook_event")) or "").lower()
    event = _EVENTS.get(hook)
    if event is None:
        raise NotUnderstoodError(f"unknown hook_event {fields.shown(hook)}")
    notes: list[str] = []
    at = _instant(item.get("timestamp"), notes)
    shared: dict[str, Any] = {
        "trunk": _NAME,
        "call_id": fields.text(item.get("call_id")),
        "event": event,
        "session_id": fields.text(item.get("other_leg_call_id")),
        "aside": "an internal leg" if _is_true(item.get("is_internal_leg")) else None,
    }
    if event == "extra":
        return [Call(**shared)]
    shared |= _parties(item, notes)
    shared["aside"] = shared["aside"] or _agents_leg(item, shared)
    if event == "completed":
        return [_over(item, shared, at, notes)]
    start, answer = (at, None) if event == "initiated" else (None, at)
    return [Call(**shared, start_ms=start, answer_ms=answer, notes=tuple(notes))]


def _agents_leg(item: dict[str, Any], shared: dict[str, Any]) -> str | None:
    """Why a leg that was joined to another one is not the customer's; one that never was counts, whoever it is."""
    if shared["session_id"] is None:
        return None
    if shared["direction"] == "inbound" and item.get("authorizing_type") == "device":
        return "the leg of the device that called"
    far = shared["to"] if shared["direction"] == "outbound" else shared["from_"]
    return "a leg to one of the switch's own users" if fields.is_extension(far) else None


def _is_true(raw: Any) -> bool:
    return raw is True or raw == "true"


def _instant(raw: Any, notes: list[str]) -> int | None:
    """Gregorian seconds; a number too small for them is read as Unix time."""
    seconds = fields.integer(raw)
    if seconds is None or seconds < _GREGORIAN_S:
        if seconds:
            notes.append("timestamp is not in Gregorian seconds: read as Unix time")
        return fields.instant(raw, "timestamp", notes)
    return (seconds - _GREGORIAN_S) * 1000


def _parties(item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    direction = fields.direction(item.get("call_direction"), notes)
    if direction == "inbound" and item.get("authorizing_type") == "device":
        notes.append("direction is the switch's view: a device made this call")
    return {
        "direction": direction,
        "from_": _party(item, ("from", "caller_id_number"), notes),
        "to": _party(item, ("to", "request", "callee_id_number"), notes),
    }


def _party(item: dict[str, Any], names: tuple[str, ...], notes: list[str]) -> str | None:
    """The user of the first of these fields that has one (`user@realm`)."""
    found: Iterator[str] = (name for name in names if fields.text(item.get(name)))
    name = next(found, names[0])
    return fields.phone(item.get(name), name, notes)


def _over(item: dict[str, Any], shared: dict[str, Any], at: int | None, notes: list[str]) -> Call:
    """The end of a leg. `duration_seconds` is from the INVITE, `billing_seconds` the talk time."""
    total_ms, talk_ms = (fields.duration_ms(item.get(f"{name}_seconds")) for name in ("duration", "billing"))
    start_ms = None
    if at is not None and total_ms is not None:
        start_ms = at - total_ms
        notes.append("start derived from timestamp - duration_seconds")
    word = fields.text(item.get("hangup_cause"))
    cause = causes.named(word)
    shared["aside"] = shared["aside"] or (None if talk_ms else _ELSEWHERE.get(word or ""))
    return Call(
        **shared,
        start_ms=start_ms,
        end_ms=at,
        talk_ms=talk_ms,
        q850=cause.code if cause is not None and cause.kind == "q850" else None,
        sip=_sip(item),
        cause=word,
        outcome=cause.disposition if cause is not None and cause.kind == "fs" and not talk_ms else None,
        awaits=("answer",) if talk_ms is None else (),
        notes=tuple(notes),
    )


def _sip(item: dict[str, Any]) -> int | None:
    found = _SIP_CODE.fullmatch(fields.text(item.get("hangup_code")) or "")
    return None if found is None else int(found[1])


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The webhook Kazoo would post to `url`, as a form, logged in; times in whole seconds, as Kazoo's are."""
    given = {name: str(value) for name, value in _form(call).items() if value is not None}
    return Request(
        method="POST",
        url=url,
        headers={"content-type": "application/x-www-form-urlencoded", "authorization": signing.basic(secret)},
        body=urlencode(given).encode(),
        received_ms=sent_ms,
    )


def _form(call: Call) -> dict[str, object]:
    at = {"initiated": call.start_ms, "answered": call.answer_ms}.get(call.event, call.end_ms)
    shared: dict[str, object] = {
        "hook_event": _HOOKS[call.event],
        "call_id": call.call_id,
        "other_leg_call_id": call.session_id,
        "call_direction": call.direction,
        "from": call.from_ and f"{call.from_}@pbx.example.com",
        "to": call.to and f"{call.to}@pbx.example.com",
        "timestamp": None if at is None else at // 1000 + _GREGORIAN_S,
        "is_internal_leg": "false",
    }
    return shared | _ending(call) if call.event == "completed" else shared


def _ending(call: Call) -> dict[str, object]:
    ring_s, talk_s = (call.ring_ms or 0) // 1000, (call.talk_ms or 0) // 1000
    known = causes.q850(call.q850)
    fitting = causes.USUAL_NAMES.get(disposition(call) or Disposition.FAILED, "NORMAL_CLEARING")
    return {
        "duration_seconds": None if call.start_ms is None else ring_s + talk_s,
        "ringing_seconds": ring_s,
        "billing_seconds": talk_s,
        "hangup_cause": call.cause or (known.name if known else fitting),
        "hangup_code": None if call.sip is None else f"sip:{call.sip}",
    }


TRUNK = Trunk(
    name=_NAME,
    title="Kazoo (2600Hz)",
    verify=verify,
    parse=parse,
    compose=compose,
    methods=frozenset({"POST", "PUT", "GET"}),
    proof="basic auth, a bearer token, or a secret path",
    setup=(
        "1. Create a webhook for channel_destroy (and, if you like, channel_create and channel_answer) with\n"
        "   the uri {url}, http_verb post and format json.\n"
        "2. Put the secret into the address: https://user:<secret>@... for basic auth, or as its last part,\n"
        "   {url}/<secret>.\n"
        "3. Leave custom_data empty: its fields would take the place of the call's."
    ),
)
