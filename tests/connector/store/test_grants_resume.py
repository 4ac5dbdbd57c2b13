"""What a grant that is active again resumes; what the statements cost."""

from __future__ import annotations

import re
import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

import pytest_asyncio

from connector.store import Ending, Pause, State
from connector.store.migrate import migrate
from connector.store.queries import statements
from connector.store.sqlite import SqliteStore
from oauth.standing import Back, Kind, Standing
from tests.connector.store.build import event
from tests.connector.store.grants import ACTIVE, NOW, due, install, lease, pair

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def paused_by_its_grant(database: Database, reason: str = "needs reconnect") -> None:
    """L1 needs to be reconnected, and a delivery waits for that, for long."""
    await install(database)
    await database.record([event("c1", location="L1", received_ms=NOW)])
    (claimed,) = await database.claim("w", now_ms=NOW, lease_ms=1000, limit=1, per_location=1)
    ending = Ending(State.WAITING, "needs reconnect", due_ms=NOW + 1_000_000, counts=False)
    await database.pause("L1", Pause(NOW + 1_000_000, reason, 1))
    await database.write_down(claimed.lease, now_ms=NOW, ending=ending)
    leased = await lease(database)
    await database.grants.give_back(leased.lease, Back(standing=Standing.NEEDS_RECONNECT), now_ms=NOW)


async def claimable(database: Database) -> int:
    return len(await database.claim("w", now_ms=NOW + 10, lease_ms=1000, limit=9, per_location=9))


async def test_a_reconnect_resumes_the_deliveries_at_once(database: Database) -> None:
    await paused_by_its_grant(database)
    revision = await database.locations_revision()
    assert await claimable(database) == 0
    await install(database, expected=1)
    assert await database.pauses() == {}
    assert await database.locations_revision() > revision
    assert await claimable(database) == 1


async def test_a_refresh_that_works_again_resumes_the_deliveries_at_once(database: Database) -> None:
    await paused_by_its_grant(database)
    leased = await lease(database)
    await database.grants.commit(leased.lease, pair(), now_ms=NOW + 10)
    assert await claimable(database) == 1


async def test_what_waits_for_another_reason_goes_on_waiting(database: Database) -> None:
    await paused_by_its_grant(database, reason="throttled")
    await install(database, expected=1)
    assert await claimable(database) == 0


async def test_a_refresh_as_usual_changes_no_pause_and_no_revision(database: Database) -> None:
    await install(database)
    await database.pause("L1", Pause(NOW + 1_000_000, "throttled", 1))
    revision = await database.locations_revision()
    leased = await lease(database)
    await database.grants.commit(leased.lease, pair(), now_ms=NOW + 10)
    assert list(await database.pauses()) == ["L1"]
    assert await database.locations_revision() == revision


async def test_an_agency_that_works_again_wakes_those_it_can_help(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY, standing=Standing.NEEDS_RECONNECT)
    await database.grants.want(["L1"], company_id="C1", at_ms=NOW, now_ms=NOW)
    for grant_id, standing in (("L2", Standing.NEEDS_RECONNECT), ("L3", ACTIVE)):
        await install(database, grant_id, standing=standing)
    leased = await lease(database, "C1", kind=Kind.COMPANY)
    await database.grants.commit(leased.lease, pair(), now_ms=NOW)
    assert await due(database, Standing.WANTED) == ["L1"]
    assert await due(database, Standing.NEEDS_RECONNECT) == ["L2"]
    assert await due(database, ACTIVE) == []


def plans(db: sqlite3.Connection) -> dict[str, str]:
    """How SQLite would run each statement, whatever its values."""
    found = {}
    for name, statement in statements("grants").items():
        rows = db.execute(f"EXPLAIN QUERY PLAN {statement}", defaultdict(lambda: 1)).fetchall()
        found[name] = "; ".join(row[3] for row in rows)
    return found


def test_no_statement_reads_a_whole_table() -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        found = plans(db)
    assert not [name for name, plan in found.items() if re.search(r"SCAN (grants|deliveries|grant_counts)\b", plan)]
    assert not [name for name, plan in found.items() if "TEMP B-TREE" in plan]
    assert "grants_due" in found["due"]
