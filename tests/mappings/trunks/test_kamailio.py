"""Kamailio: a script's own events, and the records of acc_json."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.kamailio import TRUNK
from tests.mappings.trunks import bed
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "a shared secret"
NOW_MS = 1_777_903_300_000
POSTS = bed.posts("kamailio")
FAILED = {
    "event": "call.completed",
    "uuid": "k-1",
    "call_id": "abc@sip.example.com",
    "direction": "outbound",
    "start_ms": 1_777_903_200_100,
    "ring_ms": 1_777_903_201_100,
    "end_ms": 1_777_903_220_100,
    "duration_ms": 0,
}
RECORD = {"time": 1777903220, "callid": "abc@sip.example.com", "sip_reason": "as it was"}


def post(item: Any, **headers: str) -> Request:
    raw = item if isinstance(item, bytes) else json.dumps(item).encode()
    return Request(method="POST", url="https://crm.example.com/h", headers=headers, body=raw, received_ms=NOW_MS)


def one(item: dict[str, Any], **changes: Any) -> Call:
    (call,) = read(TRUNK, post(item | changes))
    return call


@pytest.mark.skipif(not POSTS, reason=bed.ABSENT)
@pytest.mark.parametrize("name", POSTS)
def test_a_real_post_reads_as_expected(name: str) -> None:
    found, facts = bed.told("kamailio", name), POSTS[name]
    assert {fact: found[fact] for fact in bed.FACTS} == {fact: facts[fact] for fact in bed.FACTS}
    assert (found["duration_s"], found["hangup_by"]) == (
        pytest.approx(facts["duration_s"], abs=0.01),
        facts["hangup_by"],
    )


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"sip_code": 486, "q850_cause": 17}, "Busy"),
        ({"sip_code": 487, "q850_cause": 16, "hangup_by": "caller"}, "Canceled"),
        ({"sip_code": 480, "q850_cause": 19}, "No Answer"),
        ({"sip_code": 603, "q850_cause": 21}, "Rejected"),
        ({"sip_code": 404, "q850_cause": 1}, "Invalid Number"),
        ({"sip_code": 503, "q850_cause": 34}, "Congestion"),
        ({"sip_code": 408, "hangup_by": "proxy"}, "No Answer"),
        ({"sip_code": 408, "hangup_by": "trunk"}, "No Answer"),
        ({"sip_code": 408, "hangup_by": "proxy", "ring_ms": None}, "No Answer"),
        ({"sip_code": 408, "hangup_by": "trunk", "ring_ms": None}, "Failed"),
    ],
)
def test_an_unanswered_call_ends_as_its_status_says_unless_the_trunk_is_dead(
    changes: dict[str, Any], ended: str
) -> None:
    assert disposition(one(FAILED, **changes)) == ended


def test_a_duration_that_differs_by_its_rounding_is_end_less_answer() -> None:
    call = one(FAILED, answer_ms=1_777_903_205_123, end_ms=1_777_903_220_456, duration_ms=15_334, sip_code=200)
    assert call.talk_ms == 15_333


def test_a_status_of_success_is_an_answer_though_its_time_is_missing() -> None:
    call = one(FAILED, sip_code=200, duration_ms=5_000)
    assert (call.answered, call.answer_ms) == (True, 1_777_903_215_100)


@pytest.mark.parametrize(("word", "event"), [("call.started", "initiated"), ("call.answered", "answered")])
def test_earlier_events_are_told_as_such(word: str, event: str) -> None:
    assert one({"event": word, "uuid": "k-1"}).event == event


def test_the_sip_call_id_names_the_session() -> None:
    call = one(FAILED, sip_code=486)
    assert (call.call_id, call.session_id) == ("k-1", "abc@sip.example.com")


def test_an_accepted_invite_is_the_answer() -> None:
    call = one(RECORD, method="INVITE", sip_code="200")
    assert (call.event, call.answer_ms) == ("answered", 1_777_903_220_000)


def test_a_refused_invite_is_the_end() -> None:
    call = one(RECORD, method="INVITE", sip_code="603")
    assert (call.event, disposition(call), call.end_ms) == ("completed", "Rejected", 1_777_903_220_000)


@pytest.mark.parametrize("status", ["200", "481"])
def test_a_bye_is_the_end_of_an_answered_call_whatever_its_own_status(status: str) -> None:
    call = one(RECORD, method="BYE", sip_code=status)
    assert (disposition(call), call.sip, call.duration_s) == ("Connected", None, None)
    assert call.awaits == ("start", "answer", "direction")


@pytest.mark.parametrize(
    ("changes", "ended", "talk_s"),
    [
        ({"sip_code": "200", "duration": "30.000"}, "Connected", None),
        ({"duration": "30.000"}, "Connected", None),
        ({"duration": "0.000"}, "Failed", 0),
        ({"sip_code": "486", "duration": "0.000"}, "Busy", 0),
    ],
)
def test_a_detail_records_duration_is_no_talk_time(changes: dict[str, str], ended: str, talk_s: int | None) -> None:
    call = one(RECORD, start_time="1777903200.000", end_time="1777903230.000", **changes)
    assert (disposition(call), call.duration_s, call.answer_ms) == (ended, talk_s, None)


@pytest.mark.parametrize(
    "item",
    [
        b"",
        {},
        [],
        {"event": "call.exploded", "uuid": "k-1"},
        {"uuid": "k-1"},
        RECORD | {"method": "MESSAGE", "sip_code": "200"},
        RECORD | {"method": "INVITE", "sip_code": "100"},
        RECORD | {"method": "INVITE"},
        RECORD,
    ],
)
def test_what_tells_nothing_of_a_call_is_not_understood(item: Any) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(item))


def test_an_event_without_an_id_is_quarantined() -> None:
    assert standing(one(FAILED, uuid=None, sip_code=486)).status == "quarantined"


def test_a_script_proves_itself_by_a_header_or_the_path() -> None:
    assert holds(TRUNK, post({}, authorization=f"Bearer {SECRET}"), SECRET)
    assert holds(TRUNK, post({}), SECRET, path_key=SECRET)
    assert not holds(TRUNK, post({}), SECRET)
    assert not holds(TRUNK, post({}, authorization="Bearer another"), SECRET, path_key=SECRET)
