"""What only a file can promise: it survives, it can be full, and one process serves from it."""

from __future__ import annotations

import asyncio
import os
import resource
import sqlite3
import stat
import sys
from contextlib import closing, contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.store import ActionResult, Applied, State, StoreError, StoreFullError
from connector.store.lock import hold
from connector.store.migrate import migrate
from connector.store.sqlite import SqliteStore
from tests.connector.store.build import DONE, NOW, claim, claim_one, event, request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

ROOT = Path(__file__).parents[3]
LARGE = bytes(200_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database will be."""
    return tmp_path / "ringback.db"


@pytest_asyncio.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    """A store on a new file."""
    made = await SqliteStore.open(path)
    yield made
    await made.close()


@pytest.fixture
def damaged(path: Path) -> Path:
    """A file that is no database."""
    path.write_bytes(b"this is no database" * 1_000)
    return path


async def fill(store: SqliteStore, size: int) -> None:
    """Record events with calls of that size until no more goes in."""
    for number in count():
        try:
            await store.record([event(f"{size}-{number}", call=bytes(size))])
        except StoreFullError:
            return


async def small(path: Path, pages: int) -> SqliteStore:
    """A store that may grow by so many pages of 4 KiB beyond its empty tables."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
        migrate(empty)
        (taken,) = empty.execute("PRAGMA page_count").fetchone()
    return await SqliteStore.open(path, max_pages=taken + pages)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process can grow beyond `size` bytes: a disk that is full, without one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_the_next_process_knows_what_was_kept(store: SqliteStore, path: Path) -> None:
    await store.record([event("call-1"), event("call-2")])
    delivery = (await claim(store, limit=1))[0]
    note = ActionResult("note", Applied.APPLIED, "note-1")
    await store.write_down(delivery.lease, now_ms=NOW, results=[note], ending=DONE)
    await store.close()
    reopened = await SqliteStore.open(path)
    assert [row.state for row in await reopened.list_deliveries()] == [State.DONE, State.WAITING]
    assert await reopened.ledger(delivery.lease.delivery) == [note]
    assert await reopened.record([event("call-1"), event("call-2"), event("call-3")]) == [False, False, True]
    await reopened.close()


async def test_a_second_process_sees_what_the_first_committed(store: SqliteStore, path: Path) -> None:
    other = await SqliteStore.open(path)
    await other.put_location("loc-a", document=b"{}", secrets={}, now_ms=NOW)
    assert await store.locations_revision() == 1
    await other.record([event()])
    assert (await claim_one(store)).call_id == "call-1"
    await other.close()


async def test_what_was_acknowledged_survives_kill_9(path: Path) -> None:
    command = [sys.executable, "-m", "tests.connector.store.recorder", str(path)]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert child.stdout is not None
    async with asyncio.timeout(20):
        told = [await child.stdout.readline() for _ in range(200)]
        child.kill()
        told += (await child.stdout.read()).splitlines(keepends=True)
        await child.wait()
    acknowledged = {line.decode().strip() for line in told if line.endswith(b"\n")}
    store = await SqliteStore.open(path, exclusive=True)
    kept = {row.call_id for row in await store.list_deliveries(limit=1_000_000)}
    await store.close()
    assert len(acknowledged) >= 200
    assert acknowledged <= kept


async def test_all_events_of_one_call_are_kept_or_none(store: SqliteStore) -> None:
    with pytest.raises(StoreError):
        await store.record([event("call-1"), event("call-\ud800")])  # no database takes half a surrogate pair
    assert await store.list_deliveries() == []


async def test_a_full_file_keeps_nothing_of_what_it_refuses(path: Path) -> None:
    store = await small(path, 30)
    with pytest.raises(StoreFullError, match="full"):
        await store.record([event("small"), event("large", call=LARGE)])
    assert await store.list_deliveries() == []
    assert await store.record([event("small")]) == [True]
    await store.close()


async def test_a_full_file_takes_more_once_there_is_room(path: Path) -> None:
    store = await small(path, 60)
    taking_room = await store.quarantine(request(LARGE))
    with pytest.raises(StoreFullError):
        await store.record([event(call=LARGE)])
    await store.release(taking_room)
    assert await store.record([event(call=LARGE)]) == [True]
    await store.close()


async def test_a_full_file_fails_its_check(path: Path) -> None:
    store = await small(path, 60)
    for size in (50_000, 2_000, 10):
        await fill(store, size)
    with pytest.raises(StoreFullError):
        await store.check()
    await store.close()


async def test_a_disk_that_fills_up_during_the_commit_loses_nothing(store: SqliteStore) -> None:
    await store.record([event("before")])
    with full_disk(100_000), pytest.raises(StoreFullError):
        await store.record([event("during", call=LARGE)])
    assert await store.record([event("during", call=LARGE), event("before")]) == [True, False]


async def test_a_damaged_file_is_said_to_be_damaged(damaged: Path) -> None:
    with pytest.raises(StoreError, match=r"ringback\.db is damaged"):
        await SqliteStore.open(damaged)


async def test_a_file_without_a_folder_cannot_be_opened(path: Path) -> None:
    with pytest.raises(StoreError, match="No such file"):
        await SqliteStore.open(path / "nowhere" / "ringback.db")
    with pytest.raises(StoreError, match="No such file"):
        await SqliteStore.open(path / "nowhere" / "ringback.db", exclusive=True)


async def test_a_new_file_is_for_its_owner_only(store: SqliteStore, path: Path) -> None:
    await store.record([event()])
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


async def test_only_one_process_serves_a_file(path: Path) -> None:
    serving = await SqliteStore.open(path, exclusive=True)
    with pytest.raises(StoreError, match=r"ringback\.db is in use .*Stop that one first"):
        await SqliteStore.open(path, exclusive=True)
    await serving.close()


async def test_commands_open_a_file_that_is_served(path: Path) -> None:
    serving = await SqliteStore.open(path, exclusive=True)
    command = await SqliteStore.open(path)
    assert await command.record([event()]) == [True]
    await command.close()
    await serving.close()


async def test_who_closes_lets_the_next_one_serve(path: Path) -> None:
    for _ in range(2):
        serving = await SqliteStore.open(path, exclusive=True)
        await serving.close()
        await serving.close()


async def test_who_fails_to_open_lets_the_next_one_serve(damaged: Path) -> None:
    with pytest.raises(StoreError):
        await SqliteStore.open(damaged, exclusive=True)
    os.close(hold(damaged))


async def test_a_closed_store_refuses(store: SqliteStore) -> None:
    await store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.record([event()])
    with pytest.raises(StoreError, match="closed"):
        await store.list_deliveries()


async def test_a_look_up_that_fails_is_a_store_error(store: SqliteStore) -> None:
    with pytest.raises(StoreError):
        await store.get_location("\ud800")
    assert await store.get_location("loc-a") is None


async def test_intake_is_turned_away_when_too_much_waits_to_be_written(store: SqliteStore, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")  # the writer waits for it with what it has taken
        tasks = [asyncio.create_task(store.record([event()])) for _ in range(10_300)]
        await asyncio.sleep(0)
        with pytest.raises(StoreFullError, match="wait"):
            await store.record([event()])
        other.execute("ROLLBACK")
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert sum(outcome == [True] for outcome in outcomes) == 1
