"""Vobiz (India): webhooks of its SIP trunks, and of its Voice API, which is a clone of Plivo's.

SIP trunk: JSON `Event` CallInitiated and Hangup, signed. Voice API: forms, `Event` StartApp, Ring and
Hangup, and the DialHangup of a dialled leg, which may name no call. https://docs.vobiz.ai
"""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson

from mappings import causes
from mappings.call import Call, Disposition, iso
from mappings.disposition import disposition
from mappings.payload import body, fields, plivo_codes, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "vobiz"
_SIGNATURE = "x-vobiz-signature"
_INDIA = timezone(timedelta(hours=5, minutes=30))
_QUARTER_MS = 15 * 60 * 1000
_FARTHEST_ZONE = 56  # quarters of an hour: +14:00
_OF_A_TRUNK = ("TrunkID", "Billsec", "RingTime")


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `X-Vobiz-Signature` holds: hex HMAC-SHA256 over the raw body; there is no timestamp.

    The Voice API is not known to sign: without that header a bearer token, basic auth or the secret path
    counts.

    Raises:
        UnverifiedError: it does not hold.
    """
    given = request.headers.get(_SIGNATURE)
    if given is None:
        signing.verify_unsigned(request, credentials)
        return
    proven = any(signing.same(given, signing.hmac_hex(secret, request.body)) for secret in signing.secrets(credentials))
    signing.require(proven and request.method == "POST", "the signature")


def parse(request: Request) -> list[Call]:
    """The call of the event.

    Raises:
        NotUnderstoodError: an event of another kind.
    """
    item = body.fields(request)
    event = fields.text(item.get("Event"))
    if event == "CallInitiated":
        return [_admitted(item)]
    if event == "Hangup" and any(name in item for name in _OF_A_TRUNK):
        return [_trunk_hangup(item)]
    if event in ("Hangup", "StartApp", "Ring"):
        return [_voice(item, event)]
    if event == "DialHangup":
        return [_dialled(item)]
    raise NotUnderstoodError(f"unknown Event {fields.shown(event)}")


def _admitted(item: dict[str, Any]) -> Call:
    """The start of a call; if it was not allowed, that is its end too, as no Hangup need follow."""
    notes: list[str] = []
    refused = item.get("Allowed") in (False, "false", "False", "0")
    if refused:
        notes.append("refused by the trunk; no hangup event may follow")
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("CallUUID")),
        event="initiated",
        **_parties(item, notes),
        start_ms=fields.instant(item.get("Timestamp"), "Timestamp", notes),
        cause=fields.text(item.get("Reason")),
        outcome=Disposition.FAILED if refused else None,
        session_id=fields.text(item.get("BridgeUUID")),
        notes=tuple(notes),
    )


def _trunk_hangup(item: dict[str, Any]) -> Call:
    """A finished call of a SIP trunk: Duration is RingTime + Billsec, and Billsec the talk time."""
    notes: list[str] = []
    start_ms = fields.instant(item.get("StartTime"), "StartTime", notes)
    talk_ms, ring_ms = fields.duration_ms(item.get("Billsec")), fields.duration_ms(item.get("RingTime"))
    answer_ms = None
    if talk_ms and start_ms is not None and ring_ms is not None:
        answer_ms = start_ms + ring_ms
        notes.append("answer derived from StartTime + RingTime")
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("CallUUID")),
        **_parties(item, notes),
        start_ms=start_ms,
        answer_ms=answer_ms,
        end_ms=fields.instant(item.get("EndTime") or item.get("Timestamp"), "EndTime", notes),
        talk_ms=talk_ms,
        **_ending(item, "Reason", "HangupCauseCode", answered=None if talk_ms is None else talk_ms > 0),
        hangup_by=_lower(item.get("HangupSource")),
        session_id=fields.text(item.get("BridgeUUID")),
        notes=tuple(notes),
    )


def _voice(item: dict[str, Any], event: str) -> Call:
    """A call of the Voice API; its times are in the account's zone and do not say which that is."""
    notes: list[str] = []
    zone = _zone(item, notes)
    talk_ms = fields.duration_ms(item.get("Duration"))
    never = event == "Hangup" and fields.is_nothing(item.get("AnswerTime")) and not talk_ms
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("CallUUID")),
        event="completed" if event == "Hangup" else "initiated",
        **_parties(item, notes),
        start_ms=fields.instant(item.get("StartTime"), "StartTime", notes, zone=zone),
        answer_ms=fields.instant(item.get("AnswerTime"), "AnswerTime", notes, zone=zone),
        end_ms=fields.instant(item.get("EndTime"), "EndTime", notes, zone=zone),
        talk_ms=talk_ms,
        **_ending(item, "HangupCause", "HangupCauseCode", answered=False if never else None),
        hangup_by=_lower(item.get("HangupSource")),
        session_id=fields.text(item.get("ALegUUID")),
        notes=tuple(notes),
    )


