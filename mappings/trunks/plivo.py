"""Plivo: callbacks of the Voice API, and call records of its REST API (Voice API and SIP trunks, "Zentrunk").

https://www.plivo.com/docs/voice/api/call, https://www.plivo.com/docs/voice/troubleshooting/hangup-causes. The callbacks
give times in the account's own zone without saying which that is; no webhook of the SIP trunks is known.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mappings import causes
from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import body, fields, plivo_codes, plivo_signature, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.payload.request import Credentials

_NAME = "plivo"
_QUARTER_MS = 15 * 60 * 1000
_FARTHEST_ZONE = 56  # quarters of an hour: +14:00
_ZONED = re.compile(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$")
_OF_THE_CALL = ("Hangup", "Ring", "StartApp")
# CallStatus words that tell more than a missing or unknown code.
_STATUSES = {
    "busy": Disposition.BUSY,
    "no-answer": Disposition.NO_ANSWER,
    "timeout": Disposition.NO_ANSWER,
    "cancel": Disposition.CANCELED,
}
_STATUS_WORDS = {
    Disposition.CONNECTED: "completed",
    Disposition.VOICEMAIL: "completed",
    Disposition.BUSY: "busy",
    Disposition.NO_ANSWER: "no-answer",
    Disposition.CANCELED: "cancel",
}
# Names of codes that mean the same with either product, whatever their number is.
_NAMES = {
    "normal hangup": Disposition.CONNECTED,
    "no answer": Disposition.NO_ANSWER,
    "busy line": Disposition.BUSY,
    "rejected": Disposition.REJECTED,
    "canceled": Disposition.CANCELED,
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if Plivo's signature holds: the strongest one that is there.

    Call records are fetched, not sent: whoever passes them on proves it by a bearer token, basic auth or the
    secret path, as does a request without any signature.

    Raises:
        UnverifiedError: it does not hold.
    """
    if plivo_signature.is_signed(request):
        plivo_signature.verify(request, credentials)
    else:
        signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The call of a callback, or the calls of REST call records.

    Raises:
        NotUnderstoodError: neither, or an event of another kind.
    """
    found = body.value(request)
    records = found.get("objects") if isinstance(found, dict) and "objects" in found else found
    if isinstance(records, list) or (isinstance(records, dict) and "call_uuid" in records):
        return [_record(item) for item in body.objects(records)]
    return [_callback(body.objects(found)[0])]


def _callback(item: Mapping[str, Any]) -> Call:
    event = fields.text(item.get("Event"))
    if "DialBLegUUID" in item:
        return _dialled(item)
    if event in _OF_THE_CALL:
        return _voice(item, event)
    if "RecordUrl" in item:
        return _extra(item, recording_url=fields.text(item.get("RecordUrl")))
    if event == "MachineDetection":
        return _extra(item, amd=_amd(item))
    raise NotUnderstoodError(f"unknown Event {fields.shown(event)}")


def _extra(item: Mapping[str, Any], **told: Any) -> Call:
    return Call(trunk=_NAME, call_id=fields.text(item.get("CallUUID")), event="extra", **told)


def _voice(item: Mapping[str, Any], event: str | None) -> Call:
    """A call as a callback tells it: ringing, answered (its answer URL is asked) or over."""
    notes: list[str] = []
    zone = _zone(item)
    talk_ms = fields.duration_ms(item.get("Duration"))
    over = event == "Hangup"
    never = over and fields.is_nothing(item.get("AnswerTime")) and not talk_ms
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("CallUUID")),
        event="completed" if over else _state(item),
        from_=fields.international(item.get("From"), "From", notes),
        to=fields.international(item.get("To"), "To", notes),
        direction=fields.direction(item.get("Direction"), notes),
        start_ms=fields.instant(item.get("StartTime"), "StartTime", notes, zone=zone),
        answer_ms=fields.instant(item.get("AnswerTime"), "AnswerTime", notes, zone=zone),
        end_ms=fields.instant(item.get("EndTime"), "EndTime", notes, zone=zone),
        talk_ms=talk_ms,
        **(_ending(item, answered=False if never else None) if over else {}),
        amd=_amd(item),
        session_id=fields.text(item.get("ALegUUID")),
        notes=tuple(notes),
    )


def _state(item: Mapping[str, Any]) -> Event:
    return "answered" if item.get("CallStatus") == "in-progress" else "initiated"


def _amd(item: Mapping[str, Any]) -> Any:
    """`Machine` true or false, where machine detection was asked for."""
    return {"true": "machine", "false": "human"}.get(str(item.get("Machine")).lower())


def _zone(item: Mapping[str, Any]) -> timezone | None:
    """The account's zone: StartTime (local) less SessionStart (UTC), to 15 minutes; None if nothing places it."""
    local = fields.instant(item.get("StartTime"), "StartTime", [])
    utc = fields.instant(item.get("SessionStart"), "SessionStart", [])
    if local is None or utc is None:
        return None
    quarters = round((local - utc) / _QUARTER_MS)
    return timezone(timedelta(minutes=15 * quarters)) if abs(quarters) <= _FARTHEST_ZONE else None


def _ending(item: Mapping[str, Any], *, answered: bool | None, leg: str = "") -> dict[str, Any]:
    """Cause, Q.850 value and outcome; "Normal Hangup" (4000) says nothing about a call nobody answered."""
    word, code = fields.text(item.get(f"{leg}HangupCause")), item.get(f"{leg}HangupCauseCode")
    cause = causes.named(word)
    outcome = plivo_codes.VOICE.get(fields.integer(code) or 0)
    if outcome is None and cause is not None and cause.kind == "fs":
        outcome = cause.disposition
    if outcome is None:
        outcome = _STATUSES.get(fields.text(item.get("CallStatus")) or "")
    return {
        "cause": word or fields.text(code),
        "q850": cause.code if cause is not None and cause.kind == "q850" else None,
        "outcome": None if answered is False and outcome is Disposition.CONNECTED else outcome,
        "answered": answered,
        "hangup_by": _lower(item.get(f"{leg}HangupSource")),
    }


