"""The rule book: "when a call looks like this, do that"; read from TOML or JSON, checked field by field.

Conditions are in mappings/conditions.py, what a rule may ask for in mappings/steps.py.
`Book.model_json_schema()` is the JSON Schema for editors.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, ValidationError, field_validator, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError

from mappings.conditions import DEPTH_LIMIT, BookPart, Condition, Name
from mappings.problems import DocumentError, read_document
from mappings.steps import Step, is_workflow_name

__all__ = ["Book", "BookError", "Rule", "Step", "is_workflow_name", "read_book"]


class BookError(DocumentError):
    """The text is no rule book."""


class Rule(BookPart):
    """When a call looks like this, then do these actions."""

    name: Name
    """What the rule is called in plans, logs and explanations; each name once in a book."""
    group: Name | None = None
    """The group that the rule belongs to, one of the book's `groups`."""
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

    @property
    def wants_contact(self) -> bool:
        """Whether the CRM has to be asked about the contact for this rule."""
        return self.enabled and (self.when.wants_contact or any(step.wants_contact for step in self.do))


class Book(BookPart):
    """A rule book: its rules are looked at in their order, and all that match fire, of a `first` group only one."""

    version: Literal[1]
    """The form of the book: 1."""
    name: Name
    """What the book is called."""
    groups: Annotated[dict[Name, Literal["first", "all"]], Field(max_length=50, default_factory=dict)]
    """The groups of rules by name: of a `first` group only the first rule that matches fires."""
    rules: Annotated[tuple[Rule, ...], Field(max_length=200)]
    """The rules, in order."""

    @property
    def needs_contact(self) -> bool:
        """Whether the CRM must be asked first: a rule wants the contact's tags, fields, do-not-disturb or owner."""
        return any(rule.wants_contact for rule in self.rules)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        first: dict[str, int] = {}
        problems: list[InitErrorDetails] = []
        for index, rule in enumerate(self.rules):
            earlier = first.setdefault(rule.name, index)
            if earlier != index:
                problems.append(
                    _problem(index, "name", "duplicate", f"is already the name of rules[{earlier}]", rule.name)
                )
            if rule.group is not None and rule.group not in self.groups:
                known = ", ".join(self.groups) or "none"
                words = f"{rule.group!r} is not one of the book's groups; they are: {known}"
                problems.append(_problem(index, "group", "group", words, rule.group))
        if problems:
            raise ValidationError.from_exception_data("Book", problems)
        return self


def _problem(index: int, field: str, kind: str, words: str, given: str) -> InitErrorDetails:
    # The words go in as a value: what the book's author wrote may hold braces.
    error = PydanticCustomError(kind, "{words}", {"words": words})
    return {"type": error, "loc": ("rules", index, field), "input": given}


def read_book(text: str | bytes, format: Literal["toml", "json"] = "toml") -> Book:  # noqa: A002 - it is the word
    """The rule book written in `text`.

    Raises:
        BookError: with every problem found, each at its path and in plain words.
    """
    return read_document(Book, text, format, BookError)
