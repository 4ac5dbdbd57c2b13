"""The stage on which events play."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.connector.crm_events.stage import Stage, open_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """One registered sub-account."""
    async with open_stage(tmp_path) as made:
        yield made
