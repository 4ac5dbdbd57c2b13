"""A plan in the making: what each step of a rule wants for this call."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from mappings.action import NotFired, Plan
from mappings.call import Disposition, iso
from mappings.facts import FACTS, agent
from mappings.note import marker, note_text, own_note
from mappings.steps import NEXT_STEP, TAG_LIMIT, is_workflow, is_workflow_name
from mappings.template import TemplateError, piece, template
from mappings.wishes import LeftOutError, Wishes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import tzinfo

    from mappings import steps
    from mappings.facts import SettingName, Situation
    from mappings.rules import Rule

Timeline: TypeAlias = Literal["note", "record", "both"]

BY_TAG = "tag:"
"""`tag:start-sms` in place of a workflow's id: enrol by the tag that triggers the workflow.

Adding a tag can be repeated without harm, so an enrolment in this way is never in doubt.
"""

_UNSET = 'no workflow is set for the name "{}" in this sub-account'
_VALUE_LIMIT = 1000

OWN_FIELDS = ("the sub-account's fields", "its settings keep these facts in custom fields")
"""In place of a rule and its reason, for fields that the settings and not the book ask for."""

_STATUS: Mapping[Disposition | None, str] = {
    Disposition.CONNECTED: "completed",
    Disposition.VOICEMAIL: "voicemail",
    Disposition.NO_ANSWER: "no-answer",
    Disposition.BUSY: "busy",
    Disposition.REJECTED: "busy",
    Disposition.CANCELED: "canceled",
}
"""The CRM's words for how a call ended; any other disposition is `failed`. A declined call is `busy`, as 603 is for
most switches: the callee's phone was there."""


class Calendar(Protocol):
    """When work is done (mappings/calendar.py)."""

    def business_days_after(self, at_ms: int, days: int, zone: tzinfo) -> int:
        """Epoch milliseconds of a sensible local hour on the `days`-th business day after `at_ms`.

        Raises:
            ValueError, OverflowError, OSError: no calendar has that day.
        """


class UnusableError(Exception):
    """An action that is wanted and cannot be made for this call: why."""


