"""Why calls end: Q.850 cause values, SIP final responses and FreeSWITCH's own causes, as one table.

The table is causes.csv beside this file. Its columns: `kind` (q850, sip, fs), `code`, `name` (FreeSWITCH's
name where it has one, the reason phrase for SIP), `meaning`, `peer` (the partner in RFC 3398, 7.2.4.1 for
Q.850 and 8.2.6.1 for SIP; empty where the RFC has none), `disposition` (of a call that was not answered)
and `redial` (is one sensible).
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from importlib import resources
from typing import Literal, TypeAlias, cast

from mappings.call import Disposition

Kind: TypeAlias = Literal["q850", "sip", "fs"]

# Other people's names for the same Q.850 cause: ITU-T Q.850 itself, Asterisk's Cause-txt, older switches.
_ALIASES = {
    "UNALLOCATED_UNASSIGNED_NUMBER": 1,
    "UNASSIGNED_NUMBER": 1,
    "NO_ROUTE_TO_DESTINATION": 3,
    "NORMAL_CALL_CLEARING": 16,
    "NO_USER_RESPONDING": 18,
    "NO_ANSWER_FROM_USER": 19,
    "USER_ALERTING_NO_ANSWER": 19,
    "ANSWERED_ELSEWHERE": 26,
    "NORMAL": 31,
    "CIRCUIT_CHANNEL_CONGESTION": 34,
    "NO_CIRCUIT_CHANNEL_AVAILABLE": 34,
    "TEMPORARY_FAILURE": 41,
    "SWITCHING_EQUIPMENT_CONGESTION": 42,
    "RECOVERY_ON_TIMER_EXPIRY": 102,
    "MANDATORY_IE_LENGTH_ERROR": 103,
    "INTERWORKING_UNSPECIFIED": 127,
}
# "Rejected" is what people write for a callee's refusal; only SIP 608 has it as its phrase, meaning an
# analytics engine.
_NOT_A_NAME = {"UNASSIGNED", "NONE", "REJECTED"}
_NUMBERED = re.compile(
    r"(?:(?P<proto>sip|q\.?850)(?:/2\.0)?[\s:;=/]*)?(?:cause\s*[=:]?\s*)?(?P<code>[0-9]{1,3})(?![0-9])",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[^A-Z0-9]+")
_LONGEST_NAME = 100


@dataclass(frozen=True, slots=True)
class Cause:
    """One row of the table. `disposition` and `redial` hold for a call that was not answered."""

    kind: Kind
    code: int
    name: str
    meaning: str
    peer: int | None
    disposition: Disposition
    redial: bool


def _load() -> dict[tuple[Kind, int], Cause]:
    with resources.files("mappings").joinpath("causes.csv").open(encoding="utf-8") as lines:
        rows = [
            Cause(
                kind=cast("Kind", row["kind"]),
                code=int(row["code"]),
                name=row["name"],
                meaning=row["meaning"],
                peer=int(row["peer"]) if row["peer"] else None,
                disposition=Disposition(row["disposition"]),
                redial=row["redial"] == "yes",
            )
            for row in csv.DictReader(lines)
        ]
    return {(row.kind, row.code): row for row in rows}


def _key(name: str) -> str:
    return _SEPARATORS.sub("_", name.upper()).strip("_")


def _names(*kinds: Kind) -> dict[str, Cause]:
    """Causes by name; of kinds that share a name the last given has it, within a kind the lowest code."""
    found: dict[str, Cause] = {}
    for kind in kinds:
        of_kind = [cause for cause in reversed(TABLE.values()) if cause.kind == kind]
        found |= {key: cause for cause in of_kind if (key := _key(cause.name)) not in _NOT_A_NAME}
    return found | {alias: TABLE["q850", code] for alias, code in _ALIASES.items()}


TABLE = _load()
_SWITCH_NAMES = _names("sip", "fs", "q850")
_PHRASES = _names("fs", "sip", "q850")


def q850(code: int | None) -> Cause | None:
    """The Q.850 cause of that value (0..127), or None."""
    return None if code is None else TABLE.get(("q850", code))


def sip(code: int | None) -> Cause | None:
    """The SIP final response of that status, or None if it is not in the table."""
    return None if code is None else TABLE.get(("sip", code))


def internal(code: int | None) -> Cause | None:
    """FreeSWITCH's own cause of that number (142, 487, 700 and above), or None."""
    return None if code is None else TABLE.get(("fs", code))


def numbered(code: int) -> Cause | None:
    """The cause a bare number means: 1..127 Q.850, 200 and 300..699 SIP, from 700 FreeSWITCH's own."""
    if 0 < code <= 127:  # noqa: PLR2004 - the range of Q.850 cause values
        return q850(code)
    return sip(code) or (internal(code) if code >= 700 else None)  # noqa: PLR2004 - FreeSWITCH counts from 700


def named(text: str | None) -> Cause | None:
    """The cause meant by a name or a written code, as switches and people write them.

    `NORMAL_CLEARING`, `Normal Clearing`, `User alerting, no answer`, `Busy Here`, `sip:486`, `SIP 486`,
    `486`, `SIP/2.0 486 Busy Here`, `Q.850;cause=17;text="..."` (a Reason header, RFC 3326). None if it is
    none of these.
    """
    if not text or len(text) > _LONGEST_NAME:
        return None
    # FreeSWITCH writes BUSY_EVERYWHERE for its own cause 815, SIP servers write "Busy Everywhere" for 600.
    index = _SWITCH_NAMES if "_" in text or text.isupper() else _PHRASES
    return index.get(_key(text)) or _written(text)


def _written(text: str) -> Cause | None:
    found = _NUMBERED.match(text.strip())
    if found is None:
        return None
    proto, code = found["proto"], int(found["code"])
    if proto is None:
        return numbered(code)
    return sip(code) if proto.lower() == "sip" else q850(code)


def to_sip(cause: int, *, by_user: bool = False) -> int | None:
    """The SIP status for a Q.850 cause by RFC 3398, 7.2.4.1; None where the RFC has no row.

    Args:
        cause: the Q.850 value.
        by_user: whether the cause's location is the user, which makes 21 a 603 (Decline) and not a 403.
    """
    if by_user and cause == 21:  # noqa: PLR2004 - call rejected
        return 603
    row = q850(cause)
    return row.peer if row else None


def to_q850(status: int) -> int | None:
    """The Q.850 cause for a SIP status by RFC 3398, 8.2.6.1; None where the RFC has no row (487, 3xx)."""
    row = sip(status)
    return row.peer if row else None


def redial_sensible(text: str | None) -> bool:
    """Whether calling again makes sense after a cause written like that; False for one nobody knows."""
    cause = named(text)
    return cause is not None and cause.redial


USUAL_NAMES = {
    Disposition.NO_ANSWER: "NO_ANSWER",
    Disposition.BUSY: "USER_BUSY",
    Disposition.REJECTED: "CALL_REJECTED",
    Disposition.CANCELED: "ORIGINATOR_CANCEL",
    Disposition.INVALID_NUMBER: "UNALLOCATED_NUMBER",
    Disposition.CONGESTION: "NORMAL_CIRCUIT_CONGESTION",
    Disposition.BLOCKED: "UNWANTED",
    Disposition.FAILED: "NORMAL_UNSPECIFIED",
}
"""The cause, by the name FreeSWITCH gives it, that an unanswered call of each disposition usually ends with."""
