"""Kamailio: a JSON post from a script's event routes, and the records of acc_json.

Kamailio posts nothing by itself. The script form has one object a dialog: `event` (call.started, call.answered,
call.completed), `uuid`, the SIP Call-ID as `call_id`, times in Unix milliseconds (`*_ms`, absent where it never came
to that), `sip_code`, `q850_cause` from a Reason header (RFC 3326), and `hangup_by`. acc_json has one object a SIP
transaction: https://www.kamailio.org/docs/modules/stable/modules/acc_json.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mappings import causes
from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "kamailio"
_EVENTS: dict[str | None, Event] = {
    "call.started": "initiated",
    "call.answered": "answered",
    "call.completed": "completed",
}
_WORDS: dict[Event, str] = {event: word for word, event in _EVENTS.items() if word is not None}
_REQUEST_TIMEOUT = 408
_SUCCESS, _FINAL = range(200, 300), range(200, 700)
_STATUS = {
    Disposition.NO_ANSWER: 480,
    Disposition.BUSY: 486,
    Disposition.REJECTED: 603,
    Disposition.CANCELED: 487,
    Disposition.INVALID_NUMBER: 404,
    Disposition.CONGESTION: 503,
    Disposition.BLOCKED: 608,
}
"""The SIP status for a call whose status is not known, by how it ended."""


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: a script cannot sign, but sets an Authorization header.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The call of the event or record.

    Raises:
        NotUnderstoodError: an event or a method of another kind.
    """
    item = body.fields(request)
    if "uuid" in item or "event" in item:
        return [_scripted(item)]
    if "start_time" in item or "end_time" in item:
        return [_detail(item)]
    if "method" in item:
        return [_transaction(item)]
    raise NotUnderstoodError("neither an event of the script nor a record of acc_json")


def _scripted(item: dict[str, Any]) -> Call:
    """An event of the script's own."""
    word = fields.text(item.get("event"))
    event = _EVENTS.get(word)
    if event is None:
        raise NotUnderstoodError(f"unknown event {fields.shown(word)}")
    notes: list[str] = []
    sip, hangup_by = fields.integer(item.get("sip_code")), fields.text(item.get("hangup_by"))
    talk_ms = fields.integer(item.get("duration_ms"))
    dead = sip == _REQUEST_TIMEOUT and item.get("ring_ms") is None and hangup_by == "trunk"
    if dead:
        notes.append("the trunk gave no answer at all: failed, not unanswered")
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("uuid")),
        event=event,
        direction=fields.direction(item.get("direction"), notes),
        from_=fields.phone(item.get("from"), "from", notes),
        to=fields.phone(item.get("to"), "to", notes),
        start_ms=fields.instant(item.get("start_ms"), "start_ms", notes),
        answer_ms=fields.instant(item.get("answer_ms"), "answer_ms", notes),
        end_ms=fields.instant(item.get("end_ms"), "end_ms", notes),
        talk_ms=talk_ms,
        answered=_answered(item.get("answer_ms"), talk_ms, sip) if event == "completed" else None,
        q850=fields.integer(item.get("q850_cause")) or None,
        sip=sip,
        cause=fields.text(item.get("sip_reason")),
        outcome=Disposition.FAILED if dead else None,
        hangup_by=hangup_by,
        session_id=fields.text(item.get("call_id")),
        notes=tuple(notes),
    )


def _answered(answer: Any, talk_ms: int | None, sip: int | None) -> bool:
    return not fields.is_nothing(answer) or bool(talk_ms) or sip in _SUCCESS


