"""A process that lives on grants until it is killed: `python -m tests.crash_tokens.process FOLDER CRM_URL`."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from connector.crm.errors import CrmError
from oauth.standing import Kind
from tests.crash.mine import Mine
from tests.crash_tokens.home import home

if TYPE_CHECKING:
    from tests.crash_tokens.home import Home

TEND_S = 0.05
GAP_S = 0.02


async def main(folder: Path, crm_url: str) -> NoReturn:
    """Ask for every sub-account, all the time; `ready` is printed once the first tokens were handed out."""
    async with home(folder, crm_url, Mine(os.environ.get("RINGBACK_MINE"))) as here:
        locations = [row.id for row in await here.database.grants.page(kind=Kind.LOCATION)]
        print("ready at http://127.0.0.1:0", flush=True)  # noqa: T201 - whoever started us waits for it
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(tend(here))
            for location in locations:
                tasks.create_task(ask(here, location))
    raise SystemExit(1)  # nobody gets here


async def tend(here: Home) -> NoReturn:
    """As the connector does, only more often."""
    while True:
        await here.keeper.tend()
        await asyncio.sleep(TEND_S)


async def ask(here: Home, location: str) -> NoReturn:
    """One sub-account's work."""
    while True:
        with contextlib.suppress(CrmError, LookupError):
            await here.crm.get_location(location)
        await asyncio.sleep(GAP_S)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
