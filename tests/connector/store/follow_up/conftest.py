"""Each test of this folder runs on a database of each engine: whatever passes here keeps what follows a call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database


@pytest_asyncio.fixture(params=["sqlite"])
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()
