"""A call in Ringback's own words (docs/design.md, "Outer surface"): bare, or as the data of an envelope.

    {"call_uuid", "from", "to", "start", "answer", "end", "duration", "hangup_cause", "direction",
     "event", "sip_code", "recording_url", "agent", "amd", "hangup_by"}

`event` is initiated, answered, completed or extra; an extra tells only what was learnt besides the call's
course (`amd`, `recording_url`, `agent`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mappings import causes
from mappings.call import Call, Disposition, Event, iso
from mappings.disposition import worded
from mappings.payload import fields
from mappings.payload.request import NotUnderstoodError

if TYPE_CHECKING:
    from mappings.causes import Cause

_EVENTS: dict[str, Event] = {
    "initiated": "initiated",
    "answered": "answered",
    "completed": "completed",
    "extra": "extra",
}
_KINDS = _EVENTS | {"started": "initiated", "ended": "completed", "hangup": "completed"}
_VERSION = re.compile(r"\.v[0-9]+$")


def read(item: dict[str, Any], trunk: str, event: Event | None = None) -> Call:
    """The call an item tells of.

    Args:
        item: the payload.
        trunk: whose name the call gets.
        event: what happened, where the payload itself does not say; else an end.

    Raises:
        NotUnderstoodError: the item names an unknown event.
    """
    word = fields.text(item.get("event"))
    found = event or "completed" if word is None else _EVENTS.get(word)
    if found is None:
        raise NotUnderstoodError("the event is not initiated, answered, completed or extra")
    notes: list[str] = []
    raw = item.get("hangup_cause")
    cause = cause_of(raw, notes)
    talk_ms = fields.duration_ms(item.get("duration"))
    return Call(
        trunk=trunk,
        call_id=fields.text(item.get("call_uuid")),
        event=found,
        direction=fields.direction(item.get("direction"), notes),
        from_=fields.phone(item.get("from"), "from", notes),
        to=fields.phone(item.get("to"), "to", notes),
        start_ms=fields.instant(item.get("start"), "start", notes),
        answer_ms=fields.instant(item.get("answer"), "answer", notes),
        end_ms=fields.instant(item.get("end"), "end", notes),
        talk_ms=talk_ms,
        answered=_answered(found, item.get("answer"), talk_ms),
        q850=cause.code if cause and cause.kind == "q850" else None,
        sip=fields.integer(item.get("sip_code")) or (cause.code if cause and cause.kind == "sip" else None),
        cause=fields.text(raw),
        outcome=None if found == "extra" else outcome_of(raw, cause),
        amd=fields.amd(item.get("amd")),
        hangup_by=fields.text(item.get("hangup_by")),
        agent=fields.text(item.get("agent")),
        recording_url=fields.text(item.get("recording_url")),
        notes=tuple(notes),
    )


def _answered(event: Event, answer: Any, talk_ms: int | None) -> bool | None:
    """False where the payload says so (no answer, no talk time); None leaves it to the times and cause."""
    never = fields.is_nothing(answer) and not talk_ms
    return False if event == "completed" and never else None


def cause_of(raw: Any, notes: list[str]) -> Cause | None:
    """The cause meant by a Q.850 number, a SIP status or a name; a word nobody knows is noted."""
    text = fields.text(raw)
    found = causes.named(text)
    if found is None and text not in (None, "0") and worded(text) is None:
        notes.append(f"unknown cause {fields.shown(text)}")
    return found


def outcome_of(raw: Any, cause: Cause | None) -> Disposition | None:
    """Only FreeSWITCH's own causes and plain words ("busy"); SIP and Q.850 are read as what they are."""
    if cause is None:
        return worded(fields.text(raw))
    return cause.disposition if cause.kind == "fs" else None


def enveloped(item: Any, trunk: str, *, kind: Any, time: Any) -> Call:
    """The call in the data of an envelope; what the envelope says counts where the data does not say it.

    Args:
        item: the data.
        trunk: whose name the call gets.
        kind: the envelope's type; its last word is the event ("call.completed", "com.example.call.answered.v1").
        time: when the envelope says it happened: the answer or the end, if the data tells of one but not when.

    Raises:
        NotUnderstoodError: the data is no object, or neither it nor the type names an event of a call.
    """
    if not isinstance(item, dict):
        raise NotUnderstoodError("the data is not a call")
    event = None
    if item.get("event") is None:
        event = _KINDS.get(_VERSION.sub("", fields.text(kind) or "").rpartition(".")[2].lower())
        if event is None:
            raise NotUnderstoodError(f"the type {fields.shown(kind)} names no event of a call")
    return _dated(read(item, trunk, event), time)


def _dated(call: Call, time: Any) -> Call:
    """The call with the envelope's time as that of its event, if the call does not have it."""
    which = "answer" if call.event == "answered" else "end"
    if call.event not in ("answered", "completed") or getattr(call, f"{which}_ms") is not None:
        return call
    told = call.answer_ms or call.talk_ms or call.cause or call.sip
    if call.event == "completed" and not told:
        return call  # an end alone would make a failed call out of one that says nothing of how it ended
    notes = [*call.notes, f"{which} taken from the envelope's time"]
    found = fields.instant(time, "the envelope's time", notes)
    if found is None:
        return call
    changes: dict[str, Any] = {f"{which}_ms": found, "notes": tuple(notes)}
    return replace(call, **changes)


def write(call: Call) -> dict[str, Any]:
    """The payload `read` makes that call of."""
    return {
        "call_uuid": call.call_id,
        "event": call.event,
        "from": call.from_,
        "to": call.to,
        "start": iso(call.start_ms),
        "answer": iso(call.answer_ms),
        "end": iso(call.end_ms),
        "duration": call.duration_s,
        "hangup_cause": call.cause or call.q850,
        "sip_code": call.sip,
        "direction": call.direction,
        "recording_url": call.recording_url,
        "agent": call.agent,
        "amd": call.amd,
        "hangup_by": call.hangup_by,
    }
