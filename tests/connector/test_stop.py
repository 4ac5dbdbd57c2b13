"""SIGTERM ends what is in flight within a limit and loses nothing; a second one leaves at once, safely."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

import aiohttp
import orjson
import pytest

from connector.demo.processes import Server, ringback
from connector.sandbox.faults import Fault
from connector.sandbox.seed import workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.store.open import open_store
from mappings.note import has_marker
from tests.connector.door import SECRET, payload, signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CALLS = 40
SLOW_MS = 150


@pytest.fixture
async def sandbox() -> AsyncIterator[tuple[Sandbox, str]]:
    made = Sandbox(rate="off")
    made.register("LOC", workflows=[workflow("LOC", "WF", "SMS", "published", made.now())])
    made.grant("pit-LOC", "LOC")
    made.faults.arm(Fault.model_validate({"kind": "latency", "ms": SLOW_MS}), now_ms=made.clock_ms())
    async with serving(made) as url:
        yield made, url


async def installed(folder: Path, crm: str, drain_s: float) -> dict[str, str]:
    env = {
        "RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}",
        "RINGBACK_CRM_URL": crm,
        "RINGBACK_CRM_BURST": "off",
        "RINGBACK_SETTLE_S": "0.5",
        "RINGBACK_DRAIN_S": str(drain_s),
    }
    words = ["location", "add", "LOC", "--token", "pit-LOC", "--trunk", "generic", "--secret", SECRET]
    await ringback([*words, "--no-answer-workflow", "WF"], env=env)
    return env


async def send_all(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for number in range(CALLS):
            raw = orjson.dumps(payload(f"c{number}", to=f"+1415555{number:04d}"))
            async with session.post(f"{url}/hooks/LOC/generic", data=raw, headers=signed(raw)) as answer:
                assert answer.status == 200


async def leases(env: dict[str, str]) -> int:
    store = await open_store(env["RINGBACK_DATABASE_URL"])
    rows = await store.list_deliveries(limit=1000)
    await store.close()
    assert len(rows) == CALLS
    return sum(row.leased for row in rows)


async def finish(env: dict[str, str], folder: Path, made: Sandbox) -> None:
    """Start again with a fast CRM; every call must be there, once."""
    made.faults.clear()
    async with (
        Server(["serve", "--port", "0"], env=env, log=folder / "again.log") as server,
        aiohttp.ClientSession() as session,
        asyncio.timeout(60),
    ):
        await until_nothing_waits(session, server.url)
    bodies = [note["body"] for c in made.locations["LOC"].contacts.values() for note in c.notes.values()]
    assert len(bodies) == CALLS
    assert all(sum(has_marker(body, f"c{number}") for body in bodies) == 1 for number in range(CALLS))


async def until_nothing_waits(session: aiohttp.ClientSession, url: str) -> None:
    while True:
        async with session.get(f"{url}/metrics") as answer:
            if "\nringback_queue_depth 0.0" in await answer.text():
                return
        await asyncio.sleep(0.3)


async def test_a_clean_stop_ends_what_is_in_flight_and_the_next_start_does_the_rest(
    tmp_path: Path, sandbox: tuple[Sandbox, str]
) -> None:
    made, crm = sandbox
    env = await installed(tmp_path, crm, drain_s=20)
    async with Server(["serve", "--port", "0"], env=env, log=tmp_path / "first.log") as server:
        await send_all(server.url)
        server.signal(signal.SIGTERM)
        assert await server.ended(within_s=30)
        assert server.exit_code == 0
    assert await leases(env) == 0
    await finish(env, tmp_path, made)


async def test_a_second_signal_leaves_at_once_and_loses_nothing(tmp_path: Path, sandbox: tuple[Sandbox, str]) -> None:
    made, crm = sandbox
    made.faults.arm(Fault.model_validate({"kind": "latency", "ms": 4000}), now_ms=made.clock_ms())
    env = await installed(tmp_path, crm, drain_s=60)
    async with Server(["serve", "--port", "0"], env=env, log=tmp_path / "first.log") as server:
        await send_all(server.url)
        server.signal(signal.SIGTERM)
        await asyncio.sleep(0.5)  # two signals, not one
        server.signal(signal.SIGTERM)
        assert await server.ended(within_s=3)
    await finish(env, tmp_path, made)
