"""When a rule fires: the condition's models, and the judgement over one call with its reason in words.

A new condition is a field of `Condition` and a line of `MEASURES`; how it is compared follows from its type
(mappings/checks.py).
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from collections.abc import Iterator, Sequence
from datetime import time
from functools import cached_property
from math import inf
from typing import Annotated, Any, Literal, NamedTuple, Self, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StrictBool,
    StringConstraints,
    Tag,
    model_validator,
)

from mappings.call import Amd, Direction, Disposition
from mappings.checks import MEASURES, Check, Span
from mappings.facts import ContactState, SettingName, Settings, Situation

__all__ = [
    "MEASURES",
    "BookPart",
    "Condition",
    "ContactState",
    "Finding",
    "Range",
    "Settings",
    "Situation",
    "because",
    "holds",
    "judge",
]

# Told apart by hand: a plain union would tell of every fault twice. Names that begin with "=" are left out of paths.
Number: TypeAlias = Annotated[
    Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False), Tag("=number")]
    | Annotated[SettingName, Tag("=setting")],
    Discriminator(lambda value: "=setting" if isinstance(value, str) else "=number"),
]
"""A number, or the name of one of the sub-account's (mappings/facts.py)."""
Q850: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=127)]
SipStatus: TypeAlias = Annotated[int, Field(strict=True, ge=100, le=699)]
Name: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DEPTH_LIMIT = 8
"""How deep `all`, `any` and `not` may stand in one another: far beyond what a person can read."""


class BookPart(BaseModel):
    """A part of a rule book: it never changes once read, and a field it does not know is refused."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        serialize_by_alias=True,
        ignored_types=(cached_property,),
    )

    def __copy__(self) -> Self:
        """A copy without what was worked out from the fields: those of the copy may be changed."""
        copied = super().__copy__()
        for name in copied.__dict__.keys() - type(self).model_fields.keys():
            del copied.__dict__[name]
        return copied


class Range(BookPart):
    """Where a number may lie: from `min` to `max`, both included, or `above` and `below`, which are not."""

    min: Number | None = None
    """The least."""
    max: Number | None = None
    """The most."""
    above: Number | None = None
    """Greater than this."""
    below: Number | None = None
    """Less than this."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min is not None and self.above is not None:
            raise ValueError("has min and above: one of them is enough")
        if self.max is not None and self.below is not None:
            raise ValueError("has max and below: one of them is enough")
        low, high = _first(self.min, self.above), _first(self.max, self.below)
        if low is None and high is None:
            raise ValueError("needs min, max, above or below")
        if isinstance(low, str) or isinstance(high, str) or low is None or high is None:
            return self
        if low > high or (low == high and (self.above, self.below) != (None, None)):
            names = f"{'min' if self.above is None else 'above'} and {'max' if self.below is None else 'below'}"
            raise ValueError(f"{names} leave no room between them: no call could match")
        return self

    def span(self, settings: Settings, unit: str = "") -> Span:
        """The range as numbers and in words ("at least 5 s", "above 30 s and at most 45 s")."""
        low, high = _first(self.min, self.above), _first(self.max, self.below)
        least = -inf if low is None else _number(low, settings)
        most = inf if high is None else _number(high, settings)
        if self.min is not None and self.max is not None:
            words = f"{least:g} to {most:g}{unit}"
        else:
            words = " and ".join(
                f"{word} {end:g}{unit}"
                for word, end, given in (
                    ("at least" if self.above is None else "above", least, low),
                    ("at most" if self.below is None else "below", most, high),
                )
                if given is not None
            )
        return Span(least, most, self.above is None, self.below is None, words)


def _first(one: float | str | None, other: float | str | None) -> Any:
    return other if one is None else one


def _number(end: float | SettingName, settings: Settings) -> float:
    return settings.number(end) if isinstance(end, str) else end


