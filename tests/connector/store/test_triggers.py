"""Who waits for calls, and what workflows were answered: on a database of each engine."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.store.migrate import migrate
from connector.store.queries import statements
from connector.store.sqlite import SqliteStore
from connector.store.triggers import MOST_SUBSCRIPTIONS, SubscriptionRow

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database

NOW = 1_790_000_000_000
SQL = statements("triggers")


@pytest_asyncio.fixture(params=["sqlite"])
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


def waiting(trigger_id: str = "t1", *, location: str = "loc-a") -> SubscriptionRow:
    """A workflow that waits for calls."""
    return SubscriptionRow(
        location=location,
        id=trigger_id,
        workflow_id="wf",
        target_url="https://crm.example.com/t1",
        filters=b'[{"field": "direction"}]',
        updated_ms=NOW,
    )


async def test_a_subscription_comes_back_as_it_was_kept(database: Database) -> None:
    bare = replace(waiting("t0"), workflow_id=None)
    assert await database.triggers.put(waiting())
    assert await database.triggers.put(bare)
    assert await database.triggers.of("loc-a") == [bare, waiting()]


async def test_one_of_the_same_id_replaces_it(database: Database) -> None:
    newer = replace(waiting(), filters=b"[]", target_url="https://crm.example.com/2", updated_ms=NOW + 1)
    await database.triggers.put(waiting())
    await database.triggers.put(newer)
    assert await database.triggers.of("loc-a") == [newer]


async def test_it_is_forgotten_once(database: Database) -> None:
    await database.triggers.put(waiting())
    assert await database.triggers.forget("loc-a", "t1")
    assert not await database.triggers.forget("loc-a", "t1")
    assert await database.triggers.of("loc-a") == []


async def test_a_neighbours_subscription_of_the_same_id_is_another_one(database: Database) -> None:
    await database.triggers.put(waiting())
    await database.triggers.put(waiting(location="loc-b"))
    assert await database.triggers.forget("loc-b", "t1")
    assert await database.triggers.of("loc-a") == [waiting()]


async def test_a_sub_account_has_a_bounded_number_and_may_change_those(database: Database) -> None:
    ids = [f"t{number}" for number in range(MOST_SUBSCRIPTIONS)]
    assert all(await asyncio.gather(*(database.triggers.put(waiting(one)) for one in ids)))
    assert not await database.triggers.put(waiting("one more"))
    assert await database.triggers.put(waiting("t7"))
    assert await database.triggers.put(waiting("one more", location="loc-b"))
    await database.triggers.forget("loc-a", "t7")
    assert await database.triggers.put(waiting("one more"))


async def test_each_change_makes_the_revision_grow_and_nothing_else_does(database: Database) -> None:
    before = await database.locations_revision()
    await database.triggers.put(waiting())
    await database.triggers.forget("loc-a", "t1")
    await database.triggers.forget("loc-a", "t1")
    await database.triggers.of("loc-a")
    assert await database.locations_revision() == before + 2


async def test_the_first_answer_stands(database: Database) -> None:
    assert await database.triggers.answer("loc-a", b"1", b"yes", now_ms=NOW, until_ms=NOW + 10) == b"yes"
    assert await database.triggers.answer("loc-a", b"1", b"no", now_ms=NOW + 9, until_ms=NOW + 90) == b"yes"
    assert await database.triggers.answered("loc-a", b"1", now_ms=NOW + 9) == b"yes"


async def test_an_answer_is_forgotten_when_its_time_is_over(database: Database) -> None:
    await database.triggers.answer("loc-a", b"1", b"yes", now_ms=NOW, until_ms=NOW + 10)
    assert await database.triggers.answered("loc-a", b"1", now_ms=NOW + 10) is None
    assert await database.triggers.answer("loc-a", b"1", b"no", now_ms=NOW + 10, until_ms=NOW + 90) == b"no"


async def test_answers_do_not_mix(database: Database) -> None:
    await database.triggers.answer("loc-a", b"1", b"yes", now_ms=NOW, until_ms=NOW + 10)
    assert await database.triggers.answered("loc-a", b"2", now_ms=NOW) is None
    assert await database.triggers.answered("loc-b", b"1", now_ms=NOW) is None


async def test_old_answers_make_room(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "ringback.db")
    for number in range(50):
        await store.triggers.answer("loc-a", bytes([number]), b"yes", now_ms=NOW + number, until_ms=NOW + number + 1)
    await store.close()
    with closing(sqlite3.connect(tmp_path / "ringback.db")) as db:
        assert db.execute("SELECT count(*) FROM answers").fetchone() == (1,)


async def test_both_outlive_the_process(tmp_path: Path) -> None:
    before = await SqliteStore.open(tmp_path / "ringback.db")
    await before.triggers.put(waiting())
    await before.triggers.answer("loc-a", b"1", b"yes", now_ms=NOW, until_ms=NOW + 10)
    await before.close()
    after = await SqliteStore.open(tmp_path / "ringback.db")
    kept = await after.triggers.of("loc-a"), await after.triggers.answered("loc-a", b"1", now_ms=NOW)
    await after.close()
    assert kept == ([waiting()], b"yes")


@pytest.mark.parametrize("name", sorted(SQL))
def test_no_statement_reads_a_whole_table(name: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        migrate(db)
        steps = db.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", defaultdict(lambda: 1)).fetchall()
    # A scan of one constant row is how SQLite says INSERT ... SELECT.
    assert [step[3] for step in steps if "SCAN" in step[3] and "CONSTANT" not in step[3]] == []
    assert "TEMP B-TREE" not in str(steps)
