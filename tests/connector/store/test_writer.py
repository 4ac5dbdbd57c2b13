"""The writer: many callers, one commit, and nobody spoils it for the others."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from threading import Event
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.store import StoreError, StoreFullError
from connector.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Task = asyncio.Task[object]


def connect(path: Path) -> sqlite3.Connection:
    """A connection as the writer takes it over, one that waits for nobody."""
    return sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)


def put(number: int) -> Callable[[sqlite3.Connection], int]:
    """An operation that keeps a number and returns it."""

    def operation(db: sqlite3.Connection) -> int:
        db.execute("INSERT INTO kept VALUES (?)", (number,))
        return number

    return operation


def fail(db: sqlite3.Connection) -> None:
    """An operation that writes something, then fails."""
    put(-1)(db)
    db.execute("INSERT INTO kept VALUES ('not a number')")


def numbers(db: sqlite3.Connection) -> list[int]:
    """An operation that returns what is kept."""
    return [number for (number,) in db.execute("SELECT number FROM kept ORDER BY number")]


class Gate:
    """An operation during which others can gather: they then share one transaction."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._open = Event()

    def __call__(self, _: sqlite3.Connection) -> None:
        self._loop.call_soon_threadsafe(self.entered.set)
        assert self._open.wait(timeout=5)

    def open(self) -> None:
        self._open.set()


async def ask(writer: Writer, operation: Callable[[sqlite3.Connection], object]) -> object:
    """The outcome of an operation of whatever kind."""
    return await writer.run(operation)


async def behind(writer: Writer, gate: Gate, *operations: Callable[[sqlite3.Connection], object]) -> list[Task]:
    """The tasks of a gate and of operations that wait behind it."""
    tasks: list[Task] = [asyncio.create_task(ask(writer, gate))]
    async with asyncio.timeout(5):
        await gate.entered.wait()
    tasks += [asyncio.create_task(ask(writer, operation)) for operation in operations]
    await asyncio.sleep(0)  # each task asks in its first step
    return tasks


async def together(writer: Writer, *operations: Callable[[sqlite3.Connection], object]) -> list[object]:
    """The outcomes of operations that ran as one batch."""
    gate = Gate()
    tasks = await behind(writer, gate, *operations)
    gate.open()
    return (await asyncio.gather(*tasks, return_exceptions=True))[1:]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with one table."""
    path = tmp_path / "writer.db"
    with closing(connect(path)) as db:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("CREATE TABLE kept (number INTEGER PRIMARY KEY) STRICT")
    return path


@pytest.fixture
def db(file: Path) -> sqlite3.Connection:
    """The writer's connection; a test may touch it while the writer has nothing to do."""
    return connect(file)


@pytest_asyncio.fixture
async def writer(db: sqlite3.Connection) -> AsyncIterator[Writer]:
    """A writer on that database."""
    made = Writer(db, path="writer.db")
    yield made
    await made.close()


@pytest.fixture
def statements(writer: Writer, db: sqlite3.Connection) -> list[str]:
    """What the writer runs."""
    assert not writer.waiting
    ran: list[str] = []
    db.set_trace_callback(ran.append)
    return ran


async def test_many_callers_share_one_commit(writer: Writer, statements: list[str]) -> None:
    assert await together(writer, *map(put, range(100))) == list(range(100))
    assert statements.count("COMMIT") == 2  # the gate's, and everybody's


async def test_a_commit_is_shared_by_256_at_most(writer: Writer, statements: list[str]) -> None:
    await together(writer, *map(put, range(300)))
    assert statements.count("COMMIT") == 3


async def test_an_answer_comes_only_after_the_commit(writer: Writer, file: Path) -> None:
    await writer.run(put(1))
    with closing(connect(file)) as other:
        assert numbers(other) == [1]


async def test_one_that_fails_spoils_nothing_for_the_others(writer: Writer) -> None:
    outcomes = await together(writer, put(1), fail, put(2))
    assert (outcomes[0], type(outcomes[1]), outcomes[2]) == (1, StoreError, 2)
    assert await writer.run(numbers) == [1, 2]


async def test_a_failure_says_which_file_and_keeps_its_cause(writer: Writer) -> None:
    with pytest.raises(StoreError, match=r"writer\.db: .*datatype mismatch") as caught:
        await writer.run(fail)
    assert isinstance(caught.value.__cause__, sqlite3.IntegrityError)


async def test_a_failure_outside_sqlite_is_a_store_error_too(writer: Writer) -> None:
    with pytest.raises(StoreError):
        await writer.run(lambda db: db.execute("SELECT ?", ("\ud800",)))
    assert await writer.run(put(1)) == 1


async def test_a_locked_database_is_full_for_now(writer: Writer, file: Path) -> None:
    with closing(connect(file)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreFullError, match="locked"):
            await writer.run(put(1))
        other.execute("ROLLBACK")
    assert await writer.run(put(2)) == 2
    assert await writer.run(numbers) == [2]


async def test_a_read_only_database_is_full_for_now(writer: Writer, db: sqlite3.Connection) -> None:
    db.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreFullError, match="readonly"):
        await writer.run(put(1))
    db.execute("PRAGMA query_only = OFF")
    assert await writer.run(put(2)) == 2


async def test_everybody_in_a_batch_learns_that_the_file_is_in_trouble(writer: Writer) -> None:
    def read_only(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA query_only = ON")

    outcomes = await together(writer, put(1), read_only, put(2))
    assert [type(outcome) for outcome in outcomes] == [StoreFullError] * 3


async def test_trouble_with_the_file_after_one_failure_is_everybodys_too(writer: Writer) -> None:
    def read_only(db: sqlite3.Connection) -> None:
        db.execute("PRAGMA query_only = ON")

    outcomes = await together(writer, fail, read_only, put(2))
    assert [type(outcome) for outcome in outcomes] == [StoreFullError] * 3


async def test_what_a_cancelled_caller_asked_for_still_happens(writer: Writer) -> None:
    gate = Gate()
    gated, cancelled = await behind(writer, gate, put(1))
    cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        await cancelled
    gate.open()
    await gated
    assert await writer.run(numbers) == [1]


async def test_closing_finishes_what_was_asked(writer: Writer) -> None:
    gate = Gate()
    tasks = await behind(writer, gate, put(1), put(2))
    closing_it = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    gate.open()
    assert await asyncio.gather(*tasks) == [None, 1, 2]
    await closing_it


async def test_a_closed_writer_refuses(writer: Writer) -> None:
    await writer.close()
    with pytest.raises(StoreError, match="closed"):
        await writer.run(put(1))


def test_a_loop_that_is_gone_does_not_stop_the_work(file: Path) -> None:
    reached = Event()

    async def ask_and_leave() -> Gate:
        gate = Gate()
        await behind(Writer(connect(file), path="writer.db"), gate, lambda _: reached.set())
        return gate

    gate = asyncio.run(ask_and_leave())
    gate.open()
    assert reached.wait(timeout=5)
