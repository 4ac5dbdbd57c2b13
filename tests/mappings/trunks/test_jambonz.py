"""jambonz: its signature, its wrappings, and calls that come without a time."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.jambonz import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "wh_a webhook secret"
URL = "https://crm.example.com/hooks/loc/jambonz"
NOW_MS = 1_777_903_300_000
NOW_S = NOW_MS // 1000
DERIVED = vectors("derived__jambonz_hmac.json")


def post(body: bytes, headers: dict[str, str] | None = None) -> Request:
    return Request(method="POST", url=URL, headers=headers or {}, body=body, received_ms=NOW_MS)


def signed(header: str) -> Request:
    return post(b"{}", {"jambonz-signature": header})


def mac(body: bytes = b"{}", at_s: int = NOW_S) -> str:
    return hmac.digest(SECRET.encode(), f"{at_s}.".encode() + body, "sha256").hex()


def one(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps({"call_sid": "jb-1"} | fields).encode()))
    return call


@pytest.mark.skipif(not DERIVED, reason=ABSENT)
@pytest.mark.parametrize("vector", DERIVED, ids=lambda _: "derived")
def test_the_derived_vector_holds_in_its_time(vector: dict[str, Any]) -> None:
    headers = {name.lower(): value for name, value in vector["header"].items()}
    request = replace(post(vector["raw_body"].encode(), headers), received_ms=1_700_000_000_000)
    assert holds(TRUNK, request, vector["secret"])


def test_one_good_signature_of_several_is_enough() -> None:
    assert holds(TRUNK, signed(f"t={NOW_S}, v0=x, v1=00, v1={mac()}"), "new", SECRET)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_outside_the_window_is_refused(seconds: int) -> None:
    at_s = NOW_S + seconds
    assert not holds(TRUNK, signed(f"t={at_s},v1={mac(at_s=at_s)}"), SECRET)


@pytest.mark.parametrize(
    "header",
    [
        "",
        f"v1={mac()}",
        f"t={NOW_S}",
        f"t={NOW_S},v1=",
        f"t={NOW_S},t=1,v1={mac()}",
        f"t=\u0661,v1={mac()}",
        f"t={NOW_S},v1=\ud800",
        f"t={NOW_S},v1={mac(b'{ }')}",
    ],
)
def test_any_other_signature_is_refused(header: str) -> None:
    assert not holds(TRUNK, signed(header), SECRET)


def test_a_signature_that_does_not_hold_is_not_made_up_for() -> None:
    request = post(b"{}", {"jambonz-signature": f"t={NOW_S},v1=00", "authorization": f"Bearer {SECRET}"})
    assert not holds(TRUNK, request, SECRET, path_key=SECRET)


def test_a_reposted_event_proves_itself_by_a_bearer_token() -> None:
    assert holds(TRUNK, post(b"{}", {"authorization": f"Bearer {SECRET}"}), SECRET)


def test_a_signature_over_a_body_proves_nothing_about_a_query() -> None:
    assert not holds(TRUNK, replace(signed(f"t={NOW_S},v1={mac()}"), method="GET"), SECRET)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(one(call_status="busy"), SECRET, URL, NOW_MS)
    assert holds(TRUNK, request, SECRET)
    assert not any(holds(TRUNK, changed, SECRET) for changed in flipped(request, "jambonz-signature"))


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("trying", "initiated"),
        ("queued", "initiated"),
        ("early-media", "initiated"),
        ("in-progress", "answered"),
        ("no-answer", "completed"),
    ],
)
def test_a_status_is_an_event(status: str, event: str) -> None:
    assert one(call_status=status).event == event


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"call_status": "completed", "duration": 0}, "Connected"),
        ({"call_status": "busy", "sip_status": 486}, "Busy"),
        ({"call_status": "no-answer", "sip_status": 487}, "No Answer"),
        ({"call_status": "failed"}, "Failed"),
        ({"call_status": "failed", "sip_status": 603}, "Rejected"),
        ({"call_status": "failed", "sip_status": 404}, "Invalid Number"),
    ],
)
def test_a_last_status_is_a_disposition(fields: dict[str, Any], ended: str) -> None:
    assert disposition(one(**fields)) == ended


def test_a_call_ended_when_that_was_told_and_was_answered_its_duration_before() -> None:
    call = one(call_status="completed", duration=42)
    assert (call.end_ms, call.answer_ms, call.duration_s) == (NOW_MS, NOW_MS - 42_000, 42)


def test_a_time_taken_from_the_arrival_is_noted() -> None:
    assert one(call_status="in-progress").notes == ("jambonz sends no times: this event's is when it came",)


def test_a_call_read_from_a_file_has_no_times() -> None:
    body = json.dumps({"call_sid": "jb-1", "call_status": "completed", "duration": 42}).encode()
    (call,) = read(TRUNK, replace(post(body), recorded=True))
    assert (call.end_ms, call.answer_ms, call.duration_s) == (None, None, 42)


@pytest.mark.parametrize(("status", "start_ms"), [("trying", NOW_MS), ("queued", None), ("ringing", None)])
def test_a_call_starts_when_it_is_tried(status: str, start_ms: int | None) -> None:
    assert one(call_status=status).start_ms == start_ms


@pytest.mark.parametrize(
    ("fields", "awaited"),
    [
        ({"call_status": "completed", "duration": 5}, ("start",)),
        ({"call_status": "completed"}, ("start", "answer")),
        ({"call_status": "busy"}, ("start",)),
    ],
)
def test_a_finished_call_awaits_what_its_other_events_tell(fields: dict[str, Any], awaited: tuple[str, ...]) -> None:
    assert one(**fields).awaits == awaited


@pytest.mark.parametrize("wrapping", ["data", "payload"])
def test_a_wrapped_event_reads_as_a_bare_one(wrapping: str) -> None:
    inner = {"call_sid": "jb-1", "call_status": "busy", "sip_status": 486}
    wrapped = json.dumps({"event": "CALL_COMPLETED", wrapping: inner}).encode()
    assert read(TRUNK, post(wrapped)) == [one(**inner)]


def test_a_dial_that_nobody_answered_is_the_outcome_of_the_leg_that_dialled() -> None:
    call = one(call_status="completed", duration=15, dial_call_status="no-answer", dial_sip_status=487)
    assert (disposition(call), call.sip, call.duration_s) == ("No Answer", 487, 0)


def test_a_dial_that_was_answered_has_the_duration_of_the_leg_that_dialled() -> None:
    call = one(call_status="completed", duration=15, dial_call_status="completed", dial_sip_status=200)
    assert (disposition(call), call.duration_s) == ("Connected", 15)
    assert "the duration is the dialling leg's" in call.notes


def test_a_dial_that_is_over_while_its_parent_goes_on_is_something_learnt() -> None:
    call = one(call_status="in-progress", dial_call_status="busy", dial_call_sid="jb-2")
    assert (call.event, call.notes) == ("extra", ("the dialled leg jb-2 ended: busy",))


def test_a_dialled_leg_is_kept_with_its_parent() -> None:
    assert one(call_status="busy", parent_call_sid="jb-0").session_id == "jb-0"


def test_digits_without_a_plus_stay_as_they_are() -> None:
    assert one(call_status="busy", to="12025550102").to == "12025550102"


def test_the_user_of_a_sip_address_is_the_number() -> None:
    assert one(call_status="busy", to="sip:+12025550102@192.0.2.1:5060").to == "+12025550102"


@pytest.mark.parametrize(
    "fields",
    [{}, {"call_status": "exploded"}, {"call_status": "completed", "dial_call_status": "exploded"}, {"data": 5}],
)
def test_what_is_no_call_status_is_not_understood(fields: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstoodError):
        one(**fields)


@pytest.mark.parametrize(
    "leg",
    [
        {"direction": "outbound", "from": "+12025550101", "to": "sip:1001@pbx.example.com", "parent_call_sid": "jb-2"},
        {
            "direction": "inbound",
            "from": "ada",
            "to": "+12025550101",
            "dial_call_sid": "jb-2",
            "dial_call_status": "busy",
        },
    ],
)
def test_the_leg_of_an_own_user_is_linked_to_the_customers(leg: dict[str, str]) -> None:
    call = one(call_status="completed", **leg)
    assert (standing(call).status, call.session_id) == ("ignored", "jb-2")


@pytest.mark.parametrize(
    "leg",
    [
        {"direction": "outbound", "from": "ada", "to": "+12025550101", "parent_call_sid": "jb-2"},
        {"direction": "inbound", "from": "+12025550101", "to": "1001", "dial_call_sid": "jb-2"},
        {"direction": "inbound", "from": "ada", "to": "+12025550101"},
    ],
)
def test_the_customers_leg_and_one_that_is_alone_are_calls(leg: dict[str, str]) -> None:
    assert standing(one(call_status="completed", **leg)).status == "accepted"
