"""Whatever comes, a trunk either believes and reads it, or says one of its two errors."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call
from mappings.disposition import redial_sensible, standing
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import names, read, trunk

NOW_MS = 1_777_903_200_000
URL = "https://crm.example.com/hooks/loc/trunk"
HEADERS = (
    "authorization",
    "ce-specversion",
    "ce-time",
    "ce-type",
    "elevenlabs-signature",
    "jambonz-signature",
    "svix-signature",
    "telnyx-signature-ed25519",
    "telnyx-timestamp",
    "webhook-id",
    "webhook-signature",
    "webhook-timestamp",
    "x-plivo-signature",
    "x-plivo-signature-v2",
    "x-plivo-signature-v3",
    "x-plivo-signature-v3-nonce",
    "x-ringback-signature",
    "x-signalwire-signature",
    "x-timestamp",
    "x-twilio-signature",
    "x-vobiz-signature",
)
FIELDS = {
    "generic": "call_uuid event from to start answer end duration hangup_cause direction sip_code amd agent",
    "twilio": "CallSid CallStatus From To Timestamp CallDuration SipResponseCode AnsweredBy DialCallStatus DialCallSid",
    "freeswitch": "variables callflow times channel_data Event-Name Unique-ID variable_uuid Hangup-Cause",
    "vonage": "status detail uuid call_uuid from to timestamp start_time end_time duration sip_code direction",
    "sinch": "event callid conferenceId timestamp result reason duration from cli to amd",
    "didww": "type id attributes",
    "jambonz": "call_status dial_call_status call_sid dial_call_sid from to duration sip_status direction data payload",
    "kazoo": "hook_event call_id from to timestamp billing_seconds duration_seconds hangup_cause hangup_code",
    "wazo": "name data call_id creation_time answer_time hangup_time reason_code is_caller direction caller_id_number",
    "telnyx": "data metadata event_type payload occurred_at created_at CallSid CallStatus Timestamp CallInitiatedAt",
    "signalwire": "CallSid CallStatus From To Timestamp HangupBy SipResultCode RecordingStatus call params event_type",
    "plivo": "Event CallUUID CallStatus StartTime SessionStart AnswerTime EndTime HangupCauseCode Machine call_uuid "
    "objects initiation_time hangup_cause_code hangup_cause_name DialBLegUUID RecordUrl",
    "bandwidth": "eventType callId parentCallId from to startTime answerTime endTime cause machineDetectionResult time",
    "asterisk": "event uuid unique_id start answer end billsec_s disposition dialstatus q850_cause type channel cause "
    "Event Uniqueid Linkedid ChannelState Cause Timestamp Channel StartTime EndTime Disposition duration Exten",
    "kamailio": "event uuid call_id start_ms answer_ms end_ms duration_ms sip_code q850_cause hangup_by ring_ms method "
    "time callid start_time end_time duration from src_user",
    "standardwebhooks": "type timestamp data",
    "cloudevents": "specversion id source type time data data_base64",
    "opensips": "method callid created time duration sip_code sip_reason to",
    "telesign": "reference_id event data",
    "elevenlabs": "type event_timestamp data",
    "vobiz": "Event CallUUID Billsec RingTime StartTime EndTime AnswerTime SessionStart HangupCauseCode Reason Allowed",
}
SWITCH = "uuid direction start_uepoch answer_uepoch end_epoch billmsec hangup_cause hangup_cause_q850 sip_term_status"
TELLING = [
    "completed",
    "dice",
    "channel_destroy",
    "call_ended",
    "outbound-cdr",
    "Hangup",
    "CallInitiated",
    "busy",
    "CHANNEL_HANGUP_COMPLETE",
    "%2B",
    "\x00",
    "2026-05-04 14:00",
]

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(TELLING)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=4,
)


def look(name: str, request: Request) -> list[Call]:
    with suppress(UnverifiedError):
        trunk(name).verify(request, Credentials(("secret",), path_key="key"))
    try:
        return read(trunk(name), request)
    except NotUnderstoodError:
        return []


def judged(calls: list[Call]) -> bool:
    """Whether all that is done with a call next can be done."""
    return all(
        (standing(call).status, redial_sensible(call), call.facts(), Call.from_json(call.to_json()) == call)[3]
        for call in calls
    )


@pytest.mark.parametrize("name", names())
@given(
    body=st.binary(max_size=100) | values.map(lambda value: json.dumps(value).encode()),
    headers=st.dictionaries(st.sampled_from(HEADERS), st.text(st.characters(), max_size=40), max_size=3),
    method=st.sampled_from(["POST", "GET"]),
    tail=st.text(max_size=30),
)
def test_any_request_is_read_or_refused(
    name: str, body: bytes, headers: dict[str, str], method: str, tail: str
) -> None:
    request = Request(method=method, url=f"{URL}?{tail}", headers=headers, body=body, received_ms=NOW_MS)
    assert judged(look(name, request))


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data())
def test_any_value_in_a_known_field_is_read_or_not_understood(name: str, data: st.DataObject) -> None:
    item: dict[str, Any] = data.draw(st.dictionaries(st.sampled_from(FIELDS[name].split()), values))
    if name == "freeswitch":
        item["variables"] = data.draw(st.dictionaries(st.sampled_from(SWITCH.split()), values) | values)
    request = Request(method="POST", url=URL, headers={}, body=json.dumps(item).encode(), received_ms=NOW_MS)
    assert judged(look(name, request))


@pytest.mark.parametrize("name", FIELDS)
@given(data=st.data())
def test_any_form_of_known_fields_is_read_or_not_understood(name: str, data: st.DataObject) -> None:
    item = data.draw(st.dictionaries(st.sampled_from([*FIELDS[name].split(), "cdr"]), st.text(max_size=12)))
    request = Request(method="POST", url=URL, headers={}, body=urlencode(item).encode(), received_ms=NOW_MS)
    assert judged(look(name, request))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b"<a>", b"&", b"%", b'"\\', b"a=b\n"])
def test_deep_or_endless_bodies_are_read_or_not_understood(name: str, opening: bytes) -> None:
    request = Request(method="POST", url=URL, headers={}, body=opening * 50_000, received_ms=NOW_MS)
    assert judged(look(name, request))
