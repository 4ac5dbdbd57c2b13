"""DIDWW: its CDR stream, line by line."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.didww import TRUNK
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

NOW_MS = 1_777_903_300_000
OUT = {
    "src_number": "12025550101",
    "dst_number": "447700900102",
    "time_start": "2026-05-04T14:00:00+00:00",
    "time_end": "2026-05-04T14:00:20+00:00",
    "time_connect": None,
    "duration": 0,
    "success": False,
}
IN = OUT | {"did_number": "12025550199", "is_last_cdr": True, "legb_disconnect_code": 0, "routing_attempt": 1}


def record(kind: str = "outbound-cdr", call_id: str | None = "dw-1", **changes: Any) -> dict[str, Any]:
    facts = (IN if kind == "inbound-cdr" else OUT) | changes
    return {"type": kind, "id": call_id, "attributes": facts}


def post(body: bytes) -> Request:
    return Request(method="POST", url="https://crm.example.com/h", headers={}, body=body, received_ms=NOW_MS)


def lines(*records: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(one).encode() + b"\n" for one in records)


def one(kind: str = "outbound-cdr", **changes: Any) -> Call:
    (call,) = read(TRUNK, post(lines(record(kind, **changes))))
    return call


def test_a_request_holds_several_records_in_order() -> None:
    calls = read(TRUNK, post(lines(record(call_id="a"), record("inbound-cdr", "b"), record(call_id="c"))))
    assert [(call.call_id, call.direction) for call in calls] == [
        ("a", "outbound"),
        ("b", "inbound"),
        ("c", "outbound"),
    ]


@pytest.mark.parametrize("gap", [b"\r\n", b"\n\n", b"\n \n"])
def test_empty_lines_and_carriage_returns_are_passed_over(gap: bytes) -> None:
    raw = gap.join(json.dumps(record(call_id=name)).encode() for name in "ab")
    assert [call.call_id for call in read(TRUNK, post(raw))] == ["a", "b"]


def test_one_record_may_take_several_lines() -> None:
    assert read(TRUNK, post(json.dumps(record(), indent=1).encode())) == [one()]


def test_a_gzipped_body_reads_the_same() -> None:
    assert read(TRUNK, post(gzip.compress(lines(record())))) == [one()]


def test_a_gzip_bomb_is_not_understood() -> None:
    with pytest.raises(NotUnderstoodError, match="8 MiB"):
        read(TRUNK, post(gzip.compress(b" " * (8 * 1024 * 1024 + 1))))


def test_a_damaged_gzip_is_not_understood() -> None:
    with pytest.raises(NotUnderstoodError, match="not gzip"):
        read(TRUNK, post(b"\x1f\x8b" + b"x" * 50))


def test_a_gzip_that_is_cut_off_is_not_understood() -> None:
    with pytest.raises(NotUnderstoodError, match="cut off"):
        read(TRUNK, post(gzip.compress(lines(record()))[:-12]))


def test_more_lines_than_any_batch_has_are_not_understood() -> None:
    with pytest.raises(NotUnderstoodError, match="10000"):
        read(TRUNK, post(b"{}\n" * 10_001))


@pytest.mark.parametrize("broken", [b"{", b"5", b"[]", b'{"type": "outbound-cdr"}', b'{"attributes": {}}'])
def test_a_line_that_is_no_record_is_quarantined_and_its_neighbour_is_not(broken: bytes) -> None:
    calls = read(TRUNK, post(lines(record()) + broken + b"\n"))
    assert [standing(call).status for call in calls] == ["accepted", "quarantined"]


@pytest.mark.parametrize("raw", [b"", b"\n", b"{}", b"[]", b"<x/>", b"{\n{\n"])
def test_a_body_without_any_record_is_not_understood(raw: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(raw))


def test_a_connect_time_is_the_answer() -> None:
    call = one(time_connect="2026-05-04T14:00:05.5+00:00", duration=15, success=True, disconnect_code=200)
    assert (call.ring_ms, call.duration_s, disposition(call)) == (5500, 15, "Connected")


@pytest.mark.parametrize(
    ("code", "ended"),
    [
        (486, "Busy"),
        (487, "Canceled"),
        (480, "No Answer"),
        (404, "Invalid Number"),
        (603, "Rejected"),
        (503, "Congestion"),
    ],
)
def test_an_unanswered_call_ends_as_its_sip_status_says(code: int, ended: str) -> None:
    call = one(disconnect_code=code, disconnect_reason="a phrase")
    assert (call.sip, disposition(call), call.cause) == (code, ended, "a phrase")


def test_a_full_did_is_congestion() -> None:
    call = one("inbound-cdr", internal_disconnect_code=480, internal_disconnect_reason="DID number overloaded")
    assert (call.sip, disposition(call)) == (480, "Congestion")


def test_the_b_legs_code_counts_where_it_was_tried() -> None:
    call = one("inbound-cdr", legb_disconnect_code=486, internal_disconnect_code=480)
    assert (call.sip, disposition(call)) == (486, "Busy")


def test_an_inbound_call_is_to_the_did() -> None:
    assert one("inbound-cdr").to == "+12025550199"


def test_an_earlier_routing_attempt_is_no_call_of_its_own() -> None:
    call = one("inbound-cdr", is_last_cdr=False, local_tag="tag")
    assert (standing(call).status, call.session_id) == ("ignored", "tag")


def test_a_time_without_a_zone_is_utc_and_noted() -> None:
    call = one("inbound-cdr", time_start="2026-05-04 14:00:00.5")
    assert call.facts()["start"] == "2026-05-04T14:00:00.500Z"
    assert "time_start has no time zone: read as UTC" in call.notes


@pytest.mark.parametrize("direction", ["inbound", "outbound"])
def test_a_composed_record_is_of_the_calls_direction(direction: str) -> None:
    kind = f"{direction}-cdr"
    (call,) = read(TRUNK, TRUNK.compose(one(kind), "user:secret", "https://crm.example.com/h", NOW_MS))
    assert (call.direction, call.from_, call.to) == (direction, one(kind).from_, one(kind).to)


def test_the_stream_logs_in_or_comes_by_a_secret_path() -> None:
    request = TRUNK.compose(one(), "user:secret", "https://crm.example.com/h", NOW_MS)
    assert holds(TRUNK, request, "secret")
    assert holds(TRUNK, post(b"{}"), "secret", path_key="secret")
    assert not holds(TRUNK, post(b"{}"), "secret")
