"""Calls as wholes, in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from connector.store.calls import KeptCall, Part
from connector.store.lists import delivery
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3

    from connector.store import DeliveryRow
    from connector.store.reader import Reader

_SQL: Final = statements("calls")
_LATEST: Final = 2**63 - 1


class SqliteCalls:
    """See `Calls`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    async def get(self, location: str, call_id: str) -> KeptCall | None:
        """See `Calls.get`."""
        return await self._reader.run(partial(_get, location=location, call_id=call_id))

    async def page(
        self, location: str, *, limit: int, after: int | None = None, before: int | None = None
    ) -> list[KeptCall]:
        """See `Calls.page`."""
        return await self._reader.run(partial(_page, location=location, limit=limit, after=after, before=before))


def _get(db: sqlite3.Connection, *, location: str, call_id: str) -> KeptCall | None:
    values = {"location": location, "call_id": call_id}
    return _kept(db, location, call_id, tuple(map(delivery, db.execute(_SQL["deliveries_of_call"], values))))


def _page(
    db: sqlite3.Connection, *, location: str, limit: int, after: int | None, before: int | None
) -> list[KeptCall]:
    values = {"location": location, "limit": limit, "after": after, "before": _LATEST if before is None else before}
    ends = map(delivery, db.execute(_SQL["newest_calls" if after is None else "calls_since"], values).fetchall())
    found = (_kept(db, end.location, end.call_id, (end,)) for end in ends)
    return [call for call in found if call is not None]


def _kept(db: sqlite3.Connection, location: str, call_id: str, deliveries: tuple[DeliveryRow, ...]) -> KeptCall | None:
    rows = db.execute(_SQL["parts_of_call"], {"location": location, "call_id": call_id}).fetchall()
    places = [(row.trunk, row.lane) for row in deliveries] + [(row[2], row[3]) for row in rows]
    if not places:
        return None
    trunk, lane = places[0]
    parts = tuple(Part(event=row[0], received_ms=row[1], call=row[4]) for row in rows)
    return KeptCall(location=location, call_id=call_id, trunk=trunk, lane=lane, parts=parts, deliveries=deliveries)
