"""How a database comes to the newest schema."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from connector.store import StoreError
from connector.store.migrate import migrate, migrations
from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path


def connect(path: Path | str = ":memory:") -> closing[sqlite3.Connection]:
    """A connection in autocommit mode."""
    return closing(sqlite3.connect(path, isolation_level=None))


def schema(db: sqlite3.Connection) -> dict[tuple[str, str], str]:
    """What the database consists of, comments and spacing aside."""
    rows = db.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    return {(kind, name): re.sub(r"\s+", " ", re.sub(r"--.*", "", sql or "")) for kind, name, sql in rows}


def test_the_schema_is_the_sum_of_the_migrations() -> None:
    with connect() as migrated, connect() as whole:
        migrate(migrated)
        whole.executescript(files("connector.store").joinpath("sql", "schema.sql").read_text(encoding="utf-8"))
        assert schema(migrated) == schema(whole)
        assert list(migrated.execute("SELECT * FROM revision")) == list(whole.execute("SELECT * FROM revision"))


def test_migrating_again_changes_nothing() -> None:
    with connect() as db:
        migrate(db)
        before = schema(db), db.total_changes
        migrate(db)
        assert (schema(db), db.total_changes) == before


def test_the_version_says_how_many_migrations_were_made() -> None:
    with connect() as db:
        migrate(db)
        assert db.execute("PRAGMA user_version").fetchone() == (len(migrations()),)


def test_a_newer_database_is_refused(tmp_path: Path) -> None:
    with connect(tmp_path / "newer.db") as db:
        db.execute(f"PRAGMA user_version = {len(migrations()) + 1}")
        with pytest.raises(StoreError, match="upgrade"):
            migrate(db)
        assert not db.in_transaction


def test_a_migrated_file_lets_readers_work_beside_a_writer(tmp_path: Path) -> None:
    with connect(tmp_path / "new.db") as db:
        migrate(db)
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


@pytest.fixture
def not_yet_wal(tmp_path: Path) -> Path:
    """A file that has its schema, but readers still block writers."""
    path = tmp_path / "halfway.db"
    with connect(path) as db:
        migrate(db)
        db.execute("PRAGMA journal_mode = DELETE")
    return path


def test_whoever_is_in_the_way_is_waited_for(not_yet_wal: Path) -> None:
    with connect(not_yet_wal) as reader, connect(not_yet_wal) as db:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM revision").fetchall()
        db.execute("PRAGMA busy_timeout = 0")
        migrate(db, sleep=lambda _: reader.rollback())
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_nobody_is_waited_for_without_end(not_yet_wal: Path) -> None:
    with connect(not_yet_wal) as reader, connect(not_yet_wal) as db:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM revision").fetchall()
        db.execute("PRAGMA busy_timeout = 0")
        with pytest.raises(StoreError, match="held by another program"):
            migrate(db, sleep=lambda _: None)


@pytest.mark.parametrize("attempt", range(3))
async def test_many_can_open_a_new_file_at_once(tmp_path: Path, attempt: int) -> None:
    path = tmp_path / f"new-{attempt}.db"
    stores = await asyncio.gather(*(SqliteStore.open(path) for _ in range(6)))
    assert [await store.locations_revision() for store in stores] == [0] * 6
    for store in stores:
        await store.close()
