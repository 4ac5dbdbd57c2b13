"""The timeline note: one call in a few lines of plain text, its last line the marker it is found again by."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import TYPE_CHECKING

from mappings.call import Disposition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import tzinfo

    from mappings.call import Call, Wrapup

LIMIT = 1990
"""The most bytes a note may have (UTF-8): the CRM documents no limit, and takes texts of a few kB."""

_CALL_ID_LIMIT = 256
"""As mappings/settle.py: a longer call id never gets this far."""

_LONGEST_MS = 100 * 86_400_000
"""A call of more than 100 days is a fault of its clock, not worth a line."""

_ENDINGS = {
    Disposition.CONNECTED: "The call ended normally",
    Disposition.NO_ANSWER: "Nobody answered",
    Disposition.BUSY: "The line was busy",
    Disposition.REJECTED: "The call was declined",
    Disposition.VOICEMAIL: "An answering machine took the call",
    Disposition.CANCELED: "The caller hung up before anybody answered",
    Disposition.FAILED: "The call could not be put through",
    Disposition.INVALID_NUMBER: "The number does not exist or is out of service",
    Disposition.CONGESTION: "The network had no free line",
    Disposition.BLOCKED: "The call was blocked",
    None: "How the call ended is not known",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_FAX = "A fax machine took the call"
_CUT_OFF = "The connection broke off"

_ORDERLY = frozenset({None, 16, 31, 127})
"""Q.850 causes that tell of no fault: none told, normal clearing, normal and interworking, unspecified."""


def note_text(call: Call, disposition: Disposition | None, zone: tzinfo, *, named: str | None = None) -> str:
    """The note for a call, times in `zone`; `disposition` as its trunk tells it, `named` as it is called here.

    What the agent added stands with the trunk's facts: one record. At most LIMIT bytes, no control characters but line
    feeds. Text from outside cannot start a line of its own, nor, but for the call's id, be taken for markup. What does
    not fit is left out, the least needed first; the last line is always `marker(call_id)`.
    """
    lines = [_headline(call, _shown(named) or disposition), *_facts(call, disposition, zone)]
    return _fitted(call, lines, _extras(call, disposition, zone))


def own_note(call: Call, body: str) -> str:
    """A note with a text of one's own in place of the usual one: its lines as far as they fit, and the marker."""
    lines = (line.rstrip() if line.isprintable() else printable(line) for line in body.splitlines())
    return _fitted(call, [], lines)


def _fitted(call: Call, lines: list[str], extras: Iterable[str]) -> str:
    """The lines, those of the extras that fit within the limit, and the marker at the end."""
    last = "" if call.call_id is None else marker(call.call_id)
    room = LIMIT - len(last.encode()) - sum(len(line.encode()) + 1 for line in lines)
    for line in extras:
        size = len(line.encode()) + 1
        if size <= room:
            lines.append(line)
            room -= size
    return "\n".join([*lines, last] if last else lines)


def marker(call_id: str) -> str:
    """The line by which a call's note is found again: `Call ID: ` and the call's id as the trunk gave it."""
    return f"{_MARK}{printable(call_id)[:_CALL_ID_LIMIT]}".rstrip()


def has_marker(note_body: str, call_id: str) -> bool:
    """Whether the note's last line is this call's marker.

    White space around it does not matter, nor whether the CRM gives the text back as it was written or as
    HTML (`<br>`, `<p>`, `<div>`, escaped characters).
    """
    wanted = marker(call_id)
    return wanted in (_last_line(note_body), _last_line(html.unescape(_MARKUP.sub("\n", note_body))))


def is_marked(note_body: str) -> bool:
    """Whether the note's last line is any call's marker: then it is one of ours."""
    lasts = (_last_line(note_body), _last_line(html.unescape(_MARKUP.sub("\n", note_body))))
    return any(len(last) > len(_MARK) and last.startswith(_MARK) for last in lasts)


_MARK = "Call ID: "
_MARKUP = re.compile(r"</?(?:br|p|div)\b[^<>]*>", re.IGNORECASE)


def _last_line(text: str) -> str:
    return " ".join(text.rstrip().rpartition("\n")[2].split())


def _headline(call: Call, disposition: str | None) -> str:
    """As "Outbound call · Connected · 2 min 5 s"."""
    direction = f"{call.direction.capitalize()} call" if call.direction else "Call"
    talk = lasting(call.talk_ms) if call.answered else None
    return _joined(direction, disposition or "Outcome unknown", talk)


