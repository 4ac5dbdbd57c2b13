"""Grants as the tests of the store need them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauth.standing import Kind, Leased, NewGrant, NewPair, Standing

if TYPE_CHECKING:
    from connector.store.database import Database
    from oauth.standing import GrantRow

NOW = 1_790_000_000_000
UNTIL = NOW + 20_000
ACTIVE = Standing.ACTIVE


async def install(
    database: Database,
    grant_id: str = "L1",
    *,
    kind: Kind = Kind.LOCATION,
    standing: Standing = ACTIVE,
    due_ms: int | None = None,
    expected: int = 0,
    now_ms: int = NOW,
) -> bool:
    company = grant_id if kind is Kind.COMPANY else "C1"
    grant = NewGrant(
        kind=kind, id=grant_id, company_id=company, standing=standing, sealed=b"pair-1", scope="a b", due_ms=due_ms
    )
    return await database.grants.put(grant, expected=expected, now_ms=now_ms)


def pair(sealed: bytes = b"pair-2") -> NewPair:
    return NewPair(sealed=sealed, scope="a", expires_ms=NOW + 99, due_ms=NOW + 9)


async def row(database: Database, grant_id: str = "L1", kind: Kind = Kind.LOCATION) -> GrantRow:
    found = await database.grants.get(kind, grant_id)
    assert found is not None
    return found


async def lease(database: Database, grant_id: str = "L1", *, now_ms: int = NOW, kind: Kind = Kind.LOCATION) -> Leased:
    found = await database.grants.lease(kind, grant_id, now_ms=now_ms, until_ms=now_ms + 20_000)
    assert found is not None
    return found


async def due(database: Database, standing: Standing, now_ms: int = NOW, limit: int = 10) -> list[str]:
    taken = await database.grants.take(standing, now_ms=now_ms, until_ms=now_ms + 20_000, limit=limit)
    return [leased.row.id for leased in taken]
