"""The trunk webhook over a real socket: 200 only for what is kept, 401 for whoever cannot prove himself."""

from __future__ import annotations

import asyncio
import base64
import gzip
import io
import time
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connector.store import StoreFullError
from mappings.call import Call
from tests.connector.door import SECRET, Door, open_door, payload, signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store import Store


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as made:
        yield made


async def test_a_signed_call_is_accepted_and_kept(door: Door) -> None:
    status, told = await door.post(payload())
    assert (status, told["status"]) == (200, "accepted")
    assert told["calls"] == [{"call_id": "call-1", "event": "completed", "status": "accepted"}]
    assert await door.kept() == ["call-1"]


async def test_the_same_call_again_is_a_duplicate(door: Door) -> None:
    await door.post(payload())
    status, told = await door.post(payload())
    assert (status, told["status"]) == (200, "duplicate")
    assert await door.kept() == ["call-1"]


async def test_the_same_call_twice_at_once_is_one_accepted_and_one_duplicate(door: Door) -> None:
    answers = await asyncio.gather(*(door.post(payload()) for _ in range(8)))
    told = sorted(answer["status"] for _, answer in answers)
    assert told == ["accepted"] + ["duplicate"] * 7
    assert await door.kept() == ["call-1"]


async def test_the_same_call_twice_in_one_body_is_kept_once(door: Door) -> None:
    _, told = await door.post([payload(), payload(), payload("call-2")])
    assert [call["status"] for call in told["calls"]] == ["accepted", "duplicate", "accepted"]
    assert await door.kept() == ["call-1", "call-2"]


async def test_a_second_process_start_knows_what_the_first_has_seen(tmp_path: Path) -> None:
    async with open_door(tmp_path) as first:
        await first.post(payload())
    async with open_door(tmp_path) as second:
        _, told = await second.post(payload())
        assert told["status"] == "duplicate"
        assert await second.kept() == ["call-1"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Authorization": f"Bearer {SECRET}"}, id="bearer"),
        pytest.param({"Authorization": "Basic " + base64.b64encode(f"any:{SECRET}".encode()).decode()}, id="basic"),
    ],
)
async def test_a_sender_that_cannot_sign_may_use_the_secret_itself(door: Door, headers: dict[str, str]) -> None:
    status, told = await door.post(payload(), headers=headers)
    assert (status, told["status"]) == (200, "accepted")


async def test_a_sender_that_can_do_nothing_may_use_a_secret_path(door: Door) -> None:
    status, _ = await door.post(payload(), path="/hooks/LOC/generic/" + SECRET.replace(" ", "%20"), headers={})
    assert status == 200


async def test_a_captured_request_is_refused_after_the_window(door: Door) -> None:
    raw = orjson.dumps(payload())
    status, _ = await door.post(raw, headers=signed(raw, at_s=int(time.time()) - 301))
    assert status == 401
    assert not await door.kept()


async def test_unknown_sub_account_unconfigured_trunk_and_bad_signature_look_the_same(door: Door) -> None:
    raw = orjson.dumps(payload())
    answers = [
        await door.post(raw, path="/hooks/NOBODY/generic"),
        await door.post(raw, path="/hooks/LOC/twilio"),
        await door.post(raw, path="/hooks/LOC/no-such-trunk"),
        await door.post(raw, headers=signed(raw, "wrong")),
        await door.post(raw, headers={}),
    ]
    assert {status for status, _ in answers} == {401}
    assert all(told == answers[0][1] for _, told in answers)
    assert not await door.kept()
    assert not await door.quarantined()


async def test_a_wrong_signature_is_not_saved_by_a_right_bearer(door: Door) -> None:
    raw = orjson.dumps(payload())
    headers = signed(raw, "wrong") | {"Authorization": f"Bearer {SECRET}"}
    status, _ = await door.post(raw, headers=headers)
    assert status == 401


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{not json", id="not JSON"),
        pytest.param(b'{"hello": "world"}', id="not a call"),
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xfe\x00", id="not text"),
        pytest.param(b"[" * 5000 + b"]" * 5000, id="deep nesting"),
        pytest.param(orjson.dumps(payload("x" * 5000)), id="endless id"),
    ],
)
async def test_what_is_authentic_but_not_a_call_is_quarantined_as_it_came(door: Door, body: bytes) -> None:
    status, told = await door.post(body)
    assert (status, told["status"]) == (200, "quarantined")
    ((raw, reason),) = await door.quarantined()
    assert raw == body
    assert reason


async def test_an_event_before_the_end_of_the_call_is_kept_with_the_call(door: Door) -> None:
    begun = payload(event="initiated", end=None, hangup_cause=None)
    status, told = await door.post(begun)
    assert (status, told["status"]) == (200, "accepted")
    assert (await door.post(begun))[1]["status"] == "duplicate"
    assert not await door.kept()
    (call,) = await door.service.store.open_calls(before_ms=2**62, limit=9)
    assert (call.location, call.call_id) == ("LOC", "call-1")
    await door.post(payload())
    assert await door.kept() == ["call-1"]
    assert await door.service.store.open_calls(before_ms=2**62, limit=9) == []


async def test_a_body_over_the_cap_is_413_and_a_problem_document(door: Door) -> None:
    raw = orjson.dumps(payload(note="x" * 1_100_000))
    async with door.client.post("/hooks/LOC/generic", data=io.BytesIO(raw), headers=signed(raw)) as answer:
        assert answer.status == 413
        assert answer.content_type == "application/problem+json"
    assert not await door.kept()


