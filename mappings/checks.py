"""How one field of a condition is compared with the situation, and what is said about it.

The comparison and the words are apart: the first decides for every rule of every call, the second is for people.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

from mappings.facts import FACTS, agent
from mappings.words import agents_word

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import time

    from mappings.facts import Settings, Situation

Read: TypeAlias = "Callable[[Situation], Any]"

_LONGEST = 48
_MOST_TAGS = 8
_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Check(NamedTuple):
    """One field of a condition, made ready once for every call: whether it holds, the fact, and what is wanted."""

    holds: Callable[[Situation], bool]
    fact: Callable[[Situation], str]
    wants: Callable[[Situation], str]


class Measure(NamedTuple):
    """How a condition's field is read from the situation, what it is called in reasons, and how it is compared."""

    words: str
    read: Read
    compare: Callable[[Measure, Any], Check]
    unit: str = ""

    def check(self, wanted: Any) -> Check:
        """The comparison with what a condition wants."""
        return self.compare(self, wanted)

    def fact(self, situation: Situation) -> str:
        """The fact in words."""
        return f"{self.words} is {_shown(self.read(situation), self.unit)}"


def _shown(value: float | str | None, unit: str = "") -> str:
    if value is None:
        return "not known"
    if isinstance(value, float):
        return f"{value:g}{unit}"
    text = str(value)
    return f"{text if len(text) <= _LONGEST else text[: _LONGEST - 1] + '…'}{unit}"


class Span(NamedTuple):
    """From one number to another, each end in it or not, and the same in words."""

    low: float
    high: float
    low_in: bool
    high_in: bool
    words: str

    def holds(self, value: float) -> bool:
        """Whether the number lies in it."""
        above = value > self.low or (self.low_in and value == self.low)
        return above and (value < self.high or (self.high_in and value == self.high))


class _Range(Protocol):
    """A range of numbers, some of which may be the sub-account's."""

    def span(self, settings: Settings, unit: str) -> Span:
        """With those numbers."""


class _Clock(Protocol):
    """A span of the day."""

    def __contains__(self, at: time) -> bool: ...


def _one_of(measure: Measure, wanted: tuple[Any, ...]) -> Check:
    read, kept, wants = measure.read, frozenset(wanted), " or ".join(map(str, wanted))
    return Check(lambda situation: read(situation) in kept, measure.fact, lambda _: wants)


def _within(measure: Measure, wanted: _Range) -> Check:
    read, unit = measure.read, measure.unit
    span = lru_cache(maxsize=256)(lambda settings: wanted.span(settings, unit))

    def holds(situation: Situation) -> bool:
        value = read(situation)
        return value is not None and span(situation.settings).holds(value)

    return Check(holds, measure.fact, lambda situation: span(situation.settings).words)


def _like(measure: Measure, wanted: tuple[str, ...]) -> Check:
    read, matches, wants = measure.read, _matcher(wanted), " or ".join(wanted)

    def holds(situation: Situation) -> bool:
        value = read(situation)
        return value is not None and matches(value)

    return Check(holds, measure.fact, lambda _: wants)


def _matcher(wanted: tuple[str, ...]) -> Callable[[str], bool]:
    """Whether a text is one of the patterns, whatever its case; one with a star at its end needs only to begin so."""
    exact = frozenset(pattern for pattern in wanted if not pattern.endswith("*"))
    starts = tuple(pattern[:-1] for pattern in wanted if pattern.endswith("*"))

    def matches(text: str) -> bool:
        folded = " ".join(text.split()).casefold()
        return folded in exact or (bool(starts) and folded.startswith(starts))

    return matches


def _whether(measure: Measure, wanted: bool) -> Check:  # noqa: FBT001 - it is the value of the field
    read, words = measure.read, measure.words

    def fact(situation: Situation) -> str:
        value = read(situation)
        return f"it is not known whether {words}" if value is None else f"{words}: {'yes' if value else 'no'}"

    wants = "yes" if wanted else "no"
    return Check(lambda situation: read(situation) is wanted, fact, lambda _: wants)


