"""Keys to the API."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.store.access import MOST_KEYS, ApiKey
from connector.store.migrate import migrate
from connector.store.queries import statements
from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.access import KeyKind
    from connector.store.database import Database

NOW = 1_790_000_000_000
DAY_MS = 86_400_000


def a_key(key_id: str = "k1", *, kind: KeyKind = "location", owner: str = "loc-a", made_ms: int = NOW) -> ApiKey:
    """A key that nobody has."""
    return ApiKey(
        id=key_id,
        kind=kind,
        owner=owner,
        scopes=("deliveries:read", "keys:write"),
        digest=b"\x01" * 32,
        label="test",
        made_ms=made_ms,
        made_by="me",
    )


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def test_a_key_comes_back_as_it_was_kept(database: Database) -> None:
    assert await database.access.add(a_key())
    assert await database.access.get("k1") == a_key()


async def test_an_unknown_key_is_none(database: Database) -> None:
    assert await database.access.get("k1") is None


def test_a_kept_key_does_not_show_its_digest() -> None:
    assert "x01" not in repr(a_key())


async def test_keys_are_listed_by_owner_and_page(database: Database) -> None:
    for key in (a_key("k3"), a_key("k1"), a_key("k2"), a_key("k0", owner="loc-b"), a_key("k9", kind="company")):
        await database.access.add(key)
    first = await database.access.page(owner=("location", "loc-a"), limit=2)
    rest = await database.access.page(owner=("location", "loc-a"), after=first[-1].id)
    assert [key.id for key in (*first, *rest)] == ["k1", "k2", "k3"]
    assert [key.id for key in await database.access.page(after="k2")] == ["k3", "k9"]


async def test_a_key_is_revoked_once(database: Database) -> None:
    await database.access.add(a_key())
    assert await database.access.revoke("k1", now_ms=NOW + 1)
    assert not await database.access.revoke("k1", now_ms=NOW + 2)
    assert not await database.access.revoke("k2", now_ms=NOW + 2)
    found = await database.access.get("k1")
    assert found is not None
    assert found.revoked_ms == NOW + 1


async def test_the_last_use_is_noted(database: Database) -> None:
    await database.access.add(a_key())
    await database.access.used("k1", now_ms=NOW + 7)
    found = await database.access.get("k1")
    assert found is not None
    assert found.used_ms == NOW + 7


async def test_an_owner_has_a_bounded_number_of_keys(database: Database) -> None:
    for number in range(MOST_KEYS):
        assert await database.access.add(a_key(f"k{number}"))
    assert not await database.access.add(a_key("one more"))
    assert await database.access.add(a_key("another's", owner="loc-b"))


async def test_keys_revoked_long_ago_make_room(database: Database) -> None:
    await database.access.add(a_key())
    await database.access.revoke("k1", now_ms=NOW)
    await database.access.add(a_key("k2", made_ms=NOW + 29 * DAY_MS))
    assert await database.access.get("k1") is not None
    await database.access.add(a_key("k3", made_ms=NOW + 31 * DAY_MS))
    assert await database.access.get("k1") is None


@pytest.mark.parametrize(
    ("subject", "name"),
    [(subject, name) for subject in ("access", "history") for name in sorted(statements(subject))],
)
def test_no_statement_reads_a_whole_table(subject: str, name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        migrate(db)
        steps = db.execute(f"EXPLAIN QUERY PLAN {statements(subject)[name]}", defaultdict(lambda: 1)).fetchall()
    # A scan of one constant row is how SQLite says INSERT ... SELECT.
    assert [step[3] for step in steps if step[3].startswith("SCAN") and "CONSTANT" not in step[3]] == []
