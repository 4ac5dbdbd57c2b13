"""Configurations with their versions, agencies and their defaults."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store import locations
from connector.store.history import KEPT, SERVICE, Owner
from connector.store.migrate import migrate, migrations
from connector.store.sqlite import SqliteStore
from tests.connector.store.test_access import a_key

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database

LOC = Owner("location", "loc-a")
AGENCY = Owner("company", "agency-1")
NOW = 1_790_000_000_000


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def put(
    database: Database, document: bytes | None = b"{}", *, owner: Owner = LOC, expected: int | None = None
) -> int | None:
    return await database.history.put(
        owner, document=document, who="me", what="configuration", now_ms=NOW, expected=expected
    )


async def test_each_change_makes_the_next_version(database: Database) -> None:
    assert [await put(database), await put(database)] == [1, 2]
    row = await database.get_location("loc-a")
    assert row is not None
    assert row.version == 2


async def test_a_change_keeps_who_when_what_and_the_document_before(database: Database) -> None:
    await put(database, b'{"a": 1}')
    await database.history.put(LOC, document=b'{"a": 2}', who="key:7", what="undo", now_ms=NOW + 5)
    newest, first = await database.history.changes(LOC)
    assert (newest.version, newest.at_ms, newest.who, newest.what, newest.before) == (
        2,
        NOW + 5,
        "key:7",
        "undo",
        b'{"a": 1}',
    )
    assert first.before is None


async def test_a_change_from_an_older_version_is_refused_and_changes_nothing(database: Database) -> None:
    await put(database, b'{"a": 1}')
    await put(database, b'{"a": 2}')
    assert await put(database, b'{"a": 3}', expected=1) is None
    row = await database.get_location("loc-a")
    assert row is not None
    assert (row.document, row.version) == (b'{"a": 2}', 2)
    assert len(await database.history.changes(LOC)) == 2


async def test_a_change_from_the_newest_version_is_made(database: Database) -> None:
    await put(database)
    assert await put(database, expected=1) == 2


async def test_the_first_change_can_ask_for_being_the_first(database: Database) -> None:
    assert await put(database, expected=0) == 1
    assert await put(database, expected=0) is None
    assert await put(database, owner=Owner("location", "loc-b"), expected=3) is None


async def test_a_refused_change_leaves_the_secrets_too(database: Database) -> None:
    await put(database)
    await database.history.put(
        LOC, document=None, who="me", what="secret", now_ms=NOW, secrets={"token": b"new"}, expected=9
    )
    row = await database.get_location("loc-a")
    assert row is not None
    assert row.secrets == {}


async def test_a_change_of_secrets_only_leaves_the_document(database: Database) -> None:
    await put(database, b'{"a": 1}')
    version = await database.history.put(
        LOC, document=None, who="me", what="secret", now_ms=NOW, secrets={"token": b"new"}
    )
    row = await database.get_location("loc-a")
    assert row is not None
    assert (version, row.document, row.secrets) == (2, b'{"a": 1}', {"token": b"new"})


async def test_what_the_service_writes_itself_is_noted_too(database: Database) -> None:
    await database.put_location("loc-a", document=b"{}", secrets={}, now_ms=NOW)
    await database.remove_location("loc-a")
    assert [(change.who, change.what) for change in await database.history.changes(LOC)] == [
        (SERVICE, "removed"),
        (SERVICE, "configuration"),
    ]


async def test_only_the_last_changes_are_remembered(database: Database) -> None:
    for _ in range(KEPT + 3):
        await put(database)
    versions = [change.version for change in await database.history.changes(LOC, limit=KEPT * 2)]
    assert versions == list(range(KEPT + 3, 3, -1))


async def test_changes_come_in_pages(database: Database) -> None:
    for _ in range(5):
        await put(database)
    first = await database.history.changes(LOC, limit=2)
    rest = await database.history.changes(LOC, before=first[-1].version)
    assert [change.version for change in (*first, *rest)] == [5, 4, 3, 2, 1]


async def test_a_version_is_never_given_twice(database: Database) -> None:
    await put(database)
    assert await database.history.remove(LOC, who="me", now_ms=NOW)
    assert await database.get_location("loc-a") is None
    assert await database.history.version(LOC) == 2
    assert await put(database) == 3


async def test_what_is_not_there_cannot_be_removed(database: Database) -> None:
    assert not await database.history.remove(LOC, who="me", now_ms=NOW)
    assert not await database.history.remove(AGENCY, who="me", now_ms=NOW)
    assert await database.history.version(LOC) == 0


async def test_a_sub_account_shows_its_agencys_defaults(database: Database) -> None:
    await put(database)
    await put(database, b'{"country": "US"}', owner=AGENCY)
    assert await database.history.assign("loc-a", "agency-1", who="install", now_ms=NOW)
    row = await database.get_location("loc-a")
    (listed,) = await database.list_locations()
    assert row is not None
    assert (row.company, row.defaults) == (listed.company, listed.defaults) == ("agency-1", b'{"country": "US"}')


async def test_a_sub_account_without_agency_has_no_defaults(database: Database) -> None:
    await put(database)
    await put(database, owner=AGENCY)
    row = await database.get_location("loc-a")
    assert row is not None
    assert (row.company, row.defaults) == (None, None)


async def test_changing_defaults_is_noticed_like_a_change_of_a_sub_account(database: Database) -> None:
    revisions = [await database.locations_revision()]
    await put(database, owner=AGENCY)
    revisions.append(await database.locations_revision())
    await database.history.remove(AGENCY, who="me", now_ms=NOW)
    revisions.append(await database.locations_revision())
    assert revisions == sorted(set(revisions))


async def test_assigning_is_a_change_but_not_twice(database: Database) -> None:
    await put(database)
    before = await database.locations_revision()
    assert await database.history.assign("loc-a", "agency-1", who="me", now_ms=NOW)
    assert not await database.history.assign("loc-a", "agency-1", who="me", now_ms=NOW)
    assert await database.locations_revision() == before + 1
    assert (await database.history.changes(LOC))[0].what == "belongs to agency agency-1"


async def test_what_never_was_configured_cannot_be_assigned(database: Database) -> None:
    assert not await database.history.assign("loc-a", "agency-1", who="me", now_ms=NOW)
    assert await database.history.company_of("loc-a") is None


async def test_the_agency_outlives_the_configuration(database: Database) -> None:
    await put(database)
    await database.history.assign("loc-a", "agency-1", who="me", now_ms=NOW)
    await database.history.remove(LOC, who="me", now_ms=NOW)
    assert await database.history.company_of("loc-a") == "agency-1"


async def test_an_agencys_sub_accounts_are_listed_by_page(database: Database) -> None:
    for name in ("loc-c", "loc-a", "loc-b", "loc-x"):
        await put(database, owner=Owner("location", name))
        await database.history.assign(name, "agency-2" if name == "loc-x" else "agency-1", who="me", now_ms=NOW)
    first = await database.history.locations_of("agency-1", limit=2)
    rest = await database.history.locations_of("agency-1", after=first[-1].id)
    assert [row.id for row in (*first, *rest)] == ["loc-a", "loc-b", "loc-c"]


async def test_defaults_come_back_with_their_version(database: Database) -> None:
    await put(database, b"1", owner=AGENCY)
    await put(database, b"2", owner=AGENCY)
    found = await database.history.defaults("agency-1")
    assert found is not None
    assert (found.document, found.version, found.updated_ms) == (b"2", 2, NOW)


async def test_an_agency_and_a_sub_account_of_one_id_are_two(database: Database) -> None:
    await put(database, owner=Owner("company", "same"))
    assert await put(database, owner=Owner("location", "same")) == 1
    assert await database.history.remove(Owner("company", "same"), who="me", now_ms=NOW)
    assert await database.get_location("same") is not None


async def test_a_removed_sub_accounts_keys_open_nothing(database: Database) -> None:
    await put(database)
    await database.access.add(a_key("k1", owner="loc-a"))
    await database.access.add(a_key("k2", owner="loc-b"))
    await database.history.remove(LOC, who="me", now_ms=NOW)
    revoked = [key.revoked_ms for key in await database.access.page()]
    assert revoked == [NOW, None]


def test_what_was_registered_before_versions_were_counted_is_at_its_first() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        for script in migrations()[:4]:
            db.executescript(script)
        db.execute("INSERT INTO locations (id, document, updated_ms) VALUES ('old', x'7b7d', 1)")
        db.execute("PRAGMA user_version = 4")
        migrate(db)
        row = locations.get(db, "old")
        assert row is not None
        assert row.version == 1
