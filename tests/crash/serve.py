"""`ringback serve` with a mine in it: `python -m tests.crash.serve`."""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, cast

import uvloop

from connector.app import build
from connector.cli.serve import serve
from connector.settings import load
from tests.crash.mine import Mine, MinedStore, MinedTransport

if TYPE_CHECKING:
    from connector.store.database import Database


def main() -> int:
    mine = Mine(os.environ.get("RINGBACK_MINE"))

    def mined(database: Database) -> Database:
        return cast("Database", MinedStore(database, mine))

    made = partial(build, store_seam=mined, transport_seam=lambda transport: MinedTransport(transport, mine))
    return uvloop.run(serve(load(port=0), made))


if __name__ == "__main__":
    sys.exit(main())