class Clock(BookPart):
    """A time of day: from `from`, included, to `to`, not included; over midnight where `to` is the earlier one."""

    from_: time = Field(alias="from")
    """Where it begins, as `"09:00"`."""
    to: time
    """Where it ends."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.from_.tzinfo is not None or self.to.tzinfo is not None:
            raise ValueError("times are local: without a zone")
        if self.from_ == self.to:
            raise ValueError("from and to are the same: leave it out for the whole day")
        return self

    def __contains__(self, at: time) -> bool:
        if self.from_ < self.to:
            return self.from_ <= at < self.to
        return at >= self.from_ or at < self.to

    def __str__(self) -> str:
        return f"{self.from_:%H:%M} to {self.to:%H:%M}"


def _pattern(text: str) -> str:
    """In one case and without blanks around it; a star may stand at the end only."""
    pattern = " ".join(text.split()).casefold()
    if not pattern or not pattern.isprintable():
        raise ValueError("must be a text that can be read")
    if "*" in pattern[:-1]:
        raise ValueError("may have a * at its end only, for whatever follows")
    return pattern


Pattern: TypeAlias = Annotated[str, StringConstraints(max_length=100), AfterValidator(_pattern)]


def _listed(value: Any) -> Any:
    """One value stands for a list of one; what is in it is judged by the field's own type."""
    return value if isinstance(value, list | tuple) else [value]


def _one_or_more(kind: Any) -> BeforeValidator:
    """Accepts `kind` where a list of `kind` is meant, and says so in the JSON Schema too."""
    return BeforeValidator(_listed, json_schema_input_type=kind | tuple[kind, ...])


SOME = Field(min_length=1, max_length=50)
Dispositions: TypeAlias = Annotated[tuple[Disposition, ...], SOME, _one_or_more(Disposition)]
Patterns: TypeAlias = Annotated[tuple[Pattern, ...], SOME, _one_or_more(str)]


class Condition(BookPart):
    """What a call must look like: every field given must hold; without any it holds for every call."""

    disposition: Dispositions | None = None
    """The call's disposition is one of these: the agent's where it is one of ours, else what the trunk tells."""
    machine_disposition: Dispositions | None = None
    """What the trunk tells is one of these, whatever the agent says."""
    agent_disposition: Patterns | None = None
    """The agent's own word is one of these; `*` is any."""
    wrapup: StrictBool | None = None
    """Whether the agent has added anything to the call."""
    next_step: Patterns | None = None
    """What the agent said is to follow is one of these: `callback`, `enrol`, `do not call`, or any other word."""
    direction: Annotated[tuple[Direction, ...], SOME, _one_or_more(Direction)] | None = None
    """The call's direction is one of these: `inbound`, `outbound`."""
    trunk: Annotated[tuple[Name, ...], SOME, _one_or_more(Name)] | None = None
    """The trunk that told of the call has one of these names."""
    number: Patterns | None = None
    """The contact's number is one of these: `+14155550100`, or `+1415*` for all that begin so."""
    caller_id: Patterns | None = None
    """Our number is one of these."""
    agent: Patterns | None = None
    """The agent, as the trunk or the wrap-up names them, is one of these."""
    talk_s: Range | None = None
    """Talk time in seconds, answer to end; 0 for a call nobody answered."""
    ring_s: Range | None = None
    """Ring time in seconds, INVITE to answer, or to the end of a call nobody answered."""
    answer_latency_s: Range | None = None
    """Seconds from INVITE to answer; a call nobody answered has none."""
    attempt: Range | None = None
    """The contact's unanswered attempts, this call included if it is one."""
    q850: Annotated[tuple[Q850, ...], SOME, _one_or_more(Q850)] | None = None
    """The Q.850 cause (1..127) that the trunk stated is one of these."""
    sip: Annotated[tuple[SipStatus, ...], SOME, _one_or_more(SipStatus)] | None = None
    """The final SIP status (100..699) is one of these."""
    cause: Patterns | None = None
    """The trunk's own word or code for the end of the call is one of these."""
    hangup_by: Patterns | None = None
    """Who hung up, in the trunk's word, is one of these."""
    amd: Annotated[tuple[Amd, ...], SOME, _one_or_more(Amd)] | None = None
    """Answering machine detection said one of these: `human`, `machine`, `fax`."""
    local_time: Clock | None = None
    """The call began at this time of day in the sub-account's zone."""
    weekday: Annotated[tuple[Weekday, ...], SOME, _one_or_more(Weekday)] | None = None
    """The call began on one of these days in the sub-account's zone: `mon` to `sun`."""
    contact_known: StrictBool | None = None
    """Whether the contact was in the CRM before this call."""
    dnd: StrictBool | None = None
    """Whether the contact has do-not-disturb set for calls."""
    tags: Patterns | None = None
    """The contact has one of these tags."""
    fields: Annotated[dict[Name, Patterns], Field(min_length=1, max_length=20)] | None = None
    """Each of these custom fields of the contact, by name or id, has one of its values; `*` is any."""
    all: Annotated[tuple["Condition", ...], SOME] | None = None
    """Each of these conditions holds."""
    any: Annotated[tuple["Condition", ...], SOME] | None = None
    """At least one of these conditions holds."""
    not_: "Condition | None" = Field(default=None, alias="not")
    """This condition does not hold."""

    @property
    def inner(self) -> tuple["Condition", ...]:
        """The conditions that stand in this one."""
        return (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))

    def depth(self) -> int:
        """How many conditions stand in one another here, this one included."""
        return 1 + max((condition.depth() for condition in self.inner), default=0)

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """What is to be compared, of this condition itself, in the order of the fields."""
        wanted = ((measure, getattr(self, name)) for name, measure in MEASURES.items())
        return tuple(measure.check(value) for measure, value in wanted if value is not None)

    @cached_property
    def nested(self) -> bool:
        """Whether conditions stand in this one."""
        return bool(self.inner)

    @cached_property
    def wants_contact(self) -> bool:
        """Whether the CRM has to be asked about the contact before this can be judged."""
        own = any(value is not None for value in (self.dnd, self.tags, self.fields))
        return own or any(condition.wants_contact for condition in self.inner)


