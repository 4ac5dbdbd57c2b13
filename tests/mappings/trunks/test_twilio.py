"""Twilio: its signature, its statuses, its dialled legs."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.twilio import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

TOKEN = "0123456789abcdef0123456789abcdef"
URL = "https://crm.example.com/hooks/loc/twilio"
NOW_MS = 1_777_903_300_000
PUBLISHED = vectors("twilio__x_twilio_signature_vectors.json")


def mac(text: str) -> str:
    return b64encode(hmac.digest(TOKEN.encode(), text.encode(), "sha1")).decode()


def post(body: str, signature: str | None = None, url: str = URL) -> Request:
    headers = {} if signature is None else {"x-twilio-signature": signature}
    return Request(method="POST", url=url, headers=headers, body=body.encode(), received_ms=NOW_MS)


def one(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(urlencode({"CallSid": "CA1", "From": "+12025550101", "To": "+12025550102"} | fields)))
    return call


@pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_the_published_vectors_hold_or_do_not(vector: dict[str, Any]) -> None:
    body = vector["raw_body"]
    if body is None:
        body = urlencode(vector["form_params"], doseq=True)
    request = post(body, vector["header"]["X-Twilio-Signature"], vector["request_url"])
    assert holds(TRUNK, request, vector["auth_token"]) is vector["expect_valid"]


def test_a_signature_covers_the_url_and_the_sorted_form() -> None:
    assert holds(TRUNK, post("B=2&A=1&B=1&B=2", mac(f"{URL}A1B1B2")), TOKEN)


def test_a_get_is_signed_by_its_url_alone() -> None:
    url = f"{URL}?CallSid=CA1&To=%2B12025550101"
    request = replace(post("", mac(url), url), method="GET")
    assert holds(TRUNK, request, TOKEN)


def test_the_fragment_is_not_signed() -> None:
    assert holds(TRUNK, post("A=1", mac(f"{URL}A1"), f"{URL}#rc=2"), TOKEN)


@pytest.mark.parametrize(
    ("signed_url", "seen_url"),
    [
        ("https://crm.example.com:443/h", "https://crm.example.com/h"),
        ("https://crm.example.com/h", "https://crm.example.com:443/h"),
        ("https://crm.example.com/h", "https://crm.example.com:8443/h"),
        ("http://crm.example.com:80/h?a=1", "http://crm.example.com/h?a=1"),
        ("https://crm.example.com/h?a=It%27s", "https://crm.example.com/h?a=It's"),
    ],
)
def test_the_url_may_be_written_otherwise(signed_url: str, seen_url: str) -> None:
    assert holds(TRUNK, post("A=1", mac(f"{signed_url}A1"), seen_url), TOKEN)


@pytest.mark.parametrize("tail", ["?a=2", "/x", "s"])
def test_another_url_is_refused(tail: str) -> None:
    assert not holds(TRUNK, post("A=1", mac(f"{URL}A1"), URL + tail), TOKEN)


def test_a_json_body_is_signed_by_its_hash() -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    assert holds(TRUNK, post("{}", mac(url), url), TOKEN)


def test_a_json_body_with_another_hash_is_refused() -> None:
    url = f"{URL}?bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    assert not holds(TRUNK, post('{"a": 1}', mac(url), url), TOKEN)


def test_a_json_body_without_a_hash_is_refused() -> None:
    assert not holds(TRUNK, post("{}", mac(URL)), TOKEN)


@pytest.mark.parametrize("signature", [None, "", "\ud800", "\u00e9", mac("x")])
def test_any_other_signature_is_refused(signature: str | None) -> None:
    assert not holds(TRUNK, post("A=1", signature), TOKEN)


def test_a_form_beyond_all_measure_is_refused() -> None:
    assert not holds(TRUNK, post("&".join(["A=1"] * 1001), mac(f"{URL}A1")), TOKEN)


def test_an_unconfigured_secret_refuses_all() -> None:
    assert not holds(TRUNK, post("A=1", mac(f"{URL}A1")), "")


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(one(CallStatus="busy", Timestamp="Mon, 04 May 2026 14:00:00 +0000"), TOKEN, URL, NOW_MS)
    assert holds(TRUNK, request, TOKEN)
    assert not any(holds(TRUNK, changed, TOKEN) for changed in flipped(request, "x-twilio-signature"))


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("queued", "initiated"),
        ("initiated", "initiated"),
        ("ringing", "initiated"),
        ("in-progress", "answered"),
        ("completed", "completed"),
        ("busy", "completed"),
    ],
)
def test_a_status_is_an_event(status: str, event: str) -> None:
    assert one(CallStatus=status).event == event


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"CallStatus": "completed", "CallDuration": "5"}, "Connected"),
        ({"CallStatus": "completed", "CallDuration": "0"}, "Connected"),
        ({"CallStatus": "completed", "AnsweredBy": "fax"}, "Voicemail"),
        ({"CallStatus": "busy", "SipResponseCode": "487"}, "Busy"),
        ({"CallStatus": "no-answer", "SipResponseCode": "487"}, "No Answer"),
        ({"CallStatus": "canceled"}, "Canceled"),
        ({"CallStatus": "failed"}, "Failed"),
        ({"CallStatus": "failed", "SipResponseCode": "603"}, "Rejected"),
    ],
)
def test_a_last_status_is_a_disposition(fields: dict[str, str], ended: str) -> None:
    assert disposition(one(**fields)) == ended


def test_minutes_are_not_talk_time() -> None:
    assert one(CallStatus="completed", Duration="1", CallDuration="49").duration_s == 49


def test_the_dialled_leg_is_a_call_of_its_own_kept_with_its_parent() -> None:
    call = one(CallStatus="in-progress", DialCallSid="CA2", DialCallStatus="completed", DialCallDuration="12")
    assert (call.call_id, call.session_id, call.duration_s, disposition(call)) == ("CA2", "CA1", 12, "Connected")


def test_a_dial_that_made_no_call_has_an_id_made_from_its_parents() -> None:
    call = one(CallStatus="in-progress", DialCallStatus="failed")
    assert (call.call_id, disposition(call), standing(call).status) == ("CA1-dial", "Failed", "accepted")


@pytest.mark.parametrize("fields", [{}, {"CallStatus": "exploded"}, {"DialCallStatus": "exploded"}])
def test_an_unknown_status_is_not_understood(fields: dict[str, str]) -> None:
    with pytest.raises(NotUnderstoodError):
        one(**fields)


def test_a_call_without_a_sid_is_quarantined() -> None:
    assert standing(one(CallSid="", CallStatus="busy")).status == "quarantined"


def test_a_recording_adds_its_address() -> None:
    call = one(RecordingStatus="completed", RecordingUrl="https://media.example.com/r")
    assert (call.event, call.call_id, call.recording_url) == ("extra", "CA1", "https://media.example.com/r")


def test_a_recording_that_is_absent_adds_nothing() -> None:
    assert standing(one(RecordingStatus="absent", RecordingUrl="https://media.example.com/r")).status == "ignored"


def test_a_detection_of_its_own_tells_who_answered() -> None:
    call = one(AnsweredBy="machine_end_beep", MachineDetectionDuration="3100")
    assert (call.event, call.amd) == ("extra", "machine")


def test_a_detection_without_a_result_adds_nothing() -> None:
    assert standing(one(AnsweredBy="unknown")).status == "ignored"
