"""A sub-account's configuration as one validated document; `LocationConfig.model_json_schema()` is for editors.

A field left out has its default, or what the agency chose for all its sub-accounts (`merged`).
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
import re
from collections.abc import Callable, Mapping
from datetime import time
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictBool,
    ValidationError,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from mappings.calendar import Weekday, WorkingHours
from mappings.call import Disposition
from mappings.dial import DialPolicy
from mappings.facts import FACTS, Settings
from mappings.problems import problems_of
from mappings.rules import Book
from mappings.trunks import Trunk, names
from mappings.words import Words

WHOLE = frozenset({"book", "holidays"})
"""Tables that are chosen as a whole: a sub-account's own replaces its agency's. All other tables are merged by key."""


def _distinct(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


def _clock(value: Any) -> Any:
    """Hours and minutes are enough; TOML's own local times are read too."""
    if isinstance(value, time):
        return value
    try:
        hours, minutes = str(value).split(":")
        if len(hours) == len(minutes) == 2:  # noqa: PLR2004 - two digits each
            return time(int(hours), int(minutes))
    except ValueError:
        pass
    raise ValueError("must be a local time such as 09:00")


def _like(pattern: str, what: str) -> Callable[[str], str]:
    """Accepts texts of that form; says `what` is needed otherwise, which a pattern alone does not."""

    def check(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise ValueError(f"must be {what}")
        return value

    return check


def _known_fact(name: str) -> str:
    if name not in FACTS:
        raise ValueError(f"{name!r} is no fact of a call; known: {', '.join(FACTS)}")
    return name


_CLOCK_SCHEMA = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}

Clock: TypeAlias = Annotated[
    time,
    BeforeValidator(_clock),
    PlainSerializer(lambda value: format(value, "%H:%M"), return_type=str),
    WithJsonSchema(_CLOCK_SCHEMA),
]
_ID, _NUMBER, _COUNTRY = "[A-Za-z0-9_-]{1,64}", r"\+[1-9][0-9]{6,14}", "[A-Z]{2}"

CrmId: TypeAlias = Annotated[
    str,
    AfterValidator(_like(_ID, "an id of the CRM: letters, digits, hyphens and underscores")),
    Field(json_schema_extra={"pattern": f"^{_ID}$"}),
]
"""An id that the CRM gave: of a user, of a conversation provider."""
PhoneNumber: TypeAlias = Annotated[
    str,
    AfterValidator(_like(_NUMBER, "a number in E.164 such as +14155550100")),
    Field(json_schema_extra={"pattern": f"^{_NUMBER}$"}),
]
Country: TypeAlias = Annotated[
    str,
    AfterValidator(_like(_COUNTRY, "a country's ISO 3166 code such as US")),
    Field(json_schema_extra={"pattern": f"^{_COUNTRY}$"}),
]
Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
FactName: TypeAlias = Annotated[str, AfterValidator(_known_fact)]
Whole: TypeAlias = Annotated[int, Field(strict=True)]


class Part(BaseModel):
    """A part of the document. A field that is not known is refused; `"none"` stands for no value, which TOML lacks."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    @field_validator("*", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if isinstance(value, str) and value == "none" else value


class TrunkConfig(Part):
    """One trunk of a sub-account; its secrets are kept sealed, apart from this document."""

    window_s: Annotated[Whole, Field(ge=10, le=86_400)] = 300
    """How far a signature's time may be from ours, in seconds."""


class Hours(Part):
    """When people work and when nobody is dialled, in the sub-account's time zone."""

    opens: Clock = time(9)
    """When work starts."""
    closes: Clock = time(18)
    """When work ends; before `opens` for a shift over midnight."""
    usual: Clock | None = None
    """The time of a callback where the call's own does not fit; 10:00 if work is done then, else `opens`."""
    quiet_from: Clock | None = time(21)
    """From when on nobody is dialled; none for no quiet hours."""
    quiet_until: Clock = time(8)
    """When dialling may start again."""
    weekend: Annotated[tuple[Weekday, ...], Field(max_length=6), AfterValidator(_distinct)] = ("sat", "sun")
    """Days without work, `mon` to `sun`."""

    @model_validator(mode="after")
    def _possible(self) -> "Hours":
        self.working(None)
        return self

    def working(self, holidays: "Holidays | None") -> WorkingHours:
        """The calendar of these hours.

        Raises:
            ValueError: they contradict each other.
        """
        if self.usual is not None:
            return self._with(self.usual, holidays)
        try:
            return self._with(time(10), holidays)
        except ValueError:
            return self._with(self.opens, holidays)

    def _with(self, usual: time, holidays: "Holidays | None") -> WorkingHours:
        return WorkingHours(
            opens=self.opens,
            closes=self.closes,
            usual=usual,
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            weekend=frozenset(self.weekend),
            country=None if holidays is None else holidays.country,
            subdivision=None if holidays is None else holidays.subdivision,
        )


class Holidays(Part):
    """Whose public holidays are free."""

    country: Country
    """ISO 3166 code of the country."""
    subdivision: Annotated[str, Field(min_length=1, max_length=80)] | None = None
    """State or region with holidays of its own, such as `CA` or `BY`."""

    @model_validator(mode="after")
    def _known(self) -> "Holidays":
        WorkingHours(country=self.country, subdivision=self.subdivision)
        return self


