"""From one call to the writes it asks for: `plan` is pure, so it can be shown, stored, and made again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import orjson

from mappings.call import iso
from mappings.conditions import ContactState, Situation, judge
from mappings.note import note_text
from mappings.rules import is_workflow_name
from mappings.words import USUAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from mappings.call import Call
    from mappings.rules import Book, Rule, Step
    from mappings.words import Words

__all__ = ["Action", "ContactState", "NotFired", "Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Action:
    """One write to the CRM.

    `key` is unique within the plan and the same whenever the same call is planned. `args` by kind: `note`
    {"body": text}; `add_tags`, `remove_tags` {"tags": [text]}; `enrol`, `unenrol` {"workflow": id}. `due` is
    epoch milliseconds, None for now. `rule` names the rules that asked for it, `reason` says why they fired.
    """

    key: str
    kind: str
    args: dict[str, Any]
    due: int | None
    rule: str
    reason: str


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
        }


_RANKS = {"note": 0, "remove_tags": 1, "add_tags": 2, "enrol": 9}
"""The note first: it is what people miss most. A tag goes before it comes, which starts the CRM's "tag added"
triggers again. Enrolments last: none can be read back, so nothing that may need a retry follows one."""
_ANY_OTHER = 5

_UNSET = 'no workflow is set for the name "{}" in this sub-account'


BY_TAG = "tag:"
"""`tag:start-sms` in place of a workflow's id: enrol by the tag that triggers the workflow.

Adding a tag can be repeated without harm, so an enrolment in this way is never in doubt.
"""


def plan(
    call: Call,
    contact: ContactState,
    book: Book,
    *,
    now_ms: int,
    zone: tzinfo,
    workflows: Mapping[str, str] | None,
    words: Words = USUAL,
) -> Plan:
    """What the book wants done for this call. Deterministic, and never an exception, whatever the call.

    Args:
        call: one event of a call; nothing is done before its outcome is known.
        contact: what is known of the contact before this call.
        book: its rules are looked at in their order; all that match fire.
        now_ms: the time of planning, epoch milliseconds.
        zone: the sub-account's time zone, for texts.
        words: what causes mean here, and what dispositions are called.
        workflows: ids by the names the book may use; None (no sub-account at hand) leaves names as they are.
    """
    del now_ms  # nothing in a book waits yet; what will, counts from here
    outcome = words.meaning(call)
    if outcome is None and call.event != "completed":
        return Plan(not_fired=tuple(NotFired(rule.name, "the call has not ended yet") for rule in book.rules))
    draft = _Draft(Situation(call, outcome, contact), zone, workflows, words.name(outcome))
    for rule in book.rules:
        draft.take(rule)
    return draft.plan()


@dataclass(slots=True)
class _Wish:
    """An action in the making: which rules want it, and why each."""

    key: str
    kind: str
    args: dict[str, Any]
    because: dict[str, str] = field(default_factory=dict)

    def action(self) -> Action:
        if len(self.because) == 1:
            ((rule, reason),) = self.because.items()
        else:
            rule = ", ".join(self.because)
            reason = "; ".join(f"{name}: {why}" for name, why in self.because.items())
        return Action(self.key, self.kind, self.args, None, rule, reason)


class _Draft:
    """The plan in the making: wishes by what they are about, so that those of several rules become one."""

    def __init__(
        self, situation: Situation, zone: tzinfo, workflows: Mapping[str, str] | None, named: str | None
    ) -> None:
        self.situation = situation
        self.named = named
        self.zone = zone
        self.workflows = workflows
        self.wishes: dict[tuple[str, str], _Wish] = {}
        self.not_fired: list[NotFired] = []

    def take(self, rule: Rule) -> None:
        """Add what this rule wants, or why it wants nothing."""
        if not rule.enabled:
            self.not_fired.append(NotFired(rule.name, "the rule is switched off"))
            return
        finding = judge(rule.when, self.situation)
        if not finding.holds:
            self.not_fired.append(NotFired(rule.name, finding.reason))
            return
        for step in rule.do:
            wish = self._wish(step)
            if isinstance(wish, str):
                self.not_fired.append(NotFired(rule.name, wish))
            else:
                wish.because[rule.name] = finding.reason

    def _wish(self, step: Step) -> _Wish | str:
        """The wish that this step makes or adds to; in words why there is none."""
        match step.kind:
            case "note":
                body = note_text(self.situation.call, self.situation.disposition, self.zone, named=self.named)
                return self._once("note", step.kind, {"body": body})
            case "add_tags" | "remove_tags":
                return self._tags(step.kind, map(self._filled, step.tags))
            case _:  # enrol, unenrol
                workflow = self._resolved(step.workflow)
                if workflow is None:
                    return _UNSET.format(step.workflow)
                if workflow.startswith(BY_TAG):
                    kind = "add_tags" if step.kind == "enrol" else "remove_tags"
                    return self._tags(kind, [workflow.removeprefix(BY_TAG).strip().lower()])
                return self._once(f"{step.kind}:{step.workflow}", step.kind, {"workflow": workflow}, workflow)

    def _tags(self, kind: str, wanted: Iterable[str]) -> _Wish:
        wish = self._once(kind, kind, {"tags": []})
        tags = wish.args["tags"]
        tags += [tag for tag in dict.fromkeys(wanted) if tag not in tags]
        return wish

    def _once(self, key: str, kind: str, args: dict[str, Any], target: str = "") -> _Wish:
        """The wish of this kind about this target: the one that is there, or else a new one."""
        return self.wishes.setdefault((kind, target), _Wish(key, kind, args))

    def _resolved(self, workflow: str) -> str | None:
        """The workflow's id; None for a name that is not configured."""
        if self.workflows is None:
            return workflow
        configured = self.workflows.get(workflow)
        return configured or (None if is_workflow_name(workflow) else workflow)

    def _filled(self, tag: str) -> str:
        """The tag with its placeholders (rules.PLACEHOLDERS) filled."""
        if "{" not in tag:
            return tag
        call = self.situation.call
        return tag.format(disposition=_slug(self.named), direction=_slug(call.direction), trunk=_slug(call.trunk))

    def plan(self) -> Plan:
        """All wishes as actions, in the order in which they are applied."""
        ranked = sorted(self.wishes.values(), key=lambda wish: _RANKS.get(wish.kind, _ANY_OTHER))
        return Plan(tuple(wish.action() for wish in ranked), tuple(self.not_fired))


@lru_cache(maxsize=256)  # a handful of words, wanted for every call
def _slug(word: str | None) -> str:
    """A word as part of a tag: "No Answer" is `no-answer`, nothing is `unknown`."""
    return re.sub(r"[^a-z0-9]+", "-", (word or "").lower()).strip("-") or "unknown"
