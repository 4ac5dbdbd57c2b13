"""What a trunk's `compose` writes, its `verify` believes and its `parse` reads back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call, Direction, Event
from mappings.disposition import disposition
from mappings.settle import settle
from mappings.trunks import read, trunk
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from collections.abc import Iterable

URL = "https://crm.example.com/hooks/loc/trunk"
SECRET = "user:s3cr\u00e9t"
NOW_MS = 1_777_903_200_000

# Cause, Q.850, SIP of unanswered calls, so that each trunk can tell the outcome in its own way.
ENDINGS: list[tuple[str, int, int]] = [
    ("USER_BUSY", 17, 486),
    ("NO_ANSWER", 19, 480),
    ("NO_ANSWER", 19, 487),
    ("CALL_REJECTED", 21, 603),
    ("UNALLOCATED_NUMBER", 1, 404),
    ("NORMAL_CLEARING", 16, 487),
    ("NORMAL_CIRCUIT_CONGESTION", 34, 503),
]


@dataclass(frozen=True)
class Carries:
    """What a trunk's payload can say of a finished call."""

    facts: tuple[str, ...]
    milliseconds: bool = False
    amd: bool = False


_ALWAYS = ("call_id", "event", "direction", "from_", "to", "end_ms", "answer_ms", "talk_ms", "answered")
CARRIED = {
    "generic": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "agent", "recording_url", "hangup_by"),
        milliseconds=True,
        amd=True,
    ),
    "twilio": Carries((*_ALWAYS, "sip", "amd", "session_id", "recording_url"), amd=True),
    "freeswitch": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "session_id", "recording_url"),
        milliseconds=True,
        amd=True,
    ),
    "vobiz": Carries((*_ALWAYS, "start_ms", "q850", "cause", "session_id", "hangup_by")),
}

ids = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,40}", fullmatch=True)
numbers = st.none() | st.from_regex(r"\+[1-9][0-9]{7,14}|1[0-9]{2,4}|agent [a-z]{3}", fullmatch=True)
directions: st.SearchStrategy[Direction | None] = st.sampled_from(["inbound", "outbound", None])
words = st.none() | st.from_regex(r"[a-z]{1,12}", fullmatch=True)


@st.composite
def finished(draw: st.DrawFn, carries: Carries) -> Call:
    """A finished call, settled, of whole seconds unless the trunk's payload tells milliseconds."""
    unit = 1 if carries.milliseconds else 1000
    start = NOW_MS - draw(st.integers(0, 7_200_000 // unit)) * unit
    ring, talk = (draw(st.integers(1, 7_200_000 // unit)) * unit for _ in "rt")
    answered = draw(st.booleans())
    cause, q850, sip = ("NORMAL_CLEARING", 16, None) if answered else draw(st.sampled_from(ENDINGS))
    return settle(
        Call(
            trunk="any",
            call_id=draw(ids),
            direction=draw(directions),
            from_=draw(numbers),
            to=draw(numbers),
            start_ms=start,
            answer_ms=start + ring if answered else None,
            end_ms=start + ring + (talk if answered else 0),
            answered=answered,
            q850=q850,
            sip=sip,
            cause=cause,
            amd=draw(st.sampled_from([None, "human", "machine", "fax"])) if answered and carries.amd else None,
            hangup_by=draw(words),
            agent=draw(words),
            recording_url=draw(st.sampled_from([None, "https://media.example.com/r?id=1&x=%20"])),
            session_id=draw(ids),
        ),
        received_ms=NOW_MS,
    )


def told(call: Call, facts: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(call, name) for name in facts} | {"disposition": disposition(call)}


@pytest.mark.parametrize("name", CARRIED)
@given(data=st.data())
def test_a_composed_request_is_believed_and_reads_as_the_same_call(name: str, data: st.DataObject) -> None:
    call = data.draw(finished(CARRIED[name]))
    request = trunk(name).compose(call, SECRET, URL, NOW_MS)
    assert holds(trunk(name), request, SECRET)
    (found,) = read(trunk(name), request)
    assert told(found, CARRIED[name].facts) == told(call, CARRIED[name].facts)


@pytest.mark.parametrize("name", CARRIED)
def test_a_composed_request_is_not_believed_with_another_secret(name: str) -> None:
    request = trunk(name).compose(Call(trunk=name, call_id="c-1", end_ms=NOW_MS, sip=486), SECRET, URL, NOW_MS)
    assert not holds(trunk(name), request, "another")


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("generic", "initiated"),
        ("generic", "answered"),
        ("twilio", "initiated"),
        ("twilio", "answered"),
        ("vobiz", "initiated"),
    ],
)
def test_an_earlier_event_reads_as_that_event(name: str, event: Event) -> None:
    call = Call(
        trunk=name, call_id="c-1", event=event, start_ms=NOW_MS, answer_ms=NOW_MS if event == "answered" else None
    )
    (found,) = read(trunk(name), trunk(name).compose(call, SECRET, URL, NOW_MS))
    assert (found.event, found.call_id) == (event, "c-1")
