"""Configurations, their versions and agencies, in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from connector.store import locations
from connector.store.history import Defaults, Owner
from connector.store.lite.changes import HISTORY, changes, newest, noted
from connector.store.queries import QUERIES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from connector.store import LocationRow
    from connector.store.history import Change
    from connector.store.reader import Reader
    from connector.store.writer import Writer


class SqliteHistory:
    """See `History`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(
        self,
        owner: Owner,
        *,
        document: bytes | None,
        who: str,
        what: str,
        now_ms: int,
        secrets: Mapping[str, bytes | None] | None = None,
        expected: int | None = None,
    ) -> int | None:
        """See `History.put`."""
        if owner.kind == "company":
            put = partial(_put_defaults, company=owner.id)
        else:
            put = partial(locations.put, location=owner.id, secrets=secrets or {})
        return await self._writer.run(
            partial(put, document=document, who=who, what=what, now_ms=now_ms, expected=expected)
        )

    async def remove(self, owner: Owner, *, who: str, now_ms: int) -> bool:
        """See `History.remove`."""
        if owner.kind == "company":
            return await self._writer.run(partial(_remove_defaults, company=owner.id, who=who, now_ms=now_ms))
        return await self._writer.run(partial(locations.remove, location=owner.id, who=who, now_ms=now_ms))

    async def assign(self, location: str, company: str | None, *, who: str, now_ms: int) -> bool:
        """See `History.assign`."""
        return await self._writer.run(partial(_assign, location=location, company=company, who=who, now_ms=now_ms))

    async def company_of(self, location: str) -> str | None:
        """See `History.company_of`."""
        return await self._reader.run(partial(_company_of, location=location))

    async def locations_of(self, company: str, *, limit: int = 100, after: str = "") -> list[LocationRow]:
        """See `History.locations_of`."""
        return await self._reader.run(partial(_locations_of, company=company, limit=limit, after=after))

    async def defaults(self, company: str) -> Defaults | None:
        """See `History.defaults`."""
        return await self._reader.run(partial(_defaults, company=company))

    async def version(self, owner: Owner) -> int:
        """See `History.version`."""
        return await self._reader.run(partial(newest, owner=owner))

    async def changes(self, owner: Owner, *, limit: int = 100, before: int | None = None) -> list[Change]:
        """See `History.changes`."""
        return await self._reader.run(partial(changes, owner=owner, limit=limit, before=before))


def _put_defaults(
    db: sqlite3.Connection,
    *,
    company: str,
    document: bytes | None,
    who: str,
    what: str,
    now_ms: int,
    expected: int | None,
) -> int | None:
    old = _defaults(db, company=company)
    before = None if old is None else old.document
    version = noted(db, Owner("company", company), before=before, who=who, what=what, now_ms=now_ms, expected=expected)
    if version is None or document is None:
        return version
    db.execute(HISTORY["put_defaults"], {"company": company, "document": document, "updated_ms": now_ms})
    db.execute(QUERIES["revise"])
    return version


def _remove_defaults(db: sqlite3.Connection, *, company: str, who: str, now_ms: int) -> bool:
    old = _defaults(db, company=company)
    if old is None:
        return False
    noted(db, Owner("company", company), before=old.document, who=who, what="removed", now_ms=now_ms)
    db.execute(HISTORY["remove_defaults"], {"company": company})
    db.execute(QUERIES["revise"])
    return True


def _assign(db: sqlite3.Connection, *, location: str, company: str | None, who: str, now_ms: int) -> bool:
    owner = Owner("location", location)
    if newest(db, owner) == 0 or _company_of(db, location=location) == company:
        return False
    row = locations.get(db, location)
    what = "belongs to no agency" if company is None else f"belongs to agency {company}"
    noted(db, owner, before=None if row is None else row.document, who=who, what=what, now_ms=now_ms)
    db.execute(HISTORY["assign"], {"id": location, "company": company})
    db.execute(QUERIES["revise"])
    return True


def _company_of(db: sqlite3.Connection, *, location: str) -> str | None:
    row = db.execute(HISTORY["company_of"], {"id": location}).fetchone()
    return None if row is None else row[0]


def _locations_of(db: sqlite3.Connection, *, company: str, limit: int, after: str) -> list[LocationRow]:
    rows = db.execute(HISTORY["locations_of"], {"company": company, "limit": limit, "after": after}).fetchall()
    return [locations.with_secrets(db, row) for row in rows]


def _defaults(db: sqlite3.Connection, *, company: str) -> Defaults | None:
    row = db.execute(HISTORY["defaults"], {"company": company}).fetchone()
    if row is None:
        return None
    document, version, updated_ms = row
    return Defaults(company, document, version or 0, updated_ms)
