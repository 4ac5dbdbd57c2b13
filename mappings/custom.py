"""A trunk without code: the adapter a mapping document describes (mappings/custom_mapping.py).

Three trunks ship as such documents, in mappings/trunks_custom; a sub-account may bring its own.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from mappings.call import Call, Disposition, Event, iso
from mappings.custom_mapping import MappingError, TrunkMapping, read_mapping
from mappings.disposition import disposition
from mappings.payload import body, fields, generic_call, signing
from mappings.payload.request import NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.causes import Cause
    from mappings.custom_mapping import Auth, DurationForm, EventWords, Path, TimeForm
    from mappings.payload.request import Credentials

__all__ = ["MappingError", "TrunkMapping", "custom_trunk", "read_mapping", "shipped"]

_FOLDER = "trunks_custom"
_ANSWERED = frozenset({Disposition.CONNECTED, Disposition.VOICEMAIL})
_SUCCESS, _FAILURE = range(200, 300), range(300, 700)
_WHOLE = re.compile(r"[0-9]{1,20}")
_MOST_ITEMS = 20
_MILLISECONDS = {"ms": 1, "us": 1000}
_PROOFS = {
    "bearer": "a bearer token",
    "basic": "basic auth",
    "path": "a secret path",
    "unsigned": "a bearer token, basic auth, or a secret path",
}


def custom_trunk(document: TrunkMapping) -> Trunk:
    """The adapter that reads and writes what the document describes."""
    return Trunk(
        name=document.name,
        title=document.title,
        verify=partial(_verify, document.auth),
        parse=partial(_parse, document, document.event.meant()),
        compose=partial(_compose, document),
        proof=_proof(document.auth),
        setup=document.setup.strip(),
    )


def shipped(name: str) -> Trunk:
    """The trunk of that name among the mapping documents that come with Ringback.

    Raises:
        FileNotFoundError: there is none.
    """
    text = resources.files("mappings").joinpath(_FOLDER, f"{name}.toml").read_text(encoding="utf-8")
    return custom_trunk(read_mapping(text))


def _proof(auth: Auth) -> str:
    if auth.scheme != "hmac-sha256":
        return _PROOFS[auth.scheme]
    timed = auth.timestamp_header or auth.timestamp_item
    return f"{auth.signature_header} (HMAC-SHA256 over {'time and body' if timed else 'the body'})"


def _verify(auth: Auth, request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret in the document's way.

    Raises:
        UnverifiedError: it does not.
    """
    if auth.scheme == "hmac-sha256":
        _verify_signature(auth, request, credentials)
    elif auth.scheme == "path":
        signing.verify_unsigned(replace(request, headers={}), credentials)
    else:
        scheme = request.headers.get("authorization", "").strip().partition(" ")[0].lower()
        signing.require(auth.scheme in (scheme, "unsigned"), "the Authorization header")
        signing.verify_unsigned(request, credentials)


def _verify_signature(auth: Auth, request: Request, credentials: Credentials) -> None:
    signing.require(request.method == "POST", "the method")  # a GET's query is not signed
    given, stamp = _signatures(auth, request)
    message = request.body
    if stamp is not None:
        signing.require_fresh(stamp, request, credentials)
        message = b"%b.%b" % (stamp.encode("ascii"), message)
    write = signing.hmac_hex if auth.encoding == "hex" else signing.hmac_base64
    expected = [write(secret, message) for secret in signing.secrets(credentials)]
    proven = any(signing.same(one.removeprefix(auth.prefix), right) for one in given for right in expected)
    signing.require(proven, "the signature")


def _signatures(auth: Auth, request: Request) -> tuple[list[str], str | None]:
    """The signatures given, and the time of signing; None where the scheme has none.

    Raises:
        UnverifiedError: a signature or time that the scheme has is missing, or there are several times.
    """
    header = request.headers.get(auth.signature_header or "")
    if header is None:
        raise UnverifiedError("there is no signature")
    items = [item.strip().partition("=") for item in header.split(",")[:_MOST_ITEMS]] if auth.signature_item else []
    given = [value for name, _, value in items if name == auth.signature_item] or [header.strip()]
    if auth.timestamp_header is None and auth.timestamp_item is None:
        return given, None
    stamps = [value for name, _, value in items if name == auth.timestamp_item]
    if auth.timestamp_header is not None:
        stamps = [request.headers.get(auth.timestamp_header, "")]
    if len(stamps) != 1:
        raise UnverifiedError("the signature has no timestamp, or several")
    return given, stamps[0]


