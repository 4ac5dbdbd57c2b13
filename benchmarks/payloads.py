"""The events the load generator sends: signed, whole HTTP requests, made before the clock runs. PURE."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from collections.abc import Sequence

_RING_MS = 9_000
_TALK_MS = 73_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What is sent: `calls` distinct calls to `contacts` people of `locations`; 3 of 10 go unanswered."""

    calls: int
    contacts: int
    locations: tuple[str, ...]
    secret: str
    run: str
    """Part of every call id: keeps runs against one database apart."""


def call_id(run: str, number: int) -> str:
    """The id of call `number` of a run."""
    return f"{run}-{number:08d}"


def home(number: int, contacts: int, locations: Sequence[str]) -> str:
    """The sub-account of call `number`: that of its contact, for the same number elsewhere is another person."""
    return locations[number % contacts % len(locations)]


def is_answered(number: int) -> bool:
    """Whether call `number` was picked up."""
    return number % 10 < 7


def requests(mix: Mix, *, now_ms: int) -> list[bytes]:
    """The requests, in the order in which they are sent; signed as of `now_ms`, where all calls end."""
    return [_request(mix, number, now_ms) for number in range(mix.calls)]


def body(mix: Mix, number: int, now_ms: int) -> bytes:
    """The generic trunk's payload of one call (docs/design.md, "Outer surface")."""
    answered = is_answered(number)
    talk_ms = _TALK_MS if answered else 0
    return orjson.dumps(
        {
            "call_uuid": call_id(mix.run, number),
            "from": "+12025550100",
            "to": f"+1312555{number % mix.contacts:04d}",
            "start": now_ms - talk_ms - _RING_MS,
            "answer": now_ms - talk_ms if answered else None,
            "end": now_ms,
            "duration": talk_ms // 1000,
            "hangup_cause": "NORMAL_CLEARING" if answered else "NO_ANSWER",
            "direction": "outbound",
        }
    )


def _request(mix: Mix, number: int, now_ms: int) -> bytes:
    payload = body(mix, number, now_ms)
    location = home(number, mix.contacts, mix.locations)
    stamp = now_ms // 1000
    proof = hmac.digest(mix.secret.encode(), b"%d.%b" % (stamp, payload), "sha256").hex()
    head = (
        f"POST /hooks/{location}/generic HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Ringback-Signature: t={stamp},v1={proof}\r\nContent-Length: {len(payload)}\r\n\r\n"
    )
    return head.encode() + payload
