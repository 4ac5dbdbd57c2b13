"""What the statements of follow-ups cost does not grow with what there is."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from connector.store import lists, work
from connector.store.lite import follow_up_timers
from connector.store.migrate import migrate
from connector.store.queries import statements
from tests.connector.store.build import LEASE_MS, NOW, event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SQL = statements("follow_up")
UNSETTLED_ONLY = {"count_reviews", "count_all_reviews", "list_unsettled"}
MANY = """
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :count)
INSERT INTO timers (location, call_id, key, due_ms, trunk, lane, document)
SELECT 'loc-' || (n % 50), 'call-' || n, 'review', :due_ms + n, 'generic', '+1' || n, x'7b7d' FROM numbers
"""


@pytest.fixture
def db() -> Iterator[sqlite3.Connection]:
    """An empty database in memory."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as made:
        migrate(made)
        yield made


def plan(db: sqlite3.Connection, name: str) -> str:
    """How SQLite would run a statement, whatever its values."""
    values: object = (1,) * SQL[name].count("?") or defaultdict(lambda: 1)
    steps = db.execute(f"EXPLAIN QUERY PLAN {SQL[name]}", values).fetchall()  # type: ignore[arg-type] # either form
    return "; ".join(step[3] for step in steps)


def steps(db: sqlite3.Connection, ask: Callable[[sqlite3.Connection], object]) -> int:
    """How many of SQLite's own instructions something takes, in tens."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    db.set_progress_handler(count, 10)
    ask(db)
    db.set_progress_handler(None, 0)
    return taken


def promote_and_claim(db: sqlite3.Connection) -> list[int]:
    """What a worker does each time: how many were promoted, how many claimed, when it should look again."""
    wanted = work.Claim(owner="worker-1", now_ms=NOW, lease_ms=LEASE_MS, limit=8, per_location=2, turn=1, anew=True)
    promoted = follow_up_timers.promote(db, now_ms=NOW, limit=8)
    claimed = len(work.claim(db, wanted))
    return [promoted, claimed, lists.next_due_ms(db, NOW) or 0]


@pytest.mark.parametrize("name", SQL)
def test_a_statement_reads_no_table_as_a_whole(db: sqlite3.Connection, name: str) -> None:
    harmless = ("VIRTUAL TABLE INDEX 1:", "CONSTANT ROW")
    scans = [step for step in plan(db, name).split("; ") if step.startswith("SCAN ") and not step.endswith(harmless)]
    assert [step for step in scans if "timers_due" not in step and "reviews_unsettled" not in step] == []


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("due_timers", "timers_due (due_ms<?)"),
        ("next_timer", "timers_due"),
        ("list_timers", "timers_of_location (location=? AND rowid>?)"),
        ("dials", "PRIMARY KEY (location=? AND number=?)"),
        ("dials_of_contact", "dials_contact (location=? AND contact_id=?)"),
        ("reviews_of_call", "(location=? AND call_id=?)"),
        ("caller_ids", "PRIMARY KEY (location=? AND day>?)"),
        ("count_reviews", "reviews_unsettled (location=?)"),
        ("list_unsettled", "reviews_unsettled (location=? AND rowid>?)"),
        ("prune_reviews", "reviews_settled (changed_ms<?)"),
        ("prune_dials", "dials_latest (latest_ms<?)"),
        ("prune_caller_ids", "caller_id_days_day (day<?)"),
    ],
)
def test_each_question_has_its_index(db: sqlite3.Connection, name: str, index: str) -> None:
    assert index in plan(db, name)


@pytest.mark.parametrize("name", ["due_timers", "list_timers", "list_unsettled", "list_reviews", "dials"])
def test_nothing_is_sorted_to_find_it(db: sqlite3.Connection, name: str) -> None:
    assert "TEMP B-TREE" not in plan(db, name)


def of_many(count: int, *, first_due_ms: int, ask: Callable[[sqlite3.Connection], object]) -> int:
    """What `ask` takes where so many timers are pending, each due a millisecond after the one before."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        db.execute(MANY, {"count": count, "due_ms": first_due_ms})
        work.record(db, [event(location="loc-1")])
        return steps(db, ask)


@pytest.mark.parametrize("count", [10_000, pytest.param(1_000_000, marks=pytest.mark.slow, id="a million")])
def test_a_claim_does_not_pay_for_pending_timers(count: int) -> None:
    few = of_many(10, first_due_ms=NOW + 1, ask=promote_and_claim)
    assert of_many(count, first_due_ms=NOW + 1, ask=promote_and_claim) == few


def test_a_batch_of_timers_does_not_pay_for_those_behind_it() -> None:
    few = of_many(10, first_due_ms=NOW - 100_000, ask=promote_and_claim)
    assert of_many(10_000, first_due_ms=NOW - 100_000, ask=promote_and_claim) <= few + 5
