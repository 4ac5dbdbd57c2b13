"""A request, changed in the ways in which senders, proxies and strangers change them. PURE: chance comes from `rng`."""

from __future__ import annotations

import gzip
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote_plus

import orjson

from tests.fuzz import tree
from tests.fuzz.odd import TEXTS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random
    from typing import TypeAlias

    from mappings.payload.request import Request

    Mutation: TypeAlias = Callable[[Request, Sequence[Request], Random], Request]

MOST_BYTES = 1024 * 1024
"""The largest body that reaches an adapter (RINGBACK_BODY_LIMIT)."""
MOST_LETTERS = 8_190
"""The longest header, and the longest request target (aiohttp's max_field_size and max_line_size)."""
_DIGITS = re.compile(rb"[0-9]+")
_OPENINGS = (b"[", b'{"a":', b"<a>", b"&", b"%", b'"\\', b"a=b\n", b"a=b&", b"{}\n", b",", b" ", b"9", b"\\u0000", b"-")
_BYTES = tuple(text.encode("utf-8", "surrogatepass") for text in TEXTS)
_SECRETLIKE = (
    "Bearer",
    "Bearer x",
    "Basic",
    "Basic =",
    "Basic Og==",
    "Digest a=b",
    "Basic /w==",
    "t=1,v1=",
    "v1,,v1a,x",
)
_CHARSETS = ("utf-16", "utf-8-sig", "utf-32", "latin-1", "cp037")


def mutated(request: Request, corpus: Sequence[Request], rng: Random) -> Request:
    """The request after one to three changes, no larger than what gets through the front door."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        (change,) = rng.choices(_KINDS, _WEIGHTS)
        request = change(request, corpus, rng)
    return _bounded(request)


def _bounded(request: Request) -> Request:
    long = len(request.url) > MOST_LETTERS or any(len(value) > MOST_LETTERS for value in request.headers.values())
    if len(request.body) <= MOST_BYTES and not long:
        return request
    headers = {name: value[:MOST_LETTERS] for name, value in request.headers.items()}
    return replace(request, body=request.body[:MOST_BYTES], url=request.url[:MOST_LETTERS], headers=headers)


def _fields(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """A value of the JSON or the form changed: its type, its place, its name."""
    if request.method == "GET":
        target, _, query = request.url.partition("?")
        return replace(request, url=f"{target}?{_form(query, rng)}")
    try:
        value = orjson.loads(request.body)
    except orjson.JSONDecodeError:
        text = _form(request.body.decode(errors="replace"), rng)
        return replace(request, body=text.encode("utf-8", "surrogatepass"))
    try:
        for _ in range(rng.choice((1, 1, 2, 5))):
            tree.change(value, rng)
        return replace(request, body=tree.written(value, rng))
    except (ValueError, RecursionError):
        return request


def _form(text: str, rng: Random) -> str:
    """A field of a form, or a line of `name: value` text, changed."""
    if "=" not in text and "\n" not in text:
        return text + rng.choice(TEXTS)
    mark, cut = ("\n", ":") if "\n" in text else ("&", "=")
    pairs = (
        [line.split(cut, 1) for line in text.split(mark)] if mark == "\n" else parse_qsl(text, keep_blank_values=True)
    )
    fields = {pair[0]: pair[-1] for pair in pairs}
    tree.change(fields, rng)
    escaped = str if mark == "\n" or rng.random() < 0.1 else _escaped
    return mark.join(f"{escaped(name)}{cut}{escaped(value)}" for name, value in fields.items())


def _escaped(value: object) -> str:
    return quote_plus(str(value).encode("utf-8", "surrogatepass"))


def _flip(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """Some bits of the body, the other way."""
    body = bytearray(request.body)
    for _ in range(rng.choice((1, 1, 2, 8)) if body else 0):
        body[rng.randrange(len(body))] ^= 1 << rng.randrange(8)
    return replace(request, body=bytes(body))


def _cut(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """The body's start, its end, or all but a piece of it."""
    one, two = sorted(rng.randrange(len(request.body) + 1) for _ in "12")
    body = request.body
    return replace(request, body=rng.choice((body[:two], body[one:], body[one:two], body[:one] + body[two:])))


