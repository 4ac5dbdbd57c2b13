"""Calls as wholes."""

from __future__ import annotations

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
from tests.connector.store.build import DONE, NOW, claim_one, end, event

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.calls import KeptCall
    from connector.store.database import Database


@pytest_asyncio.fixture(params=["sqlite"])
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def written(database: Database, call_id: str, *, location: str = "loc-a") -> None:
    """A call that ended and was delivered."""
    await database.record([event(call_id, location=location)])
    await end(database, await claim_one(database), DONE)


def ids(page: list[KeptCall]) -> list[str]:
    return [call.call_id for call in page]


async def test_a_call_of_which_nothing_is_kept_is_none(database: Database) -> None:
    await written(database, "call-1")
    assert await database.calls.get("loc-a", "call-2") is None
    assert await database.calls.get("loc-b", "call-1") is None


async def test_a_call_before_its_end_has_its_parts(database: Database) -> None:
    await database.record([replace(event(kind="answered", lane="+1", call=b"{}"), part=True)])
    kept = await database.calls.get("loc-a", "call-1")
    assert kept is not None
    assert (kept.trunk, kept.lane, kept.end, [part.event for part in kept.parts]) == (
        "generic",
        "+1",
        None,
        ["answered"],
    )


async def test_a_call_has_all_that_came_of_it(database: Database) -> None:
    await written(database, "call-1")
    await database.record([replace(event(kind="wrapup:1", received_ms=NOW + 1), part=True)])
    kept = await database.calls.get("loc-a", "call-1")
    assert kept is not None
    assert [row.event for row in kept.deliveries] == ["completed", "fix:wrapup:1"]
    assert kept.end == kept.deliveries[0]
    assert [(part.event, part.received_ms) for part in kept.parts] == [("wrapup:1", NOW + 1)]


async def test_the_newest_calls_come_first_each_once(database: Database) -> None:
    for call_id in ("call-1", "call-2", "call-3"):
        await written(database, call_id)
    await database.record([replace(event("call-1", kind="wrapup:1"), part=True)])
    page = await database.calls.page("loc-a", limit=2)
    assert ids(page) == ["call-3", "call-2"]
    last = page[-1].end
    assert last is not None
    assert ids(await database.calls.page("loc-a", limit=2, before=last.id)) == ["call-1"]


async def test_calls_are_followed_as_they_end(database: Database) -> None:
    for call_id in ("call-1", "call-2", "call-3"):
        await written(database, call_id)
    first, second = await database.calls.page("loc-a", limit=2, after=0)
    assert ids([first, second]) == ["call-1", "call-2"]
    assert second.end is not None
    assert ids(await database.calls.page("loc-a", limit=2, after=second.end.id)) == ["call-3"]


@pytest.mark.parametrize("way", [{}, {"after": 0}])
async def test_a_neighbours_calls_are_not_listed(database: Database, way: dict[str, int]) -> None:
    await written(database, "call-1", location="loc-b")
    assert await database.calls.page("loc-a", limit=9, **way) == []


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("deliveries_of_call", "(location=? AND call_id=?)"),
        ("parts_of_call", "PRIMARY KEY (location=? AND call_id=?)"),
        ("newest_calls", "deliveries_of_location (location=? AND rowid<?)"),
        ("calls_since", "deliveries_of_location (location=? AND rowid>?)"),
    ],
)
def test_each_question_has_its_index(name: str, index: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        query = f"EXPLAIN QUERY PLAN {statements('calls')[name]}"
        assert index in "; ".join(step[3] for step in db.execute(query, defaultdict(lambda: 1)))
