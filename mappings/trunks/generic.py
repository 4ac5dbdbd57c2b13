"""Any sender that can post JSON: Ringback's own payload (docs/design.md, "Outer surface").

One call, or a list of calls:

    {"call_uuid", "from", "to", "start", "answer", "end", "duration", "hangup_cause", "direction",
     "event", "sip_code", "recording_url", "agent", "amd", "hangup_by"}

A call needs `call_uuid` and, once completed, something that tells how it ended (an answer, a cause or an
end); everything else may be missing, and unknown fields are passed over. A call without them is
quarantined; the others of its list are taken. `answer` null, empty, 0 or missing means "not answered",
unless `duration` (talk time in seconds) is above 0 and the cause allows an answer.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

import orjson

from mappings import causes
from mappings.call import Call, Disposition, Event, iso
from mappings.disposition import worded
from mappings.payload import body, fields, signing, standard_webhooks
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.causes import Cause
    from mappings.payload.request import Credentials

_NAME = "generic"
_SIGNATURE = "x-ringback-signature"
_MOST_ITEMS = 20
_EVENTS: dict[str | None, Event] = {
    None: "completed",
    "initiated": "initiated",
    "answered": "answered",
    "completed": "completed",
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: the strongest proof it claims must hold, no weaker one counts.

    In this order: `X-Ringback-Signature`, Standard Webhooks headers, `Authorization`, the secret path.

    Raises:
        UnverifiedError: it does not.
    """
    header = request.headers.get(_SIGNATURE)
    if header is not None:
        _verify_signature(header, request, credentials)
    elif standard_webhooks.is_signed(request):
        standard_webhooks.verify(request, credentials)
    else:
        signing.verify_unsigned(request, credentials)


def _verify_signature(header: str, request: Request, credentials: Credentials) -> None:
    """`t=<unix seconds>,v1=<hex>[,v1=<hex>]` over `<t>.<raw body>`; items of other names are skipped."""
    items = [item.strip().partition("=") for item in header.split(",")[:_MOST_ITEMS]]
    stamps = [value for name, _, value in items if name == "t"]
    if len(stamps) != 1:
        raise UnverifiedError("the signature has no timestamp, or several")
    signing.require_fresh(stamps[0], request, credentials)
    message = b"%b.%b" % (stamps[0].encode("ascii"), request.body)
    given = [signing.as_bytes(value) for name, _, value in items if name == "v1"]
    expected = [signing.hmac_hex(secret, message).encode() for secret in signing.secrets(credentials)]
    proven = any(hmac.compare_digest(one, right) for one in given for right in expected)
    signing.require(proven, "the signature")


def parse(request: Request) -> list[Call]:
    """The calls of the body.

    Raises:
        NotUnderstoodError: not JSON objects, or one names an unknown event.
    """
    return [_call(item) for item in body.objects(body.value(request))]


def _call(item: dict[str, Any]) -> Call:
    event = _EVENTS.get(fields.text(item.get("event")))
    if event is None:
        raise NotUnderstoodError("the event is not initiated, answered or completed")
    notes: list[str] = []
    cause = _cause(item.get("hangup_cause"), notes)
    talk_ms = fields.duration_ms(item.get("duration"))
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("call_uuid")),
        event=event,
        direction=fields.direction(item.get("direction"), notes),
        from_=fields.phone(item.get("from"), "from", notes),
        to=fields.phone(item.get("to"), "to", notes),
        start_ms=fields.instant(item.get("start"), "start", notes),
        answer_ms=fields.instant(item.get("answer"), "answer", notes),
        end_ms=fields.instant(item.get("end"), "end", notes),
        talk_ms=talk_ms,
        answered=_answered(event, item.get("answer"), talk_ms),
        q850=cause.code if cause and cause.kind == "q850" else None,
        sip=fields.integer(item.get("sip_code")) or (cause.code if cause and cause.kind == "sip" else None),
        cause=fields.text(item.get("hangup_cause")),
        outcome=_outcome(item.get("hangup_cause"), cause),
        amd=fields.amd(item.get("amd")),
        hangup_by=fields.text(item.get("hangup_by")),
        agent=fields.text(item.get("agent")),
        recording_url=fields.text(item.get("recording_url")),
        notes=tuple(notes),
    )


def _answered(event: Event, answer: Any, talk_ms: int | None) -> bool | None:
    """False where the payload says so (no answer, no talk time); None leaves it to the times and cause."""
    never = fields.is_nothing(answer) and not talk_ms
    return False if event == "completed" and never else None


def _cause(raw: Any, notes: list[str]) -> Cause | None:
    text = fields.text(raw)
    found = causes.named(text)
    if found is None and text not in (None, "0") and worded(text) is None:
        notes.append(f"unknown cause {text!r:.40}")
    return found


def _outcome(raw: Any, cause: Cause | None) -> Disposition | None:
    """Only FreeSWITCH's own causes and plain words ("busy"); SIP and Q.850 are read as what they are."""
    if cause is None:
        return worded(fields.text(raw))
    return cause.disposition if cause.kind == "fs" else None


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The request for that call, signed as of `sent_ms`."""
    payload = {
        "call_uuid": call.call_id,
        "event": call.event,
        "from": call.from_,
        "to": call.to,
        "start": iso(call.start_ms),
        "answer": iso(call.answer_ms),
        "end": iso(call.end_ms),
        "duration": call.duration_s,
        "hangup_cause": call.cause or call.q850,
        "sip_code": call.sip,
        "direction": call.direction,
        "recording_url": call.recording_url,
        "agent": call.agent,
        "amd": call.amd,
        "hangup_by": call.hangup_by,
    }
    raw = orjson.dumps(payload)
    signature = signing.hmac_hex(signing.as_bytes(secret), b"%d.%b" % (sent_ms // 1000, raw))
    headers = {"content-type": "application/json", _SIGNATURE: f"t={sent_ms // 1000},v1={signature}"}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


TRUNK = Trunk(
    name=_NAME,
    title="Generic webhook (JSON)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Ringback-Signature (HMAC-SHA256), Standard Webhooks, a bearer token, basic auth, a secret path",
    setup=(
        "Let your switch, script or automation tool post one JSON object per finished call to {url}.\n"
        "Sign it with the header X-Ringback-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256>,\n"
        "the HMAC being over '<t>.<raw body>' with the secret as its key.\n"
        "If it cannot sign, send Authorization: Bearer <secret>."
    ),
)
