"""Sinch: its signature, its three callbacks."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.sinch import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

KEY = b"a key of sixteen"
SECRET = b64encode(KEY).decode()
URL = "https://crm.example.com/hooks/loc/sinch"
PATH = "/hooks/loc/sinch"
NOW_MS = 1_777_903_300_000
STAMP = "2026-05-04T14:01:40.1234567Z"
PUBLISHED = vectors("sinch__application_signature_vector.json")


def signature(
    body: bytes, key: bytes = KEY, path: str = PATH, stamp: str = STAMP, kind: str = "application/json"
) -> str:
    digest = b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    text = f"POST\n{digest}\n{kind}\nx-timestamp:{stamp}\n{path}"
    return b64encode(hmac.digest(key, text.encode(), "sha256")).decode()


def post(body: bytes, authorization: str = "", url: str = URL, stamp: str = STAMP) -> Request:
    headers = {"content-type": "application/json", "x-timestamp": stamp, "authorization": authorization}
    return Request(method="POST", url=url, headers=headers, body=body, received_ms=NOW_MS)


def signed(**changes: Any) -> Request:
    return post(b"{}", f"Application app:{signature(b'{}', **changes)}")


def dice(**fields: Any) -> Call:
    item = {"event": "dice", "callid": "si-1", "timestamp": "2026-05-04T14:00:40Z"} | fields
    (call,) = read(TRUNK, post(json.dumps(item).encode()))
    return call


@pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
@pytest.mark.parametrize("vector", PUBLISHED, ids=lambda vector: vector["name"])
@pytest.mark.parametrize("form", ["{application_secret_base64}", "{application_key}:{application_secret_base64}"])
def test_the_published_vector_holds_in_its_time(vector: dict[str, Any], form: str) -> None:
    headers = {name.lower(): value for name, value in vector["headers"].items()}
    url = f"https://crm.example.com{vector['path']}"
    body, at_ms = vector["raw_body"].encode(), 1_705_655_968_000
    request = Request(method=vector["method"], url=url, headers=headers, body=body, received_ms=at_ms)
    assert holds(TRUNK, request, form.format(**vector))


def test_a_signature_holds() -> None:
    assert holds(TRUNK, signed(), "bmV3", SECRET)


def test_a_signature_of_the_named_application_holds() -> None:
    assert holds(TRUNK, signed(), f"app:{SECRET}")


def test_a_signature_of_another_application_is_refused() -> None:
    assert not holds(TRUNK, signed(), f"other:{SECRET}")


def test_the_query_is_not_signed_as_a_part_of_the_path() -> None:
    assert holds(TRUNK, replace(signed(), url=f"{URL}?a=1#b"), SECRET)


@pytest.mark.parametrize(
    "changes",
    [{"key": b"another"}, {"path": "/"}, {"stamp": "2026-05-04T14:01:41Z"}, {"kind": "text/plain"}],
)
def test_a_signature_over_anything_else_is_refused(changes: dict[str, Any]) -> None:
    assert not holds(TRUNK, signed(**changes), SECRET)


@pytest.mark.parametrize("stamp", ["2026-05-04T13:56:39Z", "2026-05-04T14:06:41Z", "soon", "", "x-timestamp:", "5"])
def test_a_signature_outside_the_window_or_without_a_time_is_refused(stamp: str) -> None:
    request = post(b"{}", f"Application app:{signature(b'{}', stamp=stamp)}", stamp=stamp)
    assert not holds(TRUNK, request, SECRET)


@pytest.mark.parametrize(
    "authorization",
    ["", "Application", "Application app", "Application app:", "Application :", "Application \ud800:\u00e9"],
)
def test_any_other_authorization_is_refused(authorization: str) -> None:
    assert not holds(TRUNK, post(b"{}", authorization), SECRET, path_key=SECRET)


def test_another_scheme_is_refused() -> None:
    assert not holds(TRUNK, post(b"{}", f"Bearer app:{signature(b'{}')}"), SECRET)


@pytest.mark.parametrize("secret", ["", "app:", "\u00e9", "app:!"])
def test_a_secret_that_decodes_to_nothing_proves_nothing(secret: str) -> None:
    assert not holds(TRUNK, signed(key=b""), secret)


@pytest.mark.parametrize("secret", ["-_-_", "-_-_A", "--_+/=", "++//"])
def test_a_secret_of_either_alphabet_is_decoded(secret: str) -> None:
    request = TRUNK.compose(dice(result="BUSY"), secret, URL, NOW_MS)
    assert holds(TRUNK, request, secret)


def test_a_signature_over_a_body_proves_nothing_about_a_query() -> None:
    assert not holds(TRUNK, replace(signed(), method="GET"), SECRET)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    secret = f"app:{SECRET}"
    request = TRUNK.compose(dice(result="BUSY"), secret, URL, NOW_MS)
    assert holds(TRUNK, request, secret)
    assert not any(holds(TRUNK, changed, secret) for changed in flipped(request, "authorization"))


@pytest.mark.parametrize(
    ("result", "reason", "ended"),
    [
        ("ANSWERED", "MANAGERHANGUP", "Connected"),
        ("ANSWERED", "GENERALERROR", "Connected"),
        ("BUSY", "CALLEEHANGUP", "Busy"),
        ("NOANSWER", "TIMEOUT", "No Answer"),
        ("FAILED", "TIMEOUT", "No Answer"),
        ("FAILED", "CANCEL", "Canceled"),
        ("FAILED", "CALLERHANGUP", "Canceled"),
        ("FAILED", "MANAGERHANGUP", "Canceled"),
        ("FAILED", "CALLEEHANGUP", "Rejected"),
        ("FAILED", "BLOCKED", "Blocked"),
        ("FAILED", "USERNOTFOUND", "Invalid Number"),
        ("N/A", "NOCREDITPARTNER", "Failed"),
        ("N/A", "N/A", "Failed"),
        ("FAILED", "UNHEARDOF", "Failed"),
        ("UNHEARDOF", "BLOCKED", "Blocked"),
    ],
)
def test_a_result_and_then_a_reason_are_a_disposition(result: str, reason: str, ended: str) -> None:
    assert disposition(dice(result=result, reason=reason, duration=0)) == ended


def test_the_reason_is_kept_as_the_cause() -> None:
    call = dice(result="ANSWERED", reason="CALLERHANGUP", duration=3)
    assert (call.cause, call.hangup_by) == ("CALLERHANGUP", "caller")


def test_an_unknown_result_is_noted() -> None:
    assert dice(result="UNHEARDOF").notes == ("unknown result 'UNHEARDOF'",)


def test_the_answer_is_derived_from_the_end_and_the_duration() -> None:
    call = dice(result="ANSWERED", duration=30)
    assert (call.facts()["answer"], call.awaits) == ("2026-05-04T14:00:10.000Z", ("start",))


def test_without_a_duration_the_answer_is_awaited() -> None:
    assert dice(result="ANSWERED").awaits == ("start", "answer")


def test_a_private_number_is_none_and_noted() -> None:
    call = dice(result="BUSY", **{"from": "private"})
    assert (call.from_, call.notes) == (None, ("from is withheld: 'private'",))


@pytest.mark.parametrize("to", ["46700000102", {"type": "number", "endpoint": "46700000102"}])
def test_the_callee_is_a_text_or_an_object(to: object) -> None:
    assert dice(result="BUSY", to=to).to == "+46700000102"


@pytest.mark.parametrize("event", ["pie", "notify"])
def test_a_menu_or_a_notice_is_something_learnt(event: str) -> None:
    assert dice(event=event).event == "extra"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event": "exploded"}', b'{"event": 5}'])
def test_what_is_no_callback_of_a_call_is_not_understood(body: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))
