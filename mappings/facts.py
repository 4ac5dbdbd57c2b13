"""What a rule may look at: the call, its contact and the sub-account's numbers, and each fact by its name."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from mappings.call import Disposition
from mappings.note import local_text
from mappings.numbers import contact_side, e164
from mappings.words import agents_word

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import tzinfo

    from mappings.call import Call

SettingName: TypeAlias = Literal["fast_drop_s", "review_after_s", "max_attempts"]
Fact: TypeAlias = "float | str | None"

_ANSWERED = frozenset({Disposition.CONNECTED, Disposition.VOICEMAIL})


class Settings(NamedTuple):
    """Numbers of the sub-account that a book may name where a number is meant."""

    fast_drop_s: float = 5.0
    """A call shorter than this was hung up right away."""
    review_after_s: float = 300.0
    """How long the agent has for a disposition, from the call's end."""
    max_attempts: int | None = 6
    """The unanswered attempts after which the sequence ends; None means no such cap."""

    def number(self, name: SettingName) -> float:
        """The number of that name; infinity where there is no cap."""
        value: float | None = getattr(self, name)
        return float("inf") if value is None else value


@dataclass(frozen=True, slots=True)
class ContactState:
    """The contact before this call: in the CRM or not, and what the CRM and the earlier calls tell of it.

    `tags` (in lower case), `fields` (by name and by id), `dnd` and `assigned_to` (a user's id) are None while nobody
    asked the CRM for them: `Book.needs_contact` says whether that is needed. `attempts` counts the unanswered attempts
    of the running sequence, `attempt_tag` is the tag that shows them.
    """

    known: bool = True
    tags: frozenset[str] | None = None
    fields: Mapping[str, str] | None = None
    attempts: int = 0
    attempt_tag: str | None = None
    dnd: bool | None = None
    assigned_to: str | None = None


@dataclass(slots=True)
class Situation:
    """One call as the rules see it. `disposition` is the agent's where it is one of ours, else `machine`'s."""

    call: Call
    disposition: Disposition | None = None
    contact: ContactState = field(default_factory=ContactState)
    machine: Disposition | None = None
    shown: str | None = None
    """What the disposition is called here."""
    zone: tzinfo = UTC
    now_ms: int = 0
    settings: Settings = field(default_factory=Settings)
    country: str | None = None

    @property
    def attempt(self) -> int:
        """The unanswered attempts so far, and this call if it is one: outbound, with nobody answering."""
        tried = self.call.direction != "inbound" and self.disposition not in _ANSWERED
        return self.contact.attempts + tried

    @property
    def number(self) -> str | None:
        """The contact's number: E.164 where it is a full phone number, else what the trunk gave."""
        side = contact_side(self.call, self.country)
        return side.number or side.text

    @property
    def caller_id(self) -> str | None:
        """Our number: the one shown to the contact, or that the contact called."""
        call = self.call
        text = call.from_ if contact_side(call, self.country).which == "to" else call.to
        return (e164(text, self.country) or text) if text else None

    @property
    def ended_ms(self) -> int:
        """When the call ended; the time of planning where nobody knows."""
        return self.now_ms if self.call.end_ms is None else self.call.end_ms

    @property
    def began_ms(self) -> int:
        """The earliest time the call has; the time of planning where it has none."""
        call = self.call
        times = (ms for ms in (call.start_ms, call.answer_ms, call.end_ms) if ms is not None)
        return next(times, self.now_ms)

    @property
    def local(self) -> datetime | None:
        """When the call began, on the sub-account's clock; None for a time that no calendar has."""
        try:
            return datetime.fromtimestamp(self.began_ms / 1000, self.zone)
        except (OverflowError, ValueError, OSError):
            return None


def agent(call: Call) -> str | None:
    """Who had the call: as the trunk tells it, or else as the wrap-up does."""
    return call.agent or (None if call.wrapup is None else call.wrapup.agent)


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000


def _wrapped(name: str) -> Callable[[Situation], Fact]:
    return lambda situation: None if situation.call.wrapup is None else getattr(situation.call.wrapup, name)


def _date(situation: Situation) -> str | None:
    return None if (local := situation.local) is None else local.date().isoformat()


FACTS: Mapping[str, Callable[[Situation], Fact]] = {
    "disposition": lambda situation: situation.shown,
    "machine_disposition": lambda situation: situation.machine,
    "direction": lambda situation: situation.call.direction,
    "trunk": lambda situation: situation.call.trunk,
    "from": lambda situation: situation.call.from_,
    "to": lambda situation: situation.call.to,
    "number": lambda situation: situation.number,
    "caller_id": lambda situation: situation.caller_id,
    "agent": lambda situation: agent(situation.call),
    "talk_s": lambda situation: situation.call.duration_s,
    "ring_s": lambda situation: _seconds(situation.call.ring_ms),
    "answer_latency_s": lambda situation: _seconds(situation.call.answer_latency_ms),
    "q850": lambda situation: situation.call.q850,
    "sip": lambda situation: situation.call.sip,
    "cause": lambda situation: situation.call.cause,
    "amd": lambda situation: situation.call.amd,
    "hangup_by": lambda situation: situation.call.hangup_by,
    "recording_url": lambda situation: situation.call.recording_url,
    "call_id": lambda situation: situation.call.call_id,
    "attempt": lambda situation: situation.attempt,
    "max_attempts": lambda situation: situation.settings.max_attempts,
    "began": lambda situation: local_text(situation.began_ms, situation.zone),
    "ended": lambda situation: local_text(situation.call.end_ms, situation.zone),
    "date": _date,
    "agent_disposition": lambda situation: agents_word(situation.call),
    "next_step": _wrapped("next_step"),
    "remarks": _wrapped("notes"),
}
"""Every fact of a call by the name that templates and the sub-account's custom fields use."""
