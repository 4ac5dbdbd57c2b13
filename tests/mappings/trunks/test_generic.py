"""The generic trunk: proofs, fields, and what a call needs."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.generic import TRUNK
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "a shared secret"
URL = "https://crm.example.com/hooks/loc/generic"
NOW_MS = 1_777_903_300_000
FINISHED = {
    "call_uuid": "c-1",
    "from": "+12025550101",
    "to": "+12025550102",
    "start": "2026-05-04T14:00:00Z",
    "answer": None,
    "end": "2026-05-04T14:00:20Z",
    "duration": 0,
    "direction": "outbound",
}


def post(payload: Any, headers: dict[str, str] | None = None) -> Request:
    raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return Request(method="POST", url=URL, headers=headers or {}, body=raw, received_ms=NOW_MS)


def one(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(FINISHED | changes))
    return call


def signature(body: bytes, secret: str = SECRET, at_s: int = NOW_MS // 1000) -> str:
    return hmac.digest(secret.encode(), f"{at_s}.".encode() + body, "sha256").hex()


def signed(header: str, body: bytes = b"{}") -> Request:
    return post(body, {"x-ringback-signature": header})


def test_a_signature_holds() -> None:
    assert holds(TRUNK, signed(f"t={NOW_MS // 1000},v1={signature(b'{}')}"), SECRET)


def test_one_good_signature_of_several_is_enough() -> None:
    header = f"t={NOW_MS // 1000}, v0=x, v1=00, v1={signature(b'{}')}"
    assert holds(TRUNK, signed(header), "new", SECRET)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_signature_outside_the_window_is_refused(seconds: int) -> None:
    at_s = NOW_MS // 1000 + seconds
    assert not holds(TRUNK, signed(f"t={at_s},v1={signature(b'{}', at_s=at_s)}"), SECRET)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1=" + signature(b"{}"),
        f"t={NOW_MS // 1000}",
        f"t={NOW_MS // 1000},v1=",
        f"t={NOW_MS // 1000},t=1,v1={signature(b'{}')}",
        f"t={NOW_MS // 1000},v1={signature(b'{}').upper()}",
        f"t={NOW_MS // 1000},v2={signature(b'{}')}",
        f"t=\u0661,v1={signature(b'{}')}",
        f"t={NOW_MS // 1000},v1=\ud800",
        f"t={NOW_MS // 1000},v1={signature(b'{}', 'another')}",
    ],
)
def test_any_other_signature_is_refused(header: str) -> None:
    assert not holds(TRUNK, signed(header), SECRET)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(one(), SECRET, URL, NOW_MS)
    assert holds(TRUNK, request, SECRET)
    assert not any(holds(TRUNK, changed, SECRET) for changed in flipped(request, "x-ringback-signature"))


def test_a_signature_that_does_not_hold_is_not_made_up_for_by_a_bearer_token() -> None:
    request = post(b"{}", {"x-ringback-signature": "t=1,v1=00", "authorization": f"Bearer {SECRET}"})
    assert not holds(TRUNK, request, SECRET, path_key=SECRET)


def test_standard_webhooks_headers_that_do_not_hold_are_not_made_up_for_either() -> None:
    request = post(b"{}", {"webhook-signature": "v1,AAAA", "authorization": f"Bearer {SECRET}"})
    assert not holds(TRUNK, request, SECRET, path_key=SECRET)


@pytest.mark.parametrize("authorization", [f"Bearer {SECRET}", "Basic eDphIHNoYXJlZCBzZWNyZXQ="])
def test_a_sender_that_cannot_sign_logs_in(authorization: str) -> None:
    assert holds(TRUNK, post(b"{}", {"authorization": authorization}), SECRET)


def test_a_secret_path_is_a_proof() -> None:
    assert holds(TRUNK, post(b"{}"), SECRET, path_key=SECRET)


def test_nothing_proves_nothing() -> None:
    assert not holds(TRUNK, post(b"{}"), SECRET)


@pytest.mark.parametrize(
    ("cause", "q850", "sip", "ended"),
    [
        (16, 16, None, "Canceled"),
        ("17", 17, None, "Busy"),
        (486, None, 486, "Busy"),
        ("sip:603", None, 603, "Rejected"),
        ("NO_ANSWER", 19, None, "No Answer"),
        ("User busy", 17, None, "Busy"),
        ("ORIGINATOR_CANCEL", None, None, "Canceled"),
        (806, None, None, "No Answer"),
        ("no-answer", 19, None, "No Answer"),
        ("cancelled", None, None, "Canceled"),
        ("Rejected", None, None, "Rejected"),
        ("gremlins", None, None, "Failed"),
        (None, None, None, "Failed"),
        (0, None, None, "Failed"),
    ],
)
def test_a_hangup_cause_is_read_however_it_is_written(
    cause: Any, q850: int | None, sip: int | None, ended: str
) -> None:
    call = one(hangup_cause=cause)
    assert (call.q850, call.sip, disposition(call)) == (q850, sip, ended)


def test_an_unknown_cause_is_kept_and_noted() -> None:
    call = one(hangup_cause="gremlins")
    assert (call.cause, call.notes) == ("gremlins", ("unknown cause 'gremlins'",))


def test_an_answered_call_with_cause_16_is_connected() -> None:
    call = one(answer="2026-05-04T14:00:05Z", duration=15, hangup_cause=16)
    assert (disposition(call), call.duration_s) == ("Connected", 15)


@pytest.mark.parametrize("answer", [None, "", 0, "0", "0.000000", False])
def test_no_answer_time_means_not_answered(answer: Any) -> None:
    assert one(answer=answer, hangup_cause=16).answered is False


def test_a_call_that_goes_on_is_another_event() -> None:
    call = one(event="answered", answer="2026-05-04T14:00:05Z", end=None)
    assert (call.event, call.answered, standing(call).status) == ("answered", True, "accepted")


def test_an_extra_tells_only_what_was_learnt() -> None:
    call = one(event="extra", amd="machine", hangup_cause="busy", end=None)
    assert (call.event, call.amd, call.answered, call.outcome) == ("extra", "machine", None, None)


def test_a_list_holds_several_calls_in_order() -> None:
    calls = read(TRUNK, post([FINISHED, FINISHED | {"call_uuid": "c-2"}]))
    assert [call.call_id for call in calls] == ["c-1", "c-2"]


def test_a_call_without_an_id_is_quarantined_and_its_neighbour_is_not() -> None:
    calls = read(TRUNK, post([FINISHED, FINISHED | {"call_uuid": None}]))
    assert [standing(call).status for call in calls] == ["accepted", "quarantined"]


def test_a_finished_call_that_does_not_say_how_it_ended_is_quarantined() -> None:
    assert standing(one(end=None)).status == "quarantined"


def test_a_call_needs_no_numbers() -> None:
    call = one(**{"from": None, "to": None}, hangup_cause=17)
    assert (call.from_, call.to, standing(call).status) == (None, None, "accepted")


def test_fields_nobody_knows_are_passed_over() -> None:
    assert one(campaign={"deep": [1]}) == one()


@pytest.mark.parametrize("payload", [{**FINISHED, "event": "exploded"}, [], [1], b"", b"<x/>", b"{"])
def test_what_is_no_call_is_not_understood(payload: Any) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(payload))


def test_a_hostile_payload_is_a_call_with_its_oddities_noted() -> None:
    call = one(
        **{"from": "+1202555\x000101", "to": "x" * 300},
        start=float(10**18),
        answer="soon",
        end=99_999_999_999,
        hangup_cause="\x07bell",
        direction="sideways",
        agent={"a": 1},
    )
    assert call.to == "x" * 256
    assert (call.from_, call.cause, call.agent, call.end_ms) == ("+12025550101", "bell", None, None)
    assert call.notes == (
        "unknown cause '\\x07bell'",
        "unknown direction 'sideways'",
        "answer could not be read: 'soon'",
        "from: control characters removed",
        "to: cut at 256 characters",
        "cause: control characters removed",
        "end dropped: not a plausible time",
    )


def test_a_request_composed_later_is_signed_anew() -> None:
    request = TRUNK.compose(one(), SECRET, URL, NOW_MS)
    assert not holds(TRUNK, replace(request, received_ms=NOW_MS + 900_000), SECRET)
