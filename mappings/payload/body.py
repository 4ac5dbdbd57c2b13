"""Reading what a trunk sent: JSON, a form, a query string or lines of text, told apart by the first byte.

The Content-Type is not asked: trunks get it wrong (a switch that replaces its header list posts JSON as a
form). Everything that cannot be read is a NotUnderstoodError.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, unquote_to_bytes

import orjson

from mappings.payload.request import NotUnderstoodError

if TYPE_CHECKING:
    from mappings.payload.request import Request

_BOM = b"\xef\xbb\xbf"
_MOST_FIELDS = 1000
_MOST_LINES = 2000
MOST_OBJECTS = 500
"""The most calls one request may tell of: a batch is a few dozen; what is longer is kept and can be split."""
# A string is taken whole, so that what looks like a fault inside one stays as it is. Possessive: linear in
# the body.
_FAULTS = re.compile(rb'"(?:[^"\\]++|\\(?:.|\Z))*+(?:"|\Z)|-?\bnan\b|,(?=\s*+[}\]])', re.IGNORECASE | re.DOTALL)


_MOST_REPAIRED = 256 * 1024
"""The longest JSON that is looked through for the two faults that are repaired, in bytes."""
_MOST_ESCAPES = 20_000
"""The most percent signs a form may have: each costs about a microsecond, and a form is read before it is verified."""


def bare(body: bytes) -> bytes:
    """The body without a byte order mark and without white space around it."""
    return body.removeprefix(_BOM).strip()


def value(request: Request) -> Any:
    """What the request carries: a JSON value, or the fields of a form, a query string (GET) or lines of text.

    One-element arrays are taken apart. Nesting is bounded by orjson (1024 levels).

    Raises:
        NotUnderstoodError: empty, XML, or not readable as what its first byte says it is.
    """
    if request.method == "GET":
        return form(request.query)
    body = bare(request.body)
    first = body[:1]
    if first in (b"{", b"["):
        return json_value(body)
    if not body or first == b"<":
        raise NotUnderstoodError("the body is empty" if not body else "the body is XML")
    text = body.decode(errors="replace")
    return lines(text) if "\n" in text else form(text)


def json_value(body: bytes) -> Any:
    """A JSON value; an array of one element is that element.

    Two faults seen in the wild are repaired, and only these: a bare `nan` (FreeSWITCH's call statistics),
    which becomes null, and a trailing comma.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = _repaired(body)
    while isinstance(found, list) and len(found) == 1:
        found = found[0]
    return found


def _repaired(body: bytes) -> Any:
    if len(body) > _MOST_REPAIRED:
        raise NotUnderstoodError("not JSON, and too long to be repaired")
    try:
        return orjson.loads(_FAULTS.sub(_repair, body))
    except orjson.JSONDecodeError as error:
        raise NotUnderstoodError(f"not JSON: {error}") from error


def _repair(fault: re.Match[bytes]) -> bytes:
    text = fault[0]
    if text[:1] == b'"':
        return text
    return b"" if text == b"," else b"null"


def objects(found: Any) -> list[dict[str, Any]]:
    """The JSON objects a value holds: itself, or the elements of a list.

    Raises:
        NotUnderstoodError: it is neither, or there is none, or more than 500.
    """
    items = found if isinstance(found, list) else [found]
    if len(items) > MOST_OBJECTS:
        raise NotUnderstoodError(f"{len(items)} objects in one request: at most {MOST_OBJECTS} are read")
    if not items or not all(isinstance(item, dict) for item in items):
        raise NotUnderstoodError("not a JSON object, nor a list of such")
    return items


def fields(request: Request) -> dict[str, Any]:
    """The one set of fields a request carries, whether as a JSON object, a form, a query string or lines.

    Raises:
        NotUnderstoodError: it carries something else.
    """
    found = value(request)
    if not isinstance(found, dict):
        raise NotUnderstoodError("not one set of fields")
    return found


def pairs(text: str) -> list[tuple[str, str]]:
    """The names and values of a urlencoded form, in order, repeated and empty ones included.

    Raises:
        NotUnderstoodError: more than a thousand fields.
    """
    if text.count("%") > _MOST_ESCAPES:
        raise NotUnderstoodError("a form with too many escapes")
    if text.count("&") >= _MOST_FIELDS:
        raise NotUnderstoodError("the form has too many fields")
    split = (part.partition("=") for part in text.split("&") if part)
    return [(_unescaped(name), _unescaped(given)) for name, _, given in split]


def _unescaped(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    # Not `unquote`: of text that is not ASCII it takes every run apart, which is slow where there are many.
    try:
        return unquote_to_bytes(text.encode()).decode(errors="replace")
    except UnicodeEncodeError:  # a lone surrogate, which only an address can hold: that is short
        return unquote(text, errors="replace")


def form(text: str) -> dict[str, Any]:
    """A urlencoded form's fields. Of a repeated name the first value that is not empty counts.

    A space before a digit at the start of a value is a `+` somebody forgot to escape.
    """
    found: dict[str, Any] = {}
    for name, given in pairs(text):
        if not found.get(name):
            found[name] = f"+{given[1:]}" if given[:1] == " " and given[1:2].isdigit() else given
    return found


def lines(text: str) -> dict[str, Any]:
    """The fields of `name=value` or `Name: value` lines as written; of a repeated name the first counts."""
    rows = text.splitlines()
    if len(rows) > _MOST_LINES:
        raise NotUnderstoodError("too many lines")
    found: dict[str, Any] = {}
    for line in rows:
        mark = min((at for at in (line.find("="), line.find(": ")) if at > 0), default=0)
        if len(found) >= _MOST_FIELDS:
            break
        if mark:
            found.setdefault(line[:mark].strip(), line[mark + 1 :].strip())
    if not found:
        raise NotUnderstoodError("no line has a name and a value")
    return found
