"""What was settled, or mattered last, long ago may be forgotten; what waits stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store.follow_up import ReviewState
from tests.connector.store.build import NOW
from tests.connector.store.follow_up.build import DAY_MS, OURS, PHONE, dialled, follows, later, review, shown

if TYPE_CHECKING:
    from connector.store.database import Database
    from connector.store.follow_up import Effect

OTHER = "+14155550122"
LATER = NOW + 100 * DAY_MS


async def _prune(database: Database, *, before_ms: int = LATER, limit: int = 9) -> int:
    """How much was forgotten, besides deliveries."""
    deliveries = len(await database.list_deliveries())
    forgotten = await database.prune(done_before_ms=before_ms, quarantined_before_ms=None, limit=limit)
    return forgotten - (deliveries - len(await database.list_deliveries()))


async def _settled(database: Database, at_ms: int) -> None:
    """An entry of the review queue that was resolved then."""
    (row,) = await database.follow_up.list_reviews("loc-a")
    await database.follow_up.change_reviews(
        "loc-a", {row.id: row.version}, to=ReviewState.RESOLVED, by="Mia", now_ms=at_ms
    )


async def test_pending_timers_stay_however_old(database: Database) -> None:
    await follows(database, later())
    assert await _prune(database) == 0
    assert len(await database.follow_up.list_timers("loc-a")) == 1


async def test_unsettled_reviews_stay_however_old(database: Database) -> None:
    await follows(database, review())
    assert await _prune(database) == 0
    assert len(await database.follow_up.list_reviews("loc-a")) == 1


async def test_settled_reviews_are_forgotten_in_time(database: Database) -> None:
    await follows(database, review())
    await _settled(database, NOW + 5 * DAY_MS)
    assert await _prune(database, before_ms=NOW + 5 * DAY_MS) == 0
    assert await _prune(database, before_ms=NOW + 5 * DAY_MS + 1) == 1
    assert await database.follow_up.list_reviews("loc-a", states=list(ReviewState)) == []


async def test_a_number_that_is_to_be_left_alone_is_never_forgotten(database: Database) -> None:
    await follows(database, dialled(dnd=True), dialled(OTHER, dnd=False))
    assert await _prune(database) == 1
    assert set(await database.follow_up.dial_histories("loc-a", [PHONE, OTHER])) == {PHONE}


@pytest.mark.parametrize(
    "effect",
    [
        dialled(ms=5 * DAY_MS),
        dialled(suppressed_until_ms=NOW + 5 * DAY_MS, suppressed_why="voicemail left"),
        dialled(callback_due_ms=NOW + 5 * DAY_MS),
    ],
)
async def test_a_number_is_forgotten_once_nothing_of_it_matters(database: Database, effect: Effect) -> None:
    await follows(database, effect)
    assert await _prune(database, before_ms=NOW + 5 * DAY_MS) == 0
    assert await _prune(database, before_ms=NOW + 5 * DAY_MS + 1) == 1
    assert await database.follow_up.dial_histories("loc-a", [PHONE]) == {}


async def test_caller_ids_are_forgotten_by_the_day(database: Database) -> None:
    await follows(database, shown(), shown(ms=DAY_MS))
    assert await _prune(database, before_ms=NOW + DAY_MS) == 1
    (left,) = await database.follow_up.caller_ids("loc-a", since_ms=0)
    assert (left.number, left.calls, left.last_used_ms) == (OURS, 1, NOW + DAY_MS)


async def test_a_piece_is_no_larger_than_asked_of_each_kind(database: Database) -> None:
    await follows(database, dialled(), dialled(OTHER, ms=-1), shown(), shown(OTHER))
    assert await _prune(database, limit=1) == 2
    assert set(await database.follow_up.dial_histories("loc-a", [PHONE, OTHER])) == {PHONE}
    assert await _prune(database, limit=1) == 2
    assert await _prune(database, limit=1) == 0
