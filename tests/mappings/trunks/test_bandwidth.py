"""Bandwidth: its log-in, its events, and whose leg they are about."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest

from mappings.call import Call
from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.bandwidth import TRUNK
from tests.mappings.trunks.signed import flipped, holds

URL = "https://crm.example.com/hooks/loc/bandwidth"
NOW_MS = 1_777_903_300_000
DISCONNECT = {
    "eventType": "disconnect",
    "eventTime": "2026-05-04T14:00:22.100Z",
    "callId": "c-1",
    "from": "+12025550101",
    "to": "+12025550102",
    "direction": "outbound",
    "startTime": "2026-05-04T14:00:00.250Z",
    "answerTime": "2026-05-04T14:00:05.750Z",
    "endTime": "2026-05-04T14:00:20.750Z",
    "cause": "hangup",
}


def post(body: bytes, url: str = URL, method: str = "POST", **headers: str) -> Request:
    return Request(method=method, url=url, headers=headers, body=body, received_ms=NOW_MS)


def event(**changes: Any) -> Call:
    given = {name: value for name, value in (DISCONNECT | changes).items() if value is not None}
    (call,) = read(TRUNK, post(json.dumps(given).encode()))
    return call


def unanswered(cause: str, **changes: Any) -> Call:
    return event(cause=cause, answerTime=None, **changes)


@pytest.mark.parametrize("secret", ["user:password", "password"])
def test_the_applications_log_in_holds(secret: str) -> None:
    login = b64encode(b"user:password").decode()
    assert holds(TRUNK, post(b"{}", authorization=f"Basic {login}"), "new", secret)


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic x", "Basic dXNlcjp4", "Digest a", "\ud800"])
def test_any_other_log_in_is_refused(authorization: str) -> None:
    assert not holds(TRUNK, post(b"{}", authorization=authorization), "password")


def test_a_request_without_a_log_in_is_refused() -> None:
    assert not holds(TRUNK, post(b"{}"), "password")


def test_changing_any_byte_of_the_log_in_is_refused() -> None:
    request = TRUNK.compose(event(), "user:password", URL, NOW_MS)
    assert holds(TRUNK, request, "user:password")
    of_the_header = list(flipped(request, "authorization"))[len(request.body) :]
    # The scheme's name counts in either case, and the last letter of base64 has no bits to spare here.
    assert not any(holds(TRUNK, changed, "user:password") for changed in of_the_header)


def test_the_times_are_the_calls_and_not_the_events() -> None:
    call = event(enqueuedTime="2026-05-04T13:58:00.000Z")
    facts = call.facts()
    assert (facts["start"], facts["end"], call.ring_ms, call.duration_s) == (
        "2026-05-04T14:00:00.250Z",
        "2026-05-04T14:00:20.750Z",
        5500,
        15,
    )


def test_a_time_may_lack_its_seconds() -> None:
    assert unanswered("busy", startTime="2026-05-04T14:00Z").facts()["start"] == "2026-05-04T14:00:00.000Z"


@pytest.mark.parametrize(
    ("cause", "ended"),
    [
        ("busy", "Busy"),
        ("timeout", "No Answer"),
        ("cancel", "Canceled"),
        ("hangup", "Canceled"),
        ("rejected", "Rejected"),
        ("account-limit", "Congestion"),
        ("node-capacity-exceeded", "Congestion"),
        ("callback-error", "Failed"),
        ("error", "Failed"),
        ("flood", "Failed"),
    ],
)
def test_a_cause_of_an_unanswered_call_is_a_disposition(cause: str, ended: str) -> None:
    assert disposition(unanswered(cause)) == ended


@pytest.mark.parametrize("cause", ["hangup", "error", "callback-error", "timeout"])
def test_an_answered_call_is_connected_whatever_ended_it(cause: str) -> None:
    assert disposition(event(cause=cause)) == "Connected"


def test_a_fault_gives_way_to_the_sip_status() -> None:
    call = unanswered("error", sipResponseCode=404)
    assert (call.sip, disposition(call)) == (404, "Invalid Number")


def test_an_unknown_cause_is_kept_and_noted() -> None:
    call = unanswered("flood")
    assert (call.cause, call.notes) == ("flood", ("unknown cause 'flood'",))


@pytest.mark.parametrize(("kind", "expected"), [("initiate", "initiated"), ("answer", "answered")])
def test_earlier_events_are_told_as_such(kind: str, expected: str) -> None:
    call = event(eventType=kind, cause=None, endTime=None)
    assert (call.event, call.direction, disposition(call)) == (expected, "outbound", None)


@pytest.mark.parametrize("kind", ["transferAnswer", "transferDisconnect"])
def test_a_transferred_leg_has_its_own_numbers_and_is_kept_aside(kind: str) -> None:
    call = event(eventType=kind, parentCallId="c-0", transferCallerId="+12025550103", transferTo="+12025550104")
    assert (call.from_, call.to, call.session_id, standing(call).status) == (
        "+12025550103",
        "+12025550104",
        "c-0",
        "ignored",
    )


@pytest.mark.parametrize(
    ("result", "amd"),
    [
        ({"value": "answering-machine", "duration": "PT4.9S"}, "machine"),
        ({"value": "human"}, "human"),
        ("human", "human"),
    ],
)
def test_a_detection_tells_who_answered(result: object, amd: str) -> None:
    call = event(eventType="machineDetectionComplete", machineDetectionResult=result)
    assert call == Call(trunk="bandwidth", call_id="c-1", event="extra", amd=amd)  # type: ignore[arg-type] # a word of the table above


@pytest.mark.parametrize("result", [{"value": "silence"}, "timeout", None])
def test_a_detection_without_a_result_is_noted(result: object) -> None:
    call = event(eventType="machineDetectionComplete", machineDetectionResult=result)
    assert (call.amd, len(call.notes)) == (None, 1)


def test_a_recording_adds_its_address() -> None:
    call = event(eventType="recordingAvailable", mediaUrl="https://voice.example.com/r/media")
    assert (call.event, call.recording_url, call.start_ms) == ("extra", "https://voice.example.com/r/media", None)


@pytest.mark.parametrize("kind", ["transferComplete", "gather", "dtmf", "redirect", "recordComplete"])
def test_what_only_happens_on_a_call_is_passed_over(kind: str) -> None:
    call = event(eventType=kind)
    assert (call.event, standing(call).status) == ("extra", "ignored")


def test_the_retired_hangup_has_freeswitchs_causes() -> None:
    call = event(eventType="hangup", cause="USER_BUSY", time="2026-05-04T14:00:20Z")
    assert (call.facts()["end"], call.q850, disposition(call)) == ("2026-05-04T14:00:20.000Z", 17, "Busy")


def test_the_retired_hangup_does_not_tell_when_it_was_answered() -> None:
    call = event(eventType="hangup", cause="NORMAL_CLEARING", time="2026-05-04T14:00:20Z")
    assert (disposition(call), call.duration_s, call.notes) == (
        "Connected",
        None,
        ("answered by NORMAL_CLEARING; this event does not tell when",),
    )


def test_a_get_tells_the_same_in_its_query() -> None:
    url = f"{URL}?eventType=disconnect&callId=c-1&cause=busy&endTime=2026-05-04T14:00:20.750Z"
    (call,) = read(TRUNK, post(b"", url, "GET"))
    assert (call.call_id, disposition(call)) == ("c-1", "Busy")


@pytest.mark.parametrize("body", [b"{}", b'{"eventType": "conferenceCreated"}', b"[]", b"", b'{"eventType": 1}'])
def test_another_event_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))
