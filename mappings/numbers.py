"""Which side of a call is the contact, its number in E.164, and the lane that keeps its calls in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mappings.call import Call

_E164 = re.compile(r"\+[1-9][0-9]{7,14}")
_PUNCTUATION = str.maketrans("", "", " -./()\u00a0")

_WITHHELD = frozenset({"anonymous", "private", "restricted", "unavailable", "unknown", "withheld"})
"""What trunks write where a caller's number should be (RFC 3323 has "Anonymous")."""


@dataclass(frozen=True, slots=True)
class Side:
    """The contact's side: `number` in E.164, or None with the `reason`; `text` is what the trunk gave."""

    which: Literal["from", "to"]
    number: str | None
    text: str | None
    reason: str | None = None


def contact_side(call: Call, country: str | None) -> Side:
    """The side of the call on which the contact is.

    1. If exactly one side is a full phone number (`e164`), the contact is there: the other is an extension, a
       SIP user, a queue. Switches often tell directions from their own point of view, so this comes first.
    2. Otherwise the direction tells: the caller of an inbound call, the called party of an outbound one; an
       unknown direction counts as outbound.

    A withheld or absent number is not an extension: an inbound call from a withheld number (an outbound one
    without a called number) has no contact to be found, least of all our own number, so rule 1 is not for it.

    Args:
        call: the call; its numbers may be in any form.
        country: ISO 3166 alpha-2 code in which national numbers are read; None reads international ones only.
    """
    which: Literal["from", "to"] = "from" if call.direction == "inbound" else "to"
    text, other = (call.from_, call.to) if which == "from" else (call.to, call.from_)
    number = _number(text, country)
    if number is not None:
        return Side(which, number, text)
    swapped = None if call.direction is not None and _withheld(text) else _number(other, country)
    if swapped is not None:
        return Side("to" if which == "from" else "from", swapped, other)
    return Side(which, None, text, _why_none(which, text))


def lane(call: Call, country: str | None) -> str:
    """What keeps one contact's events in order: its number in E.164, or `call:` and the call's id."""
    return contact_side(call, country).number or f"call:{call.call_id}"


def e164(text: str, country: str | None) -> str | None:
    """The number in E.164 (ITU-T: `+`, then 8 to 15 digits here), or None if `text` is no full phone number.

    What already looks like E.164 is taken as it is, whether or not the number is assigned. National numbers,
    and those with an international prefix such as 00, must be valid in `country`: no extension passes.
    """
    if text.startswith("+"):
        bare = text.translate(_PUNCTUATION)
        if _E164.fullmatch(bare):
            return bare
    return _parsed(text, country.upper()) if country else None


@lru_cache(
    maxsize=4096
)  # one's own lines come again with every call, and parsing costs as much as the rest of the plan
def _parsed(text: str, country: str) -> str | None:
    # Imported where a number needs it: 0.1 s and some MB that a trunk speaking E.164 never pays.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _number(text: str | None, country: str | None) -> str | None:
    return e164(text, country) if text else None


def _withheld(text: str | None) -> bool:
    return not text or text.strip(" <>").lower() in {"", *_WITHHELD}


def _why_none(which: Literal["from", "to"], text: str | None) -> str:
    if not _withheld(text):
        return "neither side is a full phone number (an extension or an internal user)"
    return "the caller's number is withheld" if which == "from" else "the trunk told no called number"
