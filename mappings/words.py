"""PURE: a sub-account's own words for dispositions, and its own reading of causes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mappings.disposition import disposition

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mappings.call import Call, Disposition


@dataclass(frozen=True, slots=True)
class Words:
    """What a disposition is called here, in notes and tags, and what an unanswered call's end means here.

    Keys of `causes`: the trunk's own word or code in lower case, `sip:486`, `q850:17`; the first of these that is
    listed decides.
    """

    names: Mapping[Disposition, str] = field(default_factory=dict)
    causes: Mapping[str, Disposition] = field(default_factory=dict)

    def meaning(self, call: Call) -> Disposition | None:
        """The category of the call in this sub-account; an answered call is what it is."""
        usual = disposition(call)
        if not self.causes or call.answered or usual is None:
            return usual
        return next((self.causes[key] for key in _keys(call) if key in self.causes), usual)

    def name(self, meant: Disposition | None) -> str | None:
        """What it is called here."""
        return None if meant is None else self.names.get(meant, meant.value)


USUAL = Words()


def _keys(call: Call) -> Iterator[str]:
    if call.cause:
        yield call.cause.lower()
    if call.sip is not None:
        yield f"sip:{call.sip}"
    if call.q850 is not None:
        yield f"q850:{call.q850}"