def _transaction(item: dict[str, Any]) -> Call:
    """One transaction of acc_json: an INVITE's final response, or the BYE."""
    method, sip = fields.text(item.get("method")), fields.integer(item.get("sip_code"))
    if method not in ("INVITE", "BYE") or sip not in _FINAL:
        raise NotUnderstoodError(f"a {method!r:.20} that ended with {sip!r:.10} says nothing about a call's state")
    notes: list[str] = []
    time_ms = fields.instant(item.get("time"), "time", notes)
    if method == "BYE":
        # The status is the BYE's own and says nothing of the call, which is over whatever it is.
        notes.append("from and to are those of the BYE: swapped if the called side hung up")
        awaits = ("start", "answer", "direction")
        return Call(**_parties(item, notes), end_ms=time_ms, answered=True, awaits=awaits, notes=tuple(notes))
    cause = fields.text(item.get("sip_reason"))
    if sip in _SUCCESS:
        return Call(**_parties(item, notes), event="answered", answer_ms=time_ms, notes=tuple(notes))
    return Call(**_parties(item, notes), end_ms=time_ms, answered=False, sip=sip, cause=cause, notes=tuple(notes))


def _detail(item: dict[str, Any]) -> Call:
    """A call detail record of acc (cdr_enable): its duration counts from the INVITE, ringing included."""
    notes: list[str] = []
    sip = fields.integer(item.get("sip_code"))
    answered = sip in _SUCCESS if sip is not None else bool(fields.duration_ms(item.get("duration")))
    if answered:
        notes.append("the duration includes the ringing: the talk time is not known")
    return Call(
        **_parties(item, notes),
        start_ms=fields.instant(item.get("start_time"), "start_time", notes),
        end_ms=fields.instant(item.get("end_time"), "end_time", notes),
        answered=answered,
        sip=sip,
        cause=fields.text(item.get("sip_reason")),
        awaits=("answer",) if answered else (),
        notes=tuple(notes),
    )


def _parties(item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Id, numbers and direction; the numbers are extras under the names of Kamailio's own sample script."""
    return {
        "trunk": _NAME,
        "call_id": fields.text(item.get("callid")),
        "from_": fields.phone(item.get("from") or item.get("src_user"), "from", notes),
        "to": fields.phone(item.get("to") or item.get("dst_ouser") or item.get("dst_user"), "to", notes),
        "direction": fields.direction(item.get("direction"), notes),
    }


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The event a script as in the set-up steps posts to `url`, at its first attempt."""
    item = {
        "event": _WORDS.get(call.event, "call.completed"),
        "uuid": call.call_id,
        "call_id": call.session_id,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "start_ms": call.start_ms,
        "answer_ms": call.answer_ms,
    }
    if call.event == "completed":
        item |= _ending(call)
    raw = orjson.dumps({name: given for name, given in item.items() if given is not None})
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {secret}",
        "x-event-id": call.call_id or "",
        "x-attempt": "1",
    }
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _ending(call: Call) -> dict[str, Any]:
    ended = disposition(call) or Disposition.FAILED
    sip = call.sip or (200 if call.answered else _STATUS.get(ended, 500))
    known = causes.sip(sip)
    return {
        "ring_ms": None if ended is Disposition.FAILED else call.start_ms,
        "end_ms": call.end_ms,
        "duration_ms": call.talk_ms,
        "sip_code": sip,
        "sip_reason": call.cause or (known.name if known else None),
        "q850_cause": call.q850,
        "hangup_by": call.hangup_by,
    }


TRUNK = Trunk(
    name=_NAME,
    title="Kamailio (script, acc_json)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="a bearer token, basic auth, or a secret path",
    setup=(
        "1. In kamailio.cfg, build one JSON object a dialog (uuid, call_id, direction, from, to, start_ms, ring_ms,\n"
        "   answer_ms, end_ms, duration_ms, sip_code, sip_reason, q850_cause, hangup_by) and queue it with mqueue\n"
        "   as event call.completed: in event_route[dialog:end], [dialog:failed] and the failure route.\n"
        '2. From an rtimer, post it with http_client_query to {url}, with the headers "Content-Type:\n'
        '   application/json" and "Authorization: Bearer <secret>"; repeat while the answer is not 200.\n'
        "3. Or load acc_json with acc_output_mqueue and acc_extra (from, to, direction) and post each record."
    ),
)
