"""The grants in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from connector.store import lists
from connector.store.queries import QUERIES, statements
from oauth.standing import GrantRow, Kind, Lease, Leased, Standing

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping, Sequence

    from connector.store.reader import Reader
    from connector.store.writer import Writer
    from oauth.standing import Back, NewGrant, NewPair

_SQL: Final = statements("grants")
_ALL: Final = ""
"""Under which company all are counted."""


class SqliteGrants:
    """See `Grants`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def get(self, kind: Kind, grant_id: str) -> GrantRow | None:
        """See `Grants.get`."""
        return await self._reader.run(partial(_get, kind=kind, grant_id=grant_id))

    async def put(self, grant: NewGrant, *, expected: int, now_ms: int) -> bool:
        """See `Grants.put`."""
        return await self._writer.run(partial(_put, grant=grant, expected=expected, now_ms=now_ms))

    async def want(self, locations: Sequence[str], *, company_id: str | None, at_ms: int, now_ms: int) -> int:
        """See `Grants.want`."""
        values = [
            {"id": location, "company_id": company_id, "at_ms": at_ms, "now_ms": now_ms} for location in locations
        ]
        return await self._writer.run(partial(_want, values=values))

    async def take(self, standing: Standing, *, now_ms: int, until_ms: int, limit: int) -> list[Leased]:
        """See `Grants.take`."""
        values = {"standing": standing, "now_ms": now_ms, "limit": limit}
        return await self._writer.run(partial(_take, values=values, until_ms=until_ms))

    async def lease(self, kind: Kind, grant_id: str, *, now_ms: int, until_ms: int) -> Leased | None:
        """See `Grants.lease`."""
        values = {"kind": kind, "id": grant_id, "now_ms": now_ms, "until_ms": until_ms}
        return await self._writer.run(partial(_lease, values=values))

    async def commit(self, lease: Lease, pair: NewPair, *, now_ms: int) -> bool:
        """See `Grants.commit`."""
        return await self._writer.run(partial(_commit, lease=lease, pair=pair, now_ms=now_ms))

    async def give_back(self, lease: Lease, back: Back, *, now_ms: int) -> bool:
        """See `Grants.give_back`."""
        return await self._writer.run(partial(_give_back, lease=lease, back=back, now_ms=now_ms))

    async def lapse(self, *, now_ms: int) -> int:
        """See `Grants.lapse`: one process serves from a file."""
        return await self._changed("lapse", {"now_ms": now_ms})

    async def confirm(self, kind: Kind, grant_id: str, *, now_ms: int) -> bool:
        """See `Grants.confirm`."""
        return await self._writer.run(partial(_confirm, kind=kind, grant_id=grant_id, now_ms=now_ms))

    async def remove(self, kind: Kind, grant_id: str, *, at_ms: int, now_ms: int) -> bool:
        """See `Grants.remove`."""
        values = {"kind": kind, "id": grant_id, "at_ms": at_ms, "now_ms": now_ms}
        return await self._changed("remove", values, revises=True) > 0

    async def remove_company(self, company_id: str, *, at_ms: int, now_ms: int) -> int:
        """See `Grants.remove_company`."""
        values = {"company_id": company_id, "at_ms": at_ms, "now_ms": now_ms}
        return await self._changed("remove_company", values, revises=True)

    async def of_company(self, company_id: str, *, limit: int = 100, after: str = "") -> list[GrantRow]:
        """See `Grants.of_company`."""
        values = {"company_id": company_id, "limit": limit, "after": after}
        return await self._reader.run(partial(_rows, query="of_company", values=values))

    async def page(
        self, *, kind: Kind | None = None, limit: int = 100, after: tuple[str, str] = ("", "")
    ) -> list[GrantRow]:
        """See `Grants.page`."""
        query = "page" if kind is None else "page_of_kind"
        values = {"kind": kind, "limit": limit, "after_kind": after[0], "after_id": after[1]}
        return await self._reader.run(partial(_rows, query=query, values=values))

    async def counts(self, company_id: str | None = None) -> Mapping[Standing, int]:
        """See `Grants.counts`."""
        return await self._reader.run(partial(_counts, company_id=_ALL if company_id is None else company_id))

    async def _changed(self, query: str, values: Mapping[str, Any], *, revises: bool = False) -> int:
        return await self._writer.run(partial(_change, query=query, values=values, revises=revises))


def _change(db: sqlite3.Connection, query: str, values: Mapping[str, Any], *, revises: bool) -> int:
    changed = db.execute(_SQL[query], values).rowcount
    if changed and revises:
        db.execute(QUERIES["revise"])
    return changed


