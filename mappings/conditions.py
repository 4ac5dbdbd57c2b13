"""When a rule fires: the condition's models, and the judgement over one call with its reason in words.

A new condition is a field of `Condition` and a line of `MEASURES`.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Self, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from mappings.call import Amd, Call, Direction, Disposition

Seconds: TypeAlias = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]
Q850: TypeAlias = Annotated[int, Field(strict=True, ge=1, le=127)]
SipStatus: TypeAlias = Annotated[int, Field(strict=True, ge=100, le=699)]
TrunkName: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]

DEPTH_LIMIT = 8
"""How deep `all`, `any` and `not` may stand in one another: far beyond what a person can read."""


class BookPart(BaseModel):
    """A part of a rule book: it never changes once read, and a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, serialize_by_alias=True)


class Range(BookPart):
    """From `min` to `max` seconds, both included; either end may be left open, not both."""

    min: Seconds | None = None
    """The least, in seconds."""
    max: Seconds | None = None
    """The most, in seconds."""

    @model_validator(mode="after")
    def _has_room(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError("min is greater than max: no call could match")
        return self

    def __contains__(self, seconds: float) -> bool:
        return (self.min is None or seconds >= self.min) and (self.max is None or seconds <= self.max)

    def __str__(self) -> str:
        if self.max is None:
            return f"at least {self.min:g} s"
        return f"at most {self.max:g} s" if self.min is None else f"{self.min:g} to {self.max:g} s"


def _listed(value: Any) -> Any:
    """One value stands for a list of one; what is in it is judged by the field's own type."""
    return value if isinstance(value, list | tuple) else [value]


def _one_or_more(kind: Any) -> BeforeValidator:
    """Accepts `kind` where a list of `kind` is meant, and says so in the JSON Schema too."""
    return BeforeValidator(_listed, json_schema_input_type=kind | tuple[kind, ...])


SOME = Field(min_length=1, max_length=50)


class Condition(BookPart):
    """What a call must look like: every field given must hold; without any it holds for every call."""

    disposition: Annotated[tuple[Disposition, ...], SOME, _one_or_more(Disposition)] | None = None
    """The call's disposition is one of these."""
    direction: Annotated[tuple[Direction, ...], SOME, _one_or_more(Direction)] | None = None
    """The call's direction is one of these: `inbound`, `outbound`."""
    trunk: Annotated[tuple[TrunkName, ...], SOME, _one_or_more(TrunkName)] | None = None
    """The trunk that told of the call has one of these names."""
    talk_s: Range | None = None
    """Talk time in seconds, answer to end; 0 for a call nobody answered."""
    ring_s: Range | None = None
    """Ring time in seconds, INVITE to answer, or to the end of a call nobody answered."""
    answer_latency_s: Range | None = None
    """Seconds from INVITE to answer; a call nobody answered has none."""
    q850: Annotated[tuple[Q850, ...], SOME, _one_or_more(Q850)] | None = None
    """The Q.850 cause (1..127) that the trunk stated is one of these."""
    sip: Annotated[tuple[SipStatus, ...], SOME, _one_or_more(SipStatus)] | None = None
    """The final SIP status (100..699) is one of these."""
    amd: Annotated[tuple[Amd, ...], SOME, _one_or_more(Amd)] | None = None
    """Answering machine detection said one of these: `human`, `machine`, `fax`."""
    all: Annotated[tuple["Condition", ...], SOME] | None = None
    """Each of these conditions holds."""
    any: Annotated[tuple["Condition", ...], SOME] | None = None
    """At least one of these conditions holds."""
    not_: "Condition | None" = Field(default=None, alias="not")
    """This condition does not hold."""

    def depth(self) -> int:
        """How many conditions stand in one another here, this one included."""
        inner = (*(self.all or ()), *(self.any or ()), *((self.not_,) if self.not_ else ()))
        return 1 + max((condition.depth() for condition in inner), default=0)


@dataclass(frozen=True, slots=True)
class ContactState:
    """The contact before this call: in the CRM or not, tags in lower case, number of earlier attempts."""

    known: bool = True
    tags: frozenset[str] = frozenset()
    attempts: int = 0


class Situation(NamedTuple):
    """All that a condition may look at."""

    call: Call
    disposition: Disposition | None
    contact: ContactState


class Finding(NamedTuple):
    """Whether a condition holds, the fact that decided it, and what the rule wants where it does not."""

    holds: bool
    fact: str
    wants: str = ""

    @property
    def reason(self) -> str:
        """The finding as a clause ("disposition is Connected, the rule wants No Answer")."""
        return self.fact if self.holds else f"{self.fact}, the rule wants {self.wants}"


class Measure(NamedTuple):
    """How a condition's field is read from the situation, and what it is called in reasons."""

    words: str
    read: Callable[[Situation], float | str | None]
    unit: str = ""


MEASURES: Mapping[str, Measure] = {
    "disposition": Measure("disposition", lambda situation: situation.disposition),
    "direction": Measure("direction", lambda situation: situation.call.direction),
    "trunk": Measure("trunk", lambda situation: situation.call.trunk),
    "talk_s": Measure("talk time", lambda situation: situation.call.duration_s, " s"),
    "ring_s": Measure("ring time", lambda situation: _seconds(situation.call.ring_ms), " s"),
    "answer_latency_s": Measure("time to answer", lambda situation: _seconds(situation.call.answer_latency_ms), " s"),
    "q850": Measure("Q.850 cause", lambda situation: situation.call.q850),
    "sip": Measure("SIP status", lambda situation: situation.call.sip),
    "amd": Measure("answering machine detection", lambda situation: situation.call.amd),
}


_EVERY_CALL = Finding(holds=True, fact="the rule is for every call")


def judge(condition: Condition, situation: Situation) -> Finding:
    """Whether the condition holds, and why. A fact that is not known matches nothing."""
    if not condition.model_fields_set:
        return _EVERY_CALL
    facts = []
    for finding in _findings(condition, situation):
        if not finding.holds:
            return finding
        facts.append(finding.fact)
    return Finding(holds=True, fact=" and ".join(facts)) if facts else _EVERY_CALL


def _findings(condition: Condition, situation: Situation) -> Iterator[Finding]:
    """One finding for each field that is given, in the order of the fields."""
    for field, measure in MEASURES.items():
        wanted = getattr(condition, field)
        if wanted is not None:
            yield _compared(measure, measure.read(situation), wanted)
    for part in condition.all or ():
        yield judge(part, situation)
    if condition.any is not None:
        yield _either([judge(part, situation) for part in condition.any])
    if condition.not_ is not None:
        inner = judge(condition.not_, situation)
        yield Finding(not inner.holds, inner.fact, "anything else")


def _compared(measure: Measure, value: float | str | None, wanted: Range | tuple[Any, ...]) -> Finding:
    """One measured value beside what is wanted of it."""
    if isinstance(wanted, Range):
        wants = str(wanted)
        holds = isinstance(value, int | float) and value in wanted
    else:
        wants = " or ".join(map(str, wanted))
        holds = value in wanted
    return Finding(holds, f"{measure.words} is {_shown(value, measure.unit)}", wants)


def _shown(value: float | str | None, unit: str) -> str:
    if value is None:
        return "not known"
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _either(findings: Sequence[Finding]) -> Finding:
    """The first finding that holds, or what all of them say against it, each fact once."""
    for finding in findings:
        if finding.holds:
            return finding
    facts = dict.fromkeys(finding.fact for finding in findings)
    return Finding(holds=False, fact=" and ".join(facts), wants=" or ".join(finding.wants for finding in findings))


def _seconds(ms: int | None) -> float | None:
    return None if ms is None else ms / 1000