def _lower(raw: Any) -> str | None:
    word = fields.text(raw)
    return None if word is None else word.lower()


def _dialled(item: Mapping[str, Any]) -> Call:
    """A leg of <Dial>, told with the outcome it had, but never a call of its own."""
    notes: list[str] = []
    over = "DialBLegHangupCause" in item
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("DialBLegUUID")),
        event="completed" if over else "extra",
        from_=fields.international(item.get("DialBLegFrom"), "DialBLegFrom", notes),
        to=fields.international(item.get("DialBLegTo"), "DialBLegTo", notes),
        talk_ms=fields.duration_ms(item.get("DialBLegDuration")),
        **(_ending(item, answered=None, leg="DialBLeg") if over else {}),
        session_id=fields.text(item.get("DialALegUUID") or item.get("CallUUID")),
        notes=tuple(notes),
        aside="a dialled leg of another call",
    )


def _record(item: Mapping[str, Any]) -> Call:
    """A call record: the Voice API's times carry an offset, a SIP trunk's are UTC without one."""
    notes: list[str] = []
    start = fields.text(item.get("initiation_time")) or fields.text(item.get("end_time")) or ""
    of_trunk = bool(start) and not _ZONED.search(start)
    talk_ms = fields.duration_ms(item.get("call_duration"))
    name, code = fields.text(item.get("hangup_cause_name")), fields.integer(item.get("hangup_cause_code"))
    codes = plivo_codes.ZENTRUNK if of_trunk else plivo_codes.VOICE
    outcome = _NAMES.get((name or "").lower()) or codes.get(code or 0)
    never = fields.is_nothing(item.get("answer_time")) and not talk_ms
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("call_uuid")),
        from_=fields.international(item.get("from_number"), "from_number", notes),
        to=fields.international(item.get("to_number"), "to_number", notes),
        direction=fields.direction(item.get("call_direction"), notes),
        start_ms=fields.instant(item.get("initiation_time"), "initiation_time", notes, zone=UTC),
        answer_ms=fields.instant(item.get("answer_time"), "answer_time", notes, zone=UTC),
        end_ms=fields.instant(item.get("end_time"), "end_time", notes, zone=UTC),
        talk_ms=talk_ms,
        cause=name or fields.text(code),
        answered=False if never else None,
        outcome=None if never and outcome is Disposition.CONNECTED else outcome,
        hangup_by=_lower(item.get("hangup_source")),
        notes=tuple(notes),
    )


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The callback Plivo would post to `url`, signed by V3; times in whole seconds, as of an account in UTC."""
    given = {name: str(value) for name, value in _form(call).items() if value is not None}
    unsigned = Request(
        method="POST",
        url=url,
        headers={},
        body=urlencode(given, quote_via=quote).encode(),
        received_ms=sent_ms,
    )
    nonce = str(sent_ms)
    signed = signing.as_bytes(plivo_signature.text(unsigned, nonce))
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        plivo_signature.V3_NONCE: nonce,
        plivo_signature.V3: signing.hmac_base64(signing.as_bytes(secret), signed),
    }
    return Request(method="POST", url=url, headers=headers, body=unsigned.body, received_ms=sent_ms)


def _form(call: Call) -> dict[str, object]:
    start = _stamp(call.start_ms)
    return {
        "Event": {"initiated": "Ring", "answered": "StartApp"}.get(call.event, "Hangup"),
        "CallUUID": call.call_id,
        "ALegUUID": call.session_id,
        "From": call.from_,
        "To": call.to,
        "Direction": call.direction,
        "StartTime": start,
        "SessionStart": f"{start}.000000" if start else None,
        **(_outcome(call) if call.event == "completed" else {"CallStatus": _underway(call)}),
    }


def _underway(call: Call) -> str:
    return "in-progress" if call.event == "answered" else "ringing"


def _outcome(call: Call) -> dict[str, object]:
    ended = disposition(call) or Disposition.FAILED
    known = causes.q850(call.q850)
    return {
        "CallStatus": _STATUS_WORDS.get(ended, "failed"),
        "AnswerTime": _stamp(call.answer_ms) or "",
        "EndTime": _stamp(call.end_ms),
        "Duration": None if call.talk_ms is None else call.talk_ms // 1000,
        "HangupCause": call.cause or (known.name if known else None),
        "HangupCauseCode": plivo_codes.FIRST.get(ended, 0),
        "HangupSource": call.hangup_by,
        "Machine": {"human": "false", "machine": "true"}.get(call.amd or ""),
    }


def _stamp(ms: int | None) -> str | None:
    return None if ms is None else f"{datetime.fromtimestamp(ms // 1000, UTC):%Y-%m-%d %H:%M:%S}"


TRUNK = Trunk(
    name=_NAME,
    title="Plivo",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Plivo-Signature-V3: HMAC-SHA256 over the URL, the form and a nonce, with the account's auth token",
    setup=(
        "1. Plivo console > Voice > Applications > your application: the Hangup URL is {url}, POST.\n"
        "2. Calls you make by API: hangup_url={url} (and, for earlier events, ring_url={url}).\n"
        "3. Machine detection and recordings: machine_detection_url={url}, and {url} as the recording's callback URL.\n"
        "4. Do not give {url} as the answer URL: that one must be answered with your call flow.\n"
        "5. The secret is the account's auth token (console > Overview)."
    ),
    methods=frozenset({"POST", "GET"}),
)
