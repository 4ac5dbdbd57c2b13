"""The one canonical call: what every trunk's event is turned into, and the arithmetic it owns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import orjson

Event: TypeAlias = Literal["initiated", "answered", "completed", "extra"]
"""`extra` is something learnt of a call besides its course: an AMD result, a recording, its agent."""
Direction: TypeAlias = Literal["inbound", "outbound"]
Amd: TypeAlias = Literal["human", "machine", "fax"]


class Disposition(StrEnum):
    """The human category of a call; each sub-account may show it under another name."""

    CONNECTED = "Connected"
    NO_ANSWER = "No Answer"
    BUSY = "Busy"
    REJECTED = "Rejected"
    VOICEMAIL = "Voicemail"
    CANCELED = "Canceled"
    FAILED = "Failed"
    INVALID_NUMBER = "Invalid Number"
    CONGESTION = "Congestion"
    BLOCKED = "Blocked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call leg as one event of its trunk tells it.

    Times are milliseconds since the Unix epoch, UTC: `start_ms` the INVITE, `answer_ms` the 200 OK, `end_ms`
    the BYE, CANCEL or final failure. `talk_ms` is end - answer. An adapter fills in what its payload states;
    `settle` (mappings/settle.py) then makes the facts agree with one another and says in `notes` what it
    inferred. None means "not known", never "zero".
    """

    trunk: str
    call_id: str | None
    event: Event = "completed"
    direction: Direction | None = None
    from_: str | None = None
    to: str | None = None
    start_ms: int | None = None
    answer_ms: int | None = None
    end_ms: int | None = None
    talk_ms: int | None = None
    undated: bool | None = None
    """True where it is not known what the talk time counts from, so that no answer time is derived from it."""
    answered: bool | None = None
    """Whether the far end picked up; None lets `settle` decide from the times and the cause."""
    q850: int | None = None
    """A Q.850 cause value 1..127 the payload states, by number or by name; never derived from SIP."""
    sip: int | None = None
    """The final SIP status 100..699 as reported."""
    cause: str | None = None
    """The trunk's own word or code for the end of the call, as it was given."""
    outcome: Disposition | None = None
    """What the trunk's own word means, where it is specific enough to be believed before SIP and Q.850."""
    amd: Amd | None = None
    hangup_by: str | None = None
    agent: str | None = None
    recording_url: str | None = None
    session_id: str | None = None
    """The trunk's id for the whole call, where several legs make up one."""
    awaits: tuple[str, ...] = ()
    """Facts this trunk tells only in the call's other events ("start", "answer", "direction"): worth a short wait."""
    notes: tuple[str, ...] = ()
    aside: str | None = None
    """Why this leg is not a call of its own (it lost the race, it is internal); None if it is."""

    @property
    def ring_ms(self) -> int | None:
        """INVITE to answer, or to the end of a call nobody answered."""
        until = self.answer_ms if self.answered else self.end_ms
        return None if self.start_ms is None or until is None else until - self.start_ms

    @property
    def answer_latency_ms(self) -> int | None:
        """INVITE to answer; None for a call nobody answered."""
        return self.ring_ms if self.answered else None

    @property
    def duration_s(self) -> float | None:
        """Talk time in seconds: 0 if unanswered, None if answered for a time this event does not tell."""
        if not self.answered:
            return 0 if self.answered is False else None
        return None if self.talk_ms is None else self.talk_ms / 1000

    def to_json(self) -> bytes:
        """The call as the store keeps it: JSON with what is known only."""
        facts = ((name, getattr(self, name)) for name in _FIELDS)
        return orjson.dumps({name: value for name, value in facts if value not in (None, ())})

    @classmethod
    def from_json(cls, kept: bytes) -> Call:
        """The call `to_json` wrote."""
        facts = {"call_id": None} | orjson.loads(kept)
        for listed in ("notes", "awaits"):
            facts[listed] = tuple(facts.get(listed, ()))
        if "outcome" in facts:
            facts["outcome"] = Disposition(facts["outcome"])
        return cls(**facts)

    def facts(self) -> dict[str, Any]:
        """The call as `ringback explain` and the API show it (docs/design.md, "Outer surface")."""
        return {
            "trunk": self.trunk,
            "call_id": self.call_id,
            "event": self.event,
            "direction": self.direction,
            "from": self.from_,
            "to": self.to,
            "start": iso(self.start_ms),
            "answer": iso(self.answer_ms),
            "end": iso(self.end_ms),
            "duration_s": self.duration_s,
            "ring_s": None if self.ring_ms is None else self.ring_ms / 1000,
            "q850": self.q850,
            "sip": self.sip,
            "amd": self.amd,
            "notes": list(self.notes),
        }


_FIELDS = tuple(field.name for field in fields(Call))


def iso(ms: int | None) -> str | None:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds, as the outer surface shows every time."""
    if ms is None:
        return None
    stamp = datetime.fromtimestamp(ms / 1000, UTC)
    return f"{stamp:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
