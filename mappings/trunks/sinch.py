"""Sinch: callbacks of its Voice API, version 1.

https://developers.sinch.com/docs/voice/api-reference/voice/tag/Callbacks/ and, for the signature,
https://developers.sinch.com/docs/voice/api-reference/authentication/callback-signed-request. A call is told in three
callbacks: ICE (it starts), ACE (answered), DICE (over); each has the time of that moment only.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import orjson

from mappings.call import Amd, Call, Disposition, iso
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "sinch"
_SCHEME = "Application"
_STAMP = "x-timestamp"
_TYPE = "application/json; charset=utf-8"
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")

_RESULTS: dict[str, Disposition | None] = {
    "ANSWERED": Disposition.CONNECTED,
    "BUSY": Disposition.BUSY,
    "NOANSWER": Disposition.NO_ANSWER,
    "FAILED": None,
    "N/A": None,
}
# Only asked where the result decides nothing: MANAGERHANGUP stands on calls that went well, too.
_REASONS = {
    "TIMEOUT": Disposition.NO_ANSWER,
    "CALLERHANGUP": Disposition.CANCELED,
    "CALLEEHANGUP": Disposition.REJECTED,
    "BLOCKED": Disposition.BLOCKED,
    "NOCREDITPARTNER": Disposition.FAILED,
    "MANAGERHANGUP": Disposition.CANCELED,
    "CANCEL": Disposition.CANCELED,
    "GENERALERROR": Disposition.FAILED,
    "USERNOTFOUND": Disposition.INVALID_NUMBER,
    "CALLBACKERROR": Disposition.FAILED,
    "INVALIDSVAMLACTION": Disposition.FAILED,
    "N/A": Disposition.FAILED,
}
_HANGUP_BY = {"CALLERHANGUP": "caller", "CALLEEHANGUP": "callee"}
_ENDINGS = {
    Disposition.CONNECTED: ("ANSWERED", "MANAGERHANGUP"),
    Disposition.VOICEMAIL: ("ANSWERED", "MANAGERHANGUP"),
    Disposition.BUSY: ("BUSY", "N/A"),
    Disposition.NO_ANSWER: ("NOANSWER", "TIMEOUT"),
    Disposition.CANCELED: ("FAILED", "CANCEL"),
    Disposition.REJECTED: ("FAILED", "CALLEEHANGUP"),
    Disposition.BLOCKED: ("FAILED", "BLOCKED"),
    Disposition.INVALID_NUMBER: ("FAILED", "USERNOTFOUND"),
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `Authorization: Application <key>:<signature>` holds and `x-timestamp` is fresh.

    The signature is the base64 HMAC-SHA256 over method, base64 MD5 of the body, content type, timestamp and path, each
    on its line; its key is the application secret decoded from base64. A secret may be written `<key>:<secret>`, then
    the application key must be that one, too. Only a body is covered, never a query.

    Raises:
        UnverifiedError: it does not hold.
    """
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != _SCHEME.lower() or request.method != "POST":
        raise UnverifiedError("no application signature, or not a POST")
    stamp = request.headers.get(_STAMP, "")
    _require_fresh(stamp, request, credentials)
    application, _, signature = given.strip().rpartition(":")
    message = _message(request.url, request.headers.get("content-type", ""), stamp, request.body)
    proven = any(_signed(secret, message, application, signature) for secret in signing.secrets(credentials))
    signing.require(proven, "the signature")


def _require_fresh(stamp: str, request: Request, credentials: Credentials) -> None:
    """The timestamp is ISO 8601; in the published vector its value repeats the header's name."""
    at = fields.instant(stamp.removeprefix(f"{_STAMP}:"), _STAMP, [])
    if at is None or abs(request.received_ms - at) > credentials.window_s * 1000:
        raise UnverifiedError("the timestamp is no time, or outside the window")


def _message(url: str, content_type: str, stamp: str, raw: bytes) -> bytes:
    # MD5 is Sinch's choice; the secret is in the HMAC around it.
    digest = b64encode(hashlib.md5(raw, usedforsecurity=False).digest()).decode("ascii")
    path = "/" + url.partition("#")[0].partition("?")[0].partition("://")[2].partition("/")[2]
    return signing.as_bytes(f"POST\n{digest}\n{content_type}\n{_STAMP}:{stamp}\n{path}")


def _signed(secret: bytes, message: bytes, application: str, signature: str) -> bool:
    named, _, encoded = secret.rpartition(b":")
    key = _key(encoded)
    mine = not named or signing.same(application, named.decode(errors="replace"))
    return bool(key) and signing.same(signature, signing.hmac_base64(key, message)) and mine


def _key(encoded: bytes) -> bytes:
    """The secret decoded as leniently as Sinch's own library does: either alphabet, padded or not, the rest skipped."""
    kept = _NOT_BASE64.sub(b"", encoded.translate(_URL_SAFE))
    if len(kept) % 4 == 1:
        kept = kept[:-1]
    return b64decode(kept + b"=" * (-len(kept) % 4))