def _get(db: sqlite3.Connection, kind: Kind, grant_id: str) -> GrantRow | None:
    row = db.execute(_SQL["get"], {"kind": kind, "id": grant_id}).fetchone()
    return None if row is None else _row(row)


def _put(db: sqlite3.Connection, grant: NewGrant, expected: int, now_ms: int) -> bool:
    values = {
        "kind": grant.kind,
        "id": grant.id,
        "company_id": grant.company_id,
        "standing": grant.standing,
        "sealed": grant.sealed,
        "scope": grant.scope,
        "expires_ms": grant.expires_ms,
        "due_ms": grant.due_ms,
        "expected": expected,
        "now_ms": now_ms,
    }
    if not db.execute(_SQL["put_next" if expected else "put_first"], values).rowcount:
        return False
    if grant.standing is Standing.ACTIVE:
        _resume(db, grant.kind, grant.id, now_ms)
    return True


def _want(db: sqlite3.Connection, values: Sequence[Mapping[str, Any]]) -> int:
    wanted = 0
    for one in values:
        wanted += db.execute(_SQL["want"], one).rowcount
        db.execute(_SQL["learn_company"], one)
    return wanted


def _take(db: sqlite3.Connection, values: Mapping[str, Any], until_ms: int) -> list[Leased]:
    due = db.execute(_SQL["due"], values).fetchall()
    now_ms = values["now_ms"]
    leases = [
        _lease(db, {"kind": kind, "id": grant_id, "now_ms": now_ms, "until_ms": until_ms}) for kind, grant_id in due
    ]
    return [leased for leased in leases if leased is not None]


def _lease(db: sqlite3.Connection, values: Mapping[str, Any]) -> Leased | None:
    taken = db.execute(_SQL["lease"], values).fetchall()
    if not taken:
        return None
    row = _row(db.execute(_SQL["get"], values).fetchone())
    return Leased(row, Lease(row.kind, row.id, taken[0][0], row.version))


def _commit(db: sqlite3.Connection, lease: Lease, pair: NewPair, now_ms: int) -> bool:
    before = _get(db, lease.kind, lease.id)
    values = {
        "kind": lease.kind,
        "id": lease.id,
        "version": lease.version,
        "company_id": pair.company_id,
        "sealed": pair.sealed,
        "scope": pair.scope,
        "expires_ms": pair.expires_ms,
        "due_ms": pair.due_ms,
        "now_ms": now_ms,
    }
    if before is None or not db.execute(_SQL["commit"], values).rowcount:
        return False
    if before.standing not in {Standing.ACTIVE, Standing.UNCONFIRMED}:
        _resume(db, lease.kind, lease.id, now_ms)
    return True


def _give_back(db: sqlite3.Connection, lease: Lease, back: Back, now_ms: int) -> bool:
    values = {
        "kind": lease.kind,
        "id": lease.id,
        "lease": lease.token,
        "version": lease.version,
        "standing": back.standing,
        "reason": back.reason,
        "due_ms": back.due_ms,
        "failed": back.failed,
        "now_ms": now_ms,
    }
    return db.execute(_SQL["give_back"], values).rowcount > 0


def _confirm(db: sqlite3.Connection, kind: Kind, grant_id: str, now_ms: int) -> bool:
    if not db.execute(_SQL["confirm"], {"kind": kind, "id": grant_id, "now_ms": now_ms}).rowcount:
        return False
    _resume(db, kind, grant_id, now_ms)
    return True


def _resume(db: sqlite3.Connection, kind: Kind, grant_id: str, now_ms: int) -> None:
    """The grant is active again: what waited for that goes on."""
    values = {"id": grant_id, "now_ms": now_ms}
    if kind is Kind.COMPANY:
        db.execute(_SQL["wake_company"], values)
        return
    db.execute(_SQL["resume"], values)
    lists.pause(db, grant_id, None)
    db.execute(QUERIES["revise"])


def _rows(db: sqlite3.Connection, query: str, values: Mapping[str, Any]) -> list[GrantRow]:
    return [_row(row) for row in db.execute(_SQL[query], values)]


def _row(row: Sequence[Any]) -> GrantRow:
    return GrantRow(
        kind=Kind(row[0]),
        id=row[1],
        company_id=row[2],
        standing=Standing(row[3]),
        standing_ms=row[4],
        installed_ms=row[5],
        reason=row[6],
        version=row[7],
        sealed=row[8],
        scope=row[9],
        expires_ms=row[10],
        due_ms=row[11],
        failures=row[12],
        updated_ms=row[13],
    )


def _counts(db: sqlite3.Connection, company_id: str) -> dict[Standing, int]:
    found = dict(db.execute(_SQL["counts"], {"company_id": company_id}).fetchall())
    return {standing: found.get(standing.value, 0) for standing in Standing}
