"""Twilio: status callbacks and the action callback of <Dial>.

https://www.twilio.com/docs/voice/api/call-resource#statuscallback,
https://www.twilio.com/docs/voice/twiml/dial#action,
https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "twilio"
_SIGNATURE = "x-twilio-signature"
_PORTS = {"https": 443, "http": 80}
_PORT = re.compile(r":[0-9]+$")
_BODY_HASH = re.compile(r"(?:^|&)bodySHA256=([0-9a-fA-F]{64})(?:&|$)")

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


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `X-Twilio-Signature` holds: base64 HMAC-SHA1 over the URL and the sorted form fields.

    The URL counts with and without its port, as senders and proxies differ. A body that is no form must be
    the one whose SHA-256 stands in the signed query (`bodySHA256`).

    Raises:
        UnverifiedError: it does not hold.
    """
    given = request.headers.get(_SIGNATURE)
    if given is None:
        raise UnverifiedError("no X-Twilio-Signature")
    suffix = _signed_fields(request)
    proven = any(
        signing.same(given, signing.hmac_base64(secret, signing.as_bytes(url + suffix), "sha1"))
        for secret in signing.secrets(credentials)
        for url in _signed_urls(request.url)
    )
    signing.require(proven, "the signature")


def _signed_fields(request: Request) -> str:
    """What of the body is signed as text behind the URL: the form's fields, nothing of a hashed body."""
    if request.method == "GET":
        return ""
    digest = _BODY_HASH.search(request.query)
    if digest is not None:
        right = hashlib.sha256(request.body).hexdigest()
        signing.require(signing.same(right, digest[1].lower()), "the hash of the body")
        return ""
    if body.bare(request.body)[:1] in (b"{", b"[", b"<"):
        raise UnverifiedError("a body that is no form, and no bodySHA256 in the URL")
    return _joined(request.body)


def _joined(form: bytes) -> str:
    """Names and values by name in code point order; of a repeated name each value once, sorted."""
    try:
        pairs = body.pairs(form.decode(errors="replace"))
    except NotUnderstoodError as error:
        raise UnverifiedError(str(error)) from error
    return "".join(name + value for name, value in sorted(set(pairs)))


def _signed_urls(url: str) -> list[str]:
    """The URL as it may have been signed: as it is, without its port, with the scheme's own port.

    An apostrophe in the query may have been written %27 before signing (WHATWG URL, 4.1, "special-query").
    """
    url = url.partition("#")[0]
    scheme, _, rest = url.partition("://")
    end = len(rest.partition("/")[0].partition("?")[0])
    host, path = rest[:end], rest[end:]
    bare = _PORT.sub("", host)
    hosts = dict.fromkeys((host, bare, f"{bare}:{_PORTS.get(scheme, 443)}"))
    paths = dict.fromkeys((path, path.replace("'", "%27")))
    return [f"{scheme}://{one}{path}" for path in paths for one in hosts]


def parse(request: Request) -> list[Call]:
    """The call of a status callback, or the dialled leg of a Dial action callback.

    Raises:
        NotUnderstoodError: neither, or a status Twilio does not document.
    """
    item = body.fields(request)
    return [_dialled(item) if "DialCallStatus" in item else _reported(item)]


def _reported(item: dict[str, Any]) -> Call:
    """The leg a status callback is about; `Timestamp` is the time of this very event."""
    status = (fields.text(item.get("CallStatus")) or "").lower()
    event = _EVENTS.get(status, "completed")
    if event == "completed" and status not in _OUTCOMES:
        raise NotUnderstoodError(f"unknown CallStatus {status!r:.40}")
    notes: list[str] = []
    at = fields.instant(item.get("Timestamp"), "Timestamp", notes)
    return Call(
        trunk=_NAME,
        call_id=fields.text(item.get("CallSid")),
        event=event,
        **_shared(item, notes),
        start_ms=at if status == "initiated" else None,
        answer_ms=at if event == "answered" else None,
        end_ms=at if event == "completed" else None,
        # CallDuration is seconds from the answer; Duration is minutes, rounded up.
        talk_ms=fields.duration_ms(item.get("CallDuration")),
        sip=fields.integer(item.get("SipResponseCode")),
        session_id=fields.text(item.get("ParentCallSid")),
        **_outcome(status, event),
        notes=tuple(notes),
    )


def _dialled(item: dict[str, Any]) -> Call:
    """The child call of a <Dial>: its own outcome and talk time, with the numbers of its parent."""
    status = (fields.text(item.get("DialCallStatus")) or "").lower()
    if status not in _OUTCOMES and status != "answered":
        raise NotUnderstoodError(f"unknown DialCallStatus {status!r:.40}")
    notes: list[str] = []
    parent, child = fields.text(item.get("CallSid")), fields.text(item.get("DialCallSid"))
    if child is None and parent is not None:
        # A dial that failed before it made a call; the parent reports under its own id.
        child = f"{parent}-dial"
        notes.append("no DialCallSid: the id is made from CallSid")
    return Call(
        trunk=_NAME,
        call_id=child,
        **_shared(item, notes),
        talk_ms=fields.duration_ms(item.get("DialCallDuration")),
        session_id=parent,
        **_outcome("completed" if status == "answered" else status, "completed"),
        notes=tuple(notes),
    )


def _outcome(status: str, event: Event) -> dict[str, Any]:
    outcome = _OUTCOMES.get(status)
    answered = outcome is Disposition.CONNECTED if event == "completed" else None
    return {"cause": status, "outcome": outcome, "answered": answered}


def _shared(item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    return {
        "from_": fields.phone(item.get("From") or item.get("Caller"), "From", notes),
        "to": fields.phone(item.get("To") or item.get("Called"), "To", notes),
        "direction": fields.direction(item.get("Direction"), notes),
        "amd": fields.amd(item.get("AnsweredBy")),
        "recording_url": fields.text(item.get("RecordingUrl")),
    }


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The status callback Twilio would post to `url`; times in whole seconds, as Twilio's are."""
    given = {name: str(value) for name, value in _form(call).items() if value is not None}
    form = urlencode(given, quote_via=quote).encode()
    text = signing.as_bytes(url.partition("#")[0] + _joined(form))
    return Request(
        method="POST",
        url=url,
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            _SIGNATURE: signing.hmac_base64(signing.as_bytes(secret), text, "sha1"),
        },
        body=form,
        received_ms=sent_ms,
    )


def _form(call: Call) -> dict[str, object]:
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
        "SipResponseCode": call.sip,
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


TRUNK = Trunk(
    name=_NAME,
    title="Twilio Programmable Voice",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Twilio-Signature: HMAC-SHA1 over the URL and the form, with the account's auth token",
    setup=(
        "Twilio console > Phone Numbers > your number > Voice: 'Call status changes' is {url}, HTTP POST.\n"
        "For calls you make by API: StatusCallback={url} and StatusCallbackEvent=completed.\n"
        "For forwarded calls: give {url} as the action of <Dial>, or statusCallback of <Number> and <Sip>.\n"
        "The secret is the auth token of the account (console > Account > API keys & tokens)."
    ),
    methods=frozenset({"POST", "GET"}),
)
