"""The sub-accounts' configuration and sealed secrets in SQLite; every change is counted and noted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.store import LocationRow
from connector.store.history import SERVICE, Owner
from connector.store.lite.access import ACCESS
from connector.store.lite.changes import noted
from connector.store.queries import QUERIES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping


def put(
    db: sqlite3.Connection,
    location: str,
    *,
    document: bytes | None,
    secrets: Mapping[str, bytes | None],
    now_ms: int,
    who: str = SERVICE,
    what: str = "configuration",
    expected: int | None = None,
) -> int | None:
    """Replace the document (None: leave it); replace, add or remove the secrets that are named.

    The new version; None, with nothing changed, where `expected` is not the newest one any more.
    """
    before = _document(db, location)
    version = noted(
        db, Owner("location", location), before=before, who=who, what=what, now_ms=now_ms, expected=expected
    )
    if version is None or (document is None and before is None):
        return version
    values = {"location": location, "document": before if document is None else document, "updated_ms": now_ms}
    db.execute(QUERIES["put_location"], values)
    for name, sealed in secrets.items():
        query = "remove_secret" if sealed is None else "put_secret"
        db.execute(QUERIES[query], {"location": location, "name": name, "sealed": sealed})
    db.execute(QUERIES["revise"])
    return version


def get(db: sqlite3.Connection, location: str) -> LocationRow | None:
    """None where there is no such sub-account."""
    row = db.execute(QUERIES["get_location"], {"location": location}).fetchone()
    return None if row is None else with_secrets(db, row)


def page(db: sqlite3.Connection, *, limit: int, after: str) -> list[LocationRow]:
    """Sub-accounts by id."""
    rows = db.execute(QUERIES["list_locations"], {"limit": limit, "after": after}).fetchall()
    return [with_secrets(db, row) for row in rows]


def remove(db: sqlite3.Connection, location: str, *, who: str = SERVICE, now_ms: int | None = None) -> bool:
    """Its API keys open nothing any more. False where there is no such sub-account."""
    row = get(db, location)
    if row is None:
        return False
    at_ms = row.updated_ms if now_ms is None else now_ms
    noted(db, Owner("location", location), before=row.document, who=who, what="removed", now_ms=at_ms)
    db.execute(QUERIES["remove_location"], {"location": location})
    db.execute(QUERIES["remove_secrets"], {"location": location})
    db.execute(ACCESS["revoke_keys_of"], {"kind": "location", "owner": location, "now_ms": at_ms})
    db.execute(QUERIES["revise"])
    return True


def revision(db: sqlite3.Connection) -> int:
    """How often any sub-account changed."""
    number: int = db.execute(QUERIES["revision"]).fetchone()[0]
    return number


def _document(db: sqlite3.Connection, location: str) -> bytes | None:
    row = db.execute(QUERIES["get_location"], {"location": location}).fetchone()
    return None if row is None else row[1]


def with_secrets(db: sqlite3.Connection, row: tuple[Any, ...]) -> LocationRow:
    """A row of `get_location` or of the lists, with its sealed secrets."""
    location, document, updated_ms, version, company, defaults = row
    secrets = dict(db.execute(QUERIES["secrets"], {"location": location}).fetchall())
    return LocationRow(
        id=location,
        document=document,
        secrets=secrets,
        updated_ms=updated_ms,
        version=version or 0,
        company=company,
        defaults=defaults,
    )