def _parse(document: TrunkMapping, words: Mapping[str, Event], request: Request) -> list[Call]:
    """The calls of the body: of an object, or of each object of a list.

    Raises:
        NotUnderstoodError: no JSON objects and no form, or an event the document does not name.
    """
    found = body.objects(body.value(request))
    return [_call(document, item, _event(document.event, words, item)) for item in found]


def _find(item: Any, paths: tuple[Path, ...] | None) -> Any:
    """What stands at the first of the paths that leads to something."""
    for path in paths or ():
        found = item
        for step in path:
            found = _step(found, step)
        if found is not None:
            return found
    return None


def _step(found: Any, step: str | int) -> Any:
    if isinstance(step, str):
        return found.get(step) if isinstance(found, dict) else None
    within = isinstance(found, list) and -len(found) <= step < len(found)
    return found[step] if within else None


def _event(told: EventWords, words: Mapping[str, Event], item: dict[str, Any]) -> Event:
    if told.path is None:
        return told.default or "completed"
    word = fields.text(_find(item, told.path))
    event = words.get(word or "", told.default)
    if event is None:
        raise NotUnderstoodError(f"the event {fields.shown(word)} is not in the mapping")
    return event


def _call(document: TrunkMapping, item: dict[str, Any], event: Event) -> Call:
    notes: list[str] = []
    at, get = document.fields, partial(_find, item)
    number = fields.international if document.numbers == "e164_digits" else fields.phone
    return Call(
        trunk=document.name,
        call_id=fields.text(get(at.call_id)),
        session_id=fields.text(get(at.session_id)),
        event=event,
        direction=fields.direction(get(at.direction), notes) or document.constants.direction,
        from_=number(get(at.from_), "from", notes),
        to=number(get(at.to), "to", notes),
        **_course(document, item, event, notes),
        amd=fields.amd(get(at.amd)),
        agent=fields.text(get(at.agent)),
        recording_url=fields.text(get(at.recording_url)),
        notes=tuple(notes),
    )


def _course(document: TrunkMapping, item: dict[str, Any], event: Event, notes: list[str]) -> dict[str, Any]:
    """What the event can know of the call's course: an extra nothing, the others up to their own time."""
    at, times = document.fields, document.times
    known: dict[str, Any] = {}
    if event == "extra":
        return known
    known["start_ms"] = _instant(times.of("start"), _find(item, at.start), "start", notes)
    if event == "initiated":
        return known
    known["answer_ms"] = _instant(times.of("answer"), _find(item, at.answer), "answer", notes)
    if event == "answered":
        return known
    known["end_ms"] = _instant(times.of("end"), _find(item, at.end), "end", notes)
    _measure(document.duration, _find(item, at.duration), known, notes)
    known |= _ending(document, item, notes)
    known["answered"] = _answered(document, item, known)
    known["awaits"] = document.awaits
    return known


def _instant(form: TimeForm, raw: Any, what: str, notes: list[str]) -> int | None:
    """A time written in that form, in epoch milliseconds; one that is not is noted and left out."""
    if fields.is_nothing(raw):
        return None
    fitting = {"auto": True, "iso": fields.duration_ms(raw) is None, "s": fields.duration_ms(raw) is not None}
    if fitting.get(form.format):
        return fields.instant(raw, what, notes, zone=form.zone)
    whole = fields.text(raw) or ""
    if form.format in _MILLISECONDS and _WHOLE.fullmatch(whole):
        return int(whole) // _MILLISECONDS[form.format]
    notes.append(f"{what} could not be read: {fields.shown(raw)}")
    return None


def _measure(form: DurationForm, raw: Any, known: dict[str, Any], notes: list[str]) -> None:
    """The talk time, or, from a duration that includes the ringing, whichever of start and end is missing."""
    length = fields.duration_ms(raw) if form.unit == "s" else fields.integer(raw)
    if length is None or not form.includes_ringing:
        known["talk_ms"] = length
    elif known["start_ms"] is None and known["end_ms"] is not None:
        known["start_ms"] = known["end_ms"] - length
        notes.append("start derived from end - duration")
    elif known["end_ms"] is None and known["start_ms"] is not None:
        known["end_ms"] = known["start_ms"] + length
        notes.append("end derived from start + duration")


def _ending(document: TrunkMapping, item: dict[str, Any], notes: list[str]) -> dict[str, Any]:
    """Why the call ended: by the document's words first, else as every trunk's causes are read."""
    at = document.fields
    raw = _find(item, at.cause)
    word = fields.text(raw)
    outcome = document.causes.get((word or "").casefold())
    cause: Cause | None = None
    if outcome is None:
        # Without a vocabulary the word is only kept: that it is unknown is no news.
        cause = generic_call.cause_of(raw, notes if document.causes else [])
        outcome = generic_call.outcome_of(raw, cause)
    kind, code = (cause.kind, cause.code) if cause is not None else (None, None)
    return {
        "cause": word,
        "outcome": outcome,
        "q850": fields.integer(_find(item, at.q850)) or (code if kind == "q850" else None),
        "sip": fields.integer(_find(item, at.sip)) or (code if kind == "sip" else None),
        "hangup_by": fields.text(_find(item, at.hangup_by)),
    }


