"""A store from its address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connector.store import StoreError
from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from connector.store.database import Database


async def open_store(url: str, *, exclusive: bool = False) -> Database:
    """The database at `url`: `sqlite:///relative.db` or `sqlite:////absolute.db`.

    Args:
        url: As in RINGBACK_DATABASE_URL.
        exclusive: For the process that serves; a SQLite file has one.

    Raises:
        StoreError: the address is none we know, or the store cannot be opened.
    """
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, exclusive=exclusive)
    if url.startswith(("postgresql:", "postgres:")):
        raise StoreError("PostgreSQL comes with a later version; until then use sqlite:///ringback.db")
    # The address may hold a password: it is not repeated.
    raise StoreError("the database's address must be sqlite:///relative.db or sqlite:////absolute.db")


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None for any other address."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest.startswith("///") and rest.strip("/"):
        return Path(unquote(rest[3:]))
    return None
