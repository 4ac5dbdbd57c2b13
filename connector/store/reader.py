"""The one who looks up: a second thread and connection, so that a long list holds up nobody who writes."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from connector.store import StoreError
from connector.store.failures import meaning

if TYPE_CHECKING:
    import sqlite3

    from connector.store.writer import Operation

T = TypeVar("T")


class Reader:
    """Runs look-ups one after another, each on one consistent state: the newest that was committed."""

    def __init__(self, db: sqlite3.Connection, *, path: str) -> None:
        self._db = db
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ringback-reader")
        self._closed = False

    async def run(self, operation: Operation[T]) -> T:
        """What `operation` returns.

        Raises:
            StoreError: the file cannot be read, or the reader is closed.
        """
        if self._closed:
            raise StoreError(f"{self._path} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read, operation)

    async def close(self) -> None:
        """Finish what was asked, then close the connection. Idempotent."""
        self._closed = True
        await asyncio.to_thread(self._thread.shutdown)
        self._db.close()

    def _read(self, operation: Operation[T]) -> T:
        try:
            self._db.execute("BEGIN")
            try:
                return operation(self._db)
            finally:
                self._db.execute("COMMIT")
        except Exception as error:
            raise meaning(error, self._path) from error
