"""What a workflow's author chose of the trigger's filters, held against a call. PURE.

The CRM does not say whether it looks at filters itself when a trigger is fired, so we do. It documents `==` alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from connector.workflow.payload import SAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

EQUALS: Final = "=="
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", re.ASCII)
_BOOLEANS: Final = {"true": True, "false": False}


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition as the CRM told it; `value` is whatever JSON it was."""

    field: str
    operator: str
    value: object

    @property
    def problem(self) -> str | None:
        """Why nothing can be held against it, in words; None where it is understood."""
        if self.field not in SAMPLE:
            return f"{self.field[:100]!r} is no field of a call"
        if self.operator != EQUALS:
            return f"{self.operator[:100]!r} is no operator that is known; {EQUALS!r} is"
        values = self.value if isinstance(self.value, list) else [self.value]
        if not all(value is None or isinstance(value, str | int | float) for value in values):
            return f"the value for {self.field!r} is neither text, number, true, false, nothing, nor a list of those"
        return None

    def holds(self, payload: Mapping[str, object]) -> bool:
        """Whether the call is so. Of a list of values any one will do; a filter that is not understood never holds.

        Texts are equal in any case, blanks around them aside. A number is equal to a number, also to one in a text.
        What is not known of a call equals nothing but null and the empty text.
        """
        if self.problem is not None:
            return False
        known = payload.get(self.field)
        values = self.value if isinstance(self.value, list) else [self.value]
        return any(_equal(known, value) for value in values)


def read_filters(given: Iterable[Mapping[str, Any]]) -> tuple[Filter, ...]:
    """Filters as the CRM sends them; what it says besides (titles, types, ids) is left out."""
    return tuple(Filter(str(one.get("field")), str(one.get("operator")), one.get("value")) for one in given)


def _equal(known: object, wanted: object) -> bool:
    match known:
        case None:
            return wanted is None or (isinstance(wanted, str) and not wanted.strip())
        case bool():
            return known is (wanted if isinstance(wanted, bool) else _BOOLEANS.get(_plain(wanted)))
        case int() | float():
            return known == _number(wanted)
        case _:
            return wanted is not None and _plain(known) == _plain(wanted)


def _plain(value: object) -> str:
    """As text that can be compared: 3 and 3.0 are "3", True is "true"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip().casefold()


def _number(value: object) -> float | None:
    """A number, also one in a text; True is none."""
    if isinstance(value, str):
        text = value.strip()
        return float(text) if _NUMBER.fullmatch(text) else None
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
