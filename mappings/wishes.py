"""What the rules want of one call, by what it is about, so that one thing wanted by several is done once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from mappings.action import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_RANKS = {"note": 0, "call_record": 1, "remove_tags": 2, "add_tags": 3, "enrol": 9}
_ANY_OTHER = 5
_LATER = 8
"""The note first: it is what people miss most. A tag goes before it comes, which starts the CRM's "tag added"
triggers again. Enrolments last: none can be read back, so nothing that may need a retry follows one. What is done
later is only written down now."""


class LeftOutError(Exception):
    """Something that this call or this sub-account gives no occasion for: why."""


@dataclass(slots=True)
class _Wish:
    """An action in the making: which rules want it, and why each."""

    key: str
    kind: str
    args: dict[str, Any]
    due: int | None = None
    because: dict[str, str] = field(default_factory=dict)

    def action(self) -> Action:
        """As it is done."""
        if len(self.because) == 1:
            ((rule, reason),) = self.because.items()
        else:
            rule = ", ".join(self.because)
            reason = "; ".join(f"{name}: {why}" for name, why in self.because.items())
        return Action(self.key, self.kind, self.args, self.due, rule, reason)


def _rank(wish: _Wish) -> int:
    """Its place in the plan."""
    if wish.due is not None and wish.kind != "task":
        return _LATER
    return _RANKS.get(wish.kind, _ANY_OTHER)


class Wishes:
    """Actions by kind and target, each with the rules that want it. `rule` and `reason` are of the one that speaks."""

    __slots__ = ("_kept", "reason", "rule")

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], _Wish] = {}
        self.rule = ""
        self.reason = ""

    def once(self, key: str, kind: str, args: dict[str, Any], *, target: str = "", due: int | None = None) -> None:
        """The action of this kind about this target: a new one, or one more rule that wants it.

        Raises:
            LeftOutError: an earlier rule wants something else of the same target.
        """
        wish = self._kept.get((kind, target))
        if wish is None:
            wish = self._kept[kind, target] = _Wish(key, kind, args, due)
        elif wish.args != args:
            raise LeftOutError(f'the rule "{next(iter(wish.because))}" comes first and says otherwise ({key})')
        wish.because[self.rule] = self.reason

    def tags(self, kind: str, wanted: Iterable[str], suffix: str = "", due: int | None = None) -> None:
        """Tags to add or to remove: all of one time are one action."""
        wish = self._kept.get((kind, suffix))
        if wish is None:
            wish = self._kept[kind, suffix] = _Wish(kind + suffix, kind, {"tags": []}, due)
        tags = wish.args["tags"]
        tags += [tag for tag in dict.fromkeys(wanted) if tag not in tags]
        wish.because[self.rule] = self.reason

    def fields(self, values: Mapping[str, str]) -> None:
        """Custom fields to write: all are one action; the first rule to write a field has it."""
        wish = self._kept.setdefault(("field", ""), _Wish("field", "field", {"fields": {}}))
        wish.args["fields"] = dict(values) | wish.args["fields"]
        wish.because[self.rule] = self.reason

    def actions(self) -> tuple[Action, ...]:
        """All of them, in the order in which they are applied; of one rank in the order of the book."""
        return tuple(wish.action() for wish in sorted(self._kept.values(), key=_rank))
