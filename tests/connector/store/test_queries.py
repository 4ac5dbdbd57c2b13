"""The statements: what they cost does not grow with what there is."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from connector.store import Pause, lists, work
from connector.store.migrate import migrate
from connector.store.queries import QUERIES, parse
from tests.connector.store.build import LEASE_MS, NOW, event

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """An empty database in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        yield made


def plan(db: sqlite3.Connection, name: str) -> str:
    """How SQLite would run a statement, whatever its values."""
    values: object = (1,) * QUERIES[name].count("?") or defaultdict(lambda: 1)
    steps = db.execute(f"EXPLAIN QUERY PLAN {QUERIES[name]}", values).fetchall()  # type: ignore[arg-type] # either form
    return "; ".join(step[3] for step in steps)


def steps(db: sqlite3.Connection, wanted: work.Claim) -> int:
    """How many of SQLite's own instructions a claim takes, in tens."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    db.set_progress_handler(count, 10)
    work.claim(db, wanted)
    db.set_progress_handler(None, 0)
    return taken


def wanted(turn: int, *, per_location: int = 2) -> work.Claim:
    """Another claim at the same time."""
    return work.Claim(owner="worker-1", now_ms=NOW, lease_ms=LEASE_MS, limit=2, per_location=per_location, turn=turn)


def test_a_block_has_a_name_a_sentence_and_a_statement() -> None:
    assert parse("-- about\n\n-- name: one\n-- A sentence.\nSELECT 1;\n\n-- name: two\n-- More.\nSELECT\n2;") == {
        "one": "SELECT 1;",
        "two": "SELECT\n2;",
    }


@pytest.mark.parametrize("name", QUERIES)
def test_a_statement_fits_the_schema(db: sqlite3.Connection, name: str) -> None:
    assert isinstance(plan(db, name), str)


@pytest.mark.parametrize("name", sorted(set(QUERIES) - {"release_all", "list_unfinished", "depth", "crowded"}))
def test_no_statement_reads_all_deliveries(db: sqlite3.Connection, name: str) -> None:
    assert "SCAN deliveries" not in plan(db, name)


@pytest.mark.parametrize("name", ["release_all", "list_unfinished", "depth", "crowded"])
def test_what_must_read_many_reads_only_what_is_unfinished(db: sqlite3.Connection, name: str) -> None:
    partial = ("deliveries_front", "deliveries_wake", "deliveries_lane", "deliveries_parked")
    scans = [step for step in plan(db, name).split("; ") if step.startswith("SCAN deliveries")]
    assert scans
    assert all(any(index in step for index in partial) for step in scans)


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("record", "deliveries_lane (location=? AND lane=? AND front=?)"),
        ("promote", "deliveries_lane (location=? AND lane=? AND front=?)"),
        ("step_back", "deliveries_lane (location=? AND lane=? AND front=?)"),
        ("claimable", "deliveries_front (location=? AND leased=? AND wake_ms<?)"),
        ("next_wake", "deliveries_front (location=? AND leased=? AND wake_ms>?)"),
        ("next_due", "deliveries_wake (wake_ms>?)"),
        ("turns", "turns_next (next_ms<?)"),
    ],
)
def test_work_is_found_by_the_indexes_that_have_only_work(db: sqlite3.Connection, name: str, index: str) -> None:
    assert index in plan(db, name)


def test_nothing_is_sorted_to_claim(db: sqlite3.Connection) -> None:
    assert "TEMP B-TREE" not in plan(db, "claimable") + plan(db, "turns")


@pytest.mark.parametrize("lanes", [1, 400])
def test_a_claim_does_not_pay_for_the_backlog(db: sqlite3.Connection, lanes: int) -> None:
    work.record(db, [event(f"few-{n}", location="loc-a", lane=f"{n % lanes}") for n in range(4)])
    few = steps(db, wanted(1))
    work.record(db, [event(f"many-{n}", location="loc-b", lane=f"{n % lanes}") for n in range(400)])
    lists.pause(db, "loc-a", Pause(NOW + 1, "test", 1))
    work.claim(db, wanted(2, per_location=1))  # settles loc-a's turn
    assert steps(db, wanted(3)) <= few + 10


def test_a_claim_does_not_pay_for_sub_accounts_that_wait(db: sqlite3.Connection) -> None:
    for n in range(200):
        work.record(db, [event(location=f"loc-{n}", received_ms=NOW + 1)])
    assert steps(db, wanted(1)) <= 5


def test_a_claim_looks_at_those_it_had_to_pass_over_only_once(db: sqlite3.Connection) -> None:
    for n in range(200):
        work.record(db, [event(location=f"loc-{n}")])
        lists.pause(db, f"loc-{n}", Pause(NOW + 1, "test", 1))
    assert work.claim(db, wanted(1)) == []
    assert steps(db, wanted(2)) <= 5
