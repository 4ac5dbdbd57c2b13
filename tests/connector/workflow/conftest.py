"""The workflow builder's side on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.connector.workflow.bench import Bench, on_bench

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """One to whose address the CRM knows the secret."""
    async with on_bench(tmp_path) as made:
        yield made
