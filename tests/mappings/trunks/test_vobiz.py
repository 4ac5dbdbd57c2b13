"""Vobiz: its signature, and what its two products tell."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.vobiz import TRUNK
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "whsec of a trunk"
URL = "https://crm.example.com/hooks/loc/vobiz"
NOW_MS = 1_777_903_300_000
HANGUP = {
    "Event": "Hangup",
    "CallUUID": "vz-1",
    "TrunkID": "t-1",
    "From": "+912240000001",
    "To": "+919800000002",
    "StartTime": "2026-05-04T14:00:00Z",
    "EndTime": "2026-05-04T14:00:20Z",
    "Duration": 20,
    "RingTime": 5,
    "Billsec": 15,
    "Reason": "NORMAL_CLEARING",
    "HangupCauseCode": 4000,
}


def post(body: bytes, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="POST", url=URL, headers=named, body=body, received_ms=NOW_MS)


def trunk_call(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps(HANGUP | changes).encode()))
    return call


def voice_call(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(urlencode({"Event": "Hangup", "CallUUID": "vz-2"} | fields).encode()))
    return call


def test_a_signature_holds() -> None:
    mac = hmac.digest(SECRET.encode(), b"{}", "sha256").hex()
    assert holds(TRUNK, post(b"{}", x_vobiz_signature=mac), "new", SECRET)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(trunk_call(), SECRET, URL, NOW_MS)
    assert holds(TRUNK, request, SECRET)
    assert not any(holds(TRUNK, changed, SECRET) for changed in flipped(request, "x-vobiz-signature"))


def test_a_signature_over_a_body_proves_nothing_about_a_query() -> None:
    request = replace(TRUNK.compose(trunk_call(), SECRET, URL, NOW_MS), method="GET")
    assert not holds(TRUNK, request, SECRET)


def test_a_signature_that_does_not_hold_is_not_made_up_for() -> None:
    request = post(b"{}", x_vobiz_signature="00", authorization=f"Bearer {SECRET}")
    assert not holds(TRUNK, request, SECRET, path_key=SECRET)


def test_the_voice_api_proves_itself_by_a_secret_path() -> None:
    assert holds(TRUNK, post(b"Event=Hangup"), SECRET, path_key=SECRET)


def test_talk_time_is_billsec_and_begins_after_the_ringing() -> None:
    call = trunk_call()
    assert (call.duration_s, call.ring_ms, disposition(call)) == (15, 5000, "Connected")


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"Reason": "NO_ANSWER", "HangupCauseCode": 6010}, "No Answer"),
        ({"Reason": "NO_ANSWER", "HangupCauseCode": "3000"}, "No Answer"),
        ({"Reason": "USER_BUSY", "HangupCauseCode": 3010}, "Busy"),
        ({"Reason": "CALL_REJECTED", "HangupCauseCode": 3020}, "Rejected"),
        ({"Reason": "ORIGINATOR_CANCEL", "HangupCauseCode": 1000}, "Canceled"),
        ({"Reason": "ORIGINATOR_CANCEL", "HangupCauseCode": None}, "Canceled"),
        ({"Reason": "NORMAL_CLEARING", "HangupCauseCode": 4000}, "Canceled"),
        ({"Reason": "UNALLOCATED_NUMBER", "HangupCauseCode": 0}, "Invalid Number"),
        ({"Reason": None, "HangupCauseCode": 1020}, "Congestion"),
        ({"Reason": None, "HangupCauseCode": 9999}, "Failed"),
    ],
)
def test_an_unanswered_call_ends_as_its_code_says(changes: dict[str, Any], ended: str) -> None:
    assert disposition(trunk_call(Billsec=0, **changes)) == ended


def test_a_refused_admission_has_failed_and_keeps_its_reason() -> None:
    (call,) = read(
        TRUNK, post(b'{"Event": "CallInitiated", "CallUUID": "vz-3", "Allowed": false, "Reason": "no credit"}')
    )
    assert (call.event, disposition(call), call.cause) == ("initiated", "Failed", "no credit")


def test_an_allowed_admission_has_no_disposition_yet() -> None:
    (call,) = read(TRUNK, post(b'{"Event": "CallInitiated", "CallUUID": "vz-3", "Allowed": true}'))
    assert disposition(call) is None


@pytest.mark.parametrize(
    ("local", "utc", "end"),
    [
        ("2026-05-04 19:30:00", "2026-05-04 13:59:57.123456", "2026-05-04T14:00:10.000Z"),
        ("2026-05-05 02:00:00", "2026-05-04 20:30:00.900000", "2026-05-04T20:30:10.000Z"),
        ("2026-05-04 10:00:00", "2026-05-04 13:59:59.000000", "2026-05-04T14:00:10.000Z"),
        ("2026-05-04 19:45:00", "2026-05-04 14:00:01.000000", "2026-05-04T14:00:10.000Z"),
    ],
)
def test_local_times_are_placed_by_the_session_start(local: str, utc: str, end: str) -> None:
    call = voice_call(StartTime=local, EndTime=f"{local[:-2]}10", SessionStart=utc, HangupCause="NO_ANSWER")
    assert call.facts()["end"] == end


def test_local_times_are_indias_where_nothing_places_them() -> None:
    call = voice_call(StartTime="2026-05-04 19:30:00", SessionStart="soon", HangupCause="NO_ANSWER")
    assert call.facts()["start"] == "2026-05-04T14:00:00.000Z"
    assert call.notes == ("times have no zone: read as India Standard Time",)


def test_a_ringing_call_of_the_voice_api_is_initiated() -> None:
    assert voice_call(Event="Ring", CallStatus="ringing").event == "initiated"


def test_a_dialled_leg_is_never_a_call_of_its_own() -> None:
    call = voice_call(Event="DialHangup", DialBLegUUID="b", DialBLegHangupCause="LOSE_RACE")
    assert (standing(call).status, standing(call).reason) == ("ignored", "another leg of the same dial won")


@pytest.mark.parametrize("body", [b"Event=Recorded", b"{}", b"[]", b""])
def test_another_event_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))
