"""Kazoo: its hooks in all their forms, and times counted from the year 0."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.kazoo import TRUNK
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

URL = "https://crm.example.com/hooks/loc/kazoo"
NOW_MS = 1_777_903_300_000
GONE = {
    "hook_event": "channel_destroy",
    "call_id": "kz-1",
    "call_direction": "outbound",
    "from": "+12025550101@pbx.example.com",
    "to": "+12025550102@pbx.example.com",
    "timestamp": "63945122430",
    "hangup_cause": "NORMAL_CLEARING",
    "duration_seconds": "20",
    "billing_seconds": "15",
}


def post(body: bytes) -> Request:
    return Request(method="POST", url=URL, headers={}, body=body, received_ms=NOW_MS)


def one(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps(GONE | changes).encode()))
    return call


@pytest.mark.parametrize("body", [urlencode(GONE).encode(), json.dumps([GONE]).encode()], ids=["form", "list"])
@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_hook_reads_the_same_in_every_form(body: bytes, method: str) -> None:
    assert read(TRUNK, replace(post(body), method=method)) == [one()]


def test_a_hook_may_come_in_the_query() -> None:
    assert read(TRUNK, replace(post(b""), method="GET", url=f"{URL}?{urlencode(GONE)}")) == [one()]


def test_the_start_and_the_answer_are_counted_back_from_the_end() -> None:
    facts = one().facts()
    assert [facts[name] for name in ("start", "answer", "end")] == [
        "2026-05-04T14:00:10.000Z",
        "2026-05-04T14:00:15.000Z",
        "2026-05-04T14:00:30.000Z",
    ]


def test_a_unix_timestamp_is_taken_as_such_and_noted() -> None:
    call = one(timestamp="1777903230")
    assert call.facts()["end"] == "2026-05-04T14:00:30.000Z"
    assert "timestamp is not in Gregorian seconds: read as Unix time" in call.notes


@pytest.mark.parametrize("stamp", [None, "", 0, "soon", True])
def test_without_a_timestamp_there_is_no_end(stamp: object) -> None:
    assert one(timestamp=stamp).end_ms is None


@pytest.mark.parametrize(
    ("fields", "sip", "ended"),
    [
        ({"hangup_cause": "USER_BUSY", "hangup_code": "sip:486"}, 486, "Busy"),
        ({"hangup_cause": "NO_ANSWER", "hangup_code": "sip:487"}, 487, "No Answer"),
        ({"hangup_cause": "ORIGINATOR_CANCEL", "hangup_code": "sip:487"}, 487, "Canceled"),
        ({"hangup_cause": "NORMAL_CLEARING"}, None, "Canceled"),
        ({"hangup_cause": "UNHEARD_OF", "hangup_code": "nonsense"}, None, "Failed"),
    ],
)
def test_an_unanswered_leg_ends_as_its_cause_says(fields: dict[str, str], sip: int | None, ended: str) -> None:
    call = one(billing_seconds=0, **fields)
    assert (call.sip, disposition(call), call.duration_s) == (sip, ended, 0)


def test_a_leg_with_talk_time_is_connected_whatever_its_cause() -> None:
    assert disposition(one(hangup_cause="ORIGINATOR_CANCEL")) == "Connected"


def test_without_a_talk_time_the_answer_is_awaited() -> None:
    assert (one(billing_seconds=None).awaits, one().awaits) == (("answer",), ())


@pytest.mark.parametrize("internal", [True, "true"])
@pytest.mark.parametrize("hook", ["channel_create", "channel_bridge", "channel_destroy"])
def test_an_internal_leg_is_no_call_of_its_own(internal: object, hook: str) -> None:
    assert standing(one(hook_event=hook, is_internal_leg=internal)).status == "ignored"


def test_a_leg_that_lost_the_race_is_no_missed_call() -> None:
    assert standing(one(billing_seconds=0, hangup_cause="LOSE_RACE")).status == "ignored"


@pytest.mark.parametrize(
    ("hook", "event"),
    [("channel_create", "initiated"), ("channel_answer", "answered"), ("channel_bridge", "extra")],
)
def test_earlier_hooks_are_told_as_such(hook: str, event: str) -> None:
    call = one(hook_event=hook, other_leg_call_id="kz-2")
    assert (call.event, call.session_id) == (event, "kz-2")


def test_an_answer_has_the_time_of_its_hook() -> None:
    assert one(hook_event="channel_answer").facts()["answer"] == "2026-05-04T14:00:30.000Z"


def test_the_parties_fall_back_to_other_fields() -> None:
    call = one(**{"from": "", "to": None}, caller_id_number="1001", request="+12025550103@pbx.example.com")
    assert (call.from_, call.to) == ("1001", "+12025550103")


def test_a_call_a_device_made_is_inbound_to_the_switch_and_noted() -> None:
    call = one(call_direction="inbound", authorizing_type="device")
    assert call.direction == "inbound"
    assert "direction is the switch's view: a device made this call" in call.notes


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b"hook_event=object_created", b'{"event_name": "cdr"}'])
def test_what_is_no_channel_hook_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


def test_a_hook_logs_in_or_comes_by_a_secret_path() -> None:
    assert holds(TRUNK, TRUNK.compose(one(), "user:secret", URL, NOW_MS), "secret")
    assert holds(TRUNK, post(b"{}"), "secret", path_key="secret")
    assert not holds(TRUNK, post(b"{}"), "secret")


@pytest.mark.parametrize(
    "leg",
    [
        {"to": "1001@pbx.example.com"},
        {"to": "user_abc@pbx.example.com"},
        {"call_direction": "inbound", "from": "1001@pbx.example.com"},
        {"call_direction": "inbound", "authorizing_type": "device"},
    ],
)
def test_the_agents_leg_of_two_joined_ones_is_linked_to_the_customers(leg: dict[str, str]) -> None:
    call = one(other_leg_call_id="kz-2", **leg)
    assert (standing(call).status, call.session_id) == ("ignored", "kz-2")


@pytest.mark.parametrize("leg", [{}, {"call_direction": "inbound", "from": "anonymous@pbx.example.com"}])
def test_the_customers_leg_of_two_joined_ones_is_the_call(leg: dict[str, str]) -> None:
    assert standing(one(other_leg_call_id="kz-2", **leg)).status == "accepted"


def test_a_leg_that_was_never_joined_counts() -> None:
    assert standing(one(call_direction="inbound", authorizing_type="device")).status == "accepted"
