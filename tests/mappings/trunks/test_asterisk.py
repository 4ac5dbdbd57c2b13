"""Asterisk: hangup handlers, call detail records, AMI and ARI events."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.asterisk import TRUNK
from tests.mappings.trunks import bed
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "a shared secret"
NOW_MS = 1_777_903_300_000
POSTS = bed.posts("asterisk")
FAILED = {
    "event": "call.completed",
    "uuid": "as-1",
    "unique_id": "1777903200.5",
    "direction": "outbound",
    "from": "1001",
    "to": "+12025550102",
    "start": 1777903200.5,
    "answer": "0.000000",
    "end": "1777903212.750000",
    "billsec_s": 0.0,
    "disposition": "NO ANSWER",
    "dialstatus": "NOANSWER",
    "q850_cause": 19,
}
CDR = {
    "src": "1001",
    "dst": "+12025550102",
    "channel": "PJSIP/1001-00000001",
    "start": "2026-05-04 14:00:00",
    "answer": "",
    "end": "2026-05-04 14:00:20",
    "billsec": 0,
    "disposition": "NO ANSWER",
    "uniqueid": "1777903200.5",
}


def post(body: bytes, **headers: str) -> Request:
    return Request(method="POST", url="https://crm.example.com/h", headers=headers, body=body, received_ms=NOW_MS)


def one(item: dict[str, Any], **changes: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps(item | changes).encode()))
    return call


def hangup(**changes: str) -> Call:
    item = {"Event": "Hangup", "Uniqueid": "1777903200.9", "ChannelState": "6", "Cause": "16"} | changes
    (call,) = read(TRUNK, post("".join(f"{name}: {value}\r\n" for name, value in item.items()).encode() + b"\r\n"))
    return call


def destroyed(channel: dict[str, Any], **changes: Any) -> Call:
    item = {"type": "ChannelDestroyed", "timestamp": "2026-05-04T14:00:10.000+0000", "cause": 16}
    return one(item | {"channel": {"id": "c-1", "state": "Up"} | channel} | changes)


@pytest.mark.skipif(not POSTS, reason=bed.ABSENT)
@pytest.mark.parametrize("name", POSTS)
def test_a_real_post_reads_as_expected(name: str) -> None:
    found, facts = bed.told("asterisk", name), POSTS[name]
    assert {fact: found[fact] for fact in bed.FACTS} == {fact: facts[fact] for fact in bed.FACTS}
    assert found["duration_s"] == pytest.approx(facts["duration_s"], abs=0.01)


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"dialstatus": "CANCEL", "q850_cause": 16}, "Canceled"),
        ({"dialstatus": "BUSY", "disposition": "BUSY", "q850_cause": 17}, "Busy"),
        ({"dialstatus": "CONGESTION", "disposition": "FAILED", "q850_cause": 34}, "Congestion"),
        ({"dialstatus": "NOANSWER", "disposition": "FAILED", "q850_cause": 16}, "No Answer"),
        ({"dialstatus": "CHANUNAVAIL", "q850_cause": 21}, "Rejected"),
        ({"dialstatus": "CHANUNAVAIL", "q850_cause": 1}, "Invalid Number"),
        ({"dialstatus": "CHANUNAVAIL", "q850_cause": 0}, "Failed"),
        ({"dialstatus": "CHANUNAVAIL", "q850_cause": 127}, "Failed"),
        ({"dialstatus": "DONTCALL", "q850_cause": 16}, "Rejected"),
        ({"dialstatus": "", "disposition": "FAILED", "q850_cause": 1}, "Invalid Number"),
        ({"dialstatus": None, "q850_cause": 21}, "Rejected"),
        ({"dialstatus": None, "q850_cause": 16}, "No Answer"),
        ({"dialstatus": None, "disposition": "CONGESTION", "q850_cause": None}, "Congestion"),
    ],
)
def test_an_unanswered_call_ends_as_the_dial_and_then_its_cause_say(changes: dict[str, Any], ended: str) -> None:
    assert disposition(one(FAILED, **changes)) == ended


def test_a_call_an_announcement_answered_is_connected_and_noted() -> None:
    call = one(FAILED, answer="1777903202.000000", billsec_s=10.75)
    assert (disposition(call), call.duration_s) == ("Connected", 10.75)
    assert call.notes == ("the channel was answered, though the dial ended as No Answer",)


@pytest.mark.parametrize(("word", "event"), [("call.started", "initiated"), ("call.answered", "answered")])
def test_a_dialplan_may_tell_earlier_events(word: str, event: str) -> None:
    assert one({"event": word, "uuid": "as-1"}).event == event


def test_an_extra_tells_only_what_was_learnt() -> None:
    call = one({"event": "call.extra", "uuid": "as-1", "amd": "MACHINE"})
    assert (call.event, call.amd, call.answered, call.outcome) == ("extra", "machine", None, None)


@pytest.mark.parametrize(
    ("hour", "creation"),
    [("16", "1777903200.5"), ("14", "asterisk-1777903200.5"), ("09", "1777903201.5")],
)
def test_a_records_local_times_are_placed_by_its_unique_id(hour: str, creation: str) -> None:
    call = one(CDR, start=f"2026-05-04 {hour}:00:00", end=f"2026-05-04 {hour}:00:20", uniqueid=creation)
    assert call.end_ms == 1_777_903_220_000
    assert call.notes == ("times have no zone: the server's is taken from the channel's unique id",)


@pytest.mark.parametrize("creation", ["0.9072979516223787", "mine", "1777903800.5", "1700000000.1"])
def test_a_records_local_times_that_nothing_places_are_read_as_utc_and_noted(creation: str) -> None:
    call = one(CDR, uniqueid=creation)
    assert call.facts()["start"] == "2026-05-04T14:00:00.000Z"
    assert "start has no time zone: read as UTC" in call.notes


def test_a_record_is_the_same_as_a_form_and_as_json() -> None:
    assert read(TRUNK, post(urlencode(CDR).encode())) == [one(CDR)]


def test_rows_of_a_csv_are_calls_in_order() -> None:
    row = b'"","1001","%d","c","x","PJSIP/1","","Dial","","1777903200","","1777903220",20,0,"BUSY","","178.%d",""\n'
    calls = read(TRUNK, post(row % (2001, 1) + row % (2002, 2)))
    assert [(call.call_id, call.to, disposition(call)) for call in calls] == [
        ("178.1", "2001", "Busy"),
        ("178.2", "2002", "Busy"),
    ]


def test_several_events_of_the_manager_are_several_calls() -> None:
    event = "Event: Hangup\r\nUniqueid: %s\r\nChannelState: 6\r\nCause: 16\r\n\r\n"
    calls = read(TRUNK, post((event % "1.1" + event % "1.2").encode()))
    assert [call.call_id for call in calls] == ["1.1", "1.2"]


def test_the_manager_may_tell_a_bounded_number_of_events_at_once() -> None:
    with pytest.raises(NotUnderstoodError, match="501 objects"):
        read(TRUNK, post(b"Event: Hangup\r\n\r\n" * 501 + b"Event: Hangup"))


def test_a_channel_that_was_up_was_answered() -> None:
    assert disposition(hangup()) == "Connected"


def test_a_channel_that_was_not_up_was_not() -> None:
    call = hangup(ChannelState="5", Cause="19")
    assert (disposition(call), call.duration_s) == ("No Answer", 0)


def test_a_cause_of_0_is_none() -> None:
    call = hangup(ChannelState="4", Cause="0")
    assert (call.q850, disposition(call)) == (None, "Failed")


def test_a_channel_without_a_state_leaves_the_answer_open_and_says_so() -> None:
    (call,) = read(TRUNK, post(b"Event: Hangup\nUniqueid: 1.1\nCause: 16\n"))
    assert (call.answered, call.notes) == (None, ("the event does not say whether the channel was answered",))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"Channel": "Local/2001@queue-00000001;1"}, "half of a local channel"),
        ({"Linkedid": "1777903200.1"}, "another leg of a call"),
    ],
)
def test_another_leg_is_no_call_of_its_own(changes: dict[str, str], why: str) -> None:
    assert standing(hangup(**changes)).reason == why


def test_the_first_leg_of_a_call_is_the_call() -> None:
    assert standing(hangup(Linkedid="1777903200.9")).status == "accepted"


@pytest.mark.parametrize(("exten", "to"), [("+12025550107", "+12025550107"), ("s", "2001"), ("", "2001")])
def test_the_called_number_is_the_extension_unless_that_is_the_dialplans_own(exten: str, to: str) -> None:
    assert hangup(Exten=exten, ConnectedLineNum="2001").to == to


@pytest.mark.parametrize(
    ("item", "event"),
    [
        ({"Event": "Newchannel", "ChannelState": "4"}, "initiated"),
        ({"Event": "Newstate", "ChannelState": "5"}, "initiated"),
        ({"Event": "Newstate", "ChannelState": "6"}, "answered"),
    ],
)
def test_a_channels_earlier_events_are_told_as_such(item: dict[str, str], event: str) -> None:
    assert one(item | {"Uniqueid": "1.1"}).event == event


def test_a_state_change_to_up_is_the_time_of_the_answer() -> None:
    call = one(
        {"type": "ChannelStateChange", "timestamp": "2026-05-04T14:00:05Z", "channel": {"id": "c-1", "state": "Up"}}
    )
    assert (call.event, call.facts()["answer"]) == ("answered", "2026-05-04T14:00:05.000Z")


def test_a_destroyed_channel_awaits_what_other_events_tell() -> None:
    assert destroyed({}).awaits == ("start", "answer")
    assert destroyed({"state": "Ring", "creationtime": "2026-05-04T14:00:00Z"}).awaits == ()


def test_a_duration_that_is_not_aris_places_no_answer() -> None:
    call = destroyed({"state": None}, duration=4.5)
    assert (call.answered, call.answer_ms, call.duration_s) == (True, None, 4.5)
    assert call.notes == ("duration is not ARI's: taken as talk time, but not to place the answer",)


def test_a_cause_inside_the_channel_is_read() -> None:
    call = one({"type": "ChannelDestroyed", "channel": {"id": "c-1", "state": "Ring", "cause": 17}})
    assert (call.q850, disposition(call)) == (17, "Busy")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"Event: FullyBooted\nStatus: x\n",
        b'{"event": "call.exploded"}',
        b'{"type": "StasisEnd", "channel": {"id": "c-1"}}',
        b'{"type": "ChannelDestroyed"}',
        b"a=1",
    ],
)
def test_what_is_neither_record_nor_event_of_a_call_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


def test_a_switch_proves_itself_by_a_header_or_the_path() -> None:
    assert holds(TRUNK, post(b"{}", authorization=f"Bearer {SECRET}"), SECRET)
    assert holds(TRUNK, post(b"{}"), SECRET, path_key=SECRET)
    assert not holds(TRUNK, post(b"{}"), SECRET)
    assert not holds(TRUNK, post(b"{}", authorization="Bearer another"), SECRET, path_key=SECRET)