def parse(request: Request) -> list[Call]:
    """The call of the callback.

    Raises:
        NotUnderstoodError: a callback of another kind.
    """
    item = body.fields(request)
    event = (fields.text(item.get("event")) or "").lower()
    notes: list[str] = []
    at = fields.instant(item.get("timestamp"), "timestamp", notes)
    shared: dict[str, Any] = {
        "trunk": _NAME,
        "call_id": fields.text(item.get("callid")),
        "session_id": fields.text(item.get("conferenceId")),
    }
    match event:
        case "dice":
            return [_over(item, shared, at, notes)]
        case "ice":
            shared |= {"from_": fields.international(item.get("cli"), "cli", notes), "to": _to(item, notes)}
            return [Call(**shared, event="initiated", start_ms=at, notes=tuple(notes))]
        case "ace":
            return [Call(**shared, event="answered", answer_ms=at, amd=_amd(item), notes=tuple(notes))]
        case "pie" | "notify":
            return [Call(**shared, event="extra", amd=_amd(item))]
    raise NotUnderstoodError(f"unknown event {fields.shown(event)}")


def _over(item: dict[str, Any], shared: dict[str, Any], at: int | None, notes: list[str]) -> Call:
    result = (fields.text(item.get("result")) or "").upper()
    reason = (fields.text(item.get("reason")) or "").upper()
    if result not in _RESULTS:
        notes.append(f"unknown result {fields.shown(result)}")
    answered = result == "ANSWERED" if result in _RESULTS else None
    talk_ms = fields.duration_ms(item.get("duration"))
    return Call(
        **shared,
        from_=fields.international(item.get("from"), "from", notes),
        to=_to(item, notes),
        end_ms=at,
        talk_ms=talk_ms,
        answered=answered,
        cause=reason or result or None,
        outcome=_RESULTS.get(result) or _REASONS.get(reason),
        hangup_by=_HANGUP_BY.get(reason),
        # The start is told by ICE, the answer by ACE where not by the end and the duration.
        awaits=("start", "answer") if answered and talk_ms is None else ("start",),
        notes=tuple(notes),
    )


def _to(item: dict[str, Any], notes: list[str]) -> str | None:
    """`{"type": "number" | "username" | ..., "endpoint": ...}`."""
    to = item.get("to")
    return fields.international(to.get("endpoint") if isinstance(to, dict) else to, "to", notes)


def _amd(item: dict[str, Any]) -> Amd | None:
    found = item.get("amd")
    return fields.amd(found.get("status")) if isinstance(found, dict) else None


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The callback Sinch would post to `url`: times and durations in whole seconds, signed.

    The application key is what stands before the colon of the secret, else a made-up one.
    """
    raw = orjson.dumps(_payload(call))
    stamp = _iso(sent_ms) or ""
    named, _, encoded = secret.rpartition(":")
    key = _key(signing.as_bytes(encoded))
    signature = signing.hmac_base64(key, _message(url, _TYPE, stamp, raw)) if key else ""
    headers = {"content-type": _TYPE, _STAMP: stamp, "authorization": f"{_SCHEME} {named or 'key'}:{signature}"}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _payload(call: Call) -> dict[str, object]:
    shared: dict[str, object] = {"callid": call.call_id, "conferenceId": call.session_id, "version": 1}
    to = None if call.to is None else {"type": "number", "endpoint": call.to.removeprefix("+")}
    if call.event == "initiated":
        return shared | {"event": "ice", "timestamp": _iso(call.start_ms), "cli": call.from_, "to": to}
    if call.event == "answered":
        amd = {"amd": {"status": call.amd}} if call.amd else {}
        return shared | {"event": "ace", "timestamp": _iso(call.answer_ms)} | amd
    result, reason = _ENDINGS.get(disposition(call) or Disposition.FAILED, ("FAILED", "GENERALERROR"))
    return shared | {
        "event": "dice",
        "timestamp": _iso(call.end_ms),
        "result": result,
        "reason": reason,
        "duration": None if call.talk_ms is None else call.talk_ms // 1000,
        "from": "private" if call.from_ is None else call.from_.removeprefix("+"),
        "to": to,
    }


def _iso(ms: int | None) -> str | None:
    written = iso(ms)
    return None if written is None else f"{written[:19]}Z"


TRUNK = Trunk(
    name=_NAME,
    title="Sinch (Voice API v1)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="Authorization: Application <key>:<HMAC-SHA256 over method, body, type, time, path>",
    setup=(
        "1. In the Sinch dashboard, open your voice app and paste {url} as its callback URL.\n"
        "2. Use the application secret (base64, as shown there) as the secret of this trunk, or\n"
        "   <application key>:<application secret>, so that callbacks of another app are refused."
    ),
)
