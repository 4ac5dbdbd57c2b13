"""The sub-accounts' configuration and sealed secrets in SQLite."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import LocationRow
from connector.store.queries import QUERIES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


def put(
    db: sqlite3.Connection,
    location: str,
    *,
    document: bytes,
    secrets: Mapping[str, bytes | None],
    now_ms: int,
) -> None:
    """Replace the document; replace, add or remove the secrets that are named."""
    values = {"location": location, "document": document, "updated_ms": now_ms}
    db.execute(QUERIES["put_location"], values)
    for name, sealed in secrets.items():
        query = "remove_secret" if sealed is None else "put_secret"
        db.execute(QUERIES[query], {"location": location, "name": name, "sealed": sealed})
    db.execute(QUERIES["revise"])


def get(db: sqlite3.Connection, location: str) -> LocationRow | None:
    """None where there is no such sub-account."""
    row = db.execute(QUERIES["get_location"], {"location": location}).fetchone()
    return None if row is None else _with_secrets(db, row)


def page(db: sqlite3.Connection, *, limit: int, after: str) -> list[LocationRow]:
    """Sub-accounts by id."""
    rows = db.execute(QUERIES["list_locations"], {"limit": limit, "after": after}).fetchall()
    return [_with_secrets(db, row) for row in rows]


def remove(db: sqlite3.Connection, location: str) -> bool:
    """False where there is no such sub-account."""
    if not db.execute(QUERIES["remove_location"], {"location": location}).rowcount:
        return False
    db.execute(QUERIES["remove_secrets"], {"location": location})
    db.execute(QUERIES["revise"])
    return True


def revision(db: sqlite3.Connection) -> int:
    """How often any sub-account changed."""
    number: int = db.execute(QUERIES["revision"]).fetchone()[0]
    return number


def _with_secrets(db: sqlite3.Connection, row: tuple[str, bytes, int]) -> LocationRow:
    location, document, updated_ms = row
    secrets = dict(db.execute(QUERIES["secrets"], {"location": location}).fetchall())
    return LocationRow(id=location, document=document, secrets=secrets, updated_ms=updated_ms)