async def test_a_small_body_that_unpacks_over_the_cap_is_413(door: Door) -> None:
    raw = gzip.compress(b" " * 50_000_000)
    headers = signed(raw) | {"Content-Encoding": "gzip"}
    async with door.client.post("/hooks/LOC/generic", data=raw, headers=headers) as answer:
        assert answer.status == 413


async def test_a_get_where_the_trunk_posts_is_405(door: Door) -> None:
    async with door.client.get("/hooks/LOC/generic", headers=signed(b"")) as answer:
        assert answer.status == 405


async def test_an_unknown_address_is_a_problem_document(door: Door) -> None:
    async with door.client.get("/nothing/here") as answer:
        assert answer.status == 404
        assert answer.content_type == "application/problem+json"


async def test_a_body_that_is_not_packed_as_its_headers_say_is_400(door: Door) -> None:
    raw = b"this is no gzip"
    status, told = await door.post(raw, headers=signed(raw) | {"Content-Encoding": "gzip"})
    assert (status, told["title"]) == (400, "Bad transfer")
    assert await door.kept() == []


async def test_a_transfer_that_is_no_http_is_400(door: Door) -> None:
    assert door.client.port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", door.client.port)
    writer.write(
        b"POST /hooks/LOC/generic HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nnot a chunk\r\n\r\n"
    )
    answer = await reader.readline()
    writer.close()
    assert b"400" in answer


class FullStore:
    """A store whose disk is full for events; everything else goes through."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def record(self, events: object) -> list[bool]:
        del events
        raise StoreFullError("the disk is full")

    quarantine = record


@pytest.mark.parametrize("body", [orjson.dumps(payload()), b"{not json"])
async def test_a_store_that_cannot_keep_it_is_503_with_retry_after(tmp_path: Path, body: bytes) -> None:
    async with open_door(tmp_path, store_seam=FullStore) as door:
        async with door.client.post("/hooks/LOC/generic", data=body, headers=signed(body)) as answer:
            assert answer.status == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert "send it again" in await answer.text()
        assert not await door.kept()
        assert not await door.quarantined()


@pytest.mark.parametrize("limit", ["queue_limit", "queue_limit_per_location"])
async def test_a_full_queue_is_429_with_retry_after_and_keeps_nothing(tmp_path: Path, limit: str) -> None:
    limits: dict[str, Any] = {limit: 1}
    async with open_door(tmp_path, **limits) as door:
        await door.post(payload("call-1"))
        await door.service.watch.look()
        raw = orjson.dumps(payload("call-2"))
        async with door.client.post("/hooks/LOC/generic", data=raw, headers=signed(raw)) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) > 0
        assert await door.kept() == ["call-1"]


async def test_a_new_sub_account_is_taken_up_by_the_running_service(door: Door) -> None:
    row = await door.service.store.get_location("LOC")
    assert row is not None
    assert (await door.post(payload(), path="/hooks/NEW/generic"))[0] == 401
    await door.service.store.put_location("NEW", document=row.document, secrets={}, now_ms=1)
    assert await door.service.locations.refresh()
    assert await door.service.locations.get("NEW") is not None


async def test_a_trunk_whose_secret_was_taken_away_has_no_entry(door: Door) -> None:
    row = await door.service.store.get_location("LOC")
    assert row is not None
    await door.service.store.put_location("LOC", document=row.document, secrets={"trunk/generic": None}, now_ms=2)
    await door.service.locations.refresh()
    assert (await door.post(payload()))[0] == 401


async def test_health_readiness_and_metrics_answer(door: Door) -> None:
    await door.post(payload())
    for path, text in (
        ("/healthz", "ok"),
        ("/readyz", "ready"),
        ("/metrics", 'status="accepted",trunk="generic"} 1.0'),
    ):
        async with door.client.get(path) as answer:
            assert answer.status == 200
            assert text in await answer.text()


async def test_another_leg_is_ignored_as_a_call_and_linked_to_its_own(tmp_path: Path) -> None:
    leg = {
        "eventType": "transferDisconnect",
        "callId": "b-leg",
        "parentCallId": "a-leg",
        "transferCallerId": "+14155550100",
        "transferTo": "+14155550177",
        "direction": "outbound",
        "startTime": "2026-11-23T10:00:00.000Z",
        "endTime": "2026-11-23T10:00:09.000Z",
        "cause": "busy",
    }
    async with open_door(tmp_path, trunks=("bandwidth",)) as door:
        _, told = await door.post(leg, path="/hooks/LOC/bandwidth", headers={"Authorization": f"Bearer {SECRET}"})
        assert told["status"] == "ignored"
        assert not await door.kept()
        end = leg | {"eventType": "disconnect", "callId": "a-leg", "from": "+14155550111", "to": "+14155550100"}
        del end["parentCallId"]
        await door.post(end, path="/hooks/LOC/bandwidth", headers={"Authorization": f"Bearer {SECRET}"})
        (held,) = await door.service.store.claim("t", now_ms=2**50, lease_ms=9, limit=1, per_location=9)
        assert held.call_id == "a-leg"
        assert [Call.from_json(part).call_id for part in held.parts] == ["b-leg"]