def _answered(document: TrunkMapping, item: dict[str, Any], known: dict[str, Any]) -> bool | None:
    """Whether the payload says that the call was answered; None leaves it to the times and the cause."""
    at, sip = document.fields, known["sip"]
    if document.constants.answered is not None:
        return document.constants.answered
    if sip in _FAILURE:
        return False
    if sip in _SUCCESS or known["outcome"] in _ANSWERED:
        return True
    never = at.answer is not None and fields.is_nothing(_find(item, at.answer))
    return False if never and not known.get("talk_ms") else None


def _compose(document: TrunkMapping, call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The payload the document describes, for that call, proven as of `sent_ms`."""
    item: dict[str, Any] = {}
    for name, given in _facts(document, call).items():
        paths = getattr(document.fields, name)
        if paths is not None and given is not None:
            _place(item, paths[0], given)
    words = document.event
    if words.path is not None:
        word = next((word for word, event in words.meant().items() if event == call.event), None)
        _place(item, words.path[0], word)
    raw = orjson.dumps(item)
    headers = {"content-type": "application/json"} | _proven(document.auth, secret, raw, sent_ms)
    target = f"{url}/{quote(secret, safe='')}" if document.auth.scheme == "path" else url
    return Request(method="POST", url=target, headers=headers, body=raw, received_ms=sent_ms)


def _facts(document: TrunkMapping, call: Call) -> dict[str, Any]:
    """The call's facts as the payload writes them, by their names in the document's `fields`."""
    names = ("call_id", "session_id", "from_", "to", "direction", "q850", "sip", "amd", "hangup_by", "agent")
    facts: dict[str, Any] = {name: getattr(call, name) for name in (*names, "recording_url")}
    for name in ("start", "answer", "end"):
        facts[name] = _written(document.times.of(name), getattr(call, f"{name}_ms"))
    length = call.talk_ms
    if document.duration.includes_ringing:
        length = None if call.end_ms is None or call.start_ms is None else call.end_ms - call.start_ms
    if length is not None:
        facts["duration"] = length if document.duration.unit == "ms" else length / 1000
    ended = disposition(call)
    facts["cause"] = next((word for word, means in document.causes.items() if means is ended), call.cause)
    return facts


def _written(form: TimeForm, ms: int | None) -> str | float | None:
    if ms is None or form.format in ("auto", "iso"):
        return iso(ms)
    return ms / 1000 if form.format == "s" else ms * _MILLISECONDS[form.format]


def _place(item: dict[str, Any], path: Path, given: Any) -> None:
    """Puts a value at a path, making the objects and lists on the way; an index counts from a list's start."""
    spot: Any = item
    for step, following in pairwise(path):
        inner = _step(spot, step)
        if not isinstance(inner, list if isinstance(following, int) else dict):
            inner = [] if isinstance(following, int) else {}
            _put(spot, step, inner)
        spot = inner
    _put(spot, path[-1], given)


def _put(spot: Any, step: str | int, given: Any) -> None:
    if isinstance(step, int):
        spot.extend([None] * (max(step, 0) + 1 - len(spot)))
    spot[step] = given


def _proven(auth: Auth, secret: str, raw: bytes, sent_ms: int) -> dict[str, str]:
    """The headers that prove the secret."""
    if auth.scheme == "basic":
        return {"authorization": signing.basic(secret)}
    if auth.scheme != "hmac-sha256":
        return {} if auth.scheme == "path" else {"authorization": f"Bearer {secret}"}
    stamp = str(sent_ms // 1000)
    timed = auth.timestamp_header or auth.timestamp_item
    message = b"%b.%b" % (stamp.encode("ascii"), raw) if timed else raw
    write = signing.hmac_hex if auth.encoding == "hex" else signing.hmac_base64
    signature = auth.prefix + write(signing.as_bytes(secret), message)
    if auth.signature_item is not None:
        signature = f"{auth.signature_item}={signature}"
    if auth.timestamp_item is not None:
        signature = f"{auth.timestamp_item}={stamp},{signature}"
    headers = {auth.signature_header or "": signature}
    return headers | ({auth.timestamp_header: stamp} if auth.timestamp_header else {})