def _zone(item: dict[str, Any], notes: list[str]) -> timezone:
    """The account's zone: StartTime (local) less SessionStart (UTC), to 15 minutes; else India's."""
    local = fields.instant(item.get("StartTime"), "StartTime", [])
    utc = fields.instant(item.get("SessionStart"), "SessionStart", [])
    if local is None:
        return _INDIA
    quarters = None if utc is None else round((local - utc) / _QUARTER_MS)
    if quarters is None or abs(quarters) > _FARTHEST_ZONE:
        notes.append("times have no zone: read as India Standard Time")
        return _INDIA
    return timezone(timedelta(minutes=15 * quarters))


def _dialled(item: dict[str, Any]) -> Call:
    """A leg of <Dial>: told with the outcome it had, but never a call of its own."""
    notes: list[str] = []
    lost = fields.text(item.get("DialBLegHangupCause")) == "LOSE_RACE"
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("DialBLegUUID")),
        from_=fields.phone(item.get("DialBLegFrom"), "DialBLegFrom", notes),
        to=fields.phone(item.get("DialBLegTo"), "DialBLegTo", notes),
        talk_ms=fields.duration_ms(item.get("DialBLegDuration")),
        **_ending(item, "DialBLegHangupCause", "DialBLegHangupCauseCode", answered=None),
        hangup_by=_lower(item.get("DialBLegHangupSource")),
        session_id=fields.text(item.get("DialALegUUID") or item.get("CallUUID")),
        notes=tuple(notes),
        aside="another leg of the same dial won" if lost else "a dialled leg, told again by its own call",
    )


def _parties(item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    return {
        "from_": fields.phone(item.get("From"), "From", notes),
        "to": fields.phone(item.get("To"), "To", notes),
        "direction": fields.direction(item.get("Direction"), notes),
    }


def _ending(item: dict[str, Any], name: str, code: str, *, answered: bool | None) -> dict[str, Any]:
    """Cause, Q.850 value and outcome; "Normal Hangup" (4000) says nothing about a call nobody answered."""
    word = fields.text(item.get(name))
    cause = causes.named(word)
    outcome = plivo_codes.VOICE.get(fields.integer(item.get(code)) or 0)
    if outcome is None and cause is not None and cause.kind == "fs":
        outcome = cause.disposition
    return {
        "cause": word or fields.text(item.get(code)),
        "q850": cause.code if cause is not None and cause.kind == "q850" else None,
        "outcome": None if answered is False and outcome is Disposition.CONNECTED else outcome,
        "answered": answered,
    }


def _lower(raw: Any) -> str | None:
    word = fields.text(raw)
    return None if word is None else word.lower()


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The SIP trunk webhook Vobiz would post to `url`; durations in whole seconds, as Vobiz's are."""
    raw = orjson.dumps(_admission(call) if call.event == "initiated" else _hangup(call))
    signature = signing.hmac_hex(signing.as_bytes(secret), raw)
    headers = {"content-type": "application/json", _SIGNATURE: signature}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _admission(call: Call) -> dict[str, object]:
    return {
        "Event": "CallInitiated",
        "CallUUID": call.call_id,
        "Timestamp": iso(call.start_ms),
        "From": call.from_,
        "To": call.to,
        "Direction": call.direction,
        "BridgeUUID": call.session_id,
        "Status": "initiated",
        "Allowed": call.outcome is None,
        "Reason": call.cause,
    }


def _hangup(call: Call) -> dict[str, object]:
    ended = disposition(call) or Disposition.FAILED
    ring_s = None if call.ring_ms is None else call.ring_ms // 1000
    talk_s = None if call.talk_ms is None else call.talk_ms // 1000
    known = causes.q850(call.q850)
    return {
        "Event": "Hangup",
        "CallUUID": call.call_id,
        "Timestamp": iso(call.end_ms),
        "From": call.from_,
        "To": call.to,
        "Direction": call.direction,
        "BridgeUUID": call.session_id,
        "Reason": call.cause or (known.name if known else None),
        "StartTime": iso(call.start_ms),
        "EndTime": iso(call.end_ms),
        "Duration": (ring_s or 0) + (talk_s or 0),
        "Billsec": talk_s,
        "RingTime": ring_s,
        "HangupCauseCode": plivo_codes.FIRST.get(ended, 0),
        "HangupSource": call.hangup_by,
    }


TRUNK = Trunk(
    name=_NAME,
    title="Vobiz",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Vobiz-Signature (HMAC-SHA256 over the body); Voice API: bearer token, basic auth, secret path",
    setup=(
        "SIP trunk: Vobiz console > SIP Trunks > your trunk > Webhooks: paste {url}, choose Hangup (and\n"
        "CallInitiated), and copy the signing secret from there.\n"
        "Voice API: paste {url} as the hangup_url of the application, with the secret in its path."
    ),
)
