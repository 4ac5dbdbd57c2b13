"""A trunk described by a document instead of code: what its payload calls things, and how it proves itself.

Read from TOML or JSON and checked field by field; docs/trunks/custom.md explains each field.
`TrunkMapping.model_json_schema()` is the JSON Schema for editors.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
import re
from datetime import timedelta, timezone, tzinfo
from typing import Annotated, Any, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StrictBool,
    StringConstraints,
    model_validator,
)

from mappings.call import Direction, Disposition, Event
from mappings.problems import DocumentError, read_document

Path: TypeAlias = tuple[str | int, ...]
"""Steps into a JSON value: a field's name, or an index in a list."""

_MOST_PATHS = 10
_LONGEST_PATH = 200
_PATH = re.compile(r"""(?:[\w$-]+|\["[^"\]]+"\])(?:\.[\w$-]+|\[-?\d{1,4}\]|\["[^"\]]+"\])*""", re.ASCII)
_STEP = re.compile(r"""\.?([\w$-]+)|\[(-?\d+)\]|\["([^"]+)"\]""", re.ASCII)
_OFFSET = re.compile(r"([+-])(\d{2}):(\d{2})", re.ASCII)


class MappingError(DocumentError):
    """The text is no trunk mapping."""


def _path(text: Any) -> Path:
    """`data.legs[0]["sip.id"]` as ("data", "legs", 0, "sip.id").

    Raises:
        ValueError: it is no such text.
    """
    if not isinstance(text, str) or len(text) > _LONGEST_PATH or not _PATH.fullmatch(text):
        raise ValueError('must be a path such as data.legs[0].id (a name with dots: data["sip.id"])')
    return tuple(int(index) if index else name or quoted for name, index, quoted in _STEP.findall(text))


def _paths(value: Any) -> tuple[Path, ...]:
    """One path, or a list of which the first that leads to something counts."""
    given = value if isinstance(value, list) else [value]
    if not 0 < len(given) <= _MOST_PATHS:
        raise ValueError(f"needs 1 to {_MOST_PATHS} paths")
    return tuple(_path(text) for text in given)


def _zone(value: Any) -> tzinfo:
    """A time zone by its name ("Europe/Berlin") or its offset ("+05:30")."""
    offset = _OFFSET.fullmatch(value) if isinstance(value, str) else None
    try:
        if offset is None:
            return ZoneInfo(value)
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-ahead if offset[1] == "-" else ahead)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
        raise ValueError("must be a time zone such as UTC, Europe/Berlin or +05:30") from error


def _casefolded(words: dict[str, Disposition]) -> dict[str, Disposition]:
    return {word.strip().casefold(): means for word, means in words.items()}


Paths: TypeAlias = Annotated[tuple[Path, ...], PlainValidator(_paths, json_schema_input_type=str | list[str])]
Zone: TypeAlias = Annotated[tzinfo, PlainValidator(_zone, json_schema_input_type=str)]
Word: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Words: TypeAlias = Annotated[tuple[Word, ...], Field(max_length=50)]
Header: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,80}$", to_lower=True)]
Item: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,20}$")]
TimeName: TypeAlias = Literal["start", "answer", "end"]


class MappingPart(BaseModel):
    """A part of a trunk mapping: it never changes once read, and a field it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Auth(MappingPart):
    """How a request proves that it knows the secret."""

    scheme: Literal["hmac-sha256", "bearer", "basic", "path", "unsigned"]
    """`hmac-sha256`: a signature over the raw body; `unsigned`: bearer, basic or path, whichever comes."""
    signature_header: Header | None = None
    """The header with the signature."""
    signature_item: Item | None = None
    """Where the header is a list such as `t=1700000000,v1=abcd`: the name of the signature in it."""
    timestamp_header: Header | None = None
    """The header with the time of signing in Unix seconds; the signature is then over `<time>.<body>`."""
    timestamp_item: Item | None = None
    """The same, where the time is an item of the signature's header."""
    prefix: Annotated[str, StringConstraints(max_length=20)] = ""
    """What may stand before the signature, such as `sha256=`."""
    encoding: Literal["hex", "base64"] = "hex"
    """How the signature is written."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        signed = self.scheme == "hmac-sha256"
        if signed and self.signature_header is None:
            raise ValueError("hmac-sha256 needs a signature_header")
        if not signed and self.model_fields_set != {"scheme"}:
            raise ValueError(f"{self.scheme} has no signature: leave the other fields out")
        if self.timestamp_item and (self.timestamp_header or not self.signature_item):
            raise ValueError("timestamp_item goes with signature_item, and not with timestamp_header")
        return self


class EventWords(MappingPart):
    """What happened, by a word in the payload."""

    path: Paths | None = None
    """Where the word stands; left out: every payload is what `default` says, or else a finished call."""
    initiated: Words = ()
    """The words for a call that begins."""
    answered: Words = ()
    """The words for a call that was answered."""
    completed: Words = ()
    """The words for a call that is over."""
    extra: Words = ()
    """The words for something learnt besides the call's course."""
    default: Event | None = None
    """What a payload with another word, or none, is; left out: it is not understood."""

    @model_validator(mode="after")
    def _tells(self) -> Self:
        words = [*self.initiated, *self.answered, *self.completed, *self.extra]
        if self.path is None and words:
            raise ValueError("words need a path")
        if self.path is not None and not words:
            raise ValueError("a path needs words: initiated, answered, completed or extra")
        if len(set(words)) != len(words):
            raise ValueError("a word stands twice")
        return self

    def meant(self) -> dict[str, Event]:
        """The event of each word."""
        lists: tuple[tuple[Event, Words], ...] = (
            ("initiated", self.initiated),
            ("answered", self.answered),
            ("completed", self.completed),
            ("extra", self.extra),
        )
        return {word: event for event, words in lists for word in words}


