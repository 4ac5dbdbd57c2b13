"""What the fuzzer starts from: for each trunk the requests it composes, and its committed payloads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from mappings.call import Call
from mappings.payload.recorded import recorded
from tests.mappings.trunks.signed import KEY_PAIR

if TYPE_CHECKING:
    from mappings.payload.request import Request
    from mappings.trunks import Trunk

NOW_MS = 1_777_903_200_000
SECRET = KEY_PAIR
"""A key pair is a text like any other to the trunks that do not sign with Ed25519."""
_URL = "https://crm.example.com/hooks/loc/trunk"
_PAYLOADS = Path(__file__).parents[1] / "payloads"
_RING_MS, _TALK_MS = 9_000, 73_000
# Cause, Q.850, SIP: the endings trunks have words for.
_ENDINGS = (("USER_BUSY", 17, 486), ("NO_ANSWER", 19, 480), ("UNALLOCATED_NUMBER", 1, 404), ("CALL_REJECTED", 21, 603))


def corpus(adapter: Trunk) -> list[Request]:
    """The requests to change, in the same order each time."""
    composed = [adapter.compose(call, SECRET, _URL, NOW_MS) for call in _calls(adapter.name)]
    files = sorted((_PAYLOADS / adapter.name).glob("*/body.*"))
    return composed + [recorded(file.read_bytes(), NOW_MS) for file in files]


def _calls(trunk: str) -> list[Call]:
    """A call at each of its events, and each way to end unanswered."""
    start = NOW_MS - _TALK_MS - _RING_MS
    leg = Call(
        trunk=trunk,
        call_id="c-1",
        event="initiated",
        direction="outbound",
        from_="+12025550100",
        to="+13125550123",
        start_ms=start,
        session_id="s-1",
    )
    answered = replace(leg, event="answered", answer_ms=start + _RING_MS, answered=True)
    talked = replace(answered, event="completed", end_ms=NOW_MS, talk_ms=_TALK_MS, q850=16, cause="NORMAL_CLEARING")
    told = replace(talked, amd="machine", hangup_by="caller", agent="a", recording_url="https://media.example.com/r")
    missed = replace(leg, event="completed", end_ms=start + _RING_MS, answered=False)
    return [leg, answered, talked, told, *(replace(missed, cause=c, q850=q, sip=s) for c, q, s in _ENDINGS)]
