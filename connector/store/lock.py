"""One serving process per database file: a lock that the system takes back when the process dies."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

from connector.store import StoreError

if TYPE_CHECKING:
    from pathlib import Path


def hold(database: Path) -> int:
    """Lock `<database>.lock` for as long as the returned file descriptor is open.

    Raises:
        StoreError: another process holds it, or the lock file cannot be made.
    """
    path = database.with_name(f"{database.name}.lock")
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            f"{database} is in use by another `ringback serve` (it holds {path}). "
            "Stop that one first, or give this one a database of its own (RINGBACK_DATABASE_URL)."
        ) from error
    return descriptor