class Finding(NamedTuple):
    """Whether a condition holds, the fact that decided it, and what the rule wants where it does not."""

    holds: bool
    fact: str
    wants: str = ""

    @property
    def reason(self) -> str:
        """The finding as a clause ("disposition is Connected, the rule wants No Answer")."""
        return self.fact if self.holds else f"{self.fact}, the rule wants {self.wants}"


def holds(condition: Condition, situation: Situation) -> bool:
    """Whether the condition holds. A fact that is not known matches nothing."""
    for check in condition.checks:
        if not check.holds(situation):
            return False
    return not condition.nested or _nested_holds(condition, situation)


def _nested_holds(condition: Condition, situation: Situation) -> bool:
    for part in condition.all or ():
        if not holds(part, situation):
            return False
    if condition.not_ is not None and holds(condition.not_, situation):
        return False
    return condition.any is None or _holding(condition.any, situation) is not None


def _holding(parts: Sequence[Condition], situation: Situation) -> Condition | None:
    """The first that holds."""
    for part in parts:
        if holds(part, situation):
            return part
    return None


def judge(condition: Condition, situation: Situation) -> Finding:
    """Whether the condition holds, and why."""
    if holds(condition, situation):
        return Finding(holds=True, fact=because(condition, situation))
    return _against(condition, situation)


def because(condition: Condition, situation: Situation) -> str:
    """The facts by which a condition holds that does."""
    return " and ".join(dict.fromkeys(_facts(condition, situation))) or "the rule is for every call"


def _facts(condition: Condition, situation: Situation) -> Iterator[str]:
    for check in condition.checks:
        yield check.fact(situation)
    for part in condition.all or ():
        yield from _facts(part, situation)
    if condition.any is not None and (held := _holding(condition.any, situation)) is not None:
        yield from _facts(held, situation)
    if condition.not_ is not None:
        yield _against(condition.not_, situation).fact


def _against(condition: Condition, situation: Situation) -> Finding:
    """The first fact by which a condition does not hold that does not, and what was wanted of it."""
    for check in condition.checks:
        if not check.holds(situation):
            return Finding(holds=False, fact=check.fact(situation), wants=check.wants(situation))
    failing = next((part for part in condition.all or () if not holds(part, situation)), None)
    if failing is not None:
        return _against(failing, situation)
    if condition.any is not None and _holding(condition.any, situation) is None:
        return _against_each(condition.any, situation)
    inner = condition.not_ or condition
    return Finding(holds=False, fact=because(inner, situation), wants="anything else")


def _against_each(parts: Sequence[Condition], situation: Situation) -> Finding:
    """What all of them say against it, each fact once."""
    findings = [_against(part, situation) for part in parts]
    facts = dict.fromkeys(finding.fact for finding in findings)
    wants = dict.fromkeys(finding.wants for finding in findings)
    return Finding(holds=False, fact=" and ".join(facts), wants=" or ".join(wants))
