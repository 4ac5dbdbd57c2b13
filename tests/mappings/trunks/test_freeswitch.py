"""FreeSWITCH: its records in all their wrappings."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.freeswitch import TRUNK
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

NOW_MS = 1_777_903_300_000
LEG = {
    "uuid": "fs-1",
    "direction": "inbound",
    "start_uepoch": "1777903200250000",
    "answer_uepoch": "1777903205750000",
    "end_uepoch": "1777903215800000",
    "billsec": "10",
    "billmsec": "10050",
    "hangup_cause": "NORMAL_CLEARING",
    "hangup_cause_q850": "16",
}
UNANSWERED = {"answer_uepoch": "0", "billsec": "0", "billmsec": "0"}
PROFILE = {"caller_id_number": "+12025550101", "destination_number": "+12025550102", "ani": "+12025550103"}


def post(body: bytes) -> Request:
    return Request(
        method="POST", url="https://crm.example.com/h?uuid=a_fs-1", headers={}, body=body, received_ms=NOW_MS
    )


def document(**variables: Any) -> dict[str, Any]:
    kept = {name: value for name, value in (LEG | variables).items() if value is not None}
    return {"variables": kept, "callflow": [{"caller_profile": PROFILE}]}


def leg(**variables: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps(document(**variables)).encode()))
    return call


RAW = json.dumps(document())


@pytest.mark.parametrize(
    "body",
    [
        RAW.encode(),
        f"cdr={quote(RAW)}".encode(),
        f"cdr={quote(RAW)}&uuid=a_fs-1".encode(),
        b"cdr=" + b64encode(RAW.encode()),
        b"cdr=" + b64encode(b"\xef\xbb\xbf" + RAW.encode()),
        json.dumps({"variables": document()["variables"], "callflow": {"caller_profile": PROFILE}}).encode(),
    ],
    ids=["json", "form", "form and more", "base64", "base64 with a mark", "one call flow"],
)
def test_a_record_is_the_same_in_every_wrapping(body: bytes) -> None:
    assert read(TRUNK, post(body)) == [leg()]


def test_an_event_tells_the_same_as_a_record() -> None:
    headers = {f"variable_{name}": quote(value) for name, value in document()["variables"].items()} | {
        "Caller-Caller-ID-Number": "%2B12025550101",
        "Caller-Destination-Number": "%2B12025550102",
    }
    text = "Event-Name: CHANNEL_HANGUP_COMPLETE\n" + "".join(f"{name}: {value}\n" for name, value in headers.items())
    assert read(TRUNK, post(text.encode())) == [leg()]


@pytest.mark.parametrize(("name", "event"), [("CHANNEL_CREATE", "initiated"), ("CHANNEL_ANSWER", "answered")])
def test_earlier_events_are_told_as_such(name: str, event: str) -> None:
    (call,) = read(TRUNK, post(json.dumps({"Event-Name": name, "Unique-ID": "fs-1"}).encode()))
    assert (call.event, call.call_id) == (event, "fs-1")


def test_values_are_decoded_once_where_the_record_is_encoded() -> None:
    encoded = leg(sip_from_user="%2B1202", proto_specific_hangup_cause="sip%3A200", accountcode="100%2525")
    assert encoded.sip == 200


def test_a_percent_sign_stays_where_the_record_is_not_encoded() -> None:
    plain = leg(uuid="id-1", amd_result="machine", sip_full_to="<sip:1@e.example>", call_uuid="50%41")
    assert plain.session_id == "50%41"


def test_the_id_is_the_documents_and_not_the_querys() -> None:
    assert leg().call_id == "fs-1"


def test_an_inbound_leg_has_the_callers_number() -> None:
    assert (leg().from_, leg().to) == ("+12025550101", "+12025550102")


def test_a_leg_the_switch_made_has_the_ani() -> None:
    assert leg(direction="outbound").from_ == "+12025550103"


def test_times_in_microseconds_are_cut_to_milliseconds() -> None:
    assert leg(start_uepoch="1777903200250999").start_ms == 1_777_903_200_250


def test_seconds_count_where_there_are_no_microseconds() -> None:
    assert leg(start_uepoch=None, start_epoch="1777903200").start_ms == 1_777_903_200_000


@pytest.mark.parametrize(
    ("variables", "sip", "ended"),
    [
        ({"hangup_cause": "USER_BUSY", "hangup_cause_q850": "17", "sip_term_status": "486"}, 486, "Busy"),
        ({"hangup_cause": "NO_ANSWER", "hangup_cause_q850": "19", "sip_term_status": "487"}, 487, "No Answer"),
        ({"hangup_cause": "ORIGINATOR_CANCEL", "sip_term_status": "487"}, 487, "Canceled"),
        ({"hangup_cause": "USER_NOT_REGISTERED"}, None, "No Answer"),
        ({"hangup_cause": "NORMAL_CLEARING"}, None, "Canceled"),
        ({"hangup_cause": "CALL_REJECTED", "hangup_cause_q850": "21"}, None, "Rejected"),
        ({"hangup_cause": "GATEWAY_DOWN", "sip_invite_failure_status": "503"}, 503, "Congestion"),
        ({"hangup_cause": "UNHEARD_OF", "hangup_cause_q850": None}, None, "Failed"),
    ],
)
def test_an_unanswered_leg_ends_as_its_cause_says(variables: dict[str, Any], sip: int | None, ended: str) -> None:
    call = leg(**UNANSWERED | variables)
    assert (call.sip, disposition(call), call.duration_s) == (sip, ended, 0)


def test_an_answered_leg_is_connected_whatever_its_cause() -> None:
    assert disposition(leg(hangup_cause="NORMAL_UNSPECIFIED", hangup_cause_q850="31")) == "Connected"


@pytest.mark.parametrize("cause", ["LOSE_RACE", "PICKED_OFF", "NON_SELECTED_USER_CLEARING"])
def test_a_leg_that_another_took_is_no_missed_call(cause: str) -> None:
    assert standing(leg(**UNANSWERED | {"hangup_cause": cause})).status == "ignored"


@pytest.mark.parametrize(
    ("how", "direction", "who"),
    [
        ("recv_bye", "inbound", "caller"),
        ("recv_bye", "outbound", "callee"),
        ("send_bye", "inbound", "switch"),
        ("recv_cancel", None, None),
        (None, "inbound", None),
    ],
)
def test_who_hung_up_is_told_by_the_sip_message(how: str | None, direction: str | None, who: str | None) -> None:
    assert leg(sip_hangup_disposition=how, direction=direction).hangup_by == who


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"[1, 2]",
        b'{"variables": []}',
        b"cdr=",
        b"cdr=%%%",
        b"cdr=aGVsbG8=",
        b"x=1",
        b"<cdr/>",
        b"<cdr><variables><uuid>",
        b"<a>" * 20_001,
        b'<?xml version="1.0" encoding="no-such"?><cdr/>',
        b'<!DOCTYPE cdr [<!ENTITY a "b">]><cdr><variables><uuid>&a;</uuid></variables></cdr>',
        b"One: two\nThree: four\n",
        b"Event-Name: HEARTBEAT\nx: y\n",
        b'{"variables": {"uuid": "%(uuid)s", "hangup_cause": "NO_ANSWER"}}',
    ],
)
def test_what_is_no_record_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


def test_a_switch_logs_in() -> None:
    request = TRUNK.compose(leg(), "fs:password", "https://crm.example.com/h", NOW_MS)
    assert holds(TRUNK, request, "fs:password")
    assert holds(TRUNK, request, "password")
    assert not holds(TRUNK, request, "fs")
