"""DIDWW: CDR streaming of its inbound (DID) and outbound trunks.

https://doc.didww.com/call-events/did-cdr.html, https://doc.didww.com/call-events/termination-cdr.html. A request holds
several records, one JSON document a line, gzipped; each is a finished attempt.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import orjson

from mappings.call import Call, Disposition, iso
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "didww"
_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_FORMAT = 31  # zlib's window bits for a gzip header
_MOST_BYTES = 8 * 1024 * 1024
_MOST_RECORDS = 2_000


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: DIDWW is not known to sign, but logs in or posts to a secret path.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The attempts of all records. A record that cannot be read becomes a call without an id, which is quarantined.

    Raises:
        NotUnderstoodError: no record can be read, or the body is too large or not what it seems.
    """
    calls = [_call(record) for record in _records(_unzipped(request.body))]
    if all(call.call_id is None for call in calls):
        raise NotUnderstoodError("no CDR in it")
    return calls


def _unzipped(raw: bytes) -> bytes:
    """The body; the server in front of us takes off the gzip it was told of, a recorded body may still have it."""
    if not raw.startswith(_GZIP_MAGIC):
        return raw
    stream = zlib.decompressobj(_GZIP_FORMAT)
    try:
        plain = stream.decompress(raw, _MOST_BYTES)
    except zlib.error as error:
        raise NotUnderstoodError(f"not gzip: {error}") from error
    if not stream.eof:
        raise NotUnderstoodError("the gzip is cut off, or holds more than 8 MiB")
    return plain


def _records(raw: bytes) -> list[dict[str, Any] | None]:
    """The records, None for a line that is none; one document over several lines is one record."""
    lines = [line for line in body.bare(raw).splitlines() if line.strip()]
    if len(lines) > _MOST_RECORDS:
        raise NotUnderstoodError("more than 10000 lines")
    found = [_record(line) for line in lines]
    if len(found) > 1 and not any(found):
        return [_record(raw)]
    return found


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        found = body.json_value(body.bare(line))
    except NotUnderstoodError:
        return None
    return found if isinstance(found, dict) else None


def _call(record: dict[str, Any] | None) -> Call:
    facts = None if record is None else record.get("attributes")
    if record is None or not isinstance(facts, dict):
        return Call(trunk=_NAME, call_id=None, notes=("a line that is no CDR",))
    kind = fields.text(record.get("type"))
    if kind not in ("inbound-cdr", "outbound-cdr"):
        return Call(trunk=_NAME, call_id=None, notes=(f"a record of the type {fields.shown(kind)}",))
    notes: list[str] = []
    told = _inbound(facts, notes) if kind == "inbound-cdr" else _outbound(facts, notes)
    connect = fields.instant(facts.get("time_connect"), "time_connect", notes)
    return Call(
        trunk=_NAME,
        call_id=fields.text(record.get("id")),
        from_=fields.international(facts.get("src_number"), "src_number", notes),
        start_ms=fields.instant(facts.get("time_start"), "time_start", notes),
        answer_ms=connect,
        end_ms=fields.instant(facts.get("time_end"), "time_end", notes),
        talk_ms=fields.duration_ms(facts.get("duration")),
        answered=connect is not None or facts.get("success") is True,
        **told,
        notes=tuple(notes),
    )


def _outbound(facts: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    return {
        "direction": "outbound",
        "to": fields.international(facts.get("dst_number"), "dst_number", notes),
        "sip": fields.integer(facts.get("disconnect_code")),
        "cause": fields.text(facts.get("disconnect_reason")),
        "session_id": fields.text(facts.get("call_id")),  # the SIP Call-ID
    }


def _inbound(facts: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """One attempt to route a call to a DID; of several, only the last is the call's outcome.

    A B leg code of 0 says that it was never tried: then DIDWW's own code counts.
    """
    tried = bool(fields.integer(facts.get("legb_disconnect_code")))
    side = "legb" if tried else "internal"
    word = fields.text(facts.get(f"{side}_disconnect_reason"))
    # "DID number overloaded" comes with 480, which alone would mean no answer.
    overloaded = not tried and "overloaded" in (word or "").lower()
    return {
        "direction": "inbound",
        "to": fields.international(facts.get("did_number"), "did_number", notes),
        "sip": fields.integer(facts.get(f"{side}_disconnect_code")) or None,
        "cause": word,
        "outcome": Disposition.CONGESTION if overloaded else None,
        "session_id": fields.text(facts.get("local_tag")),
        "aside": "another routing attempt followed" if facts.get("is_last_cdr") is False else None,
    }


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The CDR DIDWW would post to `url`, gzipped, logged in; outbound unless the call is inbound.

    A record tells of a finished call only: for an earlier event it has no end.
    """
    inbound = call.direction == "inbound"
    record = {
        "type": "inbound-cdr" if inbound else "outbound-cdr",
        "id": call.call_id,
        "attributes": _shared_facts(call) | (_inbound_facts(call) if inbound else _outbound_facts(call)),
    }
    return Request(
        method="POST",
        url=url,
        headers={"content-type": "text/plain", "content-encoding": "gzip", "authorization": signing.basic(secret)},
        body=gzip.compress(orjson.dumps(record) + b"\n", mtime=0),
        received_ms=sent_ms,
    )


def _shared_facts(call: Call) -> dict[str, object]:
    return {
        "src_number": _digits(call.from_),
        "time_start": iso(call.start_ms),
        "time_connect": iso(call.answer_ms),
        "time_end": iso(call.end_ms),
        "duration": (call.talk_ms or 0) // 1000,
        "success": bool(call.answered),
    }


def _outbound_facts(call: Call) -> dict[str, object]:
    return {
        "dst_number": _digits(call.to),
        "call_id": call.session_id,
        "disconnect_code": call.sip or (200 if call.answered else None),
        "disconnect_reason": call.cause,
    }


def _inbound_facts(call: Call) -> dict[str, object]:
    return {
        "did_number": _digits(call.to),
        "local_tag": call.session_id,
        "legb_disconnect_code": call.sip or (200 if call.answered else 0),
        "legb_disconnect_reason": call.cause,
        "internal_disconnect_code": 0,
        "is_last_cdr": True,
        "routing_attempt": 1,
    }


def _digits(number: str | None) -> str:
    return "" if number is None else number.removeprefix("+")


TRUNK = Trunk(
    name=_NAME,
    title="DIDWW (CDR streaming)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="basic auth, or a secret path",
    setup=(
        "1. In the DIDWW user panel, set up CDR streaming for your inbound and outbound trunks with the\n"
        "   target {url}.\n"
        "2. Put the secret into the address: https://user:<secret>@... for basic auth, or as its last part,\n"
        "   {url}/<secret>.\n"
        "3. Use https only: the records are not signed."
    ),
)