@dataclass(slots=True)
class Draft:
    """The plan in the making."""

    situation: Situation
    calendar: Calendar
    workflows: Mapping[str, str] | None
    timeline: Timeline
    agents: Mapping[str, str]
    wishes: Wishes = field(default_factory=Wishes)
    not_fired: list[NotFired] = field(default_factory=list)
    attempts: int | None = None
    attempt_tag: str | None = None

    def take(self, rule: Rule, reason: str) -> None:
        """Add what this rule wants, which fired for that reason."""
        self.wishes.rule, self.wishes.reason = rule.name, reason
        for number, step in enumerate(rule.do, 1):
            own = f"{rule.name}#{number}"
            try:
                _STEPS[step.kind](self, step, own)
            except LeftOutError as why:
                self.not_fired.append(NotFired(rule.name, str(why)))
            except (TemplateError, UnusableError) as why:
                self._unusable(step.kind, own, str(why))
            except (ValueError, OverflowError, OSError):  # datetime's, for what no settled call has
                self._unusable(step.kind, own, "one of its times is in no calendar")

    def plan(self) -> Plan:
        """What has been taken, in the order in which it is applied."""
        return Plan(self.wishes.actions(), tuple(self.not_fired), self.attempts, self.attempt_tag)

    def _unusable(self, kind: str, own: str, why: str) -> None:
        """The action is in the plan, so that it is seen, and refused alone."""
        kind = _BECOMES.get(kind, kind)
        self.wishes.once(f"{kind}:{own}", kind, {"unusable": why}, target=f"unusable:{own}")

    def _filled(self, text: str) -> str:
        return template(text).render(self.situation)

    def _due(self, after_s: float | SettingName | None) -> tuple[str, int | None]:
        """What follows a key, and when it is done."""
        if after_s is None:
            return "", None
        seconds = self.situation.settings.number(after_s) if isinstance(after_s, str) else after_s
        return f"@{seconds:g}", self.situation.ended_ms + round(seconds * 1000)

    def note(self, step: steps.Note, _own: str) -> None:
        """The timeline's entry: a note, a record of the call, or both, as the sub-account has it."""
        if self.timeline != "note":
            self.call_record(step, _own)
        if self.timeline == "record":
            return
        facts = self.situation
        if step.body is None:
            body = note_text(facts.call, facts.machine, facts.zone, named=facts.shown)
        else:
            body = own_note(facts.call, self._filled(step.body))
        self.wishes.once("note", "note", {"body": body})

    def call_record(self, _step: object, _own: str) -> None:
        """The call as the CRM's conversation shows it; both numbers in E.164 as far as they are."""
        facts = self.situation
        inbound = facts.call.direction == "inbound"
        ours, theirs = facts.caller_id, facts.number
        args = {
            "status": _STATUS.get(facts.machine, "failed"),
            "direction": "inbound" if inbound else "outbound",
            "to": ours if inbound else theirs,
            "from": theirs if inbound else ours,
            "date": iso(facts.began_ms),
        }
        self.wishes.once("call_record", "call_record", args)

    def tags(self, step: steps.AddTags | steps.RemoveTags, _own: str) -> None:
        """All tags that one call adds at one time are one action, likewise those it removes."""
        self._tag(step.kind, [self._filled_tag(tag) for tag in step.tags], step.after_s)

    def _tag(self, kind: str, wanted: Iterable[str], after_s: float | SettingName | None = None) -> None:
        self.wishes.tags(kind, wanted, *self._due(after_s))

    def _filled_tag(self, text: str) -> str:
        if "{" not in text:
            return text
        tag = " ".join(template(text, "tag").render(self.situation).lower().split())[:TAG_LIMIT].rstrip()
        if not tag:
            raise UnusableError(f"the tag {text!r} comes out empty")
        return tag

    def workflow(self, step: steps.Enrol | steps.Unenrol, _own: str) -> None:
        """Into a workflow or out of it, by its id or by its tag."""
        self._workflow(step.kind, step.workflow, step.after_s)

    def _workflow(self, kind: str, name: str, after_s: float | SettingName | None = None) -> None:
        if name == NEXT_STEP:
            name = self._named_by_the_agent()
        workflow = self._resolved(name)
        if workflow is None:
            raise LeftOutError(_UNSET.format(name))
        if workflow.startswith(BY_TAG):
            tag = workflow.removeprefix(BY_TAG).strip().lower()
            self._tag("add_tags" if kind == "enrol" else "remove_tags", [tag], after_s)
            return
        suffix, due = self._due(after_s)
        self.wishes.once(f"{kind}:{name}{suffix}", kind, {"workflow": workflow}, target=workflow + suffix, due=due)

    def _named_by_the_agent(self) -> str:
        wrapup = self.situation.call.wrapup
        name = None if wrapup is None else wrapup.workflow
        if name is None:
            raise LeftOutError("the agent named no workflow")
        if not is_workflow(name):
            raise UnusableError(f"{name!r}, which the agent named, can be no workflow's id or name")
        return name

    def _resolved(self, workflow: str) -> str | None:
        """The workflow's id; None for a name that is not configured."""
        if self.workflows is None:
            return workflow
        configured = self.workflows.get(workflow)
        return configured or (None if is_workflow_name(workflow) else workflow)

    def task(self, step: steps.Task, own: str) -> None:
        """A task, due on a business day; the call's marker is its last line, so that it is found again."""
        lines = [] if step.body is None else [self._filled(step.body).strip()]
        call_id = self.situation.call.call_id
        lines += [] if call_id is None else [marker(call_id)]
        args = {"title": self._filled(step.title).strip(), "body": "\n".join(lines)}
        if not args["title"]:
            raise UnusableError("the task's title comes out empty")
        if user := self._user(step.assign):
            args["assigned_to"] = user
        self.wishes.once(f"task:{own}", "task", args, target=own, due=self._task_due(step))

    def _task_due(self, step: steps.Task) -> int:
        facts = self.situation
        wrapup = facts.call.wrapup
        if step.due == NEXT_STEP and wrapup is not None and wrapup.due_ms is not None:
            return wrapup.due_ms
        return self.calendar.business_days_after(facts.ended_ms, step.business_days, facts.zone)

    def _user(self, assign: str | None) -> str | None:
        if assign == "owner":
            return self.situation.contact.assigned_to
        if assign == "agent":
            return self.agents.get(agent(self.situation.call) or "")
        return assign

    def set_field(self, step: steps.SetField, _own: str) -> None:
        """Custom fields, those without the ones of which nothing is known."""
        values = {name: self._filled(text).strip()[:_VALUE_LIMIT] for name, text in step.fields.items()}
        known = {name: value for name, value in values.items() if value}
        if not known:
            raise LeftOutError("nothing is known that the fields could be given")
        self.wishes.fields(known)

    def own_fields(self, wanted: Mapping[str, str]) -> None:
        """The facts that the sub-account keeps in custom fields, by fact."""
        facts = ((name, FACTS[fact](self.situation)) for fact, name in wanted.items() if fact in FACTS)
        known = {name: piece(value) for name, value in facts if value is not None}
        if known:
            self.wishes.rule, self.wishes.reason = OWN_FIELDS
            self.wishes.fields(known)

    def opportunity(self, step: steps.Opportunity, _own: str) -> None:
        """The first rule that names a pipeline says which stage."""
        args: dict[str, Any] = {"pipeline": step.pipeline, "stage": step.stage}
        if step.name is not None:
            args["name"] = self._filled(step.name).strip()
        if step.value is not None:
            args["value"] = step.value
        self.wishes.once(f"opportunity:{step.pipeline}", "opportunity", args, target=step.pipeline)

    def dnd(self, step: steps.Dnd, _own: str) -> None:
        """Do-not-disturb on or off."""
        way = "on" if step.on else "off"
        self.wishes.once(f"dnd:{way}", "dnd", {"channels": list(step.channels), "on": step.on}, target=way)

    def suppress_redial(self, step: steps.SuppressRedial, _own: str) -> None:
        """No dialling for a while, with its tag now and the tag's removal at its end."""
        until = self.situation.ended_ms + round(step.hours * 3_600_000)
        tag = None if step.tag is None else self._filled_tag(step.tag)
        args: dict[str, Any] = {"until": iso(until), "why": self.wishes.rule} | ({} if tag is None else {"tag": tag})
        self.wishes.once("suppress_redial", "suppress_redial", args)
        if tag is not None:
            self._tag("add_tags", [tag])
            end = {"tags": [tag], "suppression": True}
            self.wishes.once("remove_tags:suppression", "remove_tags", end, target="suppression", due=until)

    def review(self, step: steps.Review, _own: str) -> None:
        """The call on the review queue, unless a later plan of it no longer wants that."""
        why = self.wishes.rule if step.why is None else self._filled(step.why).strip() or self.wishes.rule
        self.wishes.once("review", "review", {"reason": why}, due=self._due(step.after_s)[1])

    def change_caller_id(self, _step: object, _own: str) -> None:
        """Not from the number of this call again."""
        if self.situation.caller_id is None:
            raise LeftOutError("it is not known from which number the call was made")
        self.wishes.once("change_caller_id", "change_caller_id", {"avoid": self.situation.caller_id})

    def notify(self, step: steps.Notify, own: str) -> None:
        """The call's facts for somebody else's address."""
        facts = self.situation
        body: dict[str, Any] = {
            "rule": self.wishes.rule,
            "reason": self.wishes.reason,
            "call": facts.call.facts(),
            "disposition": facts.shown,
            "number": facts.number,
            "attempt": facts.attempt,
        }
        if step.message is not None:
            body["message"] = self._filled(step.message)
        suffix, due = self._due(step.after_s)
        self.wishes.once(f"notify:{own}{suffix}", "notify", {"url": step.url, "body": body}, target=own, due=due)

    def count_attempt(self, step: steps.CountAttempt, _own: str) -> None:
        """One attempt more, its tag in place of the earlier one."""
        contact, attempt = self.situation.contact, self.situation.attempt
        tag = self._filled_tag(step.tag)
        if contact.attempt_tag and contact.attempt_tag != tag:
            self._tag("remove_tags", [contact.attempt_tag])
        self._tag("add_tags", [tag])
        self.attempts, self.attempt_tag = attempt, tag

    def reset_attempts(self, step: steps.ResetAttempts, _own: str) -> None:
        """The count and its tag are gone, and with them the workflow that came of them."""
        contact = self.situation.contact
        if not contact.attempts and not contact.attempt_tag:
            raise LeftOutError("the contact has no attempts to forget")
        self.attempts, self.attempt_tag = 0, ""
        if contact.attempt_tag:
            self._tag("remove_tags", [contact.attempt_tag])
        if step.unenrol is not None:
            self._workflow("unenrol", step.unenrol)


_BECOMES = {"count_attempt": "add_tags", "reset_attempts": "remove_tags"}
"""The action by which a step that is none shows."""

_STEPS: Mapping[str, Callable[[Draft, Any, str], None]] = {
    "note": Draft.note,
    "add_tags": Draft.tags,
    "remove_tags": Draft.tags,
    "enrol": Draft.workflow,
    "unenrol": Draft.workflow,
    "task": Draft.task,
    "call_record": Draft.call_record,
    "field": Draft.set_field,
    "opportunity": Draft.opportunity,
    "dnd": Draft.dnd,
    "suppress_redial": Draft.suppress_redial,
    "review": Draft.review,
    "change_caller_id": Draft.change_caller_id,
    "notify": Draft.notify,
    "count_attempt": Draft.count_attempt,
    "reset_attempts": Draft.reset_attempts,
}
