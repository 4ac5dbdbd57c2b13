"""How a call ended, in one word for people: by the answer, the trunk's own word, SIP and Q.850."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from mappings import causes
from mappings.call import Disposition

if TYPE_CHECKING:
    from mappings.call import Call
    from mappings.causes import Cause

_ANSWERED = frozenset({Disposition.CONNECTED, Disposition.VOICEMAIL})
_WORTH_ANOTHER_TRY = frozenset(
    {
        Disposition.NO_ANSWER,
        Disposition.BUSY,
        Disposition.CANCELED,
        Disposition.CONGESTION,
        Disposition.FAILED,
    }
)
# Causes that end calls of any kind and so say nothing about why one was not answered; 487 gives way to any
# other.
_VAGUE_Q850 = frozenset({16, 31, 127})
_REQUEST_TERMINATED = 487
_FIRST_FAILURE = 300

_WORDS = {
    "ANSWERED": Disposition.CONNECTED,
    "CANCEL": Disposition.CANCELED,
    "CANCELLED": Disposition.CANCELED,
    "NOANSWER": Disposition.NO_ANSWER,
} | {word.upper().replace(" ", "_"): word for word in Disposition}


@dataclass(frozen=True, slots=True)
class Standing:
    """What becomes of a call at the door: accepted, or kept aside with the reason."""

    status: Literal["accepted", "ignored", "quarantined"]
    reason: str | None = None


ACCEPTED = Standing("accepted")


def disposition(call: Call) -> Disposition | None:
    """The human category of a finished call; None if nothing tells how it ended, or if it has not ended.

    In this order: answered, by a machine or a fax -> Voicemail; answered -> Connected; the trunk's own word
    where it is specific (`call.outcome`); the SIP status; the Q.850 cause; Failed if there is a cause or an
    end, but nothing specific. SIP 487 says only that the INVITE was cancelled: a Q.850 cause that tells
    more is believed first, else Canceled. An event before the end has one only where its trunk says that no
    end will follow (a refused admission).
    """
    if call.event != "completed":
        return None if call.outcome in _ANSWERED else call.outcome
    if call.answered:
        machine = call.amd in ("machine", "fax") or call.outcome is Disposition.VOICEMAIL
        return Disposition.VOICEMAIL if machine else Disposition.CONNECTED
    if call.outcome is not None and (call.answered is None or call.outcome not in _ANSWERED):
        return call.outcome
    cause = _deciding(call)
    if cause is not None:
        # Normal on its face, but nobody answered: the calling side gave up.
        return Disposition.CANCELED if cause.disposition in _ANSWERED else cause.disposition
    return Disposition.FAILED if call.end_ms is not None or _any_code(call) else None


def _any_code(call: Call) -> bool:
    return bool(call.cause) or call.sip is not None or call.q850 is not None


def _deciding(call: Call) -> Cause | None:
    """The row of the table that tells how an unanswered call ended: SIP before Q.850, what is vague last."""
    status, value = causes.sip(call.sip), causes.q850(call.q850)
    if status is None or value is None:
        return status or value
    vague = status.code == _REQUEST_TERMINATED or status.code < _FIRST_FAILURE
    return value if vague and value.code not in _VAGUE_Q850 else status


def worded(text: str | None) -> Disposition | None:
    """The disposition a plain word means ("busy", "no-answer", "cancelled"); None for any other text."""
    return None if text is None else _WORDS.get(text.strip().upper().replace("-", "_").replace(" ", "_"))


def standing(call: Call) -> Standing:
    """What becomes of a settled call.

    A leg that is not a call of its own is ignored. One without an id, or finished with nothing that tells
    how, is quarantined: it is kept, and can be read again after a fix.
    """
    if call.aside is not None:
        return Standing("ignored", call.aside)
    if call.call_id is None:
        return Standing("quarantined", "the event names no call")
    if call.event == "completed" and disposition(call) is None:
        return Standing("quarantined", "nothing tells how the call ended")
    return ACCEPTED


def redial_sensible(call: Call) -> bool:
    """Whether calling again makes sense: never after an answer; else as the cause that decided has it."""
    ended = disposition(call)
    if ended is None or ended in _ANSWERED:
        return False
    for cause in (causes.named(call.cause), _deciding(call)):
        if cause is not None and cause.disposition is ended:
            return cause.redial
    return ended in _WORTH_ANOTHER_TRY
