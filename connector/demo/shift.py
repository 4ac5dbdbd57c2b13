"""PURE: the shift that the demo plays: who is called, how each call ends, through which trunk it is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from mappings.call import Call, Disposition

if TYPE_CHECKING:
    from collections.abc import Sequence

TRUNKS = ("generic", "twilio", "freeswitch", "vobiz")
CALLER_ID = "+14155550100"
REPEAT_EVERY = 8
"""Each eighth call's event is sent three times, as trunks do that had no answer in time."""
GAP_MS = 180_000


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


ENDINGS: Sequence[Ending] = (
    Ending(16, 200, "NORMAL_CLEARING", 8, 125, Disposition.CONNECTED),
    Ending(19, 480, "NO_ANSWER", 30, 0, Disposition.NO_ANSWER),
    Ending(17, 486, "USER_BUSY", 2, 0, Disposition.BUSY),
    Ending(16, 200, "NORMAL_CLEARING", 5, 41, Disposition.CONNECTED),
    Ending(19, 480, "NO_ANSWER", 25, 0, Disposition.NO_ANSWER),
    Ending(21, 603, "CALL_REJECTED", 4, 0, Disposition.REJECTED),
    Ending(16, 200, "NORMAL_CLEARING", 11, 312, Disposition.CONNECTED),
)


@dataclass(frozen=True, slots=True)
class Played:
    """One call of the shift: `times` says how often its trunk sends it."""

    call: Call
    trunk: str
    person: Person
    disposition: Disposition
    times: int


def shift(calls: int, *, now_ms: int) -> list[Played]:
    """So many calls, one after another, the last one a few minutes before `now_ms`."""
    return [_played(number, now_ms - (calls - number) * GAP_MS - GAP_MS) for number in range(calls)]


def _played(number: int, start_ms: int) -> Played:
    ending = ENDINGS[number % len(ENDINGS)]
    person = PEOPLE[number % len(PEOPLE)]
    trunk = TRUNKS[number % len(TRUNKS)]
    start_ms -= start_ms % 1000  # no trunk here reports less than whole seconds everywhere
    answered = ending.talk_s > 0
    answer_ms = start_ms + ending.ring_s * 1000 if answered else None
    call = Call(
        trunk=trunk,
        call_id=f"demo-{number + 1:04d}-{trunk}",
        direction="outbound",
        from_=CALLER_ID,
        to=person.phone,
        start_ms=start_ms,
        answer_ms=answer_ms,
        end_ms=start_ms + (ending.ring_s + ending.talk_s) * 1000,
        talk_ms=ending.talk_s * 1000,
        answered=answered,
        q850=ending.q850,
        sip=ending.sip,
        cause=ending.cause,
    )
    if trunk == "generic":
        call = replace(call, agent="agent-7")
    return Played(call, trunk, person, ending.disposition, 3 if number % REPEAT_EVERY == 0 else 1)
