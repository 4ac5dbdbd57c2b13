"""SignalWire: its two signatures, its status callbacks, its call states."""

from __future__ import annotations

import hmac
import json
from base64 import b64encode
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call
from mappings.disposition import disposition, standing
from mappings.merge import merge
from mappings.payload.recorded import recorded
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.signalwire import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

KEY = "PSK_0123456789abcdef"
URL = "https://crm.example.com/hooks/loc/signalwire"
NOW_MS = 1_777_903_300_000
PUBLISHED = vectors("signalwire__vectors.json")
LEG = {"call_id": "sw-1", "direction": "inbound", "from": "+12025550101", "to": "+12025550102"}


def mac(text: str) -> bytes:
    return hmac.digest(KEY.encode(), text.encode(), "sha1")


def post(body: str, signature: str | None = None, url: str = URL) -> Request:
    headers = {} if signature is None else {"x-signalwire-signature": signature}
    return Request(method="POST", url=url, headers=headers, body=body.encode(), received_ms=NOW_MS)


def one(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(urlencode({"CallSid": "sw-1", "From": "+12025550101", "To": "agent"} | fields)))
    return call


def swml(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps({"call": LEG | changes, "vars": {}})))
    return call


def relay(**changes: Any) -> Call:
    params = {
        "call_id": "sw-1",
        "direction": "outbound",
        "device": {"type": "phone", "params": {"from_number": "+12025550101", "to_number": "+12025550102"}},
        "parent": {"call_id": "sw-0"},
    }
    (call,) = read(TRUNK, post(json.dumps({"event_type": "calling.call.state", "params": params | changes})))
    return call


@pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_the_published_vectors_hold(vector: dict[str, Any]) -> None:
    body = vector["raw_body"] if "raw_body" in vector else urlencode(vector["params"])
    request = post(body, vector["header"]["X-SignalWire-Signature"], vector["url"])
    assert holds(TRUNK, request, vector["signing_key"]) is vector["expect_valid"]


@pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
def test_the_published_vectors_do_not_hold_with_another_key(vector: dict[str, Any]) -> None:
    body = vector["raw_body"] if "raw_body" in vector else urlencode(vector["params"])
    request = post(body, vector["header"]["X-SignalWire-Signature"], vector["url"])
    assert not holds(TRUNK, request, "another")


def test_a_form_is_signed_in_base64_over_its_sorted_fields() -> None:
    assert holds(TRUNK, post("B=2&A=1", b64encode(mac(f"{URL}A1B2")).decode()), "new", KEY)


def test_a_form_is_not_signed_in_hexadecimal() -> None:
    assert not holds(TRUNK, post("B=2&A=1", mac(f"{URL}A1B2").hex()), KEY)


def test_json_is_signed_in_hexadecimal_over_its_raw_bytes() -> None:
    assert holds(TRUNK, post('{"a": 1}', mac(URL + '{"a": 1}').hex()), KEY)


def test_json_is_not_signed_in_base64() -> None:
    assert not holds(TRUNK, post('{"a": 1}', b64encode(mac(URL + '{"a": 1}')).decode()), KEY)


def test_json_is_not_proven_by_a_signature_of_the_address() -> None:
    assert not holds(TRUNK, post('{"a": 1}', b64encode(mac(URL)).decode()), KEY)


def test_the_address_may_have_been_signed_with_its_port() -> None:
    assert holds(TRUNK, post("{}", mac("https://crm.example.com:443/h{}").hex(), "https://crm.example.com/h"), KEY)


def test_a_get_is_signed_by_its_address() -> None:
    url = f"{URL}?CallSid=sw-1"
    assert holds(TRUNK, replace(post("", b64encode(mac(url)).decode(), url), method="GET"), KEY)


@pytest.mark.parametrize("signature", [None, "", "\ud800", "\u00e9", "x"])
@pytest.mark.parametrize("body", ["A=1", "{}"])
def test_any_other_signature_is_refused(body: str, signature: str | None) -> None:
    assert not holds(TRUNK, post(body, signature), KEY)


def test_an_unconfigured_key_refuses_all() -> None:
    assert not holds(TRUNK, post("A=1", b64encode(mac(f"{URL}A1")).decode()), "")


def test_changing_any_byte_of_a_signed_form_is_refused() -> None:
    request = TRUNK.compose(one(CallStatus="busy", Timestamp="Mon, 04 May 2026 14:00:00 +0000"), KEY, URL, NOW_MS)
    assert holds(TRUNK, request, KEY)
    assert not any(holds(TRUNK, changed, KEY) for changed in flipped(request, "x-signalwire-signature"))


