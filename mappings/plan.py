"""From one call to the writes it asks for: `plan` is pure, so it can be shown, stored, and made again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.action import Action, NotFired, Plan
from mappings.calendar import WorkingHours
from mappings.conditions import because, holds, judge
from mappings.draft import BY_TAG, Calendar, Draft, Timeline
from mappings.facts import ContactState, Settings, Situation
from mappings.words import USUAL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from mappings.call import Call
    from mappings.rules import Book, Rule
    from mappings.words import Words

__all__ = ["BY_TAG", "Action", "Calendar", "ContactState", "NotFired", "Plan", "Settings", "Timeline", "plan"]

_USUAL_HOURS = WorkingHours()
_USUAL_SETTINGS = Settings()
_NONE: Mapping[str, str] = {}


def plan(
    call: Call,
    contact: ContactState,
    book: Book,
    *,
    now_ms: int,
    zone: tzinfo,
    workflows: Mapping[str, str] | None,
    words: Words = USUAL,
    calendar: Calendar = _USUAL_HOURS,
    settings: Settings = _USUAL_SETTINGS,
    country: str | None = None,
    timeline: Timeline = "note",
    fields: Mapping[str, str] = _NONE,
    agents: Mapping[str, str] = _NONE,
    explain: bool = True,
) -> Plan:
    """What the book wants done for this call. Deterministic, and never an exception, whatever the call.

    Args:
        call: one event of a call, with what its other events and its agent tell; nothing is done before its outcome
            is known.
        contact: what is known of the contact before this call.
        book: its rules are looked at in their order; all that match fire, of a `first` group the first one.
        now_ms: the time of planning, epoch milliseconds: stands for the call's end where nobody knows it.
        zone: the sub-account's time zone.
        workflows: ids by the names the book may use; None (no sub-account at hand) leaves names as they are.
        words: what causes mean here, and what dispositions are called.
        calendar: when work is done, for tasks.
        settings: the sub-account's numbers that the book names.
        country: ISO 3166 code in which national numbers are read.
        timeline: what the book's `note` becomes: a note, a record of the call, or both.
        fields: custom fields, by name or id, that get a fact of every call: by the fact's name.
        agents: the CRM's user ids by an agent's name or extension.
        explain: also say of each rule that does not fire why not, which takes as long as the rest.
    """
    machine, meant, shown = words.outcome(call)
    if machine is None and call.event != "completed":
        return Plan(not_fired=tuple(NotFired(rule.name, "the call has not ended yet") for rule in book.rules))
    situation = Situation(call, meant, contact, machine, shown, zone, now_ms, settings, country)
    draft = Draft(situation, calendar, workflows, timeline, agents)
    _take_rules(draft, book, explain=explain)
    if fields:
        draft.own_fields(fields)
    return draft.plan()


def _take_rules(draft: Draft, book: Book, *, explain: bool) -> None:
    """Each rule that fires, in order; of the others why they do not."""
    fired: dict[str, str] = {}
    for rule in book.rules:
        group = rule.group
        if rule.enabled and group not in fired and holds(rule.when, draft.situation):
            if group is not None and book.groups[group] == "first":
                fired[group] = rule.name
            draft.take(rule, because(rule.when, draft.situation))
        elif explain:
            draft.not_fired.append(NotFired(rule.name, _why_not(rule, fired, draft.situation)))


def _why_not(rule: Rule, fired: Mapping[str, str], situation: Situation) -> str:
    if not rule.enabled:
        return "the rule is switched off"
    if rule.group is not None and rule.group in fired:
        return f'"{fired[rule.group]}" comes first in the group "{rule.group}", and fired'
    return judge(rule.when, situation).reason
