"""A rule book's cases: calls, and what is expected of them; `ringback book test` runs them. Touches nothing."""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from connector.cli.book import read_file
from connector.errors import UsageError
from mappings.action import Action, Plan
from mappings.call import Amd, Call, Direction, Disposition, Wrapup, iso
from mappings.disposition import standing
from mappings.facts import ContactState, Settings
from mappings.payload.recorded import recorded
from mappings.payload.request import NotUnderstoodError
from mappings.plan import plan
from mappings.problems import DocumentError, read_document
from mappings.rules import Book
from mappings.settle import settle
from mappings.trunks import names, read, trunk
from mappings.words import USUAL

_START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
"""When a case's call starts if the case does not say: a Monday afternoon."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class CaseCall(_Part):
    """A call by its facts, where the trunk's payload does not matter."""

    direction: Direction | None = "outbound"
    from_: str | None = Field(default="+14155550100", alias="from")
    to: str | None = "+14155550199"
    start: datetime = _START
    ring_s: Annotated[float, Field(ge=0)] = 20
    talk_s: Annotated[float, Field(ge=0)] = 0
    answered: bool | None = None
    """Yes with a talk time, no without one, if left out."""
    q850: int | None = None
    sip: int | None = None
    cause: str | None = None
    amd: Amd | None = None
    agent: str | None = None
    hangup_by: str | None = None
    recording_url: str | None = None

    def call(self) -> Call:
        """The call, settled as one from a trunk."""
        answered = self.talk_s > 0 if self.answered is None else self.answered
        start_ms = round(self.start.timestamp() * 1000)
        picked_up_ms = start_ms + round(self.ring_s * 1000)
        end_ms = picked_up_ms + round(self.talk_s * 1000)
        told = self.model_dump(exclude={"start", "ring_s", "talk_s", "answered"})
        told |= {"start_ms": start_ms, "answer_ms": picked_up_ms if answered else None, "end_ms": end_ms}
        return settle(Call(trunk="generic", call_id="case", answered=answered, **told), received_ms=end_ms)


class CaseWrapup(_Part):
    """What the agent added."""

    disposition: str | None = None
    notes: str | None = None
    next_step: str | None = None
    due: datetime | None = None
    workflow: str | None = None
    agent: str | None = None

    def wrapup(self) -> Wrapup:
        """As it goes with a call."""
        due_ms = None if self.due is None else round(self.due.timestamp() * 1000)
        return Wrapup(**self.model_dump(exclude={"due"}), due_ms=due_ms)


class CaseContact(_Part):
    """The contact before the call."""

    known: bool = True
    tags: frozenset[str] | None = None
    fields: dict[str, str] | None = None
    attempts: int = 0
    attempt_tag: str | None = None
    dnd: bool | None = None
    assigned_to: str | None = None

    @field_validator("tags")
    @classmethod
    def _as_the_crm_has_them(cls, tags: frozenset[str] | None) -> frozenset[str] | None:
        return None if tags is None else frozenset(tag.lower() for tag in tags)


class CaseSettings(_Part):
    """The sub-account's numbers."""

    fast_drop_s: float = Settings().fast_drop_s
    review_after_s: float = Settings().review_after_s
    max_attempts: int | None = Settings().max_attempts


class Expected(_Part):
    """What must come of it: whatever is given, exactly."""

    disposition: Disposition | Literal["none"] | None = None
    rules: tuple[str, ...] | None = None
    """The rules that fired, in any order."""
    kinds: tuple[str, ...] | None = None
    """The kinds of all actions, in their order."""
    tags: tuple[str, ...] | None = None
    """The tags added now, in any order."""
    removed: tuple[str, ...] | None = None
    """The tags removed now, in any order."""
    attempts: int | None = None
    """The contact's new count of attempts."""
    due: dict[str, datetime] | None = None
    """When, by an action's key or kind."""
    args: dict[str, dict[str, Any]] | None = None
    """What must be among an action's arguments, by its key or kind."""

    @model_validator(mode="after")
    def _something(self) -> "Expected":
        if not self.model_fields_set:
            raise ValueError("expects nothing: say at least one of " + ", ".join(type(self).model_fields))
        return self


