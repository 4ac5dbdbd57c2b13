"""Makes the facts of a call agree with one another, by documented rules and never by a crash."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mappings import causes
from mappings.call import Disposition
from mappings.payload.request import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mappings.call import Call

_DAY_MS = 86_400_000
_LONGEST_TALK_MS = 31 * _DAY_MS
_TOLERANCE_MS = 2_000
_LONGEST_TEXT = 256
_LONGEST_URL = 2048
_MOST_NOTES = 24

# Control characters, line and paragraph separators, bidirectional overrides, and halves of surrogate pairs,
# which no UTF-8 can carry.
_UNWANTED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_TEXTS = ("from_", "to", "cause", "hangup_by", "agent", "session_id", "aside")

_ANSWERED = frozenset({Disposition.CONNECTED, Disposition.VOICEMAIL})
# Causes that a call which was answered does not end with; others (16, 31, 41, 102, ...) end both kinds.
_NEVER_ANSWERED = frozenset({1, 3, 17, 18, 19, 20, 21, 22, 28})
_Q850 = range(1, 128)
_SIP = range(100, 700)
_FIRST_FAILURE = 300


def settle(call: Call, *, received_ms: int) -> Call:
    """The call with its times, talk time and answered-or-not consistent; what was inferred is in its notes.

    The rules, in order; each that changes something leaves a note:

    1. Texts lose control characters and are cut at 256 characters. A recording's address is dropped unless it
       is http or https and at most 2048 characters long. A call id that is empty or longer than 256 is not
       understood.
    2. A Q.850 value outside 1..127 and a SIP status outside 100..699 are no facts; an unknown status is kept
       and noted.
    3. A time before 1970-01-02, or more than a day after the event came, is no fact; nor is a talk time below
       0 or above 31 days.
    4. Answered: as the trunk says; else yes with an answer time, an `answered` event or a word that says so;
       else, after the end, no with a word or a cause that ends only unanswered calls; else by the talk time,
       where one is given.
    5. Not answered: no answer time, talk time 0.
    6. Answered: an answer after the end, or more than 31 days before it, is no fact. A missing answer is
       end - talk, but not before the start, nor for an undated talk time; a missing end is answer + talk. The
       talk time is end - answer if both have sub-second precision or none was given; else the trunk's own where
       it is within 2 s of that.
    7. A start up to 2 s after the answer or the end is moved to it; one later than that, or more than 31 days
       before it, is no fact.

    Settling a settled call changes nothing.

    Args:
        call: as its trunk's adapter read it.
        received_ms: when the event came, epoch milliseconds.

    Raises:
        NotUnderstoodError: the call id is empty or too long.
    """
    changes: dict[str, Any] = {}
    notes = list(call.notes)
    _settle_texts(call, changes, notes)
    _settle_codes(call, changes, notes)
    times = _Times(call, received_ms, notes)
    times.settle()
    changes |= times.changes()
    changes["notes"] = _settled_notes(notes)
    return replace(call, **changes)


def _settle_texts(call: Call, changes: dict[str, Any], notes: list[str]) -> None:
    changes["call_id"] = _call_id(call.call_id)
    for name in _TEXTS:
        given = getattr(call, name)
        if given is not None and not (given.isprintable() and 0 < len(given) <= _LONGEST_TEXT):
            changes[name] = _text(given, name.rstrip("_"), notes)
    address = call.recording_url
    if address is not None and not _is_address(address):
        changes["recording_url"] = None
        notes.append("recording address dropped: not an http address")


def _call_id(given: str | None) -> str | None:
    if given is None:
        return None
    kept = given if given.isprintable() else _UNWANTED.sub("", given)
    kept = kept.strip()
    if not 0 < len(kept) <= _LONGEST_TEXT:
        raise NotUnderstoodError(f"the call id has {len(kept)} characters")
    return kept


def _text(given: str, name: str, notes: list[str]) -> str | None:
    kept = _UNWANTED.sub("", given)
    if kept != given:
        notes.append(f"{name}: control characters removed")
    if len(kept) > _LONGEST_TEXT:
        notes.append(f"{name}: cut at {_LONGEST_TEXT} characters")
    return kept[:_LONGEST_TEXT] or None


def _is_address(given: str) -> bool:
    web = given.startswith(("https://", "http://"))
    return web and len(given) <= _LONGEST_URL and given.isprintable() and " " not in given


def _settled_notes(notes: Sequence[str]) -> tuple[str, ...]:
    """Each note once, in order, without control characters, at most 24 of at most 256 characters."""
    kept = dict.fromkeys(_UNWANTED.sub("", note)[:_LONGEST_TEXT] for note in notes)
    return tuple(note for note in kept if note)[:_MOST_NOTES]


def _settle_codes(call: Call, changes: dict[str, Any], notes: list[str]) -> None:
    if call.q850 is not None and call.q850 not in _Q850:
        changes["q850"] = None
        notes.append("Q.850 cause dropped: not 1 to 127")
    if call.sip is None:
        return
    if call.sip not in _SIP:
        changes["sip"] = None
        notes.append("SIP status dropped: not 100 to 699")
    elif call.sip >= _FIRST_FAILURE and causes.sip(call.sip) is None:
        notes.append(f"unknown SIP status {call.sip}")


class _Times:
    """The times of one call while they are made to agree."""

    __slots__ = ("answer", "answered", "call", "end", "latest", "notes", "start", "talk")

    def __init__(self, call: Call, received_ms: int, notes: list[str]) -> None:
        self.call = call
        self.notes = notes
        self.latest = received_ms + _DAY_MS
        self.start = self._plausible(call.start_ms, "start")
        self.answer = self._plausible(call.answer_ms, "answer")
        self.end = self._plausible(call.end_ms, "end")
        self.talk = self._plausible_talk(call.talk_ms)
        self.answered = self._is_answered()

    def _plausible(self, ms: float | None, what: str) -> int | None:
        # NaN and the infinities fail this comparison as well; a Call made elsewhere may hold them.
        if ms is None or _DAY_MS <= ms <= self.latest:
            return None if ms is None else int(ms)
        self.notes.append(f"{what} dropped: not a plausible time")
        return None

    def _plausible_talk(self, ms: float | None) -> int | None:
        if ms is None or 0 <= ms <= _LONGEST_TALK_MS:
            return None if ms is None else int(ms)
        self.notes.append("duration dropped: not plausible")
        return None

    def _is_answered(self) -> bool | None:
        """Rule 4; None while nothing tells."""
        call = self.call
        if call.answered is not None:
            return call.answered
        if self.answer is not None or call.event == "answered" or call.outcome in _ANSWERED:
            return True
        if call.event != "completed":
            return None
        if _says_unanswered(call):
            if self.talk:
                self.notes.append("duration dropped: the cause says not answered")
                self.talk = 0
            return False
        return None if self.talk is None else self.talk > 0

    def settle(self) -> None:
        """Rules 5 to 7."""
        if self.answered:
            self._settle_answered()
        elif self.answered is False:
            if self.answer is not None or self.talk:
                self.notes.append("not answered: answer time and duration dropped")
            self.answer, self.talk = None, 0
        self._settle_start()

    def _settle_answered(self) -> None:
        known = self.answer is not None and self.end is not None
        if known and not 0 <= (self.end or 0) - (self.answer or 0) <= _LONGEST_TALK_MS:
            self.notes.append("answer dropped: later than the end, or more than 31 days before it")
            self.answer = None
        if self.talk is not None:
            self._derive(self.talk)
        if self.answer is not None and self.end is not None:
            self._settle_talk(self.end - self.answer)

    def _derive(self, talk: int) -> None:
        if self.answer is None and self.end is not None:
            if self.call.undated:
                return
            answer = self.end - talk
            if self.start is not None and answer < self.start <= self.end:
                answer = self.start
            if answer >= _DAY_MS:
                self.answer = answer
                self.notes.append("answer derived from end - duration")
        elif self.end is None and self.answer is not None and self.answer + talk <= self.latest:
            self.end = self.answer + talk
            self.notes.append("end derived from answer + duration")

    def _settle_talk(self, between: int) -> None:
        """The talk time, given what lies between answer and end."""
        assert self.answer is not None and self.end is not None  # noqa: S101, PT018 - for the type checker
        if self.talk is None or self.talk == between:
            self.talk = between
        elif abs(self.talk - between) > _TOLERANCE_MS:
            self.notes.append(f"duration {self.talk / 1000:g} s does not fit the times: end - answer taken")
            self.talk = between
        elif self.answer % 1000 and self.end % 1000:
            self.talk = between

    def _settle_start(self) -> None:
        until = self.answer if self.answer is not None else self.end
        if self.start is None or until is None or 0 <= until - self.start <= _LONGEST_TALK_MS:
            return
        if 0 < self.start - until <= _TOLERANCE_MS:
            self.notes.append("start moved: it was later than the answer or the end")
            self.start = until
        else:
            self.notes.append("start dropped: later than the answer or the end, or more than 31 days before it")
            self.start = None

    def changes(self) -> dict[str, Any]:
        """The settled times, by the call's field names."""
        return {
            "start_ms": self.start,
            "answer_ms": self.answer,
            "end_ms": self.end,
            "talk_ms": self.talk,
            "answered": self.answered,
        }


def _says_unanswered(call: Call) -> bool:
    """Whether the trunk's word, SIP or Q.850 says that nobody answered."""
    if call.outcome is not None:
        return call.outcome not in _ANSWERED
    failed = call.sip is not None and _FIRST_FAILURE <= call.sip < _SIP.stop
    return failed or call.q850 in _NEVER_ANSWERED
