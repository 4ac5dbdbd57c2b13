"""Wazo: bus events as webhookd posts them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.wazo import TRUNK
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

URL = "https://crm.example.com/hooks/loc/wazo"
NOW_MS = 1_777_903_300_000
CHANNEL = {
    "call_id": "1777903200.7",
    "caller_id_number": "1001",
    "peer_caller_id_number": "+12025550102",
    "dialed_extension": "+12025550102",
    "is_caller": True,
    "direction": "outbound",
    "creation_time": "2026-05-04T10:00:00.250-0400",
    "answer_time": None,
    "hangup_time": "2026-05-04T10:00:20.500-0400",
    "reason_code": 16,
}


def post(payload: Any, query: str = "") -> Request:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Request(method="POST", url=f"{URL}{query}", headers={}, body=raw, received_ms=NOW_MS)


def one(name: str = "call_ended", **changes: Any) -> Call:
    (call,) = read(TRUNK, post({"name": name, "data": CHANNEL | changes}))
    return call


def test_an_event_named_in_the_query_reads_as_one_in_its_envelope() -> None:
    assert read(TRUNK, post(CHANNEL, "?event=call_ended")) == [one()]


@pytest.mark.parametrize(
    ("missing", "event"),
    [((), "completed"), (("hangup_time",), "answered"), (("hangup_time", "answer_time"), "initiated")],
)
def test_an_event_without_a_name_is_told_by_its_latest_time_and_noted(missing: tuple[str, ...], event: str) -> None:
    channel = CHANNEL | {"answer_time": "2026-05-04T10:00:05-0400"} | dict.fromkeys(missing)
    (call,) = read(TRUNK, post(channel))
    assert (call.event, call.notes) == (event, (f"the event's name is missing: taken as {event} by its times",))


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("call_created", "initiated"),
        ("call_answered", "answered"),
        ("call_updated", "extra"),
        ("call_held", "extra"),
        ("call_ended", "completed"),
    ],
)
def test_an_event_is_told_by_its_name(name: str, event: str) -> None:
    assert one(name).event == event


def test_an_offset_needs_no_colon() -> None:
    assert one().facts()["start"] == "2026-05-04T14:00:00.250Z"


def test_an_answered_call_is_connected_from_its_answer_to_its_hangup() -> None:
    call = one(answer_time="2026-05-04T10:00:05.500-0400")
    assert (disposition(call), call.duration_s, call.ring_ms) == ("Connected", 15, 5250)


@pytest.mark.parametrize(
    ("code", "q850", "ended"),
    [(17, 17, "Busy"), (19, 19, "No Answer"), (21, 21, "Rejected"), (16, 16, "Canceled"), (0, None, "Failed")],
)
def test_an_unanswered_call_ends_as_its_reason_says(code: int, q850: int | None, ended: str) -> None:
    call = one(reason_code=code)
    assert (call.q850, disposition(call), call.duration_s) == (q850, ended, 0)


def test_a_call_that_rang_elsewhere_too_and_was_taken_there_is_no_missed_call() -> None:
    assert standing(one(reason_code=26)).reason == "answered elsewhere"


def test_an_internal_call_is_no_call_with_a_contact() -> None:
    assert (standing(one(direction="internal")).status, one(direction="internal").direction) == ("ignored", None)


def test_a_release_that_tells_no_answer_time_leaves_it_to_the_other_event() -> None:
    channel = {name: value for name, value in CHANNEL.items() if name != "answer_time"}
    (call,) = read(TRUNK, post(channel, "?event=call_ended"))
    assert (call.answered, call.awaits) == (None, ("answer",))


def test_a_channel_that_is_not_the_caller_has_the_far_side_as_the_caller() -> None:
    call = one(is_caller=False, direction="inbound")
    assert (call.from_, call.to) == ("+12025550102", "1001")


def test_a_channel_without_a_far_side_is_the_caller() -> None:
    call = one(is_caller=False, peer_caller_id_number="", direction="unknown")
    assert (call.from_, call.to, call.direction) == ("1001", "+12025550102", None)


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", {}, {"name": "user_missed_call", "data": {}}, {"name": "call_ended"}, {"data": {"call_id": "1"}}],
)
def test_what_is_no_call_event_is_not_understood(payload: object) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(payload))


def test_webhookd_logs_in_or_comes_by_a_secret_path() -> None:
    assert holds(TRUNK, TRUNK.compose(one(), "user:secret", URL, NOW_MS), "secret")
    assert holds(TRUNK, post({}), "secret", path_key="secret")
    assert not holds(TRUNK, post({}), "secret")


@pytest.mark.parametrize("of_a_user", [{"user_uuid": "u", "caller_id_number": "+12025550100"}, {"user_uuid": None}])
def test_the_agents_channel_of_a_conversation_is_linked_to_the_call(of_a_user: dict[str, str | None]) -> None:
    call = one("call_ended", conversation_id="1777903200.6", **of_a_user)
    assert (standing(call).status, call.session_id) == ("ignored", "1777903200.6")


def test_the_trunks_channel_of_a_conversation_is_the_customers() -> None:
    call = one(conversation_id="1777903200.6", caller_id_number="+12025550102", is_caller=False, user_uuid=None)
    assert standing(call).status == "accepted"


def test_a_channel_that_names_no_conversation_counts() -> None:
    assert standing(one(user_uuid="u")).status == "accepted"