def _insert(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """Something odd in the middle of the body."""
    at = rng.randrange(len(request.body) + 1)
    return replace(request, body=request.body[:at] + rng.choice(_BYTES) + request.body[at:])


def _repeat(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """A piece of the body, or all of it as the items of a list, several times."""
    body, times = request.body, rng.choice((2, 3, 30))
    if rng.random() < 0.3:
        between = rng.choice((b",", b"\n", b"&", b""))
        return replace(request, body=rng.choice((b"[%b]", b"%b")) % between.join([body] * times))
    one, two = sorted(rng.randrange(len(body) + 1) for _ in "12")
    return replace(request, body=body[:two] + body[one:two] * times + body[two:])


def _splice(request: Request, corpus: Sequence[Request], rng: Random) -> Request:
    """The beginning of this body, the end of another, or this body with another's headers."""
    other = rng.choice(corpus)
    if rng.random() < 0.3:
        return replace(request, headers=other.headers)
    one, two = rng.randrange(len(request.body) + 1), rng.randrange(len(other.body) + 1)
    return replace(request, body=request.body[:one] + other.body[two:])


def _number(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """A number somewhere in the body made longer, negative, fractional or no number."""
    found = list(_DIGITS.finditer(request.body))
    if not found:
        return request
    at = rng.choice(found)
    odd = rng.choice((b"9" * 5_000, b"-1", b"1e400", b"0.1", b"00", b"1" + at[0], b"", b"NaN", b"9" * 18, b"1e-400"))
    return replace(request, body=request.body[: at.start()] + odd + request.body[at.end() :])


def _headers(request: Request, corpus: Sequence[Request], rng: Random) -> Request:
    """A header gone, odd, of another request, or bitten off."""
    headers = dict(request.headers)
    name = rng.choice([*headers, "authorization", "content-type", "content-encoding"])
    value = headers.get(name, "")
    match rng.randrange(6):
        case 0:
            headers.pop(name, None)
        case 1:
            headers[name] = rng.choice(TEXTS)
        case 2:
            headers[name] = rng.choice(_SECRETLIKE)
        case 3:
            headers |= rng.choice(corpus).headers
        case 4:
            at = rng.randrange(len(value) + 1)
            headers[name] = value[:at] + rng.choice(TEXTS) + value[at + rng.randrange(3) :]
        case _:
            headers[name] = rng.choice((value[: len(value) // 2], value * 2, f"{value},{value}", value.upper()))
    return replace(request, headers=headers)


def _address(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """Another method, or something in the address."""
    if request.method == "POST" and rng.random() < 0.5 and len(request.body) < MOST_LETTERS:
        query = request.body.decode(errors="replace")
        return replace(request, method="GET", url=f"{request.url}?{query}", body=b"")
    odd = rng.choice(TEXTS)
    return replace(
        request, url=rng.choice((f"{request.url}{odd}", f"{request.url}?{odd}", f"{request.url}#{odd}", odd))
    )


def _charset(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """The same letters in another encoding."""
    text = request.body.decode(errors="replace")
    return replace(request, body=text.encode(rng.choice(_CHARSETS), "replace"))


def _gzip(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """Compressed, whole or cut off."""
    packed = gzip.compress(request.body, mtime=0)
    return replace(request, body=packed if rng.random() < 0.5 else packed[: rng.randrange(len(packed))])


def _deep(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """The whole body deep inside lists, or inside objects."""
    depth = rng.choice((1, 2, 900, 1_024, 20_000))
    left, right = rng.choice(((b"[", b"]"), (b'{"data":', b"}"), (b'{"a":[', b"]}"), (b"<a>", b"</a>")))
    return replace(request, body=left * depth + request.body + right * depth)


def _huge(request: Request, _corpus: Sequence[Request], rng: Random) -> Request:
    """As large as may be: the same few bytes or the whole body over and over, or a bomb of gzip."""
    size = rng.choice((20_000, 200_000, MOST_BYTES))
    unit = rng.choice((*_OPENINGS, request.body + b"\n", request.body + b",", request.body + b"&")) or b"x"
    body = unit * (size // len(unit))
    match rng.randrange(4):
        case 0:
            body = gzip.compress(body * (16 * MOST_BYTES // size), 1, mtime=0)
        case 1:
            body = b"[%b]" % body.rstrip(b",")
        case 2:
            body = request.body[: rng.randrange(len(request.body) + 1)] + body
    return replace(request, body=body)


_SHARES: dict[Mutation, int] = {
    _fields: 500,
    _number: 60,
    _flip: 80,
    _cut: 60,
    _insert: 80,
    _repeat: 30,
    _splice: 40,
    _headers: 120,
    _address: 40,
    _charset: 10,
    _gzip: 5,
    _deep: 10,
    _huge: 2,
}
"""The kinds of change, and how often each is made in about a thousand; the huge ones take long."""
_KINDS, _WEIGHTS = tuple(_SHARES), tuple(_SHARES.values())
