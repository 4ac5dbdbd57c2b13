"""SignalWire: status callbacks of the compatibility API, and the JSON call states of SWML and RELAY.

https://developer.signalwire.com/compatibility-api/, https://developer.signalwire.com/sdks/realtime-sdk/voice/call-state.
The compatibility API is Twilio's but for a few field names; the call states have a signature of their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mappings.call import Call, Disposition, Event
from mappings.payload import body, fields, form_signature, signing, status_callback
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.payload.request import Credentials

_NAME = "signalwire"
_SIGNATURE = "x-signalwire-signature"
_DIALECT = status_callback.Dialect(_NAME, sip="SipResultCode", hangup_by="HangupBy", elsewhere=("start",))

_STATES: dict[str, Event] = {
    "created": "initiated",
    "ringing": "initiated",
    "answered": "answered",
    "ending": "extra",
    "ended": "completed",
}
# "error" is no word to believe first.
_REASONS: dict[str, Disposition | None] = {
    "hangup": Disposition.CONNECTED,
    "cancel": Disposition.CANCELED,
    "busy": Disposition.BUSY,
    "noAnswer": Disposition.NO_ANSWER,
    "decline": Disposition.REJECTED,
    "error": None,
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `X-SignalWire-Signature` holds: HMAC-SHA1 with the project's signing key; there is no timestamp.

    Of a form as Twilio's, in base64, over the URL and the sorted fields; of JSON in hexadecimal, over the URL and the
    raw body.

    Raises:
        UnverifiedError: it does not hold.
    """
    given = request.headers.get(_SIGNATURE)
    if given is None:
        raise UnverifiedError("no X-SignalWire-Signature")
    if request.method == "GET":
        form_signature.require(given, request, credentials, "")
    elif form_signature.is_form(request):
        form_signature.require(given, request, credentials, form_signature.joined(request.body))
    else:
        _verify_json(given, request, credentials)


def _verify_json(given: str, request: Request, credentials: Credentials) -> None:
    proven = any(
        signing.same(given, signing.hmac_hex(secret, signing.as_bytes(url) + request.body, "sha1"))
        for secret in signing.secrets(credentials)
        for url in form_signature.urls(request.url)
    )
    signing.require(proven, "the signature")


def parse(request: Request) -> list[Call]:
    """The call of a status callback or of a call state.

    Raises:
        NotUnderstoodError: neither, or a status or state that is not documented.
    """
    item = body.fields(request)
    leg = item.get("call") or (item.get("params") if item.get("event_type") == "calling.call.state" else None)
    if isinstance(leg, dict):
        return [_in_state(leg, request)]
    return [status_callback.read(item, _DIALECT)]


def _in_state(leg: Mapping[str, Any], request: Request) -> Call:
    """One state of a call: SWML writes its numbers beside it, RELAY into its device."""
    state = fields.text(leg.get("call_state"))
    event = _STATES.get(state or "")
    if event is None:
        raise NotUnderstoodError(f"unknown call_state {fields.shown(state)}")
    call_id, session_id = fields.text(leg.get("call_id")), _parent(leg)
    if event == "extra":
        return Call(trunk=_NAME, call_id=call_id, event=event, session_id=session_id, aside="its end is told next")
    notes: list[str] = []
    numbers = _device(leg) or leg
    times: dict[str, Any] = {
        f"{name}_ms": fields.instant(leg.get(f"{name}_time"), name, notes) for name in ("start", "answer", "end")
    }
    _date(times, state, request, notes)
    if event == "completed":
        times |= _end(leg, times, notes)
    return Call(
        trunk=_NAME,
        call_id=call_id,
        event=event,
        direction=fields.direction(leg.get("direction"), notes),
        from_=fields.phone(numbers.get("from_number") or leg.get("from"), "from", notes),
        to=fields.phone(numbers.get("to_number") or leg.get("to"), "to", notes),
        session_id=session_id,
        **times,
        notes=tuple(notes),
    )


def _device(leg: Mapping[str, Any]) -> Mapping[str, Any] | None:
    device = leg.get("device")
    numbers = device.get("params") if isinstance(device, dict) else None
    return numbers if isinstance(numbers, dict) else None


def _parent(leg: Mapping[str, Any]) -> str | None:
    parent = leg.get("parent")
    return fields.text(parent.get("call_id")) if isinstance(parent, dict) else None


def _date(times: dict[str, Any], state: str | None, request: Request, notes: list[str]) -> None:
    """SWML's states have no times: then what a state tells of happened when it came."""
    name = {"created": "start", "answered": "answer", "ended": "end"}.get(state or "")
    if name is not None and times[f"{name}_ms"] is None and not request.recorded:
        times[f"{name}_ms"] = request.received_ms
        notes.append(f"{name} taken from the time of arrival")


def _end(leg: Mapping[str, Any], times: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """How it ended, by RELAY's `end_reason`; SWML tells none, so that an answer must be told by its own state."""
    reason = fields.text(leg.get("end_reason"))
    outcome = _REASONS.get(reason or "")
    if reason not in _REASONS:
        notes.append(f"why it ended is not told: end_reason {fields.shown(reason)}")
    unsaid = ["start"] if times["start_ms"] is None else []
    if times["answer_ms"] is None and outcome in (Disposition.CONNECTED, None):
        unsaid.append("answer")
        if outcome:
            notes.append(f"answered by {reason}; this event does not tell when")
    return {"cause": reason, "outcome": outcome, "awaits": tuple(unsaid)}


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The status callback of the compatibility API SignalWire would post to `url`; times in whole seconds."""
    form = status_callback.form(call, _DIALECT)
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        _SIGNATURE: form_signature.sign(secret, url, form),
    }
    return Request(method="POST", url=url, headers=headers, body=form, received_ms=sent_ms)


TRUNK = Trunk(
    name=_NAME,
    title="SignalWire",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-SignalWire-Signature: HMAC-SHA1 over the URL and the form or the JSON, with the project's signing key",
    setup=(
        "1. SignalWire dashboard > Phone Numbers > your number > Voice: the status callback is {url}, POST.\n"
        "2. Calls you make by the compatibility API: StatusCallback={url} and StatusCallbackEvent=initiated,\n"
        "   answered and completed. RELAY: call_state_url={url}.\n"
        "3. Forwarded calls: give {url} as the action of <Dial>.\n"
        "4. The secret is the project's signing key (dashboard > API > Signing key)."
    ),
    methods=frozenset({"POST", "GET"}),
)
