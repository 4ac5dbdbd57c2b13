"""Brings a database to the newest schema: numbered scripts, each once, whoever else opens it meanwhile."""

from __future__ import annotations

import re
import sqlite3
import time
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from connector.store import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

_WAL_TRIES: Final = 50
_WAL_WAIT_S: Final = 0.1


def migrations() -> list[str]:
    """The scripts in their order: the first leads from version 0 to 1, and so on."""
    scripts = files("connector.store").joinpath("sql", "migrations").iterdir()
    ordered = sorted((script.name, script) for script in scripts if re.fullmatch(r"\d{4}_\w+\.sql", script.name))
    return [script.read_text(encoding="utf-8") for _, script in ordered]


def migrate(db: sqlite3.Connection, *, sleep: Callable[[float], None] = time.sleep) -> None:
    """Make a new database, or bring an old one up to date; does nothing to one that is.

    Args:
        db: A connection in autocommit mode (`isolation_level=None`).
        sleep: Waits some seconds, for whoever else is opening it.

    Raises:
        StoreError: the database was made by a newer version.
        sqlite3.Error: it cannot be read or written.
    """
    scripts = migrations()
    if _version(db) != len(scripts):
        _apply(db, scripts)
    _write_ahead(db, sleep)


def _apply(db: sqlite3.Connection, scripts: list[str]) -> None:
    db.execute("BEGIN IMMEDIATE")
    try:
        # Read again under the lock: another process may have been faster.
        version = _version(db)
        if version > len(scripts):
            raise StoreError(
                f"a newer Ringback made this database (schema {version}, this one knows {len(scripts)}): upgrade"
            )
        for script in scripts[version:]:
            for statement in _statements(script):
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(scripts)}")
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")


def _statements(script: str) -> list[str]:
    """Split up, because `executescript` would commit before it begins."""
    found, rest = [], ""
    for line in script.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            found.append(rest)
            rest = ""
    return found


def _version(db: sqlite3.Connection) -> int:
    version: int = db.execute("PRAGMA user_version").fetchone()[0]
    return version


def _write_ahead(db: sqlite3.Connection, sleep: Callable[[float], None]) -> None:
    """Let readers work beside a writer (https://www.sqlite.org/wal.html)."""
    # The switch is made once in a file's life, and does not wait for others as `busy_timeout` would have it: two
    # processes that open a new file at once meet here.
    for _ in range(_WAL_TRIES):
        try:
            db.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            sleep(_WAL_WAIT_S)
        else:
            return
    raise StoreError("the database is held by another program")