class LocationConfig(Part):
    """What an installer chooses for one sub-account, or an agency for all of its own."""

    trunks: dict[str, TrunkConfig] = {}
    """The trunks that may post, by name."""
    custom_trunks: tuple[dict[str, Any], ...] = ()
    """Trunks of its own, each a mapping document (mappings/custom_mapping.py), kept as it was written."""
    unknown_number: Literal["create", "skip", "hold"] = "create"
    """A number the CRM does not know: create a contact, let the call go, or park it for a person."""
    time_zone: str | None = None
    """IANA zone for the times in notes; the CRM's own setting when not given."""
    country: Country | None = None
    """ISO 3166 code for numbers written without a country code."""
    holidays: Holidays | None = None
    """Whose public holidays are free, when callbacks are planned."""
    hours: Hours = Hours()
    """Opening hours, the weekend, and when nobody is dialled."""
    workflows: dict[str, str] = {}
    """The CRM's workflow ids by the name the rule book uses, such as `no_answer`."""
    dispositions: dict[Disposition, str] = {}
    """What dispositions are called here, in notes and tags, such as `"No Answer" = "Not reached"`."""
    causes: dict[str, Disposition] = {}
    """What the end of an unanswered call means here: the trunk's own word or code, `sip:486` or `q850:17`."""
    disposition_tag_prefix: Text | None = "disposition:"
    """How a tag begins by which an agent tells a call's disposition in the CRM; none where tags tell nothing."""
    when_in_doubt: Literal["repeat", "hold"] = "repeat"
    """An enrolment whose outcome is unknown: do it again, or park it for a person."""
    book: Book | None = None
    """The rule book; the shipped default when not given."""
    call_record: Literal["note", "record", "both"] = "note"
    """How a call stands on the contact's timeline: as a note, as a call record of the CRM, or both."""
    provider_id: CrmId | None = None
    """The conversation provider under which call records are made."""
    fields: Annotated[dict[FactName, Text], Field(max_length=100)] = {}
    """Custom fields of the contact (name or id) by the fact that goes there, such as `disposition`."""
    agents: Annotated[dict[Text, CrmId], Field(max_length=2000)] = {}
    """The CRM's users by the extension or name that trunks know an agent by."""
    reviewers: Annotated[tuple[CrmId, ...], Field(max_length=100), AfterValidator(_distinct)] = ()
    """The CRM's users who look after the review queue."""
    review_after_s: Annotated[Whole, Field(ge=0, le=604_800)] = 300
    """How long an agent has for a disposition before the call is put up for review, in seconds."""
    fast_drop_s: Annotated[float, Field(strict=True, ge=0, le=60, allow_inf_nan=False)] = 5.0
    """A call answered at once and shorter than this was hung up right away, in seconds."""
    max_attempts: Annotated[Whole, Field(ge=1, le=100)] | None = 6
    """Unanswered attempts after which a contact is left alone; none for no such limit."""
    caller_ids: Annotated[tuple[PhoneNumber, ...], Field(max_length=1000), AfterValidator(_distinct)] = ()
    """The pool of numbers to call from, in E.164."""
    local_presence: StrictBool = True
    """Whether a caller ID of the contact's own area is preferred."""
    retention_days: Annotated[Whole, Field(ge=2, le=36_500)] | None = None
    """How long its finished deliveries are kept, in days; RINGBACK_KEEP_DAYS when not given."""

    @field_validator("custom_trunks")
    @classmethod
    def _readable(cls, value: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for index, document in enumerate(value):
            try:
                name = custom_adapter(document).name
            except ValidationError as error:
                wrong = "; ".join(f"[{index}].{path} {message}" for path, message in problems_of(error))
                raise ValueError(wrong) from None
            if name in names():
                raise ValueError(f"{name!r} is a trunk that Ringback has; give yours another name")
        return value

    @field_validator("causes")
    @classmethod
    def _any_case(cls, value: dict[str, Disposition]) -> dict[str, Disposition]:
        return {key.lower(): meant for key, meant in value.items()}

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"{value!r} is no IANA time zone, such as America/Chicago") from None
        return value

    @cached_property
    def words(self) -> Words:
        """Its own words, for planning."""
        return Words(self.dispositions, self.causes)

    @cached_property
    def calendar(self) -> WorkingHours:
        """Its business days and quiet hours."""
        return self.hours.working(self.holidays)

    @cached_property
    def numbers(self) -> Settings:
        """Its numbers that a rule book may name."""
        return Settings(float(self.fast_drop_s), float(self.review_after_s), self.max_attempts)

    @cached_property
    def dial_policy(self) -> DialPolicy:
        """What it wants of its diallers."""
        return DialPolicy(max_attempts=self.max_attempts, local_presence=self.local_presence)

    def document(self) -> bytes:
        """The document as it is kept: what was chosen only, so that an agency's defaults show through the rest."""
        return self.model_dump_json(exclude_unset=True).encode()


class TrunkEntry(TrunkConfig):
    """One trunk in a configuration file, which may hold its secrets too."""

    secrets: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    """The trunk's secrets, newest first: each as it is, or `env:NAME` for what that environment variable holds."""


class LocationFile(LocationConfig):
    """A configuration file, as `ringback location set --file` reads it."""

    trunks: dict[str, TrunkEntry] = {}  # type: ignore[assignment] # a wider form of the same table, for reading only
    """The trunks that may post, by name."""


def custom_adapter(document: dict[str, Any]) -> Trunk:
    """The trunk that a mapping document describes.

    Raises:
        ValueError: it describes none.
    """
    from mappings.custom import TrunkMapping, custom_trunk  # noqa: PLC0415 - 30 models, for the few who need them

    return custom_trunk(TrunkMapping.model_validate(document))


def merged(below: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """An agency's document with a sub-account's own on top: its own values win.

    Tables are merged key by key, but for those in WHOLE; lists and single values are replaced.
    """
    result = dict(below)
    for key, value in own.items():
        old = result.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping) and key not in WHOLE
        result[key] = merged(old, value) if both else value  # type: ignore[arg-type] # `both` says they are tables
    return result
