"""The API on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.connector.api.bench import Bench, furnish, on_bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """Two agencies with three sub-accounts, and a key for each."""
    async with on_bench(tmp_path) as made:
        await furnish(made)
        yield made
