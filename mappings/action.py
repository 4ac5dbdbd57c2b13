"""What a plan is made of: actions, what did not fire, and what the call does to the contact's count of attempts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from mappings.call import iso


@dataclass(frozen=True, slots=True)
class Action:
    """One write to the CRM, or to ourselves.

    `key` is unique within the plan and the same whenever the same call is planned. `args` by kind: docs/rule-books.md,
    "What becomes of it"; `{"unusable": why}` for one that is wanted and cannot be made. `due` is epoch milliseconds:
    for a task the date on it, for anything else when it is to be done, None for now. `rule` names the rules that asked
    for it, `reason` says why they fired.
    """

    key: str
    kind: str
    args: dict[str, Any]
    due: int | None
    rule: str
    reason: str

    @property
    def unusable(self) -> str | None:
        """Why this action cannot be done, where that is so: a text that could not be filled in."""
        return self.args.get("unusable")

    @property
    def deferred(self) -> bool:
        """Whether it is to be done later, and only if a new plan of the call then still has it."""
        return self.due is not None and self.kind != "task"


@dataclass(frozen=True, slots=True)
class NotFired:
    """A rule, or one action of it, that does nothing for this call, and why."""

    rule: str
    reason: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do for one event of one call, in this order, and what not."""

    actions: tuple[Action, ...] = ()
    not_fired: tuple[NotFired, ...] = ()
    attempts: int | None = None
    """The contact's unanswered attempts after this call; None leaves the count as it is, 0 ends the sequence."""
    attempt_tag: str | None = None
    """The tag that shows them from now on; None leaves it as it is, "" is none."""

    def to_json(self) -> bytes:
        """The plan as it is stored."""
        return orjson.dumps(self)

    @classmethod
    def from_json(cls, document: bytes) -> Plan:
        """The plan `to_json` wrote.

        Raises:
            ValueError, KeyError, TypeError: somebody else wrote it.
        """
        stored = orjson.loads(document)
        return cls(
            tuple(Action(**action) for action in stored["actions"]),
            tuple(NotFired(**rule) for rule in stored["not_fired"]),
            stored.get("attempts"),
            stored.get("attempt_tag"),
        )

    def surface(self) -> dict[str, Any]:
        """The plan as `ringback explain` and the API show it (docs/design.md, "Outer surface")."""
        return {
            "actions": [
                {
                    "key": action.key,
                    "kind": action.kind,
                    "args": action.args,
                    "due": iso(action.due),
                    "rule": action.rule,
                    "reason": action.reason,
                }
                for action in self.actions
            ],
            "not_fired": [{"rule": rule.rule, "reason": rule.reason} for rule in self.not_fired],
            "attempts": self.attempts,
        }
