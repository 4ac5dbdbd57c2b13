"""A process that records events until it is killed, and prints the id of each that it was told is kept."""

from __future__ import annotations

import asyncio
import sys
from itertools import count
from pathlib import Path

from connector.store.sqlite import SqliteStore
from tests.connector.store.build import event


async def _record(path: Path) -> None:
    store = await SqliteStore.open(path, exclusive=True)
    numbers = count()

    async def caller() -> None:
        for number in numbers:
            await store.record([event(f"call-{number}")])
            print(f"call-{number}", flush=True)  # noqa: T201 - its only way to tell

    await asyncio.gather(*(caller() for _ in range(8)))


if __name__ == "__main__":
    asyncio.run(_record(Path(sys.argv[1])))
