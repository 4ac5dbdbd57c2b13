"""What a rule may ask for: one model a kind of step.

A new step is a class here, a member of `Step`, and a method of its name in mappings/draft.py.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
import re
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import AfterValidator, Field, StrictBool, StringConstraints

from mappings.conditions import BookPart, Name, Number
from mappings.template import CONTACT_FACTS, Form, TemplateError, template

TAG_LIMIT = 100
"""The most characters of a tag, as it is written and as it becomes."""

LATEST_S = 90 * 86_400
"""How much later something may be done."""


def _compiled(text: str, form: Form) -> str:
    """The text, once it is known to be a template.

    Raises:
        ValueError: it is none.
    """
    try:
        template(text, form)
    except TemplateError as error:
        raise ValueError(str(error)) from None
    return text


def _tag(text: str) -> str:
    """The tag as the CRM keeps it (lower case, trimmed), its placeholders known.

    Raises:
        ValueError: an unknown placeholder, a lone brace, or characters that do not print.
    """
    tag = " ".join(text.split())
    if not tag.isprintable() or not tag:
        raise ValueError("must be a text that can be read")
    return _compiled(tag if "{" in tag else tag.lower(), "tag")


def _text(text: str) -> str:
    return _compiled(text, "text")


NEXT_STEP = "next_step"
"""In place of a workflow: the one that the agent named as the next step; of a task's due date: the agent's."""


def is_workflow(text: str) -> bool:
    """Whether the text can be a workflow's id or name."""
    return re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) is not None


def _workflow(text: str) -> str:
    if not is_workflow(text):
        raise ValueError("must be a workflow's id or name: 1 to 64 letters, digits, hyphens and underscores")
    return text


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[!#-;=?-~]{1,2000}", text):
        raise ValueError("must be an address that begins with https:// (or http://), without blanks")
    return text


def _soon(seconds: float | str) -> float | str:
    if isinstance(seconds, int | float) and seconds > LATEST_S:
        raise ValueError(f"must be at most {LATEST_S} s (90 days)")
    return seconds


Tag: TypeAlias = Annotated[str, StringConstraints(max_length=TAG_LIMIT), AfterValidator(_tag)]
Tags: TypeAlias = Annotated[tuple[Tag, ...], Field(min_length=1, max_length=20)]
Line: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_text)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(_text)]
Workflow: TypeAlias = Annotated[str, AfterValidator(_workflow)]
Later: TypeAlias = Annotated[Number, AfterValidator(_soon)]
Channel: TypeAlias = Literal["all", "Call", "SMS", "Email", "WhatsApp", "GMB", "FB"]


def is_workflow_name(workflow: str) -> bool:
    """Whether a book's `workflow` is a name to be looked up (`no_answer`) rather than the CRM's own id.

    A name is up to 31 lower-case letters, digits and underscores, a letter first; the CRM's ids (UUIDs) are
    longer and hold hyphens.
    """
    return re.fullmatch(r"[a-z][a-z0-9_]{0,30}", workflow) is not None


class Do(BookPart):
    """One thing a rule asks for. Its texts may hold facts of the call in double braces."""

    texts: ClassVar[tuple[str, ...]] = ()
    """The fields that are templates."""

    @property
    def wants_contact(self) -> bool:
        """Whether one of its texts needs the CRM to be asked about the contact."""
        given = (getattr(self, name) for name in self.texts)
        return any(
            CONTACT_FACTS & template(text, "tag" if self.texts == _TAGS else "text").wants
            for value in given
            for text in _each(value)
        )


_TAGS = ("tags",)


def _each(value: object) -> tuple[str, ...]:
    """The texts in a field: one, several, the values of a table, or none."""
    match value:
        case str():
            return (value,)
        case tuple():
            return value
        case dict():
            return tuple(value.values())
        case _:
            return ()


class Deferred(Do):
    """Something that may be done later."""

    after_s: Later | None = None
    """Do it so many seconds after the call's end, if the rule still fires then; left out: at once."""


class Note(Do):
    """Write the call on the contact's timeline."""

    texts = ("body",)
    kind: Literal["note"]
    body: Text | None = None
    """What to write instead of the usual text; the line with the call's id always follows."""


class AddTags(Deferred):
    """Give the contact these tags."""

    texts = _TAGS
    kind: Literal["add_tags"]
    tags: Tags
    """The tags; `{disposition}`, `{direction}` and other facts in them are filled from the call."""


