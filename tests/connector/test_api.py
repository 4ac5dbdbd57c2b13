"""`/api/v1`: only for the operator; lists have limits; a parked delivery can be brought back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.clock import now_ms
from connector.store import ActionResult, Applied, Ending, State
from tests.connector.door import Door, open_door, payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

KEY = {"Authorization": "Bearer operator-key"}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path, api_key="operator-key") as made:
        yield made


async def ask(door: Door, path: str, *, method: str = "GET", headers: dict[str, str] | None = None) -> tuple[int, Any]:
    async with door.client.request(method, path, headers=KEY if headers is None else headers) as answer:
        return answer.status, await answer.json(content_type=None)


async def park(door: Door) -> int:
    """One delivery, parked with a refused action."""
    await door.service.worker.drain(0)
    await door.service.store.release_all(now_ms=now_ms(), due_ms=0)
    (row,) = await door.service.store.list_deliveries()
    held = await door.service.store.claim("test", now_ms=now_ms() + 10**6, lease_ms=10**6, limit=1, per_location=9)
    await door.service.store.write_down(
        held[0].lease,
        now_ms=now_ms() + 10**6,
        results=[ActionResult("note", Applied.REFUSED, reason="422")],
        ending=Ending(State.PARKED, "note: 422"),
    )
    return row.id


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/deliveries"),
        ("GET", "/api/v1/deliveries/1"),
        ("POST", "/api/v1/deliveries/1/replay"),
        ("GET", "/api/v1/quarantine"),
    ],
)
async def test_nobody_else_gets_in(door: Door, method: str, path: str, headers: dict[str, str]) -> None:
    assert (await ask(door, path, method=method, headers=headers))[0] == 401


async def test_without_a_key_there_is_no_entry(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door:
        assert (await ask(door, "/api/v1/deliveries", headers={"Authorization": "Bearer None"}))[0] == 401
        assert (await ask(door, "/api/v1/deliveries", headers={"Authorization": "Bearer "}))[0] == 401


async def test_what_waits_is_listed_with_its_state(door: Door) -> None:
    await door.post(payload())
    status, told = await ask(door, "/api/v1/deliveries?location=LOC")
    assert status == 200
    (one,) = told["deliveries"]
    assert (one["call_id"], one["state"], one["trunk"]) == ("call-1", "waiting", "generic")
    assert (await ask(door, "/api/v1/deliveries?location=OTHER"))[1] == {"deliveries": []}


async def test_a_parked_delivery_shows_its_ledger_and_can_be_replayed(door: Door) -> None:
    await door.post(payload())
    number = await park(door)
    _, told = await ask(door, f"/api/v1/deliveries/{number}")
    assert (told["state"], told["reason"]) == ("parked", "note: 422")
    assert told["ledger"] == [{"key": "note", "outcome": "refused", "crm_id": None, "reason": "422"}]
    assert (await ask(door, f"/api/v1/deliveries/{number}/replay", method="POST"))[0] == 200
    assert (await ask(door, f"/api/v1/deliveries/{number}/replay", method="POST"))[0] == 409


async def test_the_quarantine_is_listed_without_bodies(door: Door) -> None:
    await door.post(b"{secret words")
    _, told = await ask(door, "/api/v1/quarantine")
    (one,) = told["quarantined"]
    assert one["bytes"] == len(b"{secret words")
    assert "secret" not in str(one)


@pytest.mark.parametrize("query", ["limit=0", "limit=501", "limit=x", "after=-1", "state=lost", f"after={10**30}"])
async def test_a_bad_question_is_400(door: Door, query: str) -> None:
    status, told = await ask(door, f"/api/v1/deliveries?{query}")
    assert status == 400
    assert told["detail"]


async def test_an_unknown_delivery_is_404(door: Door) -> None:
    assert (await ask(door, "/api/v1/deliveries/999"))[0] == 404
