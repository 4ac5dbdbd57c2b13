"""Twilio's status callback, and that of those who took it over: reading and writing its form.

https://www.twilio.com/docs/voice/api/call-resource#statuscallback, https://www.twilio.com/docs/voice/twiml/dial#action
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import fields
from mappings.payload.request import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping

_EVENTS: dict[str, Event] = {
    "queued": "initiated",
    "initiated": "initiated",
    "ringing": "initiated",
    "in-progress": "answered",
    "answered": "answered",
}
# "failed" is no word to believe first: SIP tells more, where there is one.
_OUTCOMES: dict[str, Disposition | None] = {
    "completed": Disposition.CONNECTED,
    "busy": Disposition.BUSY,
    "no-answer": Disposition.NO_ANSWER,
    "canceled": Disposition.CANCELED,
    "failed": None,
}
_STATUSES = {word: status for status, word in _OUTCOMES.items() if word} | {Disposition.VOICEMAIL: "completed"}
_ANSWERED_BY = {"human": "human", "machine": "machine_start", "fax": "fax"}


@dataclass(frozen=True, slots=True)
class Dialect:
    """What one sender of status callbacks names in its own way: the names of form fields, None where it has none.

    `elsewhere` are facts of a finished call that it tells in the call's other events only.
    """

    trunk: str
    sip: str = "SipResponseCode"
    start: str | None = None
    hangup_by: str | None = None
    elsewhere: tuple[str, ...] = ()


def read(item: Mapping[str, Any], dialect: Dialect) -> Call:
    """The call a form tells of: a status callback, a Dial action callback, a recording or an AMD callback.

    Raises:
        NotUnderstoodError: none of these, or a status Twilio does not document.
    """
    if "DialCallStatus" in item:
        return _dialled(item, dialect)
    if "RecordingStatus" in item or ("AnsweredBy" in item and "CallStatus" not in item):
        return _learnt(item, dialect)
    return _reported(item, dialect)


def _reported(item: Mapping[str, Any], dialect: Dialect) -> Call:
    """The leg a status callback is about; `Timestamp` is the time of this very event."""
    status = (fields.text(item.get("CallStatus")) or "").lower()
    event = _EVENTS.get(status, "completed")
    over = event == "completed"
    if over and status not in _OUTCOMES:
        raise NotUnderstoodError(f"unknown CallStatus {fields.shown(status)}")
    notes: list[str] = []
    at = fields.instant(item.get("Timestamp"), "Timestamp", notes)
    start_ms = fields.instant(item.get(dialect.start), dialect.start, notes) if dialect.start else None
    return Call(
        trunk=dialect.trunk,
        call_id=fields.text(item.get("CallSid")),
        event=event,
        **_shared(item, notes),
        start_ms=at if start_ms is None and status == "initiated" else start_ms,
        answer_ms=at if event == "answered" else None,
        end_ms=at if over else None,
        # CallDuration is seconds from the answer; Duration is minutes, rounded up.
        talk_ms=fields.duration_ms(item.get("CallDuration")),
        sip=fields.integer(item.get(dialect.sip)),
        hangup_by=_party(item, dialect.hangup_by),
        session_id=fields.text(item.get("ParentCallSid")),
        **_outcome(status, event),
        awaits=dialect.elsewhere if over and start_ms is None else (),
        notes=tuple(notes),
    )


def _dialled(item: Mapping[str, Any], dialect: Dialect) -> Call:
    """The child call of a <Dial>: its own outcome and talk time, with the numbers of its parent."""
    status = (fields.text(item.get("DialCallStatus")) or "").lower()
    if status not in _OUTCOMES and status != "answered":
        raise NotUnderstoodError(f"unknown DialCallStatus {fields.shown(status)}")
    notes: list[str] = []
    parent, child = fields.text(item.get("CallSid")), fields.text(item.get("DialCallSid"))
    if child is None and parent is not None:
        # A dial that failed before it made a call; the parent reports under its own id.
        child = f"{parent}-dial"
        notes.append("no DialCallSid: the id is made from CallSid")
    return Call(
        trunk=dialect.trunk,
        call_id=child,
        **_shared(item, notes),
        talk_ms=fields.duration_ms(item.get("DialCallDuration")),
        session_id=parent,
        **_outcome("completed" if status == "answered" else status, "completed"),
        notes=tuple(notes),
    )


def _learnt(item: Mapping[str, Any], dialect: Dialect) -> Call:
    """What a recording's or an asynchronous answering machine detection's own callback adds to a call."""
    recording = item.get("RecordingStatus")
    amd = fields.amd(item.get("AnsweredBy"))
    return Call(
        trunk=dialect.trunk,
        call_id=fields.text(item.get("CallSid")),
        event="extra",
        amd=amd,
        recording_url=fields.text(item.get("RecordingUrl")) if recording == "completed" else None,
        aside=None if amd or recording == "completed" else "there is no recording and no detection in it (yet)",
    )


def _outcome(status: str, event: Event) -> dict[str, Any]:
    outcome = _OUTCOMES.get(status)
    answered = outcome is Disposition.CONNECTED if event == "completed" else None
    return {"cause": status, "outcome": outcome, "answered": answered}


def _shared(item: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    return {
        "from_": fields.phone(item.get("From") or item.get("Caller"), "From", notes),
        "to": fields.phone(item.get("To") or item.get("Called"), "To", notes),
        "direction": fields.direction(item.get("Direction"), notes),
        "amd": fields.amd(item.get("AnsweredBy")),
        "recording_url": fields.text(item.get("RecordingUrl")),
    }


def _party(item: Mapping[str, Any], name: str | None) -> str | None:
    """Who hung up: caller or callee where the payload has a party's own address, otherwise its word."""
    given = fields.text(item.get(name)) if name else None
    if given is None:
        return None
    if given == item.get("To"):
        return "callee"
    return "caller" if given == item.get("From") else given


def form(call: Call, dialect: Dialect) -> bytes:
    """The status callback for that call; times in whole seconds, as Twilio's are."""
    given = {name: str(value) for name, value in _fields(call, dialect).items() if value is not None}
    return urlencode(given, quote_via=quote).encode()


def _fields(call: Call, dialect: Dialect) -> dict[str, object]:
    at = {"initiated": call.start_ms, "answered": call.answer_ms}.get(call.event, call.end_ms)
    return {
        "CallSid": call.call_id,
        "ParentCallSid": call.session_id,
        "From": call.from_,
        "To": call.to,
        "Direction": "outbound-api" if call.direction == "outbound" else call.direction,
        "CallStatus": _status(call),
        "CallbackSource": "call-progress-events",
        "Timestamp": None if at is None else _mail_date(at),
        "CallDuration": None if call.talk_ms is None else call.talk_ms // 1000,
        dialect.sip: call.sip,
        "AnsweredBy": _ANSWERED_BY.get(call.amd or ""),
        "RecordingUrl": call.recording_url,
        "ApiVersion": "2010-04-01",
    }


def _status(call: Call) -> str:
    if call.event != "completed":
        return "initiated" if call.event == "initiated" else "in-progress"
    ended = disposition(call)
    return _STATUSES.get(ended, "failed") if ended else "failed"


def _mail_date(ms: int) -> str:
    """RFC 2822, UTC, in English whatever the process's locale is."""
    return format_datetime(datetime.fromtimestamp(ms // 1000, UTC))
