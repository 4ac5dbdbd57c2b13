"""The rule book: "when a call looks like this, do that"; read from TOML or JSON, checked field by field.

A new action is a class here, a member of `Step`, and its lines in mappings/plan.py.
`Book.model_json_schema()` is the JSON Schema for editors.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
import re
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import (
    AfterValidator,
    Field,
    StrictBool,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from mappings.conditions import DEPTH_LIMIT, BookPart, Condition
from mappings.problems import DocumentError, read_document

PLACEHOLDERS = ("disposition", "direction", "trunk")
"""What a tag may hold in braces; plan fills it from the call, in lower case with hyphens (`no-answer`)."""

_BRACES = re.compile(r"\{([^{}]*)\}")

Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]


class BookError(DocumentError):
    """The text is no rule book."""


def _tag(text: str) -> str:
    """The tag as the CRM keeps it (lower case, trimmed), its placeholders known.

    Raises:
        ValueError: an unknown placeholder, a lone brace, or characters that do not print.
    """
    tag = " ".join(text.split()).lower()
    if not tag.isprintable() or not tag:
        raise ValueError("must be a text that can be read")
    known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    for name in _BRACES.findall(tag):
        if name not in PLACEHOLDERS:
            raise ValueError(f"{{{name}}} is not a known placeholder; known: {known}")
    if re.search(r"[{}]", _BRACES.sub("", tag)):
        raise ValueError(f"has a brace without its partner; braces are for placeholders: {known}")
    return tag


Tag: TypeAlias = Annotated[str, StringConstraints(max_length=100), AfterValidator(_tag)]
Tags: TypeAlias = Annotated[tuple[Tag, ...], Field(min_length=1, max_length=20)]


def _workflow(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text):
        raise ValueError("must be a workflow's id or name: 1 to 64 letters, digits, hyphens and underscores")
    return text


Workflow: TypeAlias = Annotated[str, AfterValidator(_workflow)]


def is_workflow_name(workflow: str) -> bool:
    """Whether a book's `workflow` is a name to be looked up (`no_answer`) rather than the CRM's own id.

    A name is up to 31 lower-case letters, digits and underscores, a letter first; the CRM's ids (UUIDs) are
    longer and hold hyphens.
    """
    return re.fullmatch(r"[a-z][a-z0-9_]{0,30}", workflow) is not None


class Note(BookPart):
    """Write the call on the contact's timeline."""

    kind: Literal["note"]


class AddTags(BookPart):
    """Give the contact these tags."""

    kind: Literal["add_tags"]
    tags: Tags
    """The tags; `{disposition}`, `{direction}` and `{trunk}` in them are filled from the call."""


class RemoveTags(BookPart):
    """Take these tags from the contact."""

    kind: Literal["remove_tags"]
    tags: Tags
    """The tags; `{disposition}`, `{direction}` and `{trunk}` in them are filled from the call."""


class Enrol(BookPart):
    """Start the contact in a workflow of the CRM."""

    kind: Literal["enrol"]
    workflow: Workflow
    """The workflow's id, or a name such as `no_answer` that the sub-account's settings map to one."""


class Unenrol(BookPart):
    """Take the contact out of a workflow of the CRM."""

    kind: Literal["unenrol"]
    workflow: Workflow
    """The workflow's id, or a name such as `no_answer` that the sub-account's settings map to one."""


Step: TypeAlias = Annotated[Note | AddTags | RemoveTags | Enrol | Unenrol, Field(discriminator="kind")]


class Rule(BookPart):
    """When a call looks like this, then do these actions."""

    name: Name
    """What the rule is called in plans, logs and explanations; each name once in a book."""
    when: Condition = Condition()
    """What the call must look like; every call if left out."""
    do: Annotated[tuple[Step, ...], Field(min_length=1, max_length=20)]
    """What to do then."""
    enabled: StrictBool = True
    """False keeps the rule in the book without using it."""

    @field_validator("when")
    @classmethod
    def _readable(cls, when: Condition) -> Condition:
        if when.depth() > DEPTH_LIMIT:
            raise ValueError(f"is nested too deeply: at most {DEPTH_LIMIT} conditions in one another")
        return when


class Book(BookPart):
    """A rule book: its rules are looked at in their order, and all that match fire."""

    version: Literal[1]
    """The form of the book: 1."""
    name: Name
    """What the book is called."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)]
    """The rules, in order."""

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        first: dict[str, int] = {}
        problems: list[InitErrorDetails] = []
        for index, rule in enumerate(self.rules):
            earlier = first.setdefault(rule.name, index)
            if earlier != index:
                error = PydanticCustomError("duplicate", f"is already the name of rules[{earlier}]")
                problems.append({"type": error, "loc": ("rules", index, "name"), "input": rule.name})
        if problems:
            raise ValidationError.from_exception_data("Book", problems)
        return self


def read_book(text: str | bytes, format: Literal["toml", "json"] = "toml") -> Book:  # noqa: A002 - it is the word
    """The rule book written in `text`.

    Raises:
        BookError: with every problem found, each at its path and in plain words.
    """
    return read_document(Book, text, format, BookError)
