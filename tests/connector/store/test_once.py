"""Keys that count once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def test_the_first_is_the_only_one(database: Database) -> None:
    assert await database.once.first("state/1", now_ms=1000, until_ms=2000)
    assert not await database.once.first("state/1", now_ms=1999, until_ms=3000)


async def test_keys_do_not_mix(database: Database) -> None:
    assert await database.once.first("state/1", now_ms=1000, until_ms=2000)
    assert await database.once.first("state/2", now_ms=1000, until_ms=2000)


async def test_it_is_forgotten_when_its_time_is_over(database: Database) -> None:
    await database.once.first("state/1", now_ms=1000, until_ms=2000)
    assert await database.once.first("state/1", now_ms=2000, until_ms=3000)


async def test_it_outlives_the_process(tmp_path: Path) -> None:
    before = await SqliteStore.open(tmp_path / "ringback.db")
    await before.once.first("state/1", now_ms=1000, until_ms=2000)
    await before.close()
    after = await SqliteStore.open(tmp_path / "ringback.db")
    assert not await after.once.first("state/1", now_ms=1500, until_ms=2000)
    await after.close()
