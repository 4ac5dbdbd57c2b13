"""Telnyx: webhooks of the Voice API (call control), in all the shapes they are met in, and TeXML's status callbacks.

https://developers.telnyx.com/docs/voice/programmable-voice/voice-api-webhooks,
https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks. The hangup event tells
neither direction nor answer time: those stand in `call.initiated` and `call.answered`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from mappings.call import Call, Disposition, Event, iso
from mappings.disposition import disposition
from mappings.payload import body, fields, signing, status_callback
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.payload.request import Credentials

_NAME = "telnyx"
_SIGNATURE = "telnyx-signature-ed25519"
_TIMESTAMP = "telnyx-timestamp"
_KEY_SIZES = (32, 64)
# RFC 8032, 5.1: the base point. It stands in for a secret that is no key, so that refusing takes as long.
_STAND_IN = Ed25519PublicKey.from_public_bytes(b"\x58" + b"\x66" * 31)

_TEXML = status_callback.Dialect(_NAME, start="CallInitiatedAt", hangup_by="HangupSource", elsewhere=("start",))

_EVENTS: dict[str, Event] = {
    "call.initiated": "initiated",
    "call.answered": "answered",
    "call.hangup": "completed",
}
_DETECTIONS = ("call.machine.detection.ended", "call.machine.premium.detection.ended")
_RECORDINGS = ("call.recording.saved", "recording.saved")
# What happens on a call without being its course: written with dots, as API v1's underscores are read.
_PASSED_OVER = (
    "call.ai.",
    "call.bridged",
    "call.conversation.",
    "call.cost",
    "call.dequeued",
    "call.dtmf.",
    "call.enqueued",
    "call.fork.",
    "call.gather.",
    "call.left.queue",
    "call.machine.greeting.",
    "call.machine.premium.",
    "call.playback.",
    "call.recording.",
    "call.refer.",
    "call.siprec.",
    "call.speak.",
    "call.streaming.",
    "call.transcription",
    "streaming.",
)
# hangup_cause: the Q.850 value its name stands for, and what it means; "unspecified" leaves that to SIP.
_CAUSES: dict[str, tuple[int | None, Disposition | None]] = {
    "normal_clearing": (16, Disposition.CONNECTED),
    "time_limit": (None, Disposition.CONNECTED),
    "call_rejected": (21, Disposition.REJECTED),
    "originator_cancel": (None, Disposition.CANCELED),
    "timeout": (None, Disposition.NO_ANSWER),
    "no_answer": (19, Disposition.NO_ANSWER),
    "user_busy": (17, Disposition.BUSY),
    "not_found": (None, Disposition.INVALID_NUMBER),
    "unspecified": (None, None),
}
_WORDS = {
    Disposition.CONNECTED: "normal_clearing",
    Disposition.VOICEMAIL: "normal_clearing",
    Disposition.REJECTED: "call_rejected",
    Disposition.CANCELED: "originator_cancel",
    Disposition.NO_ANSWER: "no_answer",
    Disposition.BUSY: "user_busy",
    Disposition.INVALID_NUMBER: "not_found",
}
_DIRECTIONS = {"inbound": "incoming", "outbound": "outgoing"}
_SIP = range(100, 700)
_Q850 = range(1, 100)
_FIRST_FAILURE = 300


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `telnyx-signature-ed25519` holds: Ed25519 over `<telnyx-timestamp>|<raw body>`.

    A secret is the account's public key: 32 bytes in base64, as the portal shows it. A key pair (seed and public
    key, 64 bytes in base64) counts as its public half. A GET is refused: its query would not be signed.

    Raises:
        UnverifiedError: it does not hold, or the timestamp is outside the window.
    """
    given, timestamp = request.headers.get(_SIGNATURE), request.headers.get(_TIMESTAMP)
    if given is None or timestamp is None or request.method != "POST":
        raise UnverifiedError("not a signed POST")
    signing.require_fresh(timestamp, request, credentials)
    signature = _decoded(signing.as_bytes(given))
    # Only one spelling of a signature counts: base64's last letter has bits to spare.
    if signature is None or b64encode(signature).decode() != given:
        raise UnverifiedError("the signature is not base64")
    message = b"%b|%b" % (timestamp.encode(), request.body)
    proven = any(_holds(secret, signature, message) for secret in signing.secrets(credentials))
    signing.require(proven, "the signature")


