"""A process that promotes timers one by one until it is killed, and prints a line for each it was told of."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from connector.store.sqlite import SqliteStore
from tests.connector.store.build import NOW


async def _promote(path: Path) -> None:
    store = await SqliteStore.open(path)
    while await store.follow_up.promote(now_ms=NOW, limit=1):
        print("promoted", flush=True)  # noqa: T201 - its only way to tell


if __name__ == "__main__":
    asyncio.run(_promote(Path(sys.argv[1])))
