"""Plivo: its signatures, its local times, its two tables of codes."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.plivo import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

TOKEN = "an auth token"
URL = "https://crm.example.com/hooks/loc/plivo"
NOW_MS = 1_777_903_300_000
PUBLISHED = vectors("plivo__signature_v1_v2_v3_vectors.json")
CDR = {
    "call_uuid": "cdr-1",
    "hangup_cause_code": 4000,
    "hangup_cause_name": None,
    "initiation_time": "2026-05-04 14:00:00+00:00",
    "answer_time": "2026-05-04 14:00:05+00:00",
    "end_time": "2026-05-04 14:00:25+00:00",
}
UNANSWERED = {"answer_time": None}


def mac(text: str) -> str:
    return b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha256")).decode()


def post(body: str, url: str = URL, method: str = "POST", **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method=method, url=url, headers=named, body=body.encode(), received_ms=NOW_MS)


def v3(signed: str, body: str, url: str = URL, method: str = "POST") -> Request:
    return post(body, url, method, x_plivo_signature_v3=mac(signed), x_plivo_signature_v3_nonce="7")


def voice(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(urlencode({"Event": "Hangup", "CallUUID": "pl-1"} | fields)))
    return call


def cdr(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps(CDR | changes)))
    return call


@pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: f"{vector['name']} {vector['url']}")
def test_the_published_vectors_hold_or_do_not(vector: dict[str, Any]) -> None:
    request = Request(
        method=vector.get("method", "POST"),
        url=vector["url"],
        headers={name.lower(): value for name, value in vector["headers"].items()},
        body=urlencode(vector.get("params", {})).encode(),
        received_ms=NOW_MS,
    )
    assert holds(TRUNK, request, vector["auth_token"]) is vector["expect_valid"]


@pytest.mark.parametrize(
    ("signed", "body", "url", "method"),
    [
        (f"{URL}?A1B2.7", "B=2&A=1", URL, "POST"),
        (f"{URL}?c=3&d=4.A1B2.7", "B=2&A=1", f"{URL}?d=4&c=3", "POST"),
        (f"{URL}?c=3.7", "", f"{URL}?c=3", "POST"),
        (f"{URL}?a=1 2&b=+.7", "", f"{URL}?b=%2B&a=1+2", "GET"),
        (f"{URL}.7", "", URL, "POST"),
        (f"{URL}?A1.7", "A=1", f"{URL}#fragment", "POST"),
    ],
    ids=["fields", "query and fields", "query", "get", "neither", "fragment"],
)
def test_what_v3_covers(signed: str, body: str, url: str, method: str) -> None:
    assert holds(TRUNK, v3(signed, body, url, method), "new", TOKEN)


def test_any_of_several_signatures_may_hold() -> None:
    request = post(
        "A=1", x_plivo_signature_v3=f"x, {mac(f'{URL}?A1.7')}", x_plivo_signature_v3_nonce="7", x_plivo_signature="x"
    )
    assert holds(TRUNK, request, TOKEN)


def test_the_main_accounts_signature_counts_as_well() -> None:
    request = post("A=1", x_plivo_signature_ma_v3=mac(f"{URL}?A1.7"), x_plivo_signature_v3_nonce="7")
    assert holds(TRUNK, request, TOKEN)


def test_a_v3_that_does_not_hold_is_not_made_up_for() -> None:
    v1 = b64encode(hmac.digest(TOKEN.encode(), f"{URL}A1".encode(), "sha1")).decode()
    request = post(
        "A=1",
        x_plivo_signature_v3="x",
        x_plivo_signature_v3_nonce="7",
        x_plivo_signature=v1,
        authorization=f"Bearer {TOKEN}",
    )
    assert not holds(TRUNK, request, TOKEN, path_key=TOKEN)


def test_a_v3_without_its_nonce_is_refused() -> None:
    assert not holds(TRUNK, post("A=1", x_plivo_signature_v3=mac(f"{URL}?A1.")), TOKEN)


@pytest.mark.parametrize("body", ["A=1", "{}"])
def test_a_v2_proves_nothing_about_fields(body: str) -> None:
    request = post(body, x_plivo_signature_v2=mac(f"{URL}7"), x_plivo_signature_v2_nonce="7")
    assert not holds(TRUNK, request, TOKEN)


def test_a_v2_proves_nothing_about_a_query() -> None:
    request = post("", f"{URL}?A=1", "GET", x_plivo_signature_v2=mac(f"{URL}7"), x_plivo_signature_v2_nonce="7")
    assert not holds(TRUNK, request, TOKEN)


def test_a_body_that_is_no_form_is_not_signed() -> None:
    assert not holds(TRUNK, v3(f"{URL}?{{}}.7", "{}"), TOKEN)


def test_a_form_beyond_all_measure_is_refused() -> None:
    assert not holds(TRUNK, v3(URL, "&".join(["A=1"] * 1001)), TOKEN)


@pytest.mark.parametrize("signature", ["", ",", "\ud800", "\u00e9"])
def test_any_other_signature_is_refused(signature: str) -> None:
    assert not holds(TRUNK, post("A=1", x_plivo_signature_v3=signature, x_plivo_signature_v3_nonce="\ud800"), TOKEN)


def test_an_unconfigured_token_refuses_all() -> None:
    assert not holds(TRUNK, v3(f"{URL}?A1.7", "A=1"), "")


def test_call_records_are_proven_by_a_bearer_token() -> None:
    assert holds(TRUNK, post("{}", authorization=f"Bearer {TOKEN}"), TOKEN)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(voice(HangupCause="USER_BUSY", HangupCauseCode="3010"), TOKEN, URL, NOW_MS)
    assert holds(TRUNK, request, TOKEN)
    assert not any(holds(TRUNK, changed, TOKEN) for changed in flipped(request, "x-plivo-signature-v3"))


def test_a_request_without_its_nonces_first_byte_is_refused() -> None:
    request = TRUNK.compose(voice(HangupCause="USER_BUSY"), TOKEN, URL, NOW_MS)
    nonce = request.headers["x-plivo-signature-v3-nonce"]
    changed = replace(request, headers={**request.headers, "x-plivo-signature-v3-nonce": nonce[1:]})
    assert not holds(TRUNK, changed, TOKEN)


@pytest.mark.parametrize(
    ("local", "utc", "end"),
    [
        ("2026-05-04 19:30:00", "2026-05-04 13:59:57.123456", "2026-05-04T14:00:10.000Z"),
        ("2026-05-05 02:00:00", "2026-05-04 20:30:02.900000", "2026-05-04T20:30:10.000Z"),
        ("2026-05-04 10:00:00", "2026-05-04 13:59:59.000000", "2026-05-04T14:00:10.000Z"),
        ("2026-05-04 14:00:00", "2026-05-04 14:00:02.000000", "2026-05-04T14:00:10.000Z"),
    ],
)
def test_local_times_are_placed_by_the_session_start(local: str, utc: str, end: str) -> None:
    call = voice(StartTime=local, EndTime=f"{local[:-2]}10", SessionStart=utc, HangupCause="NO_ANSWER")
    assert (call.facts()["end"], call.notes) == (end, ())


@pytest.mark.parametrize("utc", ["soon", "", "2026-05-01 14:00:00"])
def test_local_times_that_nothing_places_are_read_as_utc_and_noted(utc: str) -> None:
    call = voice(StartTime="2026-05-04 14:00:00", SessionStart=utc, HangupCause="NO_ANSWER")
    assert (call.facts()["start"], call.notes) == (
        "2026-05-04T14:00:00.000Z",
        ("StartTime has no time zone: read as UTC",),
    )


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"HangupCause": "NORMAL_CLEARING", "HangupCauseCode": "4000", "Duration": "5"}, "Connected"),
        (
            {"HangupCause": "NORMAL_CLEARING", "HangupCauseCode": "4010", "AnswerTime": "2026-05-04 14:00:00"},
            "Connected",
        ),
        ({"HangupCause": "NO_ANSWER", "HangupCauseCode": "3000"}, "No Answer"),
        ({"HangupCause": "USER_BUSY", "HangupCauseCode": "3010"}, "Busy"),
        ({"HangupCause": "CALL_REJECTED", "HangupCauseCode": "3020"}, "Rejected"),
        ({"HangupCause": "ORIGINATOR_CANCEL", "HangupCauseCode": "1000"}, "Canceled"),
        ({"HangupCause": "ORIGINATOR_CANCEL"}, "Canceled"),
        ({"HangupCause": "NORMAL_CLEARING", "HangupCauseCode": "4000"}, "Canceled"),
        ({"HangupCauseCode": "1020"}, "Congestion"),
        ({"HangupCauseCode": "2000"}, "Invalid Number"),
        ({"HangupCauseCode": "0", "CallStatus": "timeout"}, "No Answer"),
        ({"CallStatus": "cancel"}, "Canceled"),
        ({"HangupCauseCode": "9999", "CallStatus": "failed"}, "Failed"),
        ({"Machine": "true", "Duration": "5"}, "Voicemail"),
    ],
)
def test_a_code_is_a_disposition(fields: dict[str, str], ended: str) -> None:
    assert disposition(voice(**fields)) == ended


def test_the_talk_time_is_duration_and_not_what_is_billed() -> None:
    call = voice(
        StartTime="2026-05-04 14:00:00",
        AnswerTime="2026-05-04 14:00:10",
        EndTime="2026-05-04 14:01:15",
        SessionStart="2026-05-04 14:00:02",
        Duration="66",
        BillDuration="120",
    )
    assert call.duration_s == 66


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("12025550101", "+12025550101"),
        ("+12025550101", "+12025550101"),
        ("02025550101", "02025550101"),
        ("1001", "1001"),
        ("12345678901234567", "12345678901234567"),
        ("sip:agent@phone.plivo.com", "agent"),
    ],
)
def test_digits_are_a_number_where_they_can_be(given: str, number: str) -> None:
    assert voice(To=given).to == number


@pytest.mark.parametrize(
    ("fields", "event"),
    [
        ({"Event": "Ring", "CallStatus": "ringing"}, "initiated"),
        ({"Event": "StartApp", "CallStatus": "ringing"}, "initiated"),
        ({"Event": "StartApp", "CallStatus": "in-progress"}, "answered"),
    ],
)
def test_earlier_events_are_told_as_such(fields: dict[str, str], event: str) -> None:
    assert voice(**fields).event == event


@pytest.mark.parametrize(("machine", "amd"), [("true", "machine"), ("false", "human"), ("", None)])
def test_a_detection_tells_who_answered(machine: str, amd: str | None) -> None:
    call = voice(Event="MachineDetection", Machine=machine)
    assert (call.event, call.call_id, call.amd) == ("extra", "pl-1", amd)


def test_a_recording_adds_its_address() -> None:
    call = voice(Event="RecordStop", RecordUrl="https://media.example.com/r.mp3")
    assert (call.event, call.recording_url) == ("extra", "https://media.example.com/r.mp3")


def test_a_dialled_leg_is_never_a_call_of_its_own() -> None:
    call = voice(
        Event="DialHangup",
        DialBLegUUID="b",
        DialALegUUID="a",
        DialBLegHangupCause="USER_BUSY",
        DialBLegTo="12025550102",
    )
    assert (standing(call).status, call.session_id, call.to, disposition(call)) == (
        "ignored",
        "a",
        "+12025550102",
        "Busy",
    )


def test_a_dialled_leg_that_goes_on_has_not_ended() -> None:
    assert voice(Event="DialAnswer", DialBLegUUID="b").event == "extra"


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({}, "Connected"),
        ({"hangup_cause_code": 3000} | UNANSWERED, "No Answer"),
        ({"hangup_cause_code": "3010"} | UNANSWERED, "Busy"),
        ({"hangup_cause_code": 3000, "hangup_cause_name": "Normal Hangup"}, "Connected"),
        ({"hangup_cause_code": 4000, "hangup_cause_name": "Normal Hangup"} | UNANSWERED, "Failed"),
    ],
)
def test_a_voice_record_is_read_by_the_voice_apis_table(changes: dict[str, Any], ended: str) -> None:
    assert disposition(cdr(**changes)) == ended


@pytest.mark.parametrize(
    ("code", "ended"),
    [(4000, "Failed"), (4410, "Busy"), (4550, "Canceled"), (6030, "No Answer"), (5300, "Invalid Number")],
)
def test_a_trunks_record_is_read_by_the_trunks_table(code: int, ended: str) -> None:
    naive = {"initiation_time": "2026-05-04 14:00:00", "answer_time": "", "end_time": "2026-05-04 14:00:25"}
    assert disposition(cdr(hangup_cause_code=code, **naive)) == ended


def test_a_trunks_times_are_utc() -> None:
    call = cdr(initiation_time="2026-05-04 14:00:00", hangup_cause_code=3000)
    assert (call.facts()["start"], call.notes, disposition(call)) == ("2026-05-04T14:00:00.000Z", (), "Connected")


def test_a_list_of_records_is_as_many_calls() -> None:
    body = json.dumps({"api_id": "x", "objects": [CDR, CDR | {"call_uuid": "cdr-2"}]})
    assert [call.call_id for call in read(TRUNK, post(body))] == ["cdr-1", "cdr-2"]


@pytest.mark.parametrize("body", ["Event=Redirect", "{}", "[]", "", '{"objects": []}', "[1]"])
def test_another_event_is_not_understood(body: str) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))
