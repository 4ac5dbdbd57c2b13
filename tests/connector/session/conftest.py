"""People who sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.connector.session.stage import Desk, at_desk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with at_desk(tmp_path) as made:
        yield made
