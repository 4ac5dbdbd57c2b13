"""Keys that count once, in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3

    from connector.store.writer import Writer

_SAY: Final = statements("once")
_FORGOTTEN_AT_A_TIME: Final = 20
"""A few with each new key: the table stays as large as what is still to be remembered."""


class SqliteOnce:
    """See `Once`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def first(self, key: str, *, now_ms: int, until_ms: int) -> bool:
        """See `Once.first`."""
        return await self._writer.run(partial(_first, key=key, now_ms=now_ms, until_ms=until_ms))


def _first(db: sqlite3.Connection, *, key: str, now_ms: int, until_ms: int) -> bool:
    db.execute(_SAY["forget_said"], {"now_ms": now_ms, "limit": _FORGOTTEN_AT_A_TIME})
    return db.execute(_SAY["say"], {"key": key, "now_ms": now_ms, "until_ms": until_ms}).rowcount == 1
