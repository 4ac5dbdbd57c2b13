"""Telnyx: its signature, the shapes its events come in, and what they tell."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call
from mappings.disposition import disposition, standing
from mappings.merge import merge
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import read
from mappings.trunks.telnyx import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import KEY_PAIR, PUBLIC_KEY, flipped, holds

URL = "https://crm.example.com/hooks/loc/telnyx"
NOW_MS = 1_777_903_300_000
VECTORS = vectors("derived__telnyx_ed25519.json")
HANGUP = {
    "call_leg_id": "leg-1",
    "call_session_id": "ses-1",
    "from": "+12025550101",
    "to": "+12025550102",
    "start_time": "2026-05-04T14:00:00.250000Z",
    "end_time": "2026-05-04T14:00:20.750000Z",
    "hangup_cause": "normal_clearing",
    "hangup_source": "callee",
    "sip_hangup_cause": "200",
}
if TYPE_CHECKING:
    from collections.abc import Mapping


def post(body: bytes, headers: Mapping[str, str] | None = None, received_ms: int = NOW_MS) -> Request:
    return Request(method="POST", url=URL, headers=headers or {}, body=body, received_ms=received_ms)


def event(kind: str, payload: Mapping[str, Any], at: str = "2026-05-04T14:00:21Z") -> Call:
    document = {
        "data": {"event_type": kind, "id": "e-1", "occurred_at": at, "payload": payload},
        "meta": {"attempt": 1},
    }
    (call,) = read(TRUNK, post(json.dumps(document).encode()))
    return call


def hangup(**changes: Any) -> Call:
    return event("call.hangup", HANGUP | changes)


def texml(**fields: str) -> Call:
    (call,) = read(TRUNK, post(urlencode({"CallSid": "v3:abc"} | fields).encode()))
    return call


def signed(call: Call | None = None) -> Request:
    return TRUNK.compose(call or hangup(), KEY_PAIR, URL, NOW_MS)


@pytest.mark.skipif(not VECTORS, reason=ABSENT)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_hold_in_their_time(vector: dict[str, Any]) -> None:
    sent_ms = int(vector["headers"]["telnyx-timestamp"]) * 1000
    request = post(vector["raw_body"].encode(), vector["headers"], sent_ms + 299_000)
    assert holds(TRUNK, request, vector["public_key_base64"])


@pytest.mark.skipif(not VECTORS, reason=ABSENT)
@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_vectors_do_not_hold_later(vector: dict[str, Any]) -> None:
    sent_ms = int(vector["headers"]["telnyx-timestamp"]) * 1000
    request = post(vector["raw_body"].encode(), vector["headers"], sent_ms + 301_000)
    assert not holds(TRUNK, request, vector["public_key_base64"])


def test_a_signature_holds_for_any_of_the_public_keys() -> None:
    assert holds(TRUNK, signed(), "another", PUBLIC_KEY)


def test_a_public_key_without_its_padding_is_the_same_key() -> None:
    assert holds(TRUNK, signed(), PUBLIC_KEY.rstrip("="))


def test_a_signature_does_not_hold_for_another_key() -> None:
    assert not holds(TRUNK, signed(), "1" * 43 + "=")


@pytest.mark.parametrize("secret", ["", "no key", "QUJD", "\ud800", "a secret nobody has"])
def test_a_secret_that_is_no_key_refuses_all(secret: str) -> None:
    assert not holds(TRUNK, signed(), secret)


def test_the_window_is_the_configured_one() -> None:
    request = replace(signed(), received_ms=NOW_MS + 61_000)
    with pytest.raises(UnverifiedError):
        TRUNK.verify(request, Credentials((PUBLIC_KEY,), window_s=60))


def test_a_signature_from_the_future_is_refused() -> None:
    assert not holds(TRUNK, replace(signed(), received_ms=NOW_MS - 301_000), PUBLIC_KEY)


def test_a_get_is_refused_as_nothing_of_its_query_is_signed() -> None:
    assert not holds(TRUNK, replace(signed(), method="GET"), PUBLIC_KEY)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    assert not any(holds(TRUNK, changed, PUBLIC_KEY) for changed in flipped(signed(), "telnyx-signature-ed25519"))


def test_changing_the_timestamp_is_refused() -> None:
    headers = {**signed().headers, "telnyx-timestamp": str(NOW_MS // 1000 + 1)}
    assert not holds(TRUNK, replace(signed(), headers=headers), PUBLIC_KEY)


@pytest.mark.parametrize("signature", ["", "x", "\u00e9", "\ud800", "QUJD", "A" * 86 + "=="])
def test_any_other_signature_is_refused(signature: str) -> None:
    headers = {**signed().headers, "telnyx-signature-ed25519": signature}
    assert not holds(TRUNK, replace(signed(), headers=headers), PUBLIC_KEY)


@pytest.mark.parametrize("name", ["telnyx-signature-ed25519", "telnyx-timestamp"])
def test_both_headers_are_needed(name: str) -> None:
    headers = {header: value for header, value in signed().headers.items() if header != name}
    assert not holds(TRUNK, replace(signed(), headers=headers), PUBLIC_KEY)


def test_a_public_key_cannot_sign() -> None:
    with pytest.raises(ValueError, match="key pair"):
        TRUNK.compose(hangup(), PUBLIC_KEY, URL, NOW_MS)


PAYLOAD = {**HANGUP, "occurred_at": "2026-05-04T14:00:21Z"}


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"event_type": "call.hangup", "occurred_at": "2026-05-04T14:00:21Z", "payload": PAYLOAD}},
        {"event_type": "call.hangup", "payload": PAYLOAD, "created_at": "2026-05-04T14:00:25Z", "webhook_id": "w"},
        {"name": "call.hangup", "metadata": {"event": {"event_type": "call.hangup", "payload": PAYLOAD}}},
        {"record_type": "event", "event_type": "call_hangup", "payload": PAYLOAD},
    ],
    ids=["v2", "portal", "delivery log", "v1"],
)
def test_an_event_is_the_same_in_every_shape(document: dict[str, Any]) -> None:
    assert read(TRUNK, post(json.dumps(document).encode())) == [hangup()]


def test_a_beginning_tells_the_direction_and_the_start() -> None:
    call = event("call.initiated", {**HANGUP, "direction": "incoming"})
    assert (call.event, call.direction, call.facts()["start"]) == ("initiated", "inbound", "2026-05-04T14:00:00.250Z")


def test_the_time_of_an_answer_is_the_time_of_its_event() -> None:
    call = event("call.answered", {"call_leg_id": "leg-1"}, at="2026-05-04T14:00:05.5Z")
    assert (call.event, call.facts()["answer"]) == ("answered", "2026-05-04T14:00:05.500Z")


def test_a_normal_end_counts_as_answered_and_waits_for_when() -> None:
    call = hangup()
    assert (disposition(call), call.duration_s, call.q850, call.awaits) == (
        "Connected",
        None,
        16,
        ("answer", "direction"),
    )


def test_an_end_is_made_whole_by_the_other_events() -> None:
    parts = [
        event("call.answered", {"call_leg_id": "leg-1"}, at="2026-05-04T14:00:05.750Z"),
        event("call.initiated", {**HANGUP, "direction": "outgoing"}),
    ]
    whole = merge(hangup(), parts, received_ms=NOW_MS)
    assert (whole.direction, whole.duration_s, whole.ring_ms, whole.awaits) == ("outbound", 15, 5500, ())


@pytest.mark.parametrize(
    ("changes", "ended"),
    [
        ({"hangup_cause": "user_busy", "sip_hangup_cause": "486"}, "Busy"),
        ({"hangup_cause": "no_answer", "sip_hangup_cause": "480"}, "No Answer"),
        ({"hangup_cause": "timeout", "sip_hangup_cause": "487"}, "No Answer"),
        ({"hangup_cause": "originator_cancel", "sip_hangup_cause": "487"}, "Canceled"),
        ({"hangup_cause": "call_rejected", "sip_hangup_cause": "603"}, "Rejected"),
        ({"hangup_cause": "not_found", "sip_hangup_cause": "404"}, "Invalid Number"),
        ({"hangup_cause": "unspecified", "sip_hangup_cause": "503"}, "Congestion"),
        ({"hangup_cause": "unspecified", "sip_hangup_cause": "unspecified"}, "Failed"),
        ({"hangup_cause": "normal_clearing", "sip_hangup_cause": "486"}, "Busy"),
        ({"hangup_cause": "time_limit", "sip_hangup_cause": None}, "Connected"),
    ],
)
def test_a_cause_is_a_disposition(changes: dict[str, Any], ended: str) -> None:
    assert disposition(hangup(**changes)) == ended


@pytest.mark.parametrize(
    ("given", "sip", "q850"),
    [("200", 200, 16), (486, 486, 16), ("16", None, 16), ("31", None, 31), ("0", None, 16), ("unspecified", None, 16)],
)
def test_the_sip_field_may_hold_a_q850_value(given: object, sip: int | None, q850: int) -> None:
    call = hangup(sip_hangup_cause=given)
    assert (call.sip, call.q850) == (sip, q850)


def test_a_normal_end_that_sip_contradicts_is_noted() -> None:
    assert "normal_clearing with SIP 486: SIP believed" in hangup(sip_hangup_cause="486").notes


def test_a_call_nobody_answered_waits_for_the_direction_only() -> None:
    assert hangup(hangup_cause="user_busy").awaits == ("direction",)


def test_an_end_without_an_end_time_ended_when_its_event_occurred() -> None:
    assert hangup(end_time=None).facts()["end"] == "2026-05-04T14:00:21.000Z"


def test_an_end_without_a_start_waits_for_it() -> None:
    assert "start" in hangup(start_time=None).awaits


def test_an_unknown_cause_is_kept_and_noted() -> None:
    call = hangup(hangup_cause="solar_flare", sip_hangup_cause="unspecified")
    assert (call.cause, disposition(call), call.notes[0]) == (
        "solar_flare",
        "Failed",
        "unknown hangup_cause 'solar_flare'",
    )


def test_a_party_nobody_knows_is_not_told() -> None:
    assert hangup(hangup_source="unknown").hangup_by is None


def test_a_caller_that_is_no_text_is_noted() -> None:
    call = hangup(hangup_cause="user_busy", **{"from": {"phone_number": "+1"}})
    assert (call.from_, call.notes) == (None, ("from could not be read: {'phone_number': '+1'}",))


@pytest.mark.parametrize("kind", ["call.machine.detection.ended", "call.machine.premium.detection.ended"])
@pytest.mark.parametrize(
    ("result", "amd"),
    [("human", "human"), ("human_residence", "human"), ("machine", "machine"), ("fax_detected", "fax")],
)
def test_a_detection_tells_who_answered(kind: str, result: str, amd: str) -> None:
    call = event(kind, {"call_leg_id": "leg-1", "result": result})
    assert call == Call(trunk="telnyx", call_id="leg-1", event="extra", amd=amd)  # type: ignore[arg-type] # a word of the table above


def test_a_detection_without_a_result_is_noted() -> None:
    call = event("call.machine.detection.ended", {"call_leg_id": "leg-1", "result": "not_sure"})
    assert (call.amd, call.notes) == (None, ("machine detection without a result: 'not_sure'",))


def test_of_two_addresses_the_lasting_one_is_the_recordings() -> None:
    links = {"public_recording_urls": {"mp3": "https://a.example.com/p"}, "recording_urls": {"mp3": "https://s/x"}}
    call = event("call.recording.saved", {"call_leg_id": "leg-1", **links})
    assert (call.event, call.recording_url, call.notes) == ("extra", "https://a.example.com/p", ())


def test_a_short_lived_recording_address_is_noted() -> None:
    links = {"public_recording_urls": {}, "recording_urls": {"wav": "https://s.example.com/x"}}
    call = event("call_recording_saved", {"call_leg_id": "leg-1", **links})
    assert (call.recording_url, len(call.notes)) == ("https://s.example.com/x", 1)


@pytest.mark.parametrize("kind", ["call.bridged", "call.speak.ended", "call_dtmf_received", "call.cost"])
def test_what_only_happens_on_a_call_is_passed_over(kind: str) -> None:
    assert standing(event(kind, {"call_leg_id": "leg-1"})).status == "ignored"


@pytest.mark.parametrize("kind", ["message.received", "call.exploded", "", "conference.ended"])
def test_another_event_is_not_understood(kind: str) -> None:
    with pytest.raises(NotUnderstoodError):
        event(kind, {"call_leg_id": "leg-1"})


@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"data": {"event_type": "call.hangup"}}', b'{"metadata": 1}', b"a=b"])
def test_a_body_without_an_event_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


def test_a_texml_end_tells_its_start_and_its_talk_time() -> None:
    call = texml(
        CallStatus="completed",
        CallDuration="10",
        CallInitiatedAt="2026-05-04T14:00:00Z",
        Timestamp="2026-05-04 14:00:20.500000Z",
        HangupSource="caller",
    )
    facts = call.facts()
    assert (facts["start"], facts["answer"], facts["duration_s"], call.hangup_by, call.awaits) == (
        "2026-05-04T14:00:00.000Z",
        "2026-05-04T14:00:10.500Z",
        10,
        "caller",
        (),
    )


def test_a_texml_end_without_a_start_waits_for_it() -> None:
    assert texml(CallStatus="busy").awaits == ("start",)


def test_a_texml_recording_adds_its_address() -> None:
    call = texml(RecordingStatus="completed", RecordingUrl="https://a.example.com/r")
    assert (call.event, call.call_id, call.recording_url) == ("extra", "v3:abc", "https://a.example.com/r")


def test_a_texml_recording_that_has_begun_adds_nothing() -> None:
    assert standing(texml(RecordingStatus="in-progress")).status == "ignored"


anything = st.none() | st.integers() | st.text(max_size=8) | st.lists(st.none()) | st.dictionaries(st.text(), st.none())


@given(
    kind=st.sampled_from(["call.hangup", "call.initiated", "call.answered", "call.recording.saved", "call.cost"]),
    payload=st.dictionaries(st.sampled_from([*HANGUP, "result", "recording_urls", "occurred_at"]), anything),
)
def test_any_payload_is_read_or_not_understood(kind: str, payload: dict[str, Any]) -> None:
    try:
        call = event(kind, payload)
    except NotUnderstoodError:
        return
    assert Call.from_json(call.to_json()) == call
