"""Effects are written with the ledger: by the holder, all or none, each once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import ActionResult, Applied, StoreError
from connector.store.follow_up import Effect, PutReview
from tests.connector.store.build import DONE, LEASE_MS, NOW, claim
from tests.connector.store.follow_up.build import PHONE, dialled, held, later, review, shown

if TYPE_CHECKING:
    from connector.store.database import Database

NOTE = ActionResult("note", Applied.APPLIED, "n1")
EFFECTS: list[Effect] = [later(), dialled(attempts=1), shown(), review()]
UNWRITABLE = PutReview(reason="half a pair: \ud800", contact_id=None, agent=None, ended_ms=NOW, talk_s=None)


async def _what_followed(database: Database) -> list[int]:
    """How many timers, numbers, caller IDs and reviews there are."""
    found = (
        await database.follow_up.list_timers("loc-a"),
        await database.follow_up.dial_histories("loc-a", [PHONE]),
        await database.follow_up.caller_ids("loc-a", since_ms=0),
        await database.follow_up.list_reviews("loc-a"),
    )
    return [len(each) for each in found]


async def test_all_effects_of_a_holder_take_effect(database: Database) -> None:
    delivery = await held(database)
    assert await database.write_down(delivery.lease, now_ms=NOW, results=[NOTE], effects=EFFECTS)
    assert await _what_followed(database) == [1, 1, 1, 1]


async def test_they_come_with_an_ending_too(database: Database) -> None:
    delivery = await held(database)
    assert await database.write_down(delivery.lease, now_ms=NOW, effects=EFFECTS, ending=DONE)
    assert await _what_followed(database) == [1, 1, 1, 1]


async def test_nothing_follows_from_a_lease_that_ran_out(database: Database) -> None:
    delivery = await held(database)
    assert not await database.write_down(delivery.lease, now_ms=NOW + LEASE_MS, results=[NOTE], effects=EFFECTS)
    assert await _what_followed(database) == [0, 0, 0, 0]


async def test_nothing_follows_from_a_lease_that_another_has_now(database: Database) -> None:
    delivery = await held(database)
    await claim(database, now_ms=NOW + LEASE_MS, owner="worker-2")
    assert not await database.write_down(delivery.lease, now_ms=NOW + LEASE_MS + 1, effects=EFFECTS, ending=DONE)
    assert await _what_followed(database) == [0, 0, 0, 0]


async def test_an_effect_that_fails_takes_the_ledger_and_the_others_with_it(database: Database) -> None:
    delivery = await held(database)
    with pytest.raises(StoreError):
        await database.write_down(
            delivery.lease, now_ms=NOW, results=[NOTE], effects=[*EFFECTS, UNWRITABLE], ending=DONE
        )
    assert await _what_followed(database) == [0, 0, 0, 0]
    assert await database.ledger(delivery.lease.delivery) == []
    assert await database.write_down(delivery.lease, now_ms=NOW, results=[NOTE], ending=DONE)


async def test_what_is_somebody_elses_is_not_shown(database: Database) -> None:
    delivery = await held(database, location="loc-b")
    await database.write_down(delivery.lease, now_ms=NOW, effects=EFFECTS, ending=DONE)
    assert await _what_followed(database) == [0, 0, 0, 0]
