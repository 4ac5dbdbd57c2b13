"""People on our pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from tests.connector.pages.office import Office, open_office

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    async with open_office(tmp_path) as made:
        yield made
