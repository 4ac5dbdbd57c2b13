"""Reading single values as trunks write them: times, numbers, telephone numbers, words.

None means "not given". What had to be assumed or could not be read is said in `notes`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

if TYPE_CHECKING:
    from mappings.call import Amd, Direction

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
# Seconds stay below the first figure until the year 5138; the others are the same for the finer units.
_FIRST_MILLISECONDS, _FIRST_MICROSECONDS, _FIRST_NANOSECONDS = 10**11, 10**14, 10**17
_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(?:\.[0-9]{1,20})?")
_MAIL_DATE = re.compile(  # RFC 2822, 3.3; the name of the day may be any word ("Thurs")
    r"(?:[A-Za-z]+,?\s+)?([0-9]{1,2})\s+([A-Za-z]{3})[a-z]*\s+([0-9]{4})\s+"
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?\s*(\S*)"
)
_MONTHS = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)  # noqa: SIM905 - a line, not twelve
}
_OFFSET = re.compile(r"([+-])([0-9]{2})([0-9]{2})")
_MAX_INTEGER = 2**53

_ANONYMOUS = frozenset(
    {
        "anonymous",
        "private",
        "restricted",
        "unavailable",
        "unknown",
        "withheld",
        "<unknown>",
        "+266696687",  # ANONYMOUS on the keypad
        "266696687",
    }
)
_SCHEME = re.compile(r"(?:^|<)\s*(?:sips?|tel):(?://)?", re.IGNORECASE)
_END_OF_USER = re.compile(r"[@;>?:]")
_PUNCTUATED_E164 = re.compile(r"\+[0-9 ().\-]{5,30}")
_PUBLIC = re.compile(r"\+?[0-9]{7,}")
_BARE_E164 = re.compile(r"[1-9][0-9]{7,14}")
_PUNCTUATION = str.maketrans("", "", " ().-")

_DIRECTIONS: dict[str, Direction] = {
    "inbound": "inbound",
    "incoming": "inbound",
    "in": "inbound",
    "outbound": "outbound",
    "outgoing": "outbound",
    "out": "outbound",
    "outbound-api": "outbound",
    "outbound-dial": "outbound",
}


def text(raw: Any) -> str | None:
    """A text, or a number as text; None for anything else and for an empty one."""
    if isinstance(raw, str):
        return raw.strip() or None
    return str(raw) if isinstance(raw, int) and not isinstance(raw, bool) else None


def integer(raw: Any) -> int | None:
    """A whole number, given as one or as text; None for anything else, and for one beyond 2**53."""
    number = _number(raw)
    if number is None or not -_MAX_INTEGER <= number <= _MAX_INTEGER or number != int(number):
        return None
    return int(number)


def _number(raw: Any) -> int | float | None:
    if isinstance(raw, str):
        raw = raw.strip()
        if not _NUMBER.fullmatch(raw):
            return None
        return float(raw) if "." in raw else int(raw)
    return raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def is_nothing(raw: Any) -> bool:
    """Whether a time or a duration says "never": null, an empty text, false or any zero ("0", "0.000000")."""
    return raw is None or raw is False or raw == "" or _number(raw) == 0


def duration_ms(raw: Any) -> int | None:
    """Seconds, as a number or as text, in milliseconds; None for anything else, NaN and less than nothing."""
    number = _number(raw)
    return round(number * 1000) if number is not None and 0 <= number <= _MAX_INTEGER else None


def shown(value: Any) -> str:
    """A value as a note shows it: cut at 40 characters, and never too deep to be shown."""
    try:
        return f"{value!r:.40}"
    except RecursionError:
        return "a value nested too deep"


def instant(raw: Any, what: str, notes: list[str], *, zone: tzinfo | None = None) -> int | None:
    """A point in time in epoch milliseconds, cut off, not rounded.

    Understood: epoch seconds, milliseconds, microseconds and nanoseconds, told apart by magnitude, as a
    number or as text; ISO 8601; RFC 2822. Nothing, an empty text and zero mean "never came to that": None.

    Args:
        raw: as the payload has it.
        what: its name, for the notes.
        notes: told if the time has no zone (it is then taken as UTC) or cannot be read (None).
        zone: what a time without a zone is in, where the trunk says so; then no note is made.
    """
    if raw is None or raw == "" or raw is False:
        return None
    number = _number(raw)
    if number is not None:
        return _epoch_ms(number, what, notes)
    stamp = _stamp(raw.strip()) if isinstance(raw, str) else None
    if stamp is None:
        notes.append(f"{what} could not be read: {shown(raw)}")
        return None
    if stamp.tzinfo is None:
        if zone is None:
            notes.append(f"{what} has no time zone: read as UTC")
        stamp = stamp.replace(tzinfo=zone or UTC)
    return (stamp - _EPOCH) // _MILLISECOND


def _epoch_ms(number: float, what: str, notes: list[str]) -> int | None:
    if number == 0:
        return None
    if not 0 < number < _FIRST_NANOSECONDS * 1000:
        notes.append(f"{what} is not a time: {shown(number)}")
        return None
    if number < _FIRST_MILLISECONDS:
        return round(number * 1_000_000) // 1000  # by way of whole microseconds: x.123 is no binary fraction
    if number < _FIRST_MICROSECONDS:
        return int(number)
    return int(number) // (1000 if number < _FIRST_NANOSECONDS else 1_000_000)


def _stamp(given: str) -> datetime | None:
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        mail = _MAIL_DATE.fullmatch(given)
        if mail is None:
            return None
    day, month, year, hour, minute, second, zone = mail.groups()
    try:
        return datetime(  # noqa: DTZ001 - the zone is the next line's
            int(year), _MONTHS[month.lower()], int(day), int(hour), int(minute), int(second or 0)
        ).replace(tzinfo=_zone(zone))
    except (KeyError, ValueError):
        return None


def _zone(word: str) -> tzinfo | None:
    """The zone at the end of an RFC 2822 date; a name or a damaged offset ("+000") is as good as none."""
    if word.upper() in ("GMT", "UTC", "UT", "Z"):
        return UTC
    offset = _OFFSET.fullmatch(word)
    if offset is None:
        return None
    ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
    return timezone(-ahead if offset[1] == "-" else ahead)


def phone(raw: Any, what: str, notes: list[str]) -> str | None:
    """A telephone number: `+` and digits where the payload has that, otherwise the text as given.

    Of a SIP or tel URI the user part is taken. A withheld number ("anonymous", "private", ...) is None; the
    notes keep the word.
    """
    given = text(raw)
    if given is None:
        return None
    if given[0] != "+" or not given[1:].isdigit():
        given = _user_part(given)
        if _PUNCTUATED_E164.fullmatch(given):
            given = given.translate(_PUNCTUATION)
    if given.lower() in _ANONYMOUS:
        notes.append(f"{what} is withheld: {shown(given)}")
        return None
    return given or None


def is_extension(party: str | None) -> bool:
    """Whether a party is one of the switch's own (a user's name, an extension of up to six digits).

    A withheld number (None) is somebody outside.
    """
    return party is not None and _PUBLIC.fullmatch(party) is None


def international(raw: Any, what: str, notes: list[str]) -> str | None:
    """As `phone`, for a trunk that writes E.164 without its `+`: 8 to 15 digits that begin with no 0 get it."""
    given = phone(raw, what, notes)
    return f"+{given}" if given is not None and _BARE_E164.fullmatch(given) else given


def _user_part(given: str) -> str:
    scheme = _SCHEME.search(given)
    if scheme is None:
        # Without a scheme only an address of record ("1001@realm") has something to take off.
        user, at, _ = given.partition("@")
        return user if at else given
    user = _END_OF_USER.split(given[scheme.end() :], maxsplit=1)[0]
    return unquote(user) if "%" in user else user


def direction(raw: Any, notes: list[str]) -> Direction | None:
    """The direction a word means (inbound, incoming, outbound-api, ...); an unknown word is noted."""
    word = text(raw)
    if word is None:
        return None
    found = _DIRECTIONS.get(word.lower())
    if found is None:
        notes.append(f"unknown direction {shown(word)}")
    return found


def amd(raw: Any) -> Amd | None:
    """Who answered, by answering machine detection: human, machine or fax; None if the word says neither."""
    word = (text(raw) or "").lower().replace("_", "-")
    if word.startswith("human") or word == "person":
        return "human"
    if word.startswith(("machine", "answering-machine", "amd", "voicemail")):
        return "machine"
    return "fax" if word.startswith("fax") else None
