"""The one canonical call: what every trunk's event is turned into, and the arithmetic it owns."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import orjson

Event: TypeAlias = Literal["initiated", "answered", "completed", "extra", "wrapup"]
"""`extra` is something learnt of a call besides its course: an AMD result, a recording, its agent; `wrapup` is what
its agent adds afterwards."""
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
class Wrapup:
    """What the agent adds after the call. Texts are people's: here they become printable and bounded."""

    disposition: str | None = None
    """The agent's word for the outcome, one of ours or any other; None says nothing about it."""
    notes: str | None = None
    """What was said, in the agent's words; may have several lines."""
    next_step: str | None = None
    """What is to follow: "callback", "enrol" and "do not call" are what the shipped book acts on; any other text."""
    due_ms: int | None = None
    """When that is to be done, epoch milliseconds."""
    workflow: str | None = None
    """The workflow of an "enrol": its id, or the name by which the sub-account's settings know it."""
    agent: str | None = None
    at_ms: int = 0
    """When it was written, epoch milliseconds: the latest counts."""

    def __post_init__(self) -> None:
        for name, most in _WRAPUP_TEXTS.items():
            given = getattr(self, name)
            if given is not None:
                plain = ("\n" if name == "notes" else " ").join(_lines(given))
                object.__setattr__(self, name, plain[:most].rstrip() or None)

    def facts(self) -> dict[str, str | None]:
        """The wrap-up as the outer surface shows it."""
        texts: dict[str, str | None] = {name: getattr(self, name) for name in _WRAPUP_TEXTS}
        return texts | {"due": iso(self.due_ms), "at": iso(self.at_ms)}


_WRAPUP_TEXTS = {"disposition": 100, "notes": 4000, "next_step": 256, "workflow": 64, "agent": 256}
"""The most characters of each text."""


def _lines(text: str) -> list[str]:
    """Its lines, each with every run of blanks, control and format characters as one space; no empty ones."""
    printable = ("".join(char if char.isprintable() else " " for char in line) for line in text.splitlines())
    return [line for line in (" ".join(line.split()) for line in printable) if line]


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
    wrapup: Wrapup | None = None
    """What the agent added; its disposition is believed before the trunk's (mappings/words.py)."""
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
        if "wrapup" in facts:
            facts["wrapup"] = Wrapup(**facts["wrapup"])
        return cls(**facts)

    def facts(self) -> dict[str, Any]:
        """The call as `ringback explain` and the API show it (docs/design.md, "Outer surface").

        With `wrapup` only where there is one.
        """
        wrapup = {} if self.wrapup is None else {"wrapup": self.wrapup.facts()}
        return wrapup | {
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


_EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)
"""Without a zone, which would be looked at for every time that is shown."""


def iso(ms: int | None) -> str | None:
    """Epoch milliseconds as ISO 8601 UTC with milliseconds, as the outer surface shows every time."""
    if ms is None:
        return None
    return f"{(_EPOCH + timedelta(milliseconds=ms)).isoformat(timespec='milliseconds')}Z"
