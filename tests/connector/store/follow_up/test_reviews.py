"""The review queue: put on once, claimed, resolved or dismissed by whoever saw it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store.follow_up import UNSETTLED, ResolveReview, ReviewCounts, ReviewRow, ReviewState
from tests.connector.store.build import DONE, NOW
from tests.connector.store.follow_up.build import MINUTE_MS, PHONE, follows, held, review

if TYPE_CHECKING:
    from connector.store.database import Database

OPEN, CLAIMED, RESOLVED, DISMISSED = ReviewState
SETTLED = [RESOLVED, DISMISSED]
RESOLVE = ResolveReview(by="Kim", reason="wrapped up")


async def _reviews(database: Database, states: list[ReviewState] | None = None) -> list[ReviewRow]:
    if states is None:
        states = list(ReviewState)
    return await database.follow_up.list_reviews("loc-a", states=states)


async def _one(database: Database) -> ReviewRow:
    """The only entry there is."""
    (row,) = await _reviews(database)
    return row


async def _change(
    database: Database,
    row: ReviewRow,
    to: ReviewState,
    *,
    by: str = "Mia",
    reason: str = "seen",
    location: str = "loc-a",
    now_ms: int = NOW + 1,
) -> bool:
    changed = await database.follow_up.change_reviews(
        location, {row.id: row.version}, to=to, by=by, reason=reason, now_ms=now_ms
    )
    assert changed in ([], [row.id])
    return bool(changed)


async def test_one_call_s_reviews_are_found_whatever_their_state(database: Database) -> None:
    await follows(database, review(), review("asked for a manager"))
    await follows(database, review(), call_id="call-2")
    rows = await database.follow_up.reviews_of_call("loc-a", "call-1")
    assert await _change(database, rows[0], RESOLVED)
    found = await database.follow_up.reviews_of_call("loc-a", "call-1")
    assert [(row.reason, row.state) for row in found] == [
        ("nobody wrapped it up", RESOLVED),
        ("asked for a manager", OPEN),
    ]
    assert await database.follow_up.reviews_of_call("loc-b", "call-1") == []


async def test_a_call_on_review_is_shown_with_what_a_manager_needs(database: Database) -> None:
    await follows(database, review())
    row = await _one(database)
    assert row == ReviewRow(
        id=row.id,
        location="loc-a",
        call_id="call-1",
        lane=PHONE,
        reason="nobody wrapped it up",
        contact_id="contact-1",
        agent="Kim",
        talk_s=42.5,
        ended_ms=NOW - MINUTE_MS,
        put_ms=NOW,
        state=OPEN,
        version=1,
        by=None,
        changed_ms=None,
        why=None,
    )


async def test_a_call_is_on_review_once_for_each_reason(database: Database) -> None:
    await follows(database, review(), review(), review("other"))
    await follows(database, review(), kind="fix:wrapup")
    assert [row.reason for row in await _reviews(database)] == ["nobody wrapped it up", "other"]


@pytest.mark.parametrize("state", SETTLED)
async def test_what_was_settled_is_not_put_on_review_again(database: Database, state: ReviewState) -> None:
    await follows(database, review())
    await _change(database, await _one(database), state)
    await follows(database, review(), kind="fix:wrapup")
    assert (await _one(database)).state is state


@pytest.mark.parametrize("to", ReviewState)
async def test_a_change_says_who_when_and_why(database: Database, to: ReviewState) -> None:
    await follows(database, review())
    assert await _change(database, await _one(database), to, now_ms=NOW + 7)
    row = await _one(database)
    assert (row.state, row.by, row.changed_ms, row.why, row.version) == (to, "Mia", NOW + 7, "seen", 2)


async def test_of_two_who_claim_the_same_one_gets_it(database: Database) -> None:
    await follows(database, review())
    seen = await _one(database)
    assert await _change(database, seen, CLAIMED, by="Mia")
    assert not await _change(database, seen, CLAIMED, by="Noa")
    assert (await _one(database)).by == "Mia"


async def test_a_claim_can_be_taken_over_and_put_back(database: Database) -> None:
    await follows(database, review())
    await _change(database, await _one(database), CLAIMED)
    assert await _change(database, await _one(database), CLAIMED, by="Noa")
    assert await _change(database, await _one(database), OPEN, by="Noa")
    assert (await _one(database)).state is OPEN


@pytest.mark.parametrize("state", SETTLED)
@pytest.mark.parametrize("to", ReviewState)
async def test_what_is_settled_stays_so(database: Database, state: ReviewState, to: ReviewState) -> None:
    await follows(database, review())
    await _change(database, await _one(database), state)
    assert not await _change(database, await _one(database), to)


@pytest.mark.parametrize("reason", ["", "  "])
async def test_a_dismissal_needs_a_reason(database: Database, reason: str) -> None:
    await follows(database, review())
    with pytest.raises(ValueError, match="reason"):
        await _change(database, await _one(database), DISMISSED, reason=reason)
    assert (await _one(database)).state is OPEN


async def test_nobody_changes_a_neighbours_review(database: Database) -> None:
    await follows(database, review())
    assert not await _change(database, await _one(database), RESOLVED, location="loc-b")


async def test_many_are_changed_at_once_and_those_somebody_changed_are_left(database: Database) -> None:
    await follows(database, *(review(f"{n}") for n in range(4)))
    first, second, third, _ = rows = await _reviews(database)
    await _change(database, second, CLAIMED, by="Noa")
    versions = {row.id: row.version for row in rows[:3]}
    changed = await database.follow_up.change_reviews("loc-a", versions, to=RESOLVED, by="Mia", now_ms=NOW + 1)
    assert changed == [first.id, third.id]
    assert [row.state for row in await _reviews(database)] == [RESOLVED, CLAIMED, RESOLVED, OPEN]


async def test_what_is_unsettled_is_listed_unless_other_states_are_named(database: Database) -> None:
    await follows(database, *(review(f"{n}") for n in range(4)))
    for row, to in zip(await _reviews(database), ReviewState, strict=True):
        await _change(database, row, to)
    assert {row.state for row in await database.follow_up.list_reviews("loc-a")} == UNSETTLED
    for state in ReviewState:
        assert [row.state for row in await _reviews(database, [state])] == [state]
    assert [row.state for row in await _reviews(database, SETTLED)] == SETTLED


async def test_a_manager_finds_what_is_claimed_by_oneself(database: Database) -> None:
    await follows(database, *(review(f"{n}") for n in range(3)))
    first, second, _ = await _reviews(database)
    await _change(database, first, CLAIMED, by="Mia")
    await _change(database, second, CLAIMED, by="Noa")
    assert [row.id for row in await database.follow_up.list_reviews("loc-a", by="Noa")] == [second.id]
    assert [row.id for row in await database.follow_up.list_reviews("loc-a", states=[CLAIMED], by="Mia")] == [first.id]


@pytest.mark.parametrize("states", [UNSETTLED, list(ReviewState)])
async def test_reviews_come_in_pages(database: Database, states: list[ReviewState]) -> None:
    await follows(database, *(review(f"{n}") for n in range(3)))
    page = await database.follow_up.list_reviews("loc-a", states=states, limit=2)
    assert [row.reason for row in page] == ["0", "1"]
    rest = await database.follow_up.list_reviews("loc-a", states=states, after=page[-1].id)
    assert [row.reason for row in rest] == ["2"]


async def test_a_disposition_that_comes_later_resolves_all_that_is_unsettled_of_its_call(database: Database) -> None:
    await follows(database, *(review(f"{n}") for n in range(3)))
    await follows(database, review("another call"), call_id="call-2")
    first, second, *_ = await _reviews(database)
    await _change(database, first, CLAIMED)
    await _change(database, second, DISMISSED)
    await follows(database, RESOLVE, kind="fix:wrapup")
    rows = await _reviews(database)
    assert [row.state for row in rows] == [RESOLVED, DISMISSED, RESOLVED, OPEN]
    assert (rows[0].by, rows[0].why, rows[0].changed_ms, rows[0].version) == ("Kim", "wrapped up", NOW, 3)


async def test_who_claims_a_review_that_a_disposition_resolved_is_too_late(database: Database) -> None:
    await follows(database, review())
    seen = await _one(database)
    await follows(database, RESOLVE, kind="fix:wrapup")
    assert not await _change(database, seen, CLAIMED)


async def test_counts_tell_what_is_open_who_claimed_and_since_when(database: Database) -> None:
    assert await database.follow_up.review_counts("loc-a") == ReviewCounts(open=0, claimed={}, oldest_ms=None)
    await follows(database, *(review(f"{n}") for n in range(5)))
    rows = await _reviews(database)
    for row, by in zip(rows, ["Mia", "Mia", "Noa"], strict=False):
        await _change(database, row, CLAIMED, by=by)
    await _change(database, rows[3], RESOLVED)
    counts = await database.follow_up.review_counts("loc-a")
    assert counts == ReviewCounts(open=1, claimed={"Mia": 2, "Noa": 1}, oldest_ms=NOW)


async def test_what_was_put_back_counts_as_open(database: Database) -> None:
    await follows(database, review("a"), review("b"))
    await _change(database, (await _reviews(database))[0], OPEN)
    assert await database.follow_up.review_counts("loc-a") == ReviewCounts(open=2, claimed={}, oldest_ms=NOW)


async def test_counts_are_of_one_sub_account_or_of_all(database: Database) -> None:
    delivery = await held(database)
    await database.write_down(delivery.lease, now_ms=NOW + 9, effects=[review()], ending=DONE)
    await follows(database, review(), location="loc-b")
    assert await database.follow_up.review_counts("loc-a") == ReviewCounts(open=1, claimed={}, oldest_ms=NOW + 9)
    assert await database.follow_up.review_counts() == ReviewCounts(open=2, claimed={}, oldest_ms=NOW)
