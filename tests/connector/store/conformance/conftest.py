"""Each test of this folder runs once per engine: whatever passes here is a store."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store.sqlite import SqliteStore
from tests.connector.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

    from connector.store import Store


@pytest_asyncio.fixture(params=["memory", "sqlite"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of each kind."""
    made: Store = MemoryStore() if request.param == "memory" else await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()
