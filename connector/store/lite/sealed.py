"""Sealed values of all tables, in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from connector.store.queries import QUERIES, statements
from connector.store.sealed import START, SealedRow
from oauth.standing import Kind, grant_name
from oauth.vault import place

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from connector.store.reader import Reader
    from connector.store.sealed import Spot
    from connector.store.writer import Writer

_SQL: Final = statements("sealed")


class SqliteSealed:
    """See `Sealed`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def page(self, *, limit: int, after: Spot = START) -> list[SealedRow]:
        """See `Sealed.page`."""
        return await self._reader.run(partial(_page, limit=limit, after=after))

    async def replace(self, rows: Sequence[tuple[SealedRow, bytes]]) -> int:
        """See `Sealed.replace`."""
        return await self._writer.run(partial(_replace, rows=rows))


def _page(db: sqlite3.Connection, limit: int, after: Spot) -> list[SealedRow]:
    table, *key = after
    found = [] if table > "grants" else [_grant(row) for row in _rows(db, "page_grants", limit, key)]
    if found:
        return found
    return [_secret(row) for row in _rows(db, "page_secrets", limit, key if table == "secrets" else ["", ""])]


def _rows(db: sqlite3.Connection, query: str, limit: int, key: list[str]) -> list[tuple[str, str, bytes]]:
    return db.execute(_SQL[query], {"first": key[0], "second": key[1], "limit": limit}).fetchall()


def _grant(row: tuple[str, str, bytes]) -> SealedRow:
    kind, grant_id, sealed = row
    return SealedRow("grants", (kind, grant_id), place(grant_id, grant_name(Kind(kind))), sealed)


def _secret(row: tuple[str, str, bytes]) -> SealedRow:
    location, name, sealed = row
    return SealedRow("secrets", (location, name), place(location, name), sealed)


def _replace(db: sqlite3.Connection, rows: Sequence[tuple[SealedRow, bytes]]) -> int:
    replaced = 0
    for row, anew in rows:
        values = {"first": row.key[0], "second": row.key[1], "sealed": row.sealed, "anew": anew}
        replaced += db.execute(_SQL[f"replace_{row.table}"], values).rowcount
    if replaced:  # whoever serves opens them anew, and finds that there is a newer key
        db.execute(QUERIES["revise"])
    return replaced
