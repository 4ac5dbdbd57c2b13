"""PURE: the shift that the demo plays: who is called, how each call ends, through which trunk it is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from mappings.call import Call, Disposition

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUNKS = ("generic", "twilio", "freeswitch", "vobiz")
_TELL_NO_START = frozenset({"twilio"})
"""Trunks whose last event does not tell when the call began, and so not how fast it was answered."""
ZONE = "America/Chicago"
"""Where the sub-account is."""
CALLER_ID = "+14155550100"
"""The number that the shift calls from."""
CALLER_IDS = (CALLER_ID, "+14155550101", "+14155550102")
"""The sub-account's pool."""
AGENT = "agent-7"
REPEAT_EVERY = 8
"""Each eighth call's event is sent three times, as trunks do that had no answer in time."""
GAP_MS = 180_000
LONGEST_MS = 40 * 3_600_000
"""A shift of very many calls is no longer than this: the first message left in it still counts at its end."""


class Workflow(StrEnum):
    """The follow-up that a call should set off (mappings/books/default.toml)."""

    NO_ANSWER = "No answer"
    REVIEW = "Connected, not wrapped up"
    VOICEMAIL = "Voicemail left"
    FAST_DIAL = "Fast dial cycle"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the CRM knows; `name` None is a number it does not know yet."""

    name: str | None
    phone: str


PEOPLE: Sequence[Person] = (
    Person("Ada Moreno", "+14155550111"),
    Person("Ben Okafor", "+14155550112"),
    Person("Carla Jensen", "+14155550113"),
    Person("Dev Patel", "+14155550114"),
    Person("Elif Kaya", "+14155550115"),
    Person("Finn O'Neill", "+14155550116"),
    Person("Grace Liu", "+14155550117"),
    Person("Hugo Martin", "+14155550118"),
    Person(None, "+14155550119"),
    Person(None, "+14155550120"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ends: codes as a trunk reports them, seconds, and the disposition a person would write."""

    q850: int
    sip: int
    cause: str
    ring_s: int
    talk_s: int
    disposition: Disposition
    workflow: Workflow | None = None
    remarks: str | None = None
    """What the agent writes of it afterwards; None where nobody does."""


CONVERSATION = Ending(16, 200, "NORMAL_CLEARING", 8, 125, Disposition.CONNECTED, Workflow.REVIEW)
ENDINGS: Sequence[Ending] = (
    CONVERSATION,
    Ending(19, 480, "NO_ANSWER", 30, 0, Disposition.NO_ANSWER, Workflow.NO_ANSWER),
    Ending(17, 486, "USER_BUSY", 2, 0, Disposition.BUSY),
    Ending(16, 200, "NORMAL_CLEARING", 5, 41, Disposition.CONNECTED, Workflow.VOICEMAIL),
    Ending(19, 480, "NO_ANSWER", 25, 0, Disposition.NO_ANSWER, Workflow.NO_ANSWER),
    Ending(21, 603, "CALL_REJECTED", 4, 0, Disposition.REJECTED),
    Ending(16, 200, "NORMAL_CLEARING", 1, 2, Disposition.CONNECTED, Workflow.FAST_DIAL),
    Ending(16, 200, "NORMAL_CLEARING", 11, 312, Disposition.CONNECTED, remarks="Wants an offer by Friday."),
    Ending(16, 200, "NORMAL_CLEARING", 7, 14, Disposition.CONNECTED),
)


@dataclass(frozen=True, slots=True)
class Played:
    """One call of the shift.

    `times` says how often its trunk sends it, `workflow` what it should set off, `remarks` what its agent adds.
    """

    call: Call
    trunk: str
    person: Person
    disposition: Disposition
    times: int
    workflow: Workflow | None = None
    remarks: str | None = None


def shift(calls: int, *, now_ms: int) -> list[Played]:
    """So many calls but the last (`latest`), one after another, all over before `now_ms`."""
    gap_ms = min(GAP_MS, LONGEST_MS // calls)
    first_ms = now_ms - calls * gap_ms - 2 * GAP_MS
    return [_played(number, ENDINGS[number % len(ENDINGS)], first_ms + number * gap_ms) for number in range(calls - 1)]


def latest(calls: int, *, now_ms: int) -> Played:
    """The last of so many calls: a conversation that ends at `now_ms`."""
    return _played(calls - 1, CONVERSATION, now_ms - (CONVERSATION.ring_s + CONVERSATION.talk_s) * 1000)


def _played(number: int, ending: Ending, start_ms: int) -> Played:
    person = PEOPLE[number % len(PEOPLE)]
    trunk = TRUNKS[number % len(TRUNKS)]
    if ending.workflow is Workflow.FAST_DIAL and trunk in _TELL_NO_START:
        trunk = TRUNKS[0]
    start_ms -= start_ms % 1000  # no trunk here reports less than whole seconds everywhere
    answered = ending.talk_s > 0
    call = Call(
        trunk=trunk,
        call_id=f"demo-{number + 1:04d}-{trunk}",
        direction="outbound",
        from_=CALLER_ID,
        to=person.phone,
        start_ms=start_ms,
        answer_ms=start_ms + ending.ring_s * 1000 if answered else None,
        end_ms=start_ms + (ending.ring_s + ending.talk_s) * 1000,
        talk_ms=ending.talk_s * 1000,
        answered=answered,
        q850=ending.q850,
        sip=ending.sip,
        cause=ending.cause,
    )
    if trunk == "generic":
        call = replace(call, agent=AGENT)
    times = 3 if number % REPEAT_EVERY == 0 else 1
    return Played(call, trunk, person, ending.disposition, times, ending.workflow, ending.remarks)
