"""What SQLite's errors mean for whoever asked: come again later, or call a person."""

from __future__ import annotations

import sqlite3
from typing import Final

from connector.store import StoreError, StoreFullError

# Primary result codes, https://www.sqlite.org/rescode.html: nothing is lost, and it may work again by itself.
_PASSING: Final = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
}
_DAMAGED: Final = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def strikes_all(error: Exception) -> bool:
    """Whether the error is the file's, not one operation's: nothing of the transaction can be kept."""
    return _code(error) in _PASSING | _DAMAGED


def meaning(error: Exception, path: str) -> StoreError:
    """The error in our words, with SQLite's own as its cause."""
    found: StoreError
    if _code(error) in _PASSING:
        found = StoreFullError(f"{path} cannot be written now: {error}. Nothing was kept, nothing is lost.")
    elif _code(error) in _DAMAGED:
        found = StoreError(
            f"{path} is damaged or is no Ringback database: {error}. Stop, put it aside, restore a backup."
        )
    else:
        found = StoreError(f"{path}: {error}")
    found.__cause__ = error
    return found


def _code(error: Exception) -> int | None:
    """The primary result code: the low byte of the extended one; None where the error is not SQLite's."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF
