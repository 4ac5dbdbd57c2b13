"""Vonage: its token, its statuses, and what its times mean."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import read
from mappings.trunks.vonage import TRUNK, claims
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "a signature secret"
URL = "https://crm.example.com/hooks/loc/vonage"
NOW_MS = 1_777_903_300_000
NOW_S = NOW_MS // 1000
AT = "2026-05-04T14:00:30.000Z"
TOKENS = [vector for vector in vectors("vonage__jwt_vectors.json") if "jwt" in vector]
HASHED = vectors("derived__vonage_payload_hash.json")


def part(value: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def token(claimed: dict[str, Any], header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    text = f"{part(header or {'alg': 'HS256', 'typ': 'JWT'})}.{part(claimed)}"
    mac = hmac.digest(secret.encode(), text.encode(), "sha256")
    return f"{text}.{urlsafe_b64encode(mac).decode().rstrip('=')}"


def claimed(body: bytes = b"{}", **changes: Any) -> dict[str, Any]:
    return {"iat": NOW_S, "jti": "1", "iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest()} | changes


def post(body: bytes, authorization: str | None = None) -> Request:
    headers = {} if authorization is None else {"authorization": authorization}
    return Request(method="POST", url=URL, headers=headers, body=body, received_ms=NOW_MS)


def one(**fields: Any) -> Call:
    (call,) = read(TRUNK, post(json.dumps({"uuid": "vn-1", "timestamp": AT} | fields).encode()))
    return call


@pytest.mark.skipif(not TOKENS, reason=ABSENT)
@pytest.mark.parametrize("vector", TOKENS, ids=lambda vector: vector["name"])
def test_the_published_tokens_hold_or_do_not(vector: dict[str, Any]) -> None:
    try:
        found = claims(vector["jwt"], Credentials((vector["signature_secret"],)))
    except UnverifiedError:
        found = None
    assert found == (vector["claims"] if vector["expect_valid"] is True else None)


@pytest.mark.skipif(not HASHED, reason=ABSENT)
@pytest.mark.parametrize("vector", HASHED, ids=lambda _: "with a payload hash")
def test_the_vector_with_a_payload_hash_holds_in_its_time(vector: dict[str, Any]) -> None:
    request = post(vector["raw_body"].encode(), vector["header"]["Authorization"])
    assert holds(TRUNK, replace(request, received_ms=1_587_494_962_000), vector["signature_secret"])


def test_a_token_of_an_older_secret_holds() -> None:
    assert holds(TRUNK, post(b"{}", f"Bearer {token(claimed())}"), "new", SECRET)


@pytest.mark.parametrize("secret", ["short", "x" * 200])
def test_a_secret_may_have_any_length(secret: str) -> None:
    assert holds(TRUNK, post(b"{}", f"bearer {token(claimed(), secret=secret)}"), secret)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_token_outside_the_window_is_refused(seconds: int) -> None:
    assert not holds(TRUNK, post(b"{}", f"Bearer {token(claimed(iat=NOW_S + seconds))}"), SECRET)


@pytest.mark.parametrize(
    "changes",
    [
        {"payload_hash": hashlib.sha256(b"{ }").hexdigest()},
        {"payload_hash": hashlib.sha256(b"{}").hexdigest().upper()},
        {"payload_hash": None},
        {"payload_hash": 5},
        {"iat": None},
        {"iat": "soon"},
        {"iat": -5},
        {"iat": True},
        {"iat": 10**30},
    ],
)
def test_a_token_of_another_body_or_no_time_is_refused(changes: dict[str, Any]) -> None:
    assert not holds(TRUNK, post(b"{}", f"Bearer {token(claimed(**changes))}"), SECRET)


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256", "hs256", None, ["HS256"]])
def test_a_token_of_another_algorithm_is_refused(algorithm: object) -> None:
    assert not holds(TRUNK, post(b"{}", f"Bearer {token(claimed(), {'alg': algorithm})}"), SECRET)


def test_an_unsigned_token_is_refused() -> None:
    text = f"{part({'alg': 'none'})}.{part(claimed())}."
    assert not holds(TRUNK, post(b"{}", f"Bearer {text}"), SECRET)


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer a.b", "Bearer a.b.c", "Bearer \ud800.\u00e9.x", f"Bearer {SECRET}"],
)
def test_any_other_authorization_is_refused(authorization: str | None) -> None:
    assert not holds(TRUNK, post(b"{}", authorization), SECRET, path_key=SECRET)


def test_a_token_whose_claims_are_no_object_is_refused() -> None:
    head = part({"alg": "HS256"})
    mac = urlsafe_b64encode(hmac.digest(SECRET.encode(), f"{head}.W10".encode(), "sha256")).decode().rstrip("=")
    assert not holds(TRUNK, post(b"[]", f"Bearer {head}.W10.{mac}"), SECRET)


def test_a_token_over_a_body_proves_nothing_about_a_query() -> None:
    request = replace(post(b"", f"Bearer {token(claimed(b''))}"), method="GET", url=f"{URL}?status=busy")
    assert not holds(TRUNK, request, SECRET)


def test_an_unconfigured_secret_refuses_all() -> None:
    assert not holds(TRUNK, post(b"{}", f"Bearer {token(claimed(), secret='')}"), "")


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(one(status="busy"), SECRET, URL, NOW_MS)
    assert holds(TRUNK, request, SECRET)
    assert not any(holds(TRUNK, changed, SECRET) for changed in flipped(request, "authorization"))


@pytest.mark.parametrize(
    ("status", "event"),
    [
        ("started", "initiated"),
        ("ringing", "initiated"),
        ("answered", "answered"),
        ("human", "extra"),
        ("disconnected", "extra"),
        ("completed", "completed"),
        ("timeout", "completed"),
    ],
)
def test_a_status_is_an_event(status: str, event: str) -> None:
    assert one(status=status).event == event


@pytest.mark.parametrize(
    ("fields", "ended"),
    [
        ({"status": "completed"}, "Connected"),
        ({"status": "completed", "duration": "0"}, "Connected"),
        ({"status": "busy"}, "Busy"),
        ({"status": "cancelled", "sip_code": 487}, "Canceled"),
        ({"status": "unanswered", "sip_code": 487}, "No Answer"),
        ({"status": "unanswered", "detail": "unavailable"}, "No Answer"),
        ({"status": "timeout"}, "No Answer"),
        ({"status": "rejected"}, "Rejected"),
        ({"status": "rejected", "detail": "declined"}, "Rejected"),
        ({"status": "rejected", "detail": "invalid_number"}, "Invalid Number"),
        ({"status": "failed"}, "Failed"),
        ({"status": "failed", "detail": "cannot_route", "sip_code": 404}, "Failed"),
        ({"status": "failed", "detail": "number_out_of_service"}, "Invalid Number"),
        ({"status": "failed", "detail": "unheard_of", "sip_code": 486}, "Busy"),
    ],
)
def test_a_last_status_is_a_disposition(fields: dict[str, Any], ended: str) -> None:
    assert disposition(one(**fields)) == ended


def test_the_vendors_words_are_kept() -> None:
    assert (one(status="failed", detail="cannot_route").cause, one(status="busy").cause) == ("cannot_route", "busy")


def test_a_start_before_the_talk_time_is_the_start() -> None:
    call = one(status="completed", start_time="2026-05-04T14:00:00Z", end_time="2026-05-04T14:00:30Z", duration="20")
    assert (call.ring_ms, call.duration_s, call.awaits) == (10_000, 20, ())


def test_a_start_where_the_talk_time_begins_is_the_answer() -> None:
    call = one(status="completed", start_time="2026-05-04T14:00:10.4Z", end_time="2026-05-04T14:00:30Z", duration="20")
    assert (call.start_ms, call.facts()["answer"], call.awaits) == (None, "2026-05-04T14:00:10.400Z", ("start",))


def test_an_answered_call_without_a_duration_awaits_its_answer() -> None:
    assert one(status="completed").awaits == ("start", "answer")


def test_an_unanswered_call_awaits_only_its_start() -> None:
    assert one(status="busy").awaits == ("start",)


def test_who_answered_is_told_of_the_call_uuid() -> None:
    call = one(uuid=None, call_uuid="vn-7", conversation_uuid="CON-1", status="machine")
    assert (call.call_id, call.session_id, call.amd) == ("vn-7", "CON-1", "machine")


def test_a_recording_is_something_learnt_of_its_conversation() -> None:
    call = one(uuid=None, recording_url="https://media.example.com/1", conversation_uuid="CON-1")
    assert (call.event, call.recording_url, call.session_id) == ("extra", "https://media.example.com/1", "CON-1")


def test_a_transfer_is_something_learnt_of_the_leg() -> None:
    call = one(conversation_uuid_from="CON-1", conversation_uuid_to="CON-2")
    assert (call.event, call.call_id, call.session_id) == ("extra", "vn-1", "CON-2")


@pytest.mark.parametrize(
    ("given", "read_as"),
    [("447700900102", "+447700900102"), ("sip:bob@example.com", "bob"), ("wss://example.com/s", "wss://example.com/s")],
)
def test_a_party_is_a_number_a_user_or_an_address(given: str, read_as: str) -> None:
    assert one(status="busy", to=given).to == read_as


def test_a_caller_of_the_client_sdk_is_a_user() -> None:
    assert one(status="busy", from_user="alice").from_ == "alice"


def test_a_call_without_a_uuid_is_quarantined() -> None:
    assert standing(one(status="busy", uuid=None)).status == "quarantined"


@pytest.mark.parametrize("fields", [{}, {"status": "exploded"}, {"reason": "Syntax error", "conversation_uuid": "C"}])
def test_what_is_no_event_of_a_call_is_not_understood(fields: dict[str, str]) -> None:
    with pytest.raises(NotUnderstoodError):
        one(**fields)
