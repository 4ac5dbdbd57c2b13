"""Counting and noting the changes of configurations, in the transaction that makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.store.history import KEPT, Change
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3

    from connector.store.history import Owner

HISTORY: Final = statements("history")
_NEWEST: Final = 2**62


def noted(
    db: sqlite3.Connection,
    owner: Owner,
    *,
    before: bytes | None,
    who: str,
    what: str,
    now_ms: int,
    expected: int | None = None,
) -> int | None:
    """The new version, noted; None (and nothing noted) where `expected` is not the newest one any more."""
    whose = {"kind": owner.kind, "id": owner.id}
    row = db.execute(HISTORY["bump"], whose | {"expected": expected}).fetchone()
    if row is None:
        return None
    version: int = row[0]
    db.execute(
        HISTORY["note"], whose | {"version": version, "at_ms": now_ms, "who": who, "what": what, "document": before}
    )
    db.execute(HISTORY["forget"], whose | {"version": version - KEPT})
    return version


def newest(db: sqlite3.Connection, owner: Owner) -> int:
    """The newest version; 0 for what never was configured."""
    row = db.execute(HISTORY["version"], {"kind": owner.kind, "id": owner.id}).fetchone()
    return 0 if row is None else int(row[0])


def changes(db: sqlite3.Connection, owner: Owner, *, limit: int, before: int | None) -> list[Change]:
    """See `History.changes`."""
    asked = {"kind": owner.kind, "id": owner.id, "limit": limit, "before": _NEWEST if before is None else before}
    return [Change(*row) for row in db.execute(HISTORY["changes"], asked)]