def _during(measure: Measure, wanted: _Clock) -> Check:
    read = measure.read

    def holds(situation: Situation) -> bool:
        local = read(situation)
        return local is not None and local.time() in wanted

    def fact(situation: Situation) -> str:
        local = read(situation)
        return f"{measure.words} is {'not known' if local is None else format(local, '%H:%M')}"

    return Check(holds, fact, lambda _: str(wanted))


def _among_tags(measure: Measure, wanted: tuple[str, ...]) -> Check:
    read, matches, wants = measure.read, _matcher(wanted), " or ".join(wanted)

    def fact(situation: Situation) -> str:
        tags: Collection[str] | None = read(situation)
        if tags is None:
            return f"{measure.words} are not known"
        found = sorted(filter(matches, tags)) or sorted(tags)[:_MOST_TAGS]
        return f"{measure.words} are {', '.join(map(_shown, found)) or 'none'}"

    return Check(lambda situation: any(map(matches, read(situation) or ())), fact, lambda _: wants)


def _each_field(measure: Measure, wanted: Mapping[str, tuple[str, ...]]) -> Check:
    each = [
        Measure(f"the contact's field {name}", _field(measure.read, name), _like).check(values)
        for name, values in wanted.items()
    ]

    def telling(situation: Situation) -> list[Check]:
        return [one for one in each if not one.holds(situation)] or each

    return Check(
        lambda situation: all(one.holds(situation) for one in each),
        lambda situation: " and ".join(one.fact(situation) for one in telling(situation)),
        lambda situation: " and ".join(one.wants(situation) for one in telling(situation)),
    )


def _field(read: Read, name: str) -> Read:
    """The contact's field of that name; an empty one is as one not known."""
    return lambda situation: (read(situation) or {}).get(name) or None


def _weekday(situation: Situation) -> str | None:
    return None if (local := situation.local) is None else _WEEK[local.weekday()]


MEASURES: Mapping[str, Measure] = {
    "disposition": Measure("disposition", lambda situation: situation.disposition, _one_of),
    "machine_disposition": Measure("the trunk's disposition", lambda situation: situation.machine, _one_of),
    "agent_disposition": Measure("the agent's disposition", lambda situation: agents_word(situation.call), _like),
    "wrapup": Measure("the agent has added a wrap-up", lambda situation: situation.call.wrapup is not None, _whether),
    "next_step": Measure("the next step", FACTS["next_step"], _like),
    "direction": Measure("direction", lambda situation: situation.call.direction, _one_of),
    "trunk": Measure("trunk", lambda situation: situation.call.trunk, _one_of),
    "number": Measure("the contact's number", lambda situation: situation.number, _like),
    "caller_id": Measure("our number", lambda situation: situation.caller_id, _like),
    "agent": Measure("agent", lambda situation: agent(situation.call), _like),
    "talk_s": Measure("talk time", FACTS["talk_s"], _within, " s"),
    "ring_s": Measure("ring time", FACTS["ring_s"], _within, " s"),
    "answer_latency_s": Measure("time to answer", FACTS["answer_latency_s"], _within, " s"),
    "attempt": Measure("attempt", lambda situation: situation.attempt, _within),
    "q850": Measure("Q.850 cause", lambda situation: situation.call.q850, _one_of),
    "sip": Measure("SIP status", lambda situation: situation.call.sip, _one_of),
    "cause": Measure("the trunk's cause", lambda situation: situation.call.cause, _like),
    "hangup_by": Measure("who hung up", lambda situation: situation.call.hangup_by, _like),
    "amd": Measure("answering machine detection", lambda situation: situation.call.amd, _one_of),
    "local_time": Measure("local time", lambda situation: situation.local, _during),
    "weekday": Measure("weekday", _weekday, _one_of),
    "contact_known": Measure("the CRM knew the contact", lambda situation: situation.contact.known, _whether),
    "dnd": Measure("the contact has do-not-disturb", lambda situation: situation.contact.dnd, _whether),
    "tags": Measure("the contact's tags", lambda situation: situation.contact.tags, _among_tags),
    "fields": Measure("the contact's fields", lambda situation: situation.contact.fields, _each_field),
}
"""Each field of a condition, `all`, `any` and `not` aside, in the order in which they are judged."""
