"""A store from its address."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from connector.store import StoreError
from connector.store.memory import MemoryStore
from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from connector.store import Store


async def open_store(url: str, *, exclusive: bool = False) -> Store:
    """The store at `url`: `sqlite:///relative.db`, `sqlite:////absolute.db`, or `memory:`.

    Args:
        url: As in RINGBACK_DATABASE_URL.
        exclusive: For the process that serves; a SQLite file has one.

    Raises:
        StoreError: the address is none we know, or the store cannot be opened.
    """
    if url == "memory:":
        return MemoryStore()
    path = sqlite_path(url)
    if path is not None:
        return await SqliteStore.open(path, exclusive=exclusive)
    if url.startswith(("postgresql:", "postgres:")):
        raise StoreError("PostgreSQL comes with a later version; until then use sqlite:///ringback.db")
    # The address may hold a password: it is not repeated.
    raise StoreError("the database's address must be sqlite:///relative.db, sqlite:////absolute.db or memory:")


def sqlite_path(url: str) -> Path | None:
    """The file of a SQLite address; None for any other address."""
    scheme, _, rest = url.partition(":")
    if scheme == "sqlite" and rest.startswith("///") and rest.strip("/"):
        return Path(unquote(rest[3:]))
    return None
