"""Rules of a valid book that can never fire, found before a call has to show it.

Each field's values fall into finitely many cells, within which no condition of the book makes a difference: the values
it names, what lies between them, anything else, and "not known". A field of a condition is then a set of cells, a
condition a choice of boxes (a set of cells for each field it looks at), and the questions are those of sets: is a box
empty, does it lie within another. What is said is true; a condition with too many boxes is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

from mappings.checks import MEASURES
from mappings.conditions import Clock, Range
from mappings.facts import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mappings.conditions import Condition
    from mappings.rules import Book, Rule

Key: TypeAlias = "tuple[str, str]"
Box: TypeAlias = "Mapping[Key, frozenset[int]]"

_MOST_BOXES = 300
_OTHER = "\x00"
"""A text that no book can name."""
_MOMENT = timedelta(microseconds=1)
_TEXTS = ("agent_disposition", "next_step", "number", "caller_id", "agent", "cause", "hangup_by")


class _TooManyError(Exception):
    """A condition with more boxes than are looked at."""


@dataclass(slots=True)
class _Probe:
    """A situation of which one fact is known, for the measures to read."""

    value: object
    settings: Settings


def warnings(book: Book, settings: Settings | None = None) -> list[tuple[str, str]]:
    """What is allowed and surely not meant: (path, message) pairs, in the order of the book."""
    told = [
        (f"groups.{name}", "no rule belongs to it")
        for name in book.groups
        if all(rule.group != name for rule in book.rules)
    ]
    boxes = _Boxes([rule.when for rule in book.rules], settings or Settings())
    earlier: list[tuple[Rule, list[Box]]] = []
    for index, rule in enumerate(book.rules):
        before = [(other, kept) for other, kept in earlier if _first_of_group(book, rule, other)]
        try:
            own = boxes.of(rule.when)
            shadow = boxes.shadow(own, before) if own and rule.enabled else []
        except _TooManyError:
            continue
        if not own:
            told.append((f"rules[{index}].when", "can never hold: what it asks for excludes one another"))
        if shadow:
            names = " and ".join(f'"{name}"' for name in shadow)
            told.append((f"rules[{index}]", f"can never fire: {names} in its group takes every such call before it"))
        if rule.enabled:
            earlier.append((rule, own))
    return told


def _first_of_group(book: Book, rule: Rule, other: Rule) -> bool:
    return rule.group is not None and rule.group == other.group and book.groups[rule.group] == "first"


@dataclass(slots=True)
class _Boxes:
    """Conditions as boxes over the cells that all of them together make."""

    conditions: Sequence[Condition]
    settings: Settings
    cells: dict[Key, list[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named: dict[Key, list[Any]] = {}
        for condition in _walk(self.conditions):
            for key, wanted in _fields(condition):
                named.setdefault(key, []).append(wanted)
        self.cells = {key: [None, *_values(key[0], wanted, self.settings)] for key, wanted in named.items()}

    def of(self, condition: Condition, *, holding: bool = True) -> list[Box]:
        """The boxes in which the condition holds, or does not.

        Raises:
            _TooManyError: they are too many.
        """
        parts = [self._field(key, wanted, holding=holding) for key, wanted in _fields(condition)]
        parts += [self.of(part, holding=holding) for part in condition.all or ()]
        if condition.any is not None:
            some = [self.of(part, holding=holding) for part in condition.any]
            parts.append(_either(some) if holding else _both(some))
        if condition.not_ is not None:
            parts.append(self.of(condition.not_, holding=not holding))
        return _both(parts) if holding else _either(parts)

    def shadow(self, own: list[Box], before: Sequence[tuple[Rule, list[Box]]]) -> list[str]:
        """The earlier rules that together leave nothing of these boxes; none, if some call gets past them.

        Raises:
            _TooManyError: what is left of them is in too many pieces.
        """
        names = []
        for other, boxes in before:
            rest = own
            for wide in boxes:
                rest = _few([piece for box in rest for piece in self._without(box, wide)])
            if rest != own:
                names.append(other.name)
            own = rest
        return [] if own else names

    def _without(self, box: Box, wide: Box) -> list[Box]:
        """What is left of a box beside another one."""
        if _meet(box, wide) is None:
            return [box]
        pieces: list[Box] = []
        for key, taken in wide.items():
            if left := box.get(key, frozenset(range(len(self.cells[key])))) - taken:
                pieces.append({**box, key: left})
        return pieces

    def _field(self, key: Key, wanted: Any, *, holding: bool) -> list[Box]:
        measure = MEASURES[key[0]]
        if key[0] in ("tags", "fields"):  # each tag is a question of its own, each field has values like a text
            measure = MEASURES["contact_known" if key[0] == "tags" else "agent"]
        check = measure._replace(read=_value).check(wanted)
        probes: list[Any] = [_Probe(value, self.settings) for value in self.cells[key]]
        kept = frozenset(cell for cell, probe in enumerate(probes) if check.holds(probe) is holding)
        return [{key: kept}] if kept else []


def _value(probe: Any) -> Any:
    return probe.value


def _walk(conditions: Sequence[Condition]) -> Iterator[Condition]:
    waiting = list(conditions)
    while waiting:
        condition = waiting.pop()
        yield condition
        waiting += condition.inner


def _fields(condition: Condition) -> Iterator[tuple[Key, Any]]:
    """What a condition wants itself, by field; of one tag out of several it cannot be told here which."""
    for name in MEASURES:
        wanted = getattr(condition, name)
        if wanted is None:
            continue
        if name == "fields":
            yield from (((name, key), patterns) for key, patterns in wanted.items())
        elif name == "tags":
            yield (name, " ".join(sorted(wanted))), True
        else:
            yield (name, ""), wanted


def _values(name: str, wanted: Sequence[Any], settings: Settings) -> list[object]:
    """One value out of each cell."""
    if isinstance(wanted[0], bool):
        return [True, False]
    if isinstance(wanted[0], Range):
        return _numbers([one.span(settings) for one in wanted])
    if isinstance(wanted[0], Clock):
        return _moments(wanted)
    mentioned = dict.fromkeys(value for values in wanted for value in values)
    if name in _TEXTS or name == "fields":
        texts = (pattern.removesuffix("*") for pattern in mentioned)
        return [_OTHER, *(text + more for text in texts for more in ("", _OTHER))]
    return [_OTHER, *mentioned]


def _numbers(spans: Sequence[Any]) -> list[object]:
    ends = sorted({end for span in spans for end in (span.low, span.high) if 0 <= end < float("inf")})
    between = [(low + high) / 2 for low, high in pairwise(ends)]
    return [0.0, *ends, *between, ends[0] / 2 if ends else 1.0, ends[-1] + 1 if ends else 2.0]


def _moments(clocks: Sequence[Clock]) -> list[object]:
    day = date(2000, 1, 1)
    ends = [datetime.combine(day, end) for clock in clocks for end in (clock.from_, clock.to)]
    return [moment for end in ends for moment in (end - _MOMENT, end)]


def _either(choices: Sequence[list[Box]]) -> list[Box]:
    return _few([box for boxes in choices for box in boxes])


def _both(parts: Sequence[list[Box]]) -> list[Box]:
    """Every way to be in one box of each part at once."""
    boxes: list[Box] = [{}]
    for part in parts:
        boxes = _few([met for box in boxes for other in part if (met := _meet(box, other)) is not None])
    return boxes


def _few(boxes: list[Box]) -> list[Box]:
    if len(boxes) > _MOST_BOXES:
        raise _TooManyError
    return boxes


def _meet(one: Box, other: Box) -> Box | None:
    """What lies in both; None if nothing does."""
    met = dict(one)
    for key, cells in other.items():
        met[key] = met[key] & cells if key in met else cells
        if not met[key]:
            return None
    return met
