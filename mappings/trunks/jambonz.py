"""jambonz: its call status webhook and the action hook of a dial.

https://docs.jambonz.org/webhooks/call-status; the signature as in lib/utils/base-requestor.js of
github.com/jambonz/jambonz-feature-server. None of its events has a time in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "jambonz"
_SIGNATURE = "jambonz-signature"
_WRAPPINGS = ("data", "payload")  # its own web socket transport; platforms that embed it
_NO_TIMES = "jambonz sends no times: this event's is when it came"

_EVENTS: dict[str, Event] = {
    "trying": "initiated",
    "queued": "initiated",
    "ringing": "initiated",
    "early-media": "initiated",
    "in-progress": "answered",
}
# "failed" is no word to believe first: SIP tells more.
_OUTCOMES: dict[str, Disposition | None] = {
    "completed": Disposition.CONNECTED,
    "busy": Disposition.BUSY,
    "no-answer": Disposition.NO_ANSWER,
    "failed": None,
}
_STATUSES = {word: status for status, word in _OUTCOMES.items() if word} | {Disposition.VOICEMAIL: "completed"}
# What tells a "failed" call's outcome, where the call to compose has no SIP status of its own.
_FAILURES = {
    Disposition.REJECTED: 603,
    Disposition.CANCELED: 487,
    Disposition.INVALID_NUMBER: 404,
    Disposition.CONGESTION: 503,
    Disposition.BLOCKED: 607,
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `Jambonz-Signature: t=<unix seconds>,v1=<hex>` holds: HMAC-SHA256 over `<t>.<raw body>`.

    Platforms that embed jambonz repost its events unsigned: without that header a bearer token, basic auth or the
    secret path counts.

    Raises:
        UnverifiedError: it does not hold.
    """
    header = request.headers.get(_SIGNATURE)
    if header is None:
        signing.verify_unsigned(request, credentials)
        return
    if request.method != "POST":
        raise UnverifiedError("this is not a POST")
    signing.verify_stamped(header, request, credentials)


def parse(request: Request) -> list[Call]:
    """The leg of the event, bare or in a wrapping.

    Raises:
        NotUnderstoodError: no call status, or one jambonz does not document.
    """
    item = _unwrapped(body.fields(request))
    status = (fields.text(item.get("call_status")) or "").lower()
    dialled = (fields.text(item.get("dial_call_status")) or "").lower()
    event = _EVENTS.get(status, "completed")
    if event == "completed" and status not in _OUTCOMES:
        raise NotUnderstoodError(f"unknown call_status {fields.shown(status)}")
    if dialled and dialled not in _OUTCOMES:
        raise NotUnderstoodError(f"unknown dial_call_status {fields.shown(dialled)}")
    at = None if request.recorded else request.received_ms
    if event == "completed":
        return [_over(item, status, dialled, at)]
    return [_dial_over(item, dialled) if dialled else _going(item, status, event, at)]


def _unwrapped(item: dict[str, Any]) -> dict[str, Any]:
    for name in _WRAPPINGS:
        inner = item.get(name)
        if "call_status" not in item and isinstance(inner, dict):
            return inner
    return item


def _shared(item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    shared: dict[str, Any] = {
        "trunk": _NAME,
        "call_id": fields.text(item.get("call_sid")),
        # A number without + is not documented to be E.164, and a browser's user has a name.
        "from_": fields.phone(item.get("from"), "from", notes),
        "to": fields.phone(item.get("to"), "to", notes),
        "direction": fields.direction(item.get("direction"), notes),
        "session_id": fields.text(item.get("parent_call_sid")),
    }
    inbound = shared["direction"] == "inbound"
    if not fields.is_extension(shared["from_"] if inbound else shared["to"]):
        return shared
    # One of the switch's own users: the customer's is the leg it dialled, or the one that dialled it.
    joined = shared["session_id"] or fields.text(item.get("dial_call_sid"))
    return shared | {"session_id": joined, "aside": None if joined is None else "a leg of the switch's own user"}


def _going(item: dict[str, Any], status: str, event: Event, at: int | None) -> Call:
    notes: list[str] = [] if at is None else [_NO_TIMES]
    return Call(
        **_shared(item, notes),
        event=event,
        start_ms=at if status == "trying" else None,  # "queued" is before the INVITE
        answer_ms=at if event == "answered" else None,
        cause=status,
        notes=tuple(notes),
    )


def _dial_over(item: dict[str, Any], dialled: str) -> Call:
    """A dial has ended while its parent goes on: something learnt of the parent, and no outcome of it yet."""
    child = fields.text(item.get("dial_call_sid"))
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("call_sid")),
        event="extra",
        session_id=fields.text(item.get("parent_call_sid")),
        notes=(f"the dialled leg {child or '(no id)'} ended: {dialled}",),
    )


def _over(item: dict[str, Any], status: str, dialled: str, at: int | None) -> Call:
    """A finished leg; where it dialled, the dial's outcome is its own: `completed` only says the switch answered."""
    notes: list[str] = [_NO_TIMES] if at is not None else ["jambonz sends no times"]
    outcome = _OUTCOMES[dialled or status]
    answered = outcome is Disposition.CONNECTED
    talk_ms = fields.duration_ms(item.get("duration"))
    if dialled and answered and talk_ms is not None:
        notes.append("the duration is the dialling leg's")
    return Call(
        **_shared(item, notes),
        end_ms=at,
        talk_ms=talk_ms if answered else 0,
        answered=answered,
        sip=fields.integer(item.get("dial_sip_status" if dialled else "sip_status")),
        cause=dialled or status,
        outcome=outcome,
        hangup_by=fields.text(item.get("call_termination_by")),
        awaits=("start", "answer") if answered and talk_ms is None else ("start",),
        notes=tuple(notes),
    )


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The call status webhook jambonz would post to `url`, signed as of `sent_ms`; it tells no times."""
    raw = orjson.dumps({name: value for name, value in _payload(call).items() if value is not None})
    signature = signing.hmac_hex(signing.as_bytes(secret), b"%d.%b" % (sent_ms // 1000, raw))
    headers = {"content-type": "application/json", _SIGNATURE: f"t={sent_ms // 1000},v1={signature}"}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _payload(call: Call) -> dict[str, object]:
    shared: dict[str, object] = {
        "call_sid": call.call_id,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "parent_call_sid": call.session_id,
    }
    if call.event == "initiated":
        return shared | {"call_status": "trying", "sip_status": 100}
    if call.event == "answered":
        return shared | {"call_status": "in-progress", "sip_status": 200}
    ended = disposition(call) or Disposition.FAILED
    return shared | {
        "call_status": _STATUSES.get(ended, "failed"),
        "sip_status": call.sip or _FAILURES.get(ended),
        "duration": call.talk_ms // 1000 if call.answered and call.talk_ms is not None else None,
        "call_termination_by": call.hangup_by,
    }


TRUNK = Trunk(
    name=_NAME,
    title="jambonz",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="Jambonz-Signature (HMAC-SHA256); reposted events: bearer token, basic auth, secret path",
    setup=(
        "1. In the jambonz portal, open your application and paste {url} as its call status webhook,\n"
        "   method POST.\n"
        "2. Use the account's webhook secret as the secret of this trunk.\n"
        "3. jambonz does not send again what failed: add #rc=<tries>&rp=<policy> to the address to have it do so."
    ),
)