def _holds(secret: bytes, signature: bytes, message: bytes) -> bool:
    key = _public_key(secret)
    try:
        (key or _STAND_IN).verify(signature, message)
    except InvalidSignature:
        return False
    return key is not None


@lru_cache(maxsize=4096)
def _public_key(secret: bytes) -> Ed25519PublicKey | None:
    raw = _decoded(secret + b"=" * (-len(secret) % 4))
    if raw is None or len(raw) not in _KEY_SIZES:
        return None
    return Ed25519PublicKey.from_public_bytes(raw[-32:])


def _decoded(text: bytes) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except binascii.Error:
        return None


def parse(request: Request) -> list[Call]:
    """The call of the event.

    Raises:
        NotUnderstoodError: an event that is no call's, or of a kind nobody knows.
    """
    item = body.fields(request)
    if "CallSid" in item:
        return [status_callback.read(item, _TEXML)]
    event = _unwrapped(item)
    kind = (fields.text(event.get("event_type")) or "").replace("_", ".")
    payload = event.get("payload")
    if not isinstance(payload, dict):
        raise NotUnderstoodError("an event without a payload")
    if kind in _EVENTS:
        return [_course(_EVENTS[kind], payload, event)]
    return [_besides(kind, payload)]


def _unwrapped(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """The event itself: in `data` (API v2), in `metadata.event` (delivery log), or bare (API v1, portal)."""
    metadata = item.get("metadata")
    inner = item.get("data") or (metadata.get("event") if isinstance(metadata, dict) else None)
    return inner if isinstance(inner, dict) else item


def _course(event: Event, payload: Mapping[str, Any], envelope: Mapping[str, Any]) -> Call:
    """A call's beginning, its answer or its end; the time of the event is `occurred_at`, here or there."""
    notes: list[str] = []
    occurred = envelope.get("occurred_at") or payload.get("occurred_at") or envelope.get("created_at")
    at = fields.instant(occurred, "occurred_at", notes)
    start_ms = fields.instant(payload.get("start_time"), "start_time", notes)
    if event == "completed":
        course = _end(payload, at, start_ms, notes)
    else:
        course = {"answer_ms": at} if event == "answered" else {"start_ms": start_ms or at}
    return Call(
        trunk=_NAME,
        event=event,
        **_ids(payload),
        direction=fields.direction(payload.get("direction"), notes),
        from_=_number(payload, "from", notes),
        to=_number(payload, "to", notes),
        **({"start_ms": start_ms} | course),
        notes=tuple(notes),
    )


def _end(payload: Mapping[str, Any], at: int | None, start_ms: int | None, notes: list[str]) -> dict[str, Any]:
    """How and when it ended. Whether it was answered is told by another event, or taken from the cause."""
    word = fields.text(payload.get("hangup_cause"))
    if word is not None and word not in _CAUSES:
        notes.append(f"unknown hangup_cause {fields.shown(word)}")
    q850, outcome = _CAUSES.get(word or "", (None, None))
    code = fields.integer(payload.get("sip_hangup_cause")) or 0
    sip = code if code in _SIP else None
    if outcome is Disposition.CONNECTED:
        if sip is not None and sip >= _FIRST_FAILURE:
            outcome = None
            notes.append(f"{word} with SIP {sip}: SIP believed")
        else:
            notes.append(f"answered by {word}; this event does not tell when")
    source = fields.text(payload.get("hangup_source"))
    unsaid = (("start", start_ms is None), ("answer", outcome in (Disposition.CONNECTED, None)), ("direction", True))
    return {
        "end_ms": fields.instant(payload.get("end_time"), "end_time", notes) or at,
        "cause": word,
        "outcome": outcome,
        "sip": sip,
        # The SIP field has been seen to hold a Q.850 value.
        "q850": code if code in _Q850 else q850,
        "hangup_by": None if source == "unknown" else source,
        "awaits": tuple(name for name, missing in unsaid if missing),
    }


def _besides(kind: str, payload: Mapping[str, Any]) -> Call:
    """What an event adds to a call besides its course: who answered, a recording, or nothing."""
    notes: list[str] = []
    told: dict[str, Any]
    if kind in _DETECTIONS:
        told = {"amd": fields.amd(payload.get("result"))}
        if told["amd"] is None:
            notes.append(f"machine detection without a result: {fields.shown(payload.get('result'))}")
    elif kind in _RECORDINGS:
        told = {"recording_url": _recording(payload, notes)}
    elif kind.startswith(_PASSED_OVER):
        told = {"aside": f"{kind} adds nothing to the call's record"}
    else:
        raise NotUnderstoodError(f"unknown event_type {kind!r:.60}")
    return Call(trunk=_NAME, event="extra", **_ids(payload), **told, notes=tuple(notes))


def _recording(payload: Mapping[str, Any], notes: list[str]) -> str | None:
    """The address of the recording that lasts, else the one that does not."""
    for name in ("public_recording_urls", "recording_urls"):
        links = payload.get(name)
        found = fields.text(next(iter(links.values()))) if isinstance(links, dict) and links else None
        if found is not None:
            if name == "recording_urls":
                notes.append("the recording's address is a short-lived link (10 minutes)")
            return found
    return None


def _ids(payload: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "call_id": fields.text(payload.get("call_leg_id")),
        "session_id": fields.text(payload.get("call_session_id")),
    }


def _number(payload: Mapping[str, Any], name: str, notes: list[str]) -> str | None:
    given = payload.get(name)
    if isinstance(given, dict | list):
        notes.append(f"{name} could not be read: {fields.shown(given)}")
    return fields.phone(given, name, notes)


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The Voice API webhook Telnyx would post to `url`.

    Raises:
        ValueError: the secret is no key pair (64 bytes in base64): for a public key only Telnyx can sign.
    """
    pair = _decoded(signing.as_bytes(secret)) or b""
    if len(pair) != max(_KEY_SIZES):
        raise ValueError("a Telnyx event can be signed with a key pair only: seed and public key, 64 bytes in base64")
    raw = orjson.dumps(_envelope(call, sent_ms))
    timestamp = str(sent_ms // 1000)
    signature = Ed25519PrivateKey.from_private_bytes(pair[:32]).sign(b"%b|%b" % (timestamp.encode(), raw))
    headers = {
        "content-type": "application/json",
        _TIMESTAMP: timestamp,
        _SIGNATURE: b64encode(signature).decode(),
    }
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _envelope(call: Call, sent_ms: int) -> dict[str, object]:
    at = {"initiated": call.start_ms, "answered": call.answer_ms}.get(call.event, call.end_ms)
    names = {event: name for name, event in _EVENTS.items()}
    ending = _ending(call) if call.event == "completed" else {}
    return {
        "data": {
            "record_type": "event",
            "event_type": names.get(call.event, "call.hangup"),
            "id": f"{call.call_id}-{call.event}",
            "occurred_at": iso(at if at is not None else sent_ms),
            "payload": {
                "call_leg_id": call.call_id,
                "call_session_id": call.session_id,
                "from": call.from_,
                "to": call.to,
                "start_time": iso(call.start_ms),
                "direction": _DIRECTIONS.get(call.direction or "") if call.event == "initiated" else None,
                **ending,
            },
        },
        "meta": {"attempt": 1},
    }


def _ending(call: Call) -> dict[str, object]:
    ended = disposition(call)
    return {
        "end_time": iso(call.end_ms),
        "hangup_cause": _WORDS.get(ended, "unspecified") if ended else "unspecified",
        "hangup_source": call.hangup_by or "unknown",
        "sip_hangup_cause": "unspecified" if call.sip is None else str(call.sip),
    }


TRUNK = Trunk(
    name=_NAME,
    title="Telnyx (Voice API and TeXML)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="telnyx-signature-ed25519: Ed25519 over the timestamp and the body, with the account's public key",
    setup=(
        "1. Telnyx portal > Voice > your Voice API application, TeXML application or SIP connection > webhooks:\n"
        "   the webhook URL is {url}; HTTP POST, API version 2. Give the same address as the failover URL.\n"
        "2. TeXML: the status callback is {url}, POST, with the events initiated, answered and completed.\n"
        "3. The secret is the account's public key (portal > Account > Keys & credentials > Public key), in base64."
    ),
)
