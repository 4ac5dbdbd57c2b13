"""What is to be done about a call that was written already, once more is known of it. PURE.

All plans are of the same call: as it was known when it was written, and with what came since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mappings.plan import Action, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TAGS = frozenset({"add_tags", "remove_tags"})
_AGAIN = frozenset({"field"})
"""Kinds that are done again with other values."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What to do now, and what was planned before and is wanted no more (by its key, the action)."""

    plan: Plan
    dropped: Mapping[str, Action]


def correct(
    before: Plan, after: Plan, newest: Plan, *, written: Mapping[str, str | None], recording: str | None
) -> Correction:
    """The difference as a plan: note, tags, recording, then all else in the order of `after`.

    - the note is replaced where its text changed, by the newest text: `update_note`, with its id where the call's end
      wrote it, and `new` where no note was planned before; it is never doubled;
    - tags that are new are added, tags that are wanted no more are taken away;
    - an action of a key that was not planned before is done, unless it was done; one that was done and is not wanted
      any more stays done (nobody can take back an SMS), but its timer is dropped;
    - a recording that came later is put to the call record.

    A correction may come late, with others of the same call behind it or done before it: what the newest plan does not
    want either way is left alone, so that all of them together, in whatever order, come to the newest plan.

    Args:
        before: the plan as things were known before.
        after: the plan with what this correction is about.
        newest: the plan with all that is known by now.
        written: the CRM's ids by the keys of the actions that were done when the call was written.
        recording: the address of a recording that is new.
    """
    had = {action.key: action for action in before.actions}
    wants = {action.key for action in after.actions}
    last = {action.key: action for action in newest.actions}
    others: list[Action] = []
    for action in after.actions:
        if action.key in last:
            others += _one(last[action.key], had.get(action.key), written)
    actions = [action for action in others if action.kind == "update_note"]
    actions += _tags(before, after, newest)
    record = written.get("call_record")
    if recording is not None and record is not None:
        why = "the recording came later"
        actions.append(Action("attach", "attach", {"message": record, "urls": [recording]}, None, "", why))
    actions += [action for action in others if action.kind != "update_note"]
    dropped = {key: action for key, action in had.items() if key not in wants and key not in last}
    return Correction(replace(after, actions=tuple(actions)), dropped)


def _one(action: Action, before: Action | None, written: Mapping[str, str | None]) -> Iterator[Action]:
    if action.kind in _TAGS and action.due is None:
        return
    if action.kind == "note":
        if before is None or before.args != action.args:
            args = {**action.args, "note": written.get(action.key), "new": before is None}
            yield replace(action, kind="update_note", args=args)
    elif action.kind in _AGAIN:
        if before is None or before.args != action.args:
            yield action
    elif before is None and action.key not in written:
        yield action


def _tags(before: Plan, after: Plan, newest: Plan) -> Iterator[Action]:
    """Tags taken away first: one that goes and comes again starts the CRM's triggers again."""
    had, wants, last = _wanted(before), _wanted(after), _wanted(newest)
    # A tag that was added for what turned out to be wrong goes; one that was taken away is not given back.
    changes = {tag: state for tag, state in wants.items() if had.get(tag) is not state}
    changes |= {tag: False for tag, state in had.items() if state and tag not in wants}
    for kind, on in (("remove_tags", False), ("add_tags", True)):
        tags = [tag for tag, state in changes.items() if state is on and last.get(tag, False) is on]
        if tags:
            rule, reason = _because(after, kind)
            yield Action(kind, kind, {"tags": tags}, None, rule, reason)


def _wanted(plan: Plan) -> dict[str, bool]:
    """Tag -> whether the plan wants it on the contact."""
    found: dict[str, bool] = {}
    for action in plan.actions:
        if action.due is None and action.unusable is None and action.kind in _TAGS:
            tags: list[Any] = action.args["tags"]
            found |= dict.fromkeys(tags, action.kind == "add_tags")
    return found


def _because(plan: Plan, kind: str) -> tuple[str, str]:
    found = next((action for action in plan.actions if action.kind == kind), None)
    return ("", "more became known of the call") if found is None else (found.rule, found.reason)
