"""The one who writes: a thread with its own connection. Who asks while it commits shares the next commit."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from connector.store import StoreError
from connector.store.failures import meaning, strikes_all

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")
Operation: TypeAlias = Callable[[sqlite3.Connection], T]
_Job: TypeAlias = tuple[Operation[Any], "asyncio.Future[Any]"]

_SHARE: Final = 256
"""How many operations share one commit at most."""


def _plainly(db: sqlite3.Connection, operation: Operation[object]) -> object:
    return operation(db)


def _apart(db: sqlite3.Connection, operation: Operation[object]) -> object:
    """The operation's result, or its error as a value, then without a trace in the transaction."""
    db.execute("SAVEPOINT operation")
    try:
        outcome = operation(db)
    except Exception as error:
        if strikes_all(error):
            raise
        db.execute("ROLLBACK TO operation")
        outcome = error
    db.execute("RELEASE operation")
    return outcome


class Writer:
    """Runs operations in the order in which they were asked for; answers each only once it is on disk.

    Make it on the event loop that asks. The connection must be in autocommit mode and free of its thread
    (`isolation_level=None, check_same_thread=False`); it is the writer's from then on.
    """

    def __init__(self, db: sqlite3.Connection, *, path: str) -> None:
        self._db = db
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed: asyncio.Future[None] | None = None
        Thread(target=self._work, name="ringback-writer", daemon=True).start()

    @property
    def waiting(self) -> int:
        """How many operations wait for their turn."""
        return self._jobs.qsize()

    async def run(self, operation: Operation[T]) -> T:
        """What `operation` returns, once that is committed. It runs even if the caller is cancelled.

        It may be run twice, the first time without effect: it must depend on nothing but the database.

        Raises:
            StoreFullError: the file cannot be written now; nothing of it was kept.
            StoreError: the operation failed and left no trace, or the writer is closed.
        """
        if self._closed is not None:
            raise StoreError(f"{self._path} is closed")
        answer: asyncio.Future[T] = self._loop.create_future()
        self._jobs.put((operation, answer))
        return await answer

    async def close(self) -> None:
        """Finish what was asked, then close the connection. Idempotent."""
        if self._closed is None:
            self._closed = self._loop.create_future()
            self._jobs.put(None)
        await asyncio.shield(self._closed)

    def _work(self) -> None:
        while batch := self._next():
            outcomes = self._transact(batch)
            self._call(self._tell, batch, outcomes)
            # While it waits for the next batch it must not keep this one alive.
            del batch, outcomes
        self._db.close()
        self._call(self._finished)

    def _finished(self) -> None:
        if self._closed is not None and not self._closed.done():
            self._closed.set_result(None)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        # The loop may be gone without having waited for us: then nobody is there to be told.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(callback, *arguments)

    def _next(self) -> list[_Job]:
        """All that waits now, at least one; empty when closed."""
        batch: list[_Job] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == _SHARE:
                return batch
            try:
                job = self._jobs.get_nowait()
            except Empty:
                return batch
        if batch:
            self._jobs.put(None)  # the end is for the next round
        return batch

    def _transact(self, batch: Sequence[_Job], run: Callable[..., object] = _plainly) -> list[object]:
        """What each operation returned, or its error."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            outcomes = [run(self._db, operation) for operation, _ in batch]
            self._db.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - whatever it is goes to who asked, and the thread lives on
            self._roll_back()
            # A savepoint around each keeps them apart, but costs a third more: only when one of them failed.
            if run is _plainly and not strikes_all(error):
                return self._transact(batch, _apart)
            return [error for _ in batch]
        return outcomes

    def _roll_back(self) -> None:
        # After some errors SQLite has rolled back by itself; and a file in trouble may refuse this, too.
        with contextlib.suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def _tell(self, batch: Sequence[_Job], outcomes: Sequence[object]) -> None:
        for (_, answer), outcome in zip(batch, outcomes, strict=True):
            if answer.done():  # cancelled
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(meaning(outcome, self._path))
            else:
                answer.set_result(outcome)