def test_changing_any_byte_of_signed_json_is_refused() -> None:
    body = json.dumps({"call": LEG})
    request = post(body, mac(URL + body).hex())
    assert holds(TRUNK, request, KEY)
    assert not any(holds(TRUNK, changed, KEY) for changed in flipped(request, "x-signalwire-signature"))


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"CallStatus": "completed", "CallDuration": "5"}, "Connected"),
        ({"CallStatus": "busy", "SipResultCode": "486"}, "Busy"),
        ({"CallStatus": "no-answer", "SipResultCode": "487"}, "No Answer"),
        ({"CallStatus": "canceled", "SipResultCode": "487"}, "Canceled"),
        ({"CallStatus": "failed", "SipResultCode": "404"}, "Invalid Number"),
    ],
)
def test_a_last_status_is_a_disposition(fields: dict[str, str], ended: str) -> None:
    assert disposition(one(**fields)) == ended


def test_the_sip_status_has_a_name_of_its_own() -> None:
    assert one(CallStatus="busy", SipResultCode="486", SipResponseCode="600").sip == 486


@pytest.mark.parametrize(("by", "party"), [("agent", "callee"), ("+12025550101", "caller"), ("sip:x@y", "sip:x@y")])
def test_who_hung_up_is_told_by_their_address(by: str, party: str) -> None:
    assert one(CallStatus="completed", HangupBy=by).hangup_by == party


def test_the_end_of_a_call_waits_for_its_start() -> None:
    assert one(CallStatus="completed", CallDuration="5").awaits == ("start",)


def test_a_detection_of_its_own_tells_who_answered() -> None:
    assert one(AnsweredBy="machine_start").amd == "machine"


@pytest.mark.parametrize(
    ("state", "event"), [("created", "initiated"), ("ringing", "initiated"), ("answered", "answered")]
)
def test_a_call_state_is_an_event(state: str, event: str) -> None:
    call = swml(call_state=state)
    assert (call.event, call.call_id, call.direction, call.to) == (event, "sw-1", "inbound", "+12025550102")


def test_a_state_of_relay_has_its_numbers_in_the_device() -> None:
    call = relay(call_state="ringing")
    assert (call.from_, call.to, call.session_id) == ("+12025550101", "+12025550102", "sw-0")


@pytest.mark.parametrize(
    ("reason", "ended"),
    [
        ("hangup", "Connected"),
        ("busy", "Busy"),
        ("noAnswer", "No Answer"),
        ("cancel", "Canceled"),
        ("decline", "Rejected"),
        ("error", "Failed"),
        ("meteor", "Failed"),
    ],
)
def test_the_reason_of_an_end_is_a_disposition(reason: str, ended: str) -> None:
    assert disposition(relay(call_state="ended", end_reason=reason)) == ended


def test_an_end_tells_its_times_in_milliseconds() -> None:
    call = relay(
        call_state="ended",
        end_reason="hangup",
        start_time=NOW_MS - 30_000,
        answer_time=NOW_MS - 20_000,
        end_time=NOW_MS - 500,
    )
    assert (call.ring_ms, call.duration_s, call.awaits, call.notes) == (10_000, 19.5, (), ())


def test_an_end_without_a_time_ended_when_it_came() -> None:
    call = swml(call_state="ended", end_reason="busy")
    assert (call.end_ms, call.notes) == (NOW_MS, ("end taken from the time of arrival",))


def test_an_end_read_from_a_file_has_no_time_of_arrival() -> None:
    body = json.dumps({"call": LEG | {"call_state": "ended", "end_reason": "busy"}})
    (call,) = read(TRUNK, recorded(body.encode(), NOW_MS))
    assert call.end_ms is None


def test_an_end_without_times_waits_for_them() -> None:
    assert swml(call_state="ended", end_reason="hangup").awaits == ("start", "answer")


def test_an_end_without_a_reason_is_told_by_the_state_before_it() -> None:
    (answered,) = read(
        TRUNK, replace(post(json.dumps({"call": LEG | {"call_state": "answered"}})), received_ms=NOW_MS - 7_000)
    )
    whole = merge(swml(call_state="ended"), [answered], received_ms=NOW_MS)
    assert (disposition(whole), whole.duration_s) == ("Connected", 7)


def test_an_end_read_from_a_file_without_a_reason_is_quarantined() -> None:
    (call,) = read(TRUNK, recorded(json.dumps({"call": LEG | {"call_state": "ended"}}).encode(), NOW_MS))
    assert standing(call).status == "quarantined"


def test_a_call_that_is_about_to_end_adds_nothing() -> None:
    assert standing(swml(call_state="ending")).status == "ignored"


@pytest.mark.parametrize("body", ["{}", '{"call": {"call_state": "melting"}}', '{"event_type": "calling.call.play"}'])
def test_another_event_is_not_understood(body: str) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


anything = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.none()) | st.dictionaries(st.text(), st.none())


@given(
    leg=st.dictionaries(st.sampled_from([*LEG, "device", "parent", "start_time", "end_time", "end_reason"]), anything),
    state=st.sampled_from(["created", "answered", "ended", "ending"]),
)
def test_any_leg_is_read_or_not_understood(leg: dict[str, Any], state: str) -> None:
    try:
        call = swml(**{"call_id": "sw-1"} | leg, call_state=state)
    except NotUnderstoodError:
        return
    assert Call.from_json(call.to_json()) == call
