"""Timers outlive processes, and several processes on one database promote each timer once."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from connector.store import TIMER
from connector.store.sqlite import SqliteStore
from tests.connector.store.build import NOW
from tests.connector.store.follow_up.build import MINUTE_MS, follows, later

ROOT = Path(__file__).parents[4]
COUNT = 500
KEYS = {f"{n}" for n in range(COUNT)}


async def _all_due(path: Path) -> SqliteStore:
    store = await SqliteStore.open(path)
    await follows(store, *(later(key, ms=-1) for key in sorted(KEYS)))
    return store


async def _promoted(store: SqliteStore) -> list[str]:
    rows = await store.list_deliveries(limit=2 * COUNT)
    return [row.event.removeprefix(TIMER) for row in rows if row.event.startswith(TIMER)]


async def test_a_timer_outlives_its_process(tmp_path: Path) -> None:
    before = await SqliteStore.open(tmp_path / "ringback.db")
    await follows(before, later())
    await before.close()
    after = await SqliteStore.open(tmp_path / "ringback.db")
    assert await after.follow_up.promote(now_ms=NOW + MINUTE_MS, limit=9) == 1
    await after.close()


async def test_kill_9_in_the_middle_leaves_each_timer_pending_or_promoted(tmp_path: Path) -> None:
    store = await _all_due(tmp_path / "ringback.db")
    command = [sys.executable, "-m", "tests.connector.store.follow_up.promoter", str(tmp_path / "ringback.db")]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    for _ in range(20):
        assert await child.stdout.readline()
    child.kill()
    told = 20 + len((await child.stdout.read()).splitlines())
    await child.wait()
    promoted = await _promoted(store)
    pending = [timer.key for timer in await store.follow_up.list_timers("loc-a", limit=2 * COUNT)]
    assert sorted(promoted + pending) == sorted(KEYS)
    assert told <= len(promoted) < COUNT
    await store.close()


async def test_two_processes_share_the_timers(tmp_path: Path) -> None:
    first = await _all_due(tmp_path / "ringback.db")
    second = await SqliteStore.open(tmp_path / "ringback.db")
    pieces = await asyncio.gather(
        *(store.follow_up.promote(now_ms=NOW, limit=30) for store in (first, second) for _ in range(COUNT // 20))
    )
    assert sum(pieces) == COUNT
    assert sorted(await _promoted(first)) == sorted(KEYS)
    await second.close()
    await first.close()