class Case(_Part):
    """One call and what is expected of it."""

    name: Annotated[str, Field(min_length=1)]
    trunk: str = "generic"
    body: dict[str, Any] | str | None = None
    """The payload as the trunk sends it: a table is sent as JSON."""
    body_file: str | None = None
    """A file that holds it, beside the cases."""
    call: CaseCall | None = None
    wrapup: CaseWrapup | None = None
    contact: CaseContact = CaseContact()
    settings: CaseSettings = CaseSettings()
    time_zone: str = "UTC"
    country: str | None = None
    workflows: dict[str, str] | None = None
    """The workflows' ids by name; names stay names if left out."""
    expect: Expected

    @model_validator(mode="after")
    def _one_call(self) -> "Case":
        given = [name for name in ("body", "body_file", "call") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError("needs one of body, body_file and call")
        return self

    @field_validator("trunk")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in names():
            raise ValueError(f"there is no trunk {name!r}; there are: {', '.join(names())}")
        return name

    @field_validator("time_zone")
    @classmethod
    def _zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{name!r} is no IANA time zone, such as America/Chicago") from None
        return name


class _Cases(_Part):
    cases: Annotated[tuple[Case, ...], Field(min_length=1)]


class _CasesError(DocumentError):
    """The file holds no cases."""


def read_cases_file(path: Path) -> tuple[Case, ...]:
    """The cases in that file, TOML or JSON by its ending.

    Raises:
        UsageError: it cannot be read, or holds no cases; names each field that is wrong.
    """
    try:
        return read_file(str(path), lambda raw, form: read_document(_Cases, raw, form, _CasesError)).cases
    except _CasesError as error:
        raise UsageError(
            f"{path} holds no cases that can be run:\n{error}",
            means="nothing was run.",
            do="correct the fields named above (docs/rule-books.md).",
        ) from None


def tried(case: Case, book: Book, folder: Path) -> list[str]:
    """What is not as the case expects, in words; nothing if all is.

    Raises:
        UsageError: the file of its payload cannot be read.
    """
    try:
        calls = [case.call.call()] if case.call is not None else _calls(case, folder)
    except NotUnderstoodError as error:
        return [f"the payload is not understood: {error}"]
    if len(calls) != 1:
        return [f"the payload tells of {len(calls)} calls to be planned for, not of one"]
    call = calls[0]
    if case.wrapup is not None:
        call = replace(call, wrapup=case.wrapup.wrapup())
    made = plan(
        call,
        ContactState(**dict(case.contact)),
        book,
        now_ms=call.end_ms or 0,
        zone=ZoneInfo(case.time_zone),
        workflows=case.workflows,
        settings=Settings(**dict(case.settings)),
        country=case.country,
    )
    fired = {rule.name for rule in book.rules if any(f", {rule.name}, " in f", {one.rule}, " for one in made.actions)}
    return list(_differences(case.expect, call, made, fired))


def _calls(case: Case, folder: Path) -> list[Call]:
    if case.body_file is not None:
        raw = read_file(str(folder / case.body_file), lambda raw, _form: raw)
    else:
        raw = case.body.encode() if isinstance(case.body, str) else orjson.dumps(case.body)
    now_ms = round(_START.timestamp() * 1000) + 10**12  # later than any recorded call: none is from the future
    return [call for call in read(trunk(case.trunk), recorded(raw, now_ms)) if standing(call).status == "accepted"]


def _differences(expect: Expected, call: Call, made: Plan, fired: set[str]) -> Iterator[str]:
    meant = USUAL.meaning(call)
    got: Mapping[str, Any] = {
        "disposition": "none" if meant is None else meant,
        "rules": fired,
        "kinds": tuple(action.kind for action in made.actions),
        "tags": _tags("add_tags", made),
        "removed": _tags("remove_tags", made),
        "attempts": made.attempts,
    }
    for name, found in got.items():
        wanted = getattr(expect, name)
        if (
            name in expect.model_fields_set
            and wanted != found
            and not (isinstance(found, set) and set(wanted) == found)
        ):
            yield f"{name}: expected {_words(wanted)}, got {_words(found)}"
    for key, at in (expect.due or {}).items():
        yield from _differs(key, made, "due", iso(round(at.timestamp() * 1000)), lambda action: iso(action.due))
    for key, args in (expect.args or {}).items():
        for name, value in args.items():
            yield from _differs(key, made, name, value, lambda action, name=name: action.args.get(name))


def _tags(kind: str, made: Plan) -> set[str]:
    now = (action for action in made.actions if action.kind == kind and action.due is None)
    return {tag for action in now for tag in action.args.get("tags", ())}


def _differs(key: str, made: Plan, what: str, wanted: Any, found: Any) -> Iterator[str]:
    """What the action of that key, or else the first of that kind, has in place of what is wanted."""
    action: Action | None = next((one for one in made.actions if one.key == key), None)
    action = action or next((one for one in made.actions if one.kind == key), None)
    if action is None:
        yield f"{key}: expected, and not in the plan"
    elif found(action) != wanted:
        yield f"{key}.{what}: expected {_words(wanted)}, got {_words(found(action))}"


def _words(value: Any) -> str:
    if isinstance(value, set | frozenset | tuple | list):
        return ", ".join(map(str, sorted(value) if isinstance(value, set | frozenset) else value)) or "none"
    return "nothing" if value is None else str(value)
