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
from tests.mappings.trunks.signed import KEY_PAIR, holds

if TYPE_CHECKING:
    from collections.abc import Iterable

URL = "https://crm.example.com/hooks/loc/trunk"
SECRET = "user:s3cr\u00e9t"
SECRETS = {"telnyx": KEY_PAIR}  # of trunks whose secret cannot be any text
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
    endings: tuple[tuple[str, int, int], ...] = tuple(ENDINGS)


_LEG = ("call_id", "event")
_WHEN = ("end_ms", "answer_ms", "talk_ms", "answered")
_ALWAYS = ("call_id", "event", "direction", "from_", "to", "end_ms", "answer_ms", "talk_ms", "answered")
CARRIED = {
    "generic": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "agent", "recording_url", "hangup_by"),
        milliseconds=True,
        amd=True,
    ),
    "standardwebhooks": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "agent", "recording_url", "hangup_by"),
        milliseconds=True,
        amd=True,
    ),
    "cloudevents": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "agent", "recording_url", "hangup_by"),
        milliseconds=True,
        amd=True,
    ),
    "asterisk": Carries(
        (*_ALWAYS, "start_ms", "q850", "amd", "agent", "recording_url", "session_id"), milliseconds=True, amd=True
    ),
    "kamailio": Carries((*_ALWAYS, "start_ms", "q850", "cause", "session_id", "hangup_by"), milliseconds=True),
    "twilio": Carries((*_ALWAYS, "sip", "amd", "session_id", "recording_url"), amd=True),
    "freeswitch": Carries(
        (*_ALWAYS, "start_ms", "q850", "sip", "cause", "amd", "session_id", "recording_url"),
        milliseconds=True,
        amd=True,
    ),
    "vonage": Carries((*_ALWAYS, "sip", "session_id", "hangup_by")),
    "sinch": Carries(  # has no word for congestion, nor for the direction
        (*_LEG, *_WHEN, "from_", "to", "session_id"), endings=tuple(one for one in ENDINGS if one[1] != 34)
    ),
    "didww": Carries(  # has no word beside SIP; a record is of one direction or the other
        (*_LEG, *_WHEN, "from_", "to", "start_ms", "cause", "session_id"),
        endings=tuple(one for one in ENDINGS if one[1:] != (19, 487)),
    ),
    "jambonz": Carries((*_LEG, "direction", "from_", "to", "talk_ms", "answered", "session_id", "hangup_by")),
    "kazoo": Carries((*_ALWAYS, "start_ms", "q850", "cause", "session_id")),
    "wazo": Carries((*_ALWAYS, "start_ms", "q850", "session_id"), milliseconds=True),
    "telnyx": Carries(  # direction and answer are told by other events
        (*_LEG, "from_", "to", "start_ms", "end_ms", "answered", "sip", "session_id"), milliseconds=True
    ),
    "signalwire": Carries((*_ALWAYS, "sip", "amd", "session_id", "recording_url"), amd=True),
    "plivo": Carries((*_ALWAYS, "start_ms", "q850", "cause", "session_id", "hangup_by")),
    "bandwidth": Carries((*_ALWAYS, "start_ms", "sip"), milliseconds=True),
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
    cause, q850, sip = ("NORMAL_CLEARING", 16, None) if answered else draw(st.sampled_from(carries.endings))
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
    secret = SECRETS.get(name, SECRET)
    request = trunk(name).compose(call, secret, URL, NOW_MS)
    assert holds(trunk(name), request, secret)
    (found,) = read(trunk(name), request)
    assert told(found, CARRIED[name].facts) == told(call, CARRIED[name].facts)


@pytest.mark.parametrize("name", CARRIED)
def test_a_composed_request_is_not_believed_with_another_secret(name: str) -> None:
    call = Call(trunk=name, call_id="c-1", end_ms=NOW_MS, sip=486)
    request = trunk(name).compose(call, SECRETS.get(name, SECRET), URL, NOW_MS)
    assert not holds(trunk(name), request, "another")


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("generic", "initiated"),
        ("generic", "answered"),
        ("asterisk", "initiated"),
        ("asterisk", "answered"),
        ("kamailio", "initiated"),
        ("kamailio", "answered"),
        ("standardwebhooks", "initiated"),
        ("standardwebhooks", "answered"),
        ("cloudevents", "initiated"),
        ("cloudevents", "answered"),
        ("twilio", "initiated"),
        ("twilio", "answered"),
        ("vobiz", "initiated"),
        ("telnyx", "initiated"),
        ("telnyx", "answered"),
        ("signalwire", "initiated"),
        ("signalwire", "answered"),
        ("plivo", "initiated"),
        ("plivo", "answered"),
        ("bandwidth", "initiated"),
        ("bandwidth", "answered"),
        ("vonage", "initiated"),
        ("vonage", "answered"),
        ("sinch", "initiated"),
        ("sinch", "answered"),
        ("jambonz", "initiated"),
        ("jambonz", "answered"),
        ("kazoo", "initiated"),
        ("kazoo", "answered"),
        ("wazo", "initiated"),
        ("wazo", "answered"),
    ],
)
def test_an_earlier_event_reads_as_that_event(name: str, event: Event) -> None:
    call = Call(
        trunk=name, call_id="c-1", event=event, start_ms=NOW_MS, answer_ms=NOW_MS if event == "answered" else None
    )
    (found,) = read(trunk(name), trunk(name).compose(call, SECRETS.get(name, SECRET), URL, NOW_MS))
    assert (found.event, found.call_id) == (event, "c-1")