class RemoveTags(Deferred):
    """Take these tags from the contact."""

    texts = _TAGS
    kind: Literal["remove_tags"]
    tags: Tags
    """The tags; `{disposition}`, `{direction}` and other facts in them are filled from the call."""


class Enrol(Deferred):
    """Start the contact in a workflow of the CRM."""

    kind: Literal["enrol"]
    workflow: Workflow
    """The workflow's id, or a name such as `no_answer` that the sub-account's settings map to one; `next_step`: that
    which the agent named."""


class Unenrol(Deferred):
    """Take the contact out of a workflow of the CRM."""

    kind: Literal["unenrol"]
    workflow: Workflow
    """The workflow's id, or a name such as `no_answer` that the sub-account's settings map to one."""


class Task(Do):
    """Give somebody a task for the contact."""

    texts = ("title", "body")
    kind: Literal["task"]
    title: Line
    """What is to be done."""
    body: Text | None = None
    """More about it; the line with the call's id follows."""
    business_days: Annotated[int, Field(strict=True, ge=0, le=365)] = 1
    """When it is due: so many business days after the call, at a sensible local hour."""
    due: Literal["next_step"] | None = None
    """`next_step`: when the agent said, if the agent said when."""
    assign: Name | None = None
    """Whose it is: `owner` (the contact's), `agent` (the call's), or a user's id; nobody's if left out."""

    @property
    def wants_contact(self) -> bool:
        """Also to know the contact's owner."""
        return self.assign == "owner" or super().wants_contact


class CallRecord(Do):
    """Write the call into the contact's conversation, as a call."""

    kind: Literal["call_record"]


class SetField(Do):
    """Write custom fields of the contact."""

    texts = ("fields",)
    kind: Literal["field"]
    fields: Annotated[dict[Name, Line], Field(min_length=1, max_length=20)]
    """The values by the fields' names or ids; one that comes out empty is not written."""


class Opportunity(Do):
    """Put the contact's opportunity on a stage of a pipeline, or make one."""

    texts = ("name",)
    kind: Literal["opportunity"]
    pipeline: Name
    """The pipeline's name or id."""
    stage: Name
    """The stage's name or id."""
    name: Line | None = None
    """What a new one is called."""
    value: Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)] | None = None
    """What it is worth."""


class Dnd(Do):
    """Set or lift the contact's do-not-disturb."""

    kind: Literal["dnd"]
    channels: Annotated[tuple[Channel, ...], Field(min_length=1, max_length=7)] = ("all",)
    """The channels, or `all`."""
    on: StrictBool = True
    """False lifts it."""


class SuppressRedial(Do):
    """Keep the dialler from this contact for a while."""

    kind: Literal["suppress_redial"]
    hours: Annotated[float, Field(strict=True, gt=0, le=8760)]
    """How long, from the call's end."""
    tag: Tag | None = None
    """A tag that the contact has for as long."""
    texts = ("tag",)


class Review(Do):
    """Put the call on the review queue."""

    texts = ("why",)
    kind: Literal["review"]
    why: Line | None = None
    """What the manager reads; the rule's name if left out."""
    after_s: Later = "review_after_s"
    """So many seconds after the call's end, if the rule still fires then."""


class ChangeCallerId(Do):
    """Call this contact from another number the next time."""

    kind: Literal["change_caller_id"]


class Notify(Deferred):
    """Post the call to an address, signed."""

    texts = ("message",)
    kind: Literal["notify"]
    url: Annotated[str, AfterValidator(_address)]
    """Where to."""
    message: Text | None = None
    """A text for people, in the posted JSON."""


class CountAttempt(Do):
    """Count this call as an unanswered attempt, shown by a tag in place of the one before it."""

    kind: Literal["count_attempt"]
    tag: Tag = "call-attempt-{{ attempt }}"
    """The tag that shows the count."""
    texts = ("tag",)


class ResetAttempts(Do):
    """End the sequence of attempts: the count is 0 again, its tag goes. Nothing where there was none."""

    kind: Literal["reset_attempts"]
    unenrol: Workflow | None = None
    """The workflow that ends with it."""


Step: TypeAlias = Annotated[
    Note
    | AddTags
    | RemoveTags
    | Enrol
    | Unenrol
    | Task
    | CallRecord
    | SetField
    | Opportunity
    | Dnd
    | SuppressRedial
    | Review
    | ChangeCallerId
    | Notify
    | CountAttempt
    | ResetAttempts,
    Field(discriminator="kind"),
]