def _facts(call: Call, disposition: Disposition | None, zone: tzinfo) -> Iterator[str]:
    """The lines every note has as far as the call tells: who, when, and why it ended."""
    yield f"From {_shown(call.from_) or 'a withheld number'} to {_shown(call.to) or 'an unknown number'}"
    rang = lasting(call.ring_ms)
    waited = rang and (f"answered after {rang}" if call.answered else f"rang for {rang}")
    when = _joined(_when(call, zone), waited)
    if when:
        yield when[0].upper() + when[1:]
    yield f"{_ending(call, disposition)}{_codes(call)}"


def _when(call: Call, zone: tzinfo) -> str | None:
    """The earliest time the call has; not every trunk tells when it started."""
    for word, ms in (("Started", call.start_ms), ("Answered", call.answer_ms), ("Ended", call.end_ms)):
        if at := local_text(ms, zone):
            return f"{word} {at}"
    return None


def _extras(call: Call, disposition: Disposition | None, zone: tzinfo) -> Iterator[str]:
    """The lines that are left out where they do not fit, the most needed first."""
    if call.wrapup is not None:
        yield from _wrapped_up(call.wrapup, disposition, zone)
    if agent := _shown(call.agent or (None if call.wrapup is None else call.wrapup.agent)):
        yield f"Agent: {agent}"
    if hangup_by := _shown(call.hangup_by):
        yield f"Hung up by: {hangup_by}"
    # People click on it: only the web's schemes, and no character that could end an HTML attribute.
    if call.recording_url and re.fullmatch(r"https?://[!#-;=?-~]+", call.recording_url, re.IGNORECASE):
        yield f"Recording: {call.recording_url}"
    if notes := _shown("; ".join(call.notes), 300):
        yield f"Notes: {notes}"


def _wrapped_up(wrapup: Wrapup, disposition: Disposition | None, zone: tzinfo) -> Iterator[str]:
    """What the agent added, the trunk's outcome beside the agent's."""
    if outcome := _shown(wrapup.disposition):
        yield f"Outcome: {outcome} (agent), {disposition or 'unknown'} (trunk)"
    if step := _shown(wrapup.next_step, 256):
        yield f"Next step: {_joined(step, _shown(wrapup.workflow, 64), local_text(wrapup.due_ms, zone))}"
    if remarks := _shown(wrapup.notes, 800):
        yield f"Agent's notes: {remarks}"


def _ending(call: Call, disposition: Disposition | None) -> str:
    """Why the call ended, in plain words."""
    if disposition is Disposition.CONNECTED and call.q850 not in _ORDERLY:
        return _CUT_OFF
    if disposition is Disposition.VOICEMAIL and call.amd == "fax":
        return _FAX
    return _ENDINGS[disposition]


def _codes(call: Call) -> str:
    """The codes behind the words and the trunk's own word, as " (Q.850 19, SIP 480, NO_ANSWER)"."""
    codes = []
    if call.q850 is not None:
        codes.append(f"Q.850 {call.q850}")
    if call.sip is not None:
        codes.append(f"SIP {call.sip}")
    word = _shown(call.cause)
    if word and not word.isdecimal():
        codes.append(word)
    return f" ({', '.join(codes)})" if codes else ""


def local_text(ms: int | None, zone: tzinfo) -> str | None:
    """Epoch milliseconds as "23 Nov 2026, 14:42 CET"; None where there is no time, or none a calendar has."""
    if ms is None:
        return None
    try:
        at = datetime.fromtimestamp(ms / 1000, zone)
    except (OverflowError, ValueError, OSError):
        return None
    name = at.tzname() or ""
    # Zones without an abbreviation of their own are named by their offset alone.
    offset = "UTC" if name[:1] in {"+", "-"} else ""
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at.hour:02}:{at.minute:02} {offset}{name}".rstrip()


def lasting(ms: int | None) -> str | None:
    """Milliseconds as "8 s", "2 min 5 s" or "1 h 2 min"; None where not known or absurd."""
    if ms is None or not 0 <= ms < _LONGEST_MS:
        return None
    minutes, seconds = divmod((ms + 500) // 1000, 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"


def _joined(*parts: str | None) -> str:
    return " · ".join(part for part in parts if part)


def _shown(text: str | None, limit: int = 48) -> str | None:
    """A text from outside as a harmless piece of a line: bounded, printable, no markup; None if empty."""
    if not text:
        return None
    plain = printable(text).replace("<", "‹").replace(">", "›")
    return (plain if len(plain) <= limit else f"{plain[: limit - 1]}…") or None


def printable(text: str) -> str:
    """With each run of blanks, line ends, control and format (bidirectional) characters as one space."""
    if not text.isprintable():
        text = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(text.split())
