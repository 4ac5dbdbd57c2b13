"""PURE: the events of one call, in whatever order they came, as one call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mappings.call import Call, Wrapup
from mappings.disposition import disposition
from mappings.settle import settle

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_MOST_NOTES = 24
_FILLED = (
    "direction",
    "from_",
    "to",
    "start_ms",
    "amd",
    "q850",
    "sip",
    "hangup_by",
    "agent",
    "recording_url",
    "session_id",
)
"""Facts that the end of a call may leave to its other events; what the end itself states is believed first."""


def merge(end: Call, parts: Sequence[Call], *, received_ms: int) -> Call:
    """The end of a call with what its other events tell; the order of `parts` does not matter.

    - A fact that the end does not state is taken from the earliest event that does; of a start the earliest time.
    - `answer_ms` is that of an `answered` event where the end has none, or only derived one from its arrival; the talk
      time then is end - answer. An `answered` event means that the call was answered, unless the end says that it was
      not (a parent leg whose callee did not answer).
    - `awaits` holds what is still missing.
    - Of several wrap-ups each fact is taken from the latest that has it: a note added later leaves the disposition.
      A next step comes with its time and its workflow.
    - Other legs of the call (parts with another call id) are named in its notes, and add no facts.

    Args:
        end: the call as its last event tells it, settled.
        parts: its other events, settled.
        received_ms: when the end was received, epoch milliseconds.
    """
    ordered = sorted((part for part in parts if part.call_id == end.call_id), key=_age)
    legs = sorted((part for part in parts if part.call_id != end.call_id), key=_age)
    filled: dict[str, Any] = {name: value for name in _FILLED if (value := _first(name, end, ordered)) is not None}
    starts = [call.start_ms for call in (end, *ordered) if call.start_ms is not None]
    if starts:
        filled["start_ms"] = min(starts)
    wrapups = [call.wrapup for call in (end, *ordered) if call.wrapup is not None]
    if wrapups:
        filled["wrapup"] = _one_wrapup(wrapups)
    merged = replace(end, **filled, notes=_notes(end, ordered, legs))
    answered_at = next((p.answer_ms for p in ordered if p.event == "answered" and p.answer_ms is not None), None)
    if end.answered is False and "answer" not in end.awaits:
        pass  # the end knows better: a parent leg was answered, its callee was not
    elif answered_at is not None and (end.answer_ms is None or "answer" in end.awaits):
        merged = replace(merged, answered=True, answer_ms=answered_at, talk_ms=None, outcome=None)
    elif any(part.event == "answered" for part in ordered):
        merged = replace(merged, answered=True)
    merged = settle(merged, received_ms=received_ms)
    return replace(merged, awaits=tuple(fact for fact in end.awaits if not _known(fact, merged, ordered)))


def gave_up_waiting(call: Call) -> Call:
    """The call goes on with what is known; what never came is said in its notes."""
    if not call.awaits:
        return call
    note = f"not told by the trunk in time: {', '.join(call.awaits)}"
    return replace(call, awaits=(), notes=(*call.notes, note)[:_MOST_NOTES])


def stale_end(parts: Sequence[Call], *, now_ms: int, hours: float) -> Call:
    """The end of a call whose trunk never told it: its facts so far, closed, said so; when it ended stays unknown."""
    first = min(parts, key=_age)
    answered = any(part.event == "answered" or part.answered for part in parts)
    end = Call(
        trunk=first.trunk,
        call_id=first.call_id,
        event="completed",
        answered=answered,
        cause="never ended",
        notes=(f"its trunk never told its end; closed after {hours:g} h",),
    )
    return merge(settle(end, received_ms=now_ms), parts, received_ms=now_ms)


def _age(call: Call) -> tuple[int, str, str]:
    known = (call.start_ms, call.answer_ms, call.end_ms)
    return min((ms for ms in known if ms is not None), default=2**62), call.event, str(call.cause)


def _one_wrapup(wrapups: Sequence[Wrapup]) -> Wrapup:
    """The wrap-ups as one. Of two of one moment always the same is taken, whatever their order."""
    latest = sorted(wrapups, key=lambda wrapup: (wrapup.at_ms, repr(wrapup)), reverse=True)
    names = ("disposition", "notes", "agent")
    told = {name: next((text for one in latest if (text := getattr(one, name)) is not None), None) for name in names}
    step = next((one for one in latest if one.next_step is not None), latest[0])
    return Wrapup(**told, next_step=step.next_step, due_ms=step.due_ms, workflow=step.workflow, at_ms=latest[0].at_ms)


def _first(name: str, end: Call, parts: Iterable[Call]) -> object:
    return next((value for call in (end, *parts) if (value := getattr(call, name)) is not None), None)


def _notes(end: Call, parts: Iterable[Call], legs: Iterable[Call]) -> tuple[str, ...]:
    notes = dict.fromkeys(end.notes)
    for part in parts:
        notes |= dict.fromkeys(part.notes)
    notes |= dict.fromkeys(f"another leg, to {leg.to or 'unknown'}: {disposition(leg) or leg.aside}" for leg in legs)
    return tuple(notes)[:_MOST_NOTES]


def _known(fact: str, call: Call, parts: Sequence[Call]) -> bool:
    match fact:
        case "answer":
            return call.answered is False or any(part.event == "answered" for part in parts)
        case "start":
            return call.start_ms is not None
        case _:
            return getattr(call, fact, None) is not None
