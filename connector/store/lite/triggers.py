"""What people's workflows in the CRM ask of us, in SQLite."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Final

from connector.store.queries import QUERIES, statements
from connector.store.triggers import MOST_SUBSCRIPTIONS, SubscriptionRow

if TYPE_CHECKING:
    import sqlite3

    from connector.store.reader import Reader
    from connector.store.writer import Writer

_SQL: Final = statements("triggers")
_FORGOTTEN_AT_A_TIME: Final = 20
"""A few with each new answer: the table stays as large as what is still to be remembered."""


class SqliteTriggers:
    """See `Triggers`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, subscription: SubscriptionRow) -> bool:
        """See `Triggers.put`."""
        return await self._writer.run(partial(_put, subscription=subscription))

    async def forget(self, location: str, subscription: str) -> bool:
        """See `Triggers.forget`."""
        return await self._writer.run(partial(_forget, location=location, subscription=subscription))

    async def of(self, location: str) -> list[SubscriptionRow]:
        """See `Triggers.of`."""
        return await self._reader.run(partial(_of, location=location))

    async def answered(self, location: str, request: bytes, *, now_ms: int) -> bytes | None:
        """See `Triggers.answered`."""
        return await self._reader.run(partial(_answered, location=location, request=request, now_ms=now_ms))

    async def answer(self, location: str, request: bytes, answer: bytes, *, now_ms: int, until_ms: int) -> bytes:
        """See `Triggers.answer`."""
        values = {"location": location, "request": request, "answer": answer, "now_ms": now_ms, "until_ms": until_ms}
        return await self._writer.run(partial(_answer, values=values))


def _put(db: sqlite3.Connection, *, subscription: SubscriptionRow) -> bool:
    kept = db.execute(_SQL["put_subscription"], asdict(subscription) | {"most": MOST_SUBSCRIPTIONS}).rowcount > 0
    if kept:
        db.execute(QUERIES["revise"])
    return kept


def _forget(db: sqlite3.Connection, *, location: str, subscription: str) -> bool:
    forgotten = db.execute(_SQL["forget_subscription"], {"location": location, "id": subscription}).rowcount > 0
    if forgotten:
        db.execute(QUERIES["revise"])
    return forgotten


def _of(db: sqlite3.Connection, *, location: str) -> list[SubscriptionRow]:
    return [
        SubscriptionRow(
            location=row[0], id=row[1], workflow_id=row[2], target_url=row[3], filters=row[4], updated_ms=row[5]
        )
        for row in db.execute(_SQL["subscriptions"], {"location": location})
    ]


def _answered(db: sqlite3.Connection, *, location: str, request: bytes, now_ms: int) -> bytes | None:
    row = db.execute(_SQL["answered"], {"location": location, "request": request, "now_ms": now_ms}).fetchone()
    return None if row is None else row[0]


def _answer(db: sqlite3.Connection, *, values: dict[str, object]) -> bytes:
    db.execute(_SQL["forget_answers"], values | {"limit": _FORGOTTEN_AT_A_TIME})
    db.execute(_SQL["answer"], values)
    standing: bytes = db.execute(_SQL["answered"], values).fetchone()[0]
    return standing
