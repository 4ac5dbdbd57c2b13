"""PURE: a sub-account's own words for dispositions, and its own reading of causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mappings.disposition import disposition, worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mappings.call import Call, Disposition


class Outcome(NamedTuple):
    """How a call ended: as its trunk tells it, as rules take it, and as people read it.

    `meant` is the agent's category where the agent's word is one of ours, else `machine`; `shown` is the agent's own
    word where there is one (one of ours by its name here), else the name of `machine` here.
    """

    machine: Disposition | None
    meant: Disposition | None
    shown: str | None


@dataclass(frozen=True, slots=True)
class Words:
    """What a disposition is called here, in notes and tags, and what an unanswered call's end means here.

    Keys of `causes`: the trunk's own word or code in lower case, `sip:486`, `q850:17`; the first of these that is
    listed decides.
    """

    names: Mapping[Disposition, str] = field(default_factory=dict)
    causes: Mapping[str, Disposition] = field(default_factory=dict)

    def machine(self, call: Call) -> Disposition | None:
        """The category of the call in this sub-account as its trunk tells it; an answered call is what it is."""
        usual = disposition(call)
        if not self.causes or call.answered or usual is None:
            return usual
        return next((self.causes[key] for key in _keys(call) if key in self.causes), usual)

    def outcome(self, call: Call) -> Outcome:
        """How the call ended, by its trunk and by its agent."""
        machine, word = self.machine(call), agents_word(call)
        if word is None:
            return Outcome(machine, machine, self.name(machine))
        own = self._category(word)
        return Outcome(machine, own or machine, self.name(own) or word)

    def meaning(self, call: Call) -> Disposition | None:
        """The category that rules go by: the agent's, where it is one of ours; else the trunk's."""
        return self.outcome(call).meant

    def shown(self, call: Call) -> str | None:
        """What the outcome is called here."""
        return self.outcome(call).shown

    def name(self, meant: Disposition | None) -> str | None:
        """What it is called here."""
        return None if meant is None else self.names.get(meant, meant.value)

    def _category(self, word: str) -> Disposition | None:
        """The category that an agent's word names: by its name here before its usual one."""
        wanted = word.casefold()
        own = (meant for meant, name in self.names.items() if name.casefold() == wanted)
        return next(own, None) or worded(word)


USUAL = Words()


def agents_word(call: Call) -> str | None:
    """The agent's disposition as it was written, or None."""
    return None if call.wrapup is None else call.wrapup.disposition


def _keys(call: Call) -> Iterator[str]:
    if call.cause:
        yield call.cause.lower()
    if call.sip is not None:
        yield f"sip:{call.sip}"
    if call.q850 is not None:
        yield f"q850:{call.q850}"
