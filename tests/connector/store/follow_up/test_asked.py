"""What people and workflows ask for outside of a delivery, and how they find a number's latest call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.store.follow_up import DialRecord, PutReview, dialled_on, suppressed_on
from tests.connector.store.build import DONE, NOW, claim, event
from tests.connector.store.follow_up.build import DAY_MS, MINUTE_MS, PHONE, dialled, follows, review

if TYPE_CHECKING:
    from connector.store.database import Database


async def known(database: Database, location: str = "loc-a") -> DialRecord | None:
    return (await database.follow_up.dial_histories(location, [PHONE])).get(PHONE)


async def test_a_number_that_was_never_called_can_be_suppressed(database: Database) -> None:
    assert await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + DAY_MS, why="asked") == NOW + DAY_MS
    assert await known(database) == DialRecord(number=PHONE, suppressed_until_ms=NOW + DAY_MS, suppressed_why="asked")


async def test_what_is_known_of_its_calls_stays(database: Database) -> None:
    await follows(database, dialled(attempts=2, attempt_tag="tag", call_id="call-1"))
    await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + 1, why="asked")
    record = await known(database)
    assert record is not None
    assert (record.attempts, record.attempt_tag, record.last_call_ms, record.last_call_id) == (2, "tag", NOW, "call-1")


async def test_a_call_that_comes_then_leaves_it(database: Database) -> None:
    await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + DAY_MS, why="asked")
    await follows(database, dialled(attempts=1))
    record = await known(database)
    assert record is not None
    assert (record.suppressed_until_ms, record.attempts, record.last_call_ms) == (NOW + DAY_MS, 1, NOW)


async def test_the_suppression_that_ends_later_holds(database: Database) -> None:
    await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + 2, why="first")
    assert await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + 1, why="second") == NOW + 2
    record = await known(database)
    assert record is not None
    assert record.suppressed_why == "first"


async def test_it_can_be_lifted(database: Database) -> None:
    await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW + 2, why="first")
    assert await database.follow_up.suppress("loc-a", PHONE, until_ms=0, why="changed my mind") is None
    assert await known(database) == DialRecord(number=PHONE)


async def test_lifting_what_is_not_there_keeps_nothing(database: Database) -> None:
    assert await database.follow_up.suppress("loc-a", PHONE, until_ms=0, why="?") is None
    assert await known(database) is None


async def test_a_neighbours_number_is_another_one(database: Database) -> None:
    await database.follow_up.suppress("loc-b", PHONE, until_ms=NOW + 2, why="first")
    assert await known(database) is None


async def test_a_suppression_is_forgotten_when_it_matters_no_more(database: Database) -> None:
    await database.follow_up.suppress("loc-a", PHONE, until_ms=NOW, why="asked")
    await database.prune(done_before_ms=NOW, quarantined_before_ms=None, limit=10)
    assert await known(database) is not None
    await database.prune(done_before_ms=NOW + 1, quarantined_before_ms=None, limit=10)
    assert await known(database) is None


@given(
    until_ms=st.integers(0, 5),
    held=st.none() | st.integers(1, 5),
)
def test_people_and_calls_suppress_alike(until_ms: int, held: int | None) -> None:
    before = None if held is None else suppressed_on(None, PHONE, held, "before")
    by_call = dialled_on(before, dialled(suppressed_until_ms=until_ms, suppressed_why="now"))
    by_people = suppressed_on(before, PHONE, until_ms, "now")
    assert (by_people.suppressed_until_ms, by_people.suppressed_why) == (
        by_call.suppressed_until_ms,
        by_call.suppressed_why,
    )


async def test_the_latest_call_of_a_number_is_known_by_its_id(database: Database) -> None:
    await follows(database, dialled(ms=5, call_id="call-2"), call_id="call-2")
    await follows(database, dialled(ms=1, call_id="call-1"), call_id="call-1")
    record = await known(database)
    assert record is not None
    assert record.last_call_id == "call-2"


async def test_a_call_can_be_put_on_review_from_outside(database: Database) -> None:
    asked = PutReview(reason="angry", contact_id=None, agent=None, ended_ms=NOW - MINUTE_MS, talk_s=None)
    assert await database.follow_up.put_review("loc-a", "call-9", asked, lane=PHONE, now_ms=NOW)
    (row,) = await database.follow_up.list_reviews("loc-a")
    assert (row.call_id, row.reason, row.lane, row.put_ms, row.ended_ms) == (
        "call-9",
        "angry",
        PHONE,
        NOW,
        NOW - MINUTE_MS,
    )


@pytest.mark.parametrize("first", ["outside", "delivery"])
async def test_one_of_a_call_and_a_reason_is_there_once(database: Database, first: str) -> None:
    if first == "delivery":
        await follows(database, review("angry"))
    else:
        assert await database.follow_up.put_review("loc-a", "call-1", review("angry"), lane=PHONE, now_ms=NOW)
        await follows(database, review("angry"))
    assert not await database.follow_up.put_review("loc-a", "call-1", review("angry"), lane=PHONE, now_ms=NOW)
    assert len(await database.follow_up.list_reviews("loc-a")) == 1


async def test_what_became_of_a_call_tells_its_other_events(database: Database) -> None:
    await database.record([event(lane=PHONE)])
    (delivery,) = await claim(database)
    await database.write_down(delivery.lease, now_ms=NOW, ending=DONE)
    await database.record([replace(event(kind="wrapup:1", call=b"part"), part=True)])
    done = await database.written("loc-a", "call-1")
    assert done is not None
    assert done.parts == (b"part",)
