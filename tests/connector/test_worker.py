"""The worker makes deliveries of timers that are due: in time, whether it is busy, idle, or may not deliver now."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest_asyncio

from connector.observe import Metrics
from connector.outage import EVERYBODY
from connector.store import Delivery, Ending, Pause
from connector.store.sqlite import SqliteStore
from connector.worker import Limits, Worker
from tests.connector.store.build import DONE, NOW, event
from tests.connector.store.follow_up.build import follows, later

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.delivery import Carrier
    from connector.store.database import Database

SECOND_MS = 1000


class Carried:
    """A carrier to whom everything succeeds."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.events: list[str] = []
        self.came = asyncio.Event()

    async def carry(self, delivery: Delivery) -> Ending:
        assert await self.database.write_down(delivery.lease, now_ms=NOW, ending=DONE)
        self.events.append(delivery.event)
        self.came.set()
        return DONE


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now_ms = NOW

    def __call__(self) -> int:
        return self.now_ms


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


def worker(database: Database, carried: Carried, clock: Clock, *, concurrency: int = 8) -> Worker:
    """A worker that promotes timers."""
    return Worker(
        store=database,
        carrier=cast("Carrier", carried),
        metrics=Metrics(),
        owner="test",
        limits=Limits(concurrency=concurrency),
        now_ms=clock,
        chance=lambda: 0.0,
        timers=database.follow_up,
    )


async def test_a_timer_that_is_due_is_carried(database: Database) -> None:
    carried, clock = Carried(database), Clock()
    await follows(database, later(ms=5))
    clock.now_ms += 5
    working = worker(database, carried, clock)
    assert await working.claim() == 1
    await working.settle()
    assert carried.events == ["timer:review"]


async def test_an_idle_worker_promotes_as_soon_as_a_timer_is_due(database: Database) -> None:
    carried, clock = Carried(database), Clock()
    await follows(database, later("a", ms=1), later("b", ms=2))
    working = worker(database, carried, clock)
    for _ in range(3):  # nothing is due; then, a millisecond after one another, one and the other
        while await working.claim():
            await working.settle()
        clock.now_ms += 1
    assert carried.events == ["timer:a", "timer:b"]


async def test_a_busy_worker_promotes_within_a_second(database: Database) -> None:
    carried, clock = Carried(database), Clock()
    await follows(database, later(ms=1))
    working = worker(database, carried, clock)
    for number in range(10):
        await database.record([event(f"busy-{number}", received_ms=clock())])
        assert await working.claim()
        await working.settle()
        clock.now_ms += SECOND_MS // 5
    assert "timer:review" in carried.events[:7]


async def test_more_timers_than_one_piece_are_all_promoted(database: Database) -> None:
    carried, clock = Carried(database), Clock()
    await follows(database, *(later(f"{n}", ms=-1) for n in range(250)))
    working = worker(database, carried, clock)
    while await working.claim():
        await working.settle()
    assert len(carried.events) == 250


async def test_timers_are_promoted_while_nothing_may_be_delivered(database: Database) -> None:
    carried, clock = Carried(database), Clock()
    await follows(database, later(ms=-1))
    await database.pause(EVERYBODY, Pause(NOW + SECOND_MS, "the CRM is away", 1))
    working = worker(database, carried, clock)
    await working.start()
    assert await working.claim() == 0
    assert await database.follow_up.next_timer_ms() is None
    assert await database.next_due_ms(now_ms=NOW) == NOW + SECOND_MS


async def test_the_running_worker_wakes_for_a_timer(database: Database) -> None:
    carried = Carried(database)
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    working = worker(database, carried, cast("Clock", lambda: NOW + int((loop.time() - begun_s) * 1000)))
    await follows(database, later(ms=30))
    running = asyncio.create_task(working.run())
    async with asyncio.timeout(20):
        await carried.came.wait()
    running.cancel()
    await working.settle()
    assert carried.events == ["timer:review"]
