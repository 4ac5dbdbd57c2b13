"""Vonage: event webhooks of its Voice API.

https://developer.vonage.com/en/voice/voice-api/webhook-reference,
https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks. Each event is about one leg
(`uuid`) of a conversation (`conversation_uuid`).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson
from jwt import PyJWTError
from jwt.algorithms import HMACAlgorithm
from jwt.api_jws import PyJWS

from mappings.call import Call, Disposition, Event, iso
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "vonage"
_ALGORITHM = "HS256"

_EVENTS: dict[str, Event] = {
    "started": "initiated",
    "ringing": "initiated",
    "answered": "answered",
    "human": "extra",
    "machine": "extra",
    "record": "extra",
    "transfer": "extra",
    "disconnected": "extra",  # the web socket of a leg, not the leg
}
# "failed" is no word to believe first: the detail and SIP tell more, where there are such.
_OUTCOMES: dict[str, Disposition | None] = {
    "completed": Disposition.CONNECTED,
    "busy": Disposition.BUSY,
    "cancelled": Disposition.CANCELED,
    "unanswered": Disposition.NO_ANSWER,
    "timeout": Disposition.NO_ANSWER,
    "rejected": Disposition.REJECTED,
    "failed": None,
}
# An open list: a word that is not here leaves it to the status.
_DETAILS = {
    "unavailable": Disposition.NO_ANSWER,
    "timeout": Disposition.NO_ANSWER,
    "invalid_number": Disposition.INVALID_NUMBER,
    "number_out_of_service": Disposition.INVALID_NUMBER,
    "restricted": Disposition.REJECTED,
    "declined": Disposition.REJECTED,
    "cannot_route": Disposition.FAILED,
    "internal_error": Disposition.FAILED,
}
_ENDINGS = {word: status for status, word in reversed(_OUTCOMES.items()) if word} | {Disposition.VOICEMAIL: "completed"}
_ENDING_DETAILS = {Disposition.INVALID_NUMBER: "invalid_number"}
_SECOND_MS = 1000


class _AnyKeyLength(HMACAlgorithm):
    """HS256 with a secret as long as the provider made it: a warning at each request would help nobody."""

    def check_key_length(self, key: bytes) -> str | None:  # noqa: ARG002 - the signature is PyJWT's
        return None


_JWS = PyJWS(algorithms=[])
_JWS.register_algorithm(_ALGORITHM, _AnyKeyLength(HMACAlgorithm.SHA256))


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the bearer token (JWT, HS256) holds, is fresh by its `iat` and names the body's SHA-256.

    The tokens have no `exp`; the replay window is ours. Only a body is covered, never a query.

    Raises:
        UnverifiedError: it does not hold.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or request.method != "POST":
        raise UnverifiedError("no bearer token, or not a POST")
    claimed = claims(token.strip(), credentials)
    signing.require_fresh(str(fields.integer(claimed.get("iat"))), request, credentials)
    given = claimed.get("payload_hash")
    right = isinstance(given, str) and signing.same(given, hashlib.sha256(request.body).hexdigest())
    signing.require(right, "the hash of the body")


def claims(token: str, credentials: Credentials) -> dict[str, Any]:
    """The claims of a token that one of the secrets signed; no other algorithm counts, whatever the token says.

    Raises:
        UnverifiedError: it is no such token.
    """
    for secret in signing.secrets(credentials):
        try:
            payload = _JWS.decode(signing.as_bytes(token), secret, algorithms=[_ALGORITHM])
            found = orjson.loads(payload)
        except (PyJWTError, orjson.JSONDecodeError):
            continue
        if isinstance(found, dict):
            return found
    raise UnverifiedError("the token does not hold")


def parse(request: Request) -> list[Call]:
    """The leg the event is about.

    Raises:
        NotUnderstoodError: no event of a call (an error message has no status), or a status Vonage does not document.
    """
    item = body.fields(request)
    status = _status(item)
    event = _EVENTS.get(status, "completed")
    if event == "extra":
        return [_learnt(item, status)]
    if event == "completed" and status not in _OUTCOMES:
        raise NotUnderstoodError(f"unknown status {fields.shown(status)}")
    return [_call(item, status, event)]


def _status(item: dict[str, Any]) -> str:
    """The status; events about a recording and a transfer are told by what they carry instead."""
    status = fields.text(item.get("status"))
    if status is not None:
        return status.lower()
    if "recording_url" in item:
        return "record"
    if "conversation_uuid_to" in item:
        return "transfer"
    raise NotUnderstoodError("no status: an error message or a part of an event, not a call")


def _learnt(item: dict[str, Any], status: str) -> Call:
    return Call(
        trunk=_NAME,
        # human and machine say call_uuid where the others say uuid.
        call_id=fields.text(item.get("uuid")) or fields.text(item.get("call_uuid")),
        event="extra",
        amd=fields.amd(status),
        recording_url=fields.text(item.get("recording_url")),
        session_id=fields.text(item.get("conversation_uuid")) or fields.text(item.get("conversation_uuid_to")),
    )


def _call(item: dict[str, Any], status: str, event: Event) -> Call:
    notes: list[str] = []
    at = fields.instant(item.get("timestamp"), "timestamp", notes)
    detail = fields.text(item.get("detail"))
    facts: dict[str, Any] = {
        "trunk": _NAME,
        "call_id": fields.text(item.get("uuid")),
        "event": event,
        "direction": fields.direction(item.get("direction"), notes),
        "from_": fields.international(item.get("from") or item.get("from_user"), "from", notes),
        "to": fields.international(item.get("to"), "to", notes),
        "cause": detail or status,
        "session_id": fields.text(item.get("conversation_uuid")),
    }
    if event == "completed":
        facts |= _ending(item, _DETAILS.get(detail or "", _OUTCOMES[status]), at, notes)
    elif event == "answered":
        facts["answer_ms"] = at
    elif status == "started":
        facts["start_ms"] = at
    return Call(**facts, notes=tuple(notes))


def _ending(item: dict[str, Any], outcome: Disposition | None, at: int | None, notes: list[str]) -> dict[str, Any]:
    answered = outcome is Disposition.CONNECTED
    times = _times(item, at, notes) if answered else {"end_ms": at}
    return times | {
        "answered": answered,
        "sip": fields.integer(item.get("sip_code")),
        "outcome": outcome,
        "hangup_by": fields.text(item.get("disconnected_by")),
        "awaits": _awaited(times, answered=answered),
    }


def _times(item: dict[str, Any], at: int | None, notes: list[str]) -> dict[str, Any]:
    """Start, answer, end and talk time of an answered call.

    `start_time` is not documented further. Where it lies the talk time before the end it is the answer, and not
    the start.
    """
    end = fields.instant(item.get("end_time"), "end_time", notes) or at
    talk = fields.duration_ms(item.get("duration"))
    start = fields.instant(item.get("start_time"), "start_time", notes)
    if start is not None and end is not None and talk is not None and abs(end - talk - start) < _SECOND_MS:
        notes.append("start_time is where the talk time begins: taken as the answer")
        return {"answer_ms": start, "end_ms": end, "talk_ms": talk}
    return {"start_ms": start, "end_ms": end, "talk_ms": talk}


def _awaited(times: dict[str, Any], *, answered: bool) -> tuple[str, ...]:
    """The start is told by `started`, the answer by `answered` where not by the end and the duration."""
    start = () if times.get("start_ms") is not None else ("start",)
    told = not answered or times.get("answer_ms") is not None or times.get("talk_ms") is not None
    return start if told else (*start, "answer")


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The event webhook Vonage would post to `url`: numbers without `+`, durations in whole seconds, signed."""
    given = {name: value for name, value in _payload(call).items() if value is not None}
    raw = orjson.dumps(given)
    digest = hashlib.sha256(raw).hexdigest()
    claimed = {
        "iat": sent_ms // 1000,
        "jti": f"{digest[:8]}-{sent_ms:x}",
        "iss": "Vonage",
        "payload_hash": digest,
        "api_key": "a1b2c3d4",
        "application_id": "00000000-0000-4000-8000-000000000000",
    }
    token = _JWS.encode(orjson.dumps(claimed), signing.as_bytes(secret), algorithm=_ALGORITHM)
    headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _payload(call: Call) -> dict[str, object]:
    shared: dict[str, object] = {
        "from": call.from_ and call.from_.removeprefix("+"),
        "to": call.to and call.to.removeprefix("+"),
        "uuid": call.call_id,
        "conversation_uuid": call.session_id,
        "direction": call.direction,
    }
    if call.event == "initiated":
        return shared | {"status": "started", "timestamp": iso(call.start_ms)}
    if call.event == "answered":
        return shared | {"status": "answered", "timestamp": iso(call.answer_ms), "start_time": None}
    return shared | _ended(call)


def _ended(call: Call) -> dict[str, object]:
    ended = disposition(call) or Disposition.FAILED
    told: dict[str, object] = {
        "timestamp": iso(call.end_ms),
        "sip_code": call.sip,
        "disconnected_by": call.hangup_by,
    }
    if not call.answered:
        status = "rejected" if ended in _ENDING_DETAILS else _ENDINGS.get(ended, "failed")
        return told | {"status": status, "detail": _ENDING_DETAILS.get(ended)}
    return told | {
        "status": "completed",
        "start_time": iso(call.answer_ms),
        "end_time": iso(call.end_ms),
        "duration": None if call.talk_ms is None else str(call.talk_ms // 1000),
    }


TRUNK = Trunk(
    name=_NAME,
    title="Vonage (Voice API)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="Authorization: Bearer JWT (HS256) whose payload_hash is the body's SHA-256",
    setup=(
        "1. In the settings of your Vonage application, Voice: paste {url} as the Event URL, method POST.\n"
        "2. Switch signed webhooks on for that application.\n"
        "3. Use the account's signature secret (not the API secret) as the secret of this trunk."
    ),
)