class FieldPaths(MappingPart):
    """Where each fact stands in the payload."""

    call_id: Paths
    """The id of the call's leg."""
    session_id: Paths | None = None
    """The id of the whole call, where several legs make up one."""
    from_: Annotated[Paths | None, Field(alias="from")] = None
    """The caller's number."""
    to: Paths | None = None
    """The called number."""
    direction: Paths | None = None
    """A word for inbound or outbound."""
    start: Paths | None = None
    """When the INVITE was sent or came."""
    answer: Paths | None = None
    """When the call was answered; empty, null and 0 mean never."""
    end: Paths | None = None
    """When the call was over."""
    duration: Paths | None = None
    """How long it took, as `duration` says."""
    cause: Paths | None = None
    """Why it ended: a word of `causes`, a Q.850 number, a SIP status or a usual name."""
    q850: Paths | None = None
    """The Q.850 cause value."""
    sip: Paths | None = None
    """The final SIP status."""
    amd: Paths | None = None
    """Who answered: human, machine or fax."""
    hangup_by: Paths | None = None
    """Who hung up."""
    agent: Paths | None = None
    """Who took or made the call."""
    recording_url: Paths | None = None
    """Where the recording is."""


class TimeForm(MappingPart):
    """How a time is written."""

    format: Literal["auto", "iso", "s", "ms", "us"] = "auto"
    """ISO 8601, or Unix seconds, milliseconds or microseconds; `auto` tells them apart, and reads RFC 2822 too."""
    zone: Zone | None = None
    """The zone of times that state none."""


class Times(TimeForm):
    """How times are written: all of them, and single ones that differ."""

    start: TimeForm | None = None
    """How `fields.start` is written, where it differs."""
    answer: TimeForm | None = None
    """How `fields.answer` is written, where it differs."""
    end: TimeForm | None = None
    """How `fields.end` is written, where it differs."""

    def of(self, name: TimeName) -> TimeForm:
        """How the time of that name is written."""
        single: TimeForm | None = getattr(self, name)
        return self if single is None else single


class DurationForm(MappingPart):
    """What a duration is."""

    unit: Literal["s", "ms"] = "s"
    """Seconds (fractions are read) or milliseconds."""
    includes_ringing: StrictBool = False
    """Whether it counts from the INVITE and not from the answer."""


class Constants(MappingPart):
    """What is true of every payload and stands in none."""

    direction: Direction | None = None
    """The direction, where the payload does not tell it."""
    answered: StrictBool | None = None
    """Whether the calls were answered."""


class TrunkMapping(MappingPart):
    """A trunk, described."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
    """The trunk's name in addresses and rules: lower-case letters, digits, hyphens and underscores."""
    title: Word
    """The trunk's name for people."""
    setup: Annotated[str, StringConstraints(max_length=2000)] = "1. Let the sender post its call events to {url}."
    """What to paste where in the sender's console; `{url}` stands for the webhook address."""
    auth: Auth
    """How a request proves its origin."""
    event: EventWords = EventWords()
    """What happened."""
    fields: FieldPaths
    """Where each fact stands."""
    times: Times = Times()
    """How times are written."""
    duration: DurationForm = DurationForm()
    """What the duration is."""
    numbers: Literal["as_given", "e164_digits"] = "as_given"
    """`e164_digits`: numbers are E.164 without the plus."""
    causes: Annotated[dict[Word, Disposition], Field(max_length=200), AfterValidator(_casefolded)] = {}
    """The sender's words for the end of a call, in any case, and what they mean."""
    constants: Constants = Constants()
    """What is always true."""
    awaits: tuple[Literal["start", "answer", "direction"], ...] = ()
    """What is told only in the call's other events, so that a finished call is worth a short wait."""

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if "{url}" not in self.setup:
            raise ValueError("setup does not say where to: put {url} into it")
        return self


def read_mapping(text: str | bytes, format: Literal["toml", "json"] = "toml") -> TrunkMapping:  # noqa: A002 - it is the word
    """The trunk mapping written in `text`.

    Raises:
        MappingError: with every problem found, each at its path and in plain words.
    """
    return read_document(TrunkMapping, text, format, MappingError)
