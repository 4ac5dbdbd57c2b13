"""All that is sealed can be sealed anew, and only where it is still what was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store.sealed import START
from connector.store.sqlite import SqliteStore
from oauth.standing import Kind, NewGrant, NewPair, Standing
from oauth.vault import place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database

NOW = 1_790_000_000_000


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """Two sub-accounts with secrets, one of them with a grant, and one that is wanted, without."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    for location in ("L1", "L2"):
        secrets = {"token": f"{location}-token".encode(), "trunk/generic": f"{location}-trunk".encode()}
        await made.put_location(location, document=b"{}", secrets=secrets, now_ms=NOW)
    grant = NewGrant(kind=Kind.LOCATION, id="L1", company_id="C1", standing=Standing.ACTIVE, sealed=b"L1-grant")
    await made.grants.put(grant, expected=0, now_ms=NOW)
    await made.grants.want(["L9"], company_id="C1", at_ms=NOW, now_ms=NOW)
    yield made
    await made.close()


async def everything(database: Database, limit: int) -> list[tuple[str, bytes]]:
    found, after = [], START
    while page := await database.sealed.page(limit=limit, after=after):
        assert len(page) <= limit
        found += [(row.bound_to, row.sealed) for row in page]
        after = page[-1].spot
    return found


async def test_every_sealed_value_is_listed_once_whatever_the_page(database: Database) -> None:
    listed = [
        ("L1/grant/Location", b"L1-grant"),
        (place("L1", "token"), b"L1-token"),
        (place("L1", "trunk/generic"), b"L1-trunk"),
        (place("L2", "token"), b"L2-token"),
        (place("L2", "trunk/generic"), b"L2-trunk"),
    ]
    for limit in (1, 2, 3, 100):
        assert await everything(database, limit) == listed


async def test_what_is_still_the_same_is_replaced(database: Database) -> None:
    rows = await database.sealed.page(limit=1) + await database.sealed.page(limit=9, after=("secrets", "L2", "token"))
    assert await database.sealed.replace([(row, b"anew-" + row.sealed) for row in rows]) == 2
    assert (await everything(database, 9))[0][1] == b"anew-L1-grant"
    assert (await everything(database, 9))[-1][1] == b"anew-L2-trunk"


async def test_what_changed_meanwhile_stays(database: Database) -> None:
    (row,) = await database.sealed.page(limit=1)
    leased = await database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=NOW + 1)
    assert leased is not None
    newer = NewPair(sealed=b"newer", scope="", expires_ms=NOW, due_ms=None)
    await database.grants.commit(leased.lease, newer, now_ms=NOW)
    assert await database.sealed.replace([(row, b"anew")]) == 0
    assert (await everything(database, 9))[0][1] == b"newer"


async def test_a_refresh_under_way_is_not_disturbed(database: Database) -> None:
    leased = await database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=NOW + 1)
    (row,) = await database.sealed.page(limit=1)
    await database.sealed.replace([(row, b"anew")])
    assert leased is not None
    newer = NewPair(sealed=b"newer", scope="", expires_ms=NOW, due_ms=None)
    assert await database.grants.commit(leased.lease, newer, now_ms=NOW)


async def test_who_serves_is_told(database: Database) -> None:
    revision = await database.locations_revision()
    (row,) = await database.sealed.page(limit=1)
    await database.sealed.replace([(row, b"anew")])
    assert await database.locations_revision() > revision
