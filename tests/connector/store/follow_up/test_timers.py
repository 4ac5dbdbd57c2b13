"""Timers: set, replaced, cancelled, and made into deliveries once, when they are due."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from connector.store import TIMER, Ending, Pause, State
from connector.store.follow_up import Cancel, TimerRow
from tests.connector.store.build import DONE, LEASE_MS, NOW, claim, claim_one, end, event
from tests.connector.store.follow_up.build import MINUTE_MS, PHONE, follows, held, later

if TYPE_CHECKING:
    from connector.store.database import Database
    from connector.store.follow_up import Effect

DUE = NOW + MINUTE_MS


async def _keys(database: Database, location: str = "loc-a") -> list[str]:
    return [timer.key for timer in await database.follow_up.list_timers(location)]


async def _promoted(database: Database, now_ms: int = DUE, limit: int = 100) -> list[str]:
    """The events of all timers that became deliveries so far."""
    await database.follow_up.promote(now_ms=now_ms, limit=limit)
    return [row.event for row in await database.list_deliveries() if row.event.startswith(TIMER)]


async def test_a_timer_is_shown_with_its_call(database: Database) -> None:
    await follows(database, later())
    (timer,) = await database.follow_up.list_timers("loc-a")
    assert timer == TimerRow(
        id=timer.id,
        location="loc-a",
        call_id="call-1",
        key="review",
        trunk="generic",
        lane=PHONE,
        due_ms=DUE,
        document=b"later",
    )


async def test_timers_are_listed_by_sub_account_and_by_call(database: Database) -> None:
    await follows(database, later("a"), later("b"))
    await follows(database, later("c"), call_id="call-2")
    await follows(database, later("d"), location="loc-b")
    assert await _keys(database) == ["a", "b", "c"]
    assert [timer.key for timer in await database.follow_up.list_timers("loc-a", call_id="call-2")] == ["c"]


async def test_timers_come_in_pages(database: Database) -> None:
    await follows(database, *(later(key) for key in "abc"))
    (first, second) = await database.follow_up.list_timers("loc-a", limit=2)
    assert [first.key, second.key] == ["a", "b"]
    assert [timer.key for timer in await database.follow_up.list_timers("loc-a", after=second.id)] == ["c"]
    assert [
        t.key for t in await database.follow_up.list_timers("loc-a", call_id="call-1", after=first.id, limit=1)
    ] == ["b"]


async def test_a_timer_of_the_same_key_takes_the_place_of_the_first(database: Database) -> None:
    await follows(database, later(), later(ms=2 * MINUTE_MS, document=b"anew"))
    (timer,) = await database.follow_up.list_timers("loc-a")
    assert (timer.due_ms, timer.document) == (NOW + 2 * MINUTE_MS, b"anew")


async def test_nothing_is_promoted_before_its_time(database: Database) -> None:
    await follows(database, later())
    assert await database.follow_up.promote(now_ms=DUE - 1, limit=9) == 0
    assert await _keys(database) == ["review"]


async def test_a_timer_that_is_due_becomes_a_delivery_of_its_call(database: Database) -> None:
    await follows(database, later())
    assert await database.follow_up.promote(now_ms=DUE + 5, limit=9) == 1
    assert await _keys(database) == []
    delivery = await claim_one(database, now_ms=DUE + 5)
    assert (delivery.location, delivery.trunk, delivery.call_id, delivery.lane) == ("loc-a", "generic", "call-1", PHONE)
    assert (delivery.event, delivery.call, delivery.received_ms) == ("timer:review", b"later", DUE)


async def test_the_longest_due_are_promoted_first_and_no_more_than_asked(database: Database) -> None:
    await follows(database, later("third", ms=3), later("first", ms=1), later("second", ms=2))
    assert await database.follow_up.promote(now_ms=DUE, limit=2) == 2
    assert await _keys(database) == ["third"]
    assert await database.follow_up.promote(now_ms=DUE, limit=2) == 1


async def test_a_timer_is_promoted_once(database: Database) -> None:
    await follows(database, later())
    assert await _promoted(database) == await _promoted(database) == ["timer:review"]


async def test_a_key_that_fired_is_not_set_again(database: Database) -> None:
    await follows(database, later())
    await _promoted(database)
    await end(database, await claim_one(database, now_ms=DUE), DONE, now_ms=DUE)
    await follows(database, later(), kind="fix:wrapup")
    assert await _keys(database) == []


async def test_the_same_key_of_another_call_is_another_timer(database: Database) -> None:
    await follows(database, later())
    await follows(database, later(), call_id="call-2")
    assert await _promoted(database) == ["timer:review", "timer:review"]


async def test_a_promoted_timer_waits_for_its_contacts_earlier_calls(database: Database) -> None:
    await follows(database, later())
    await database.record([event("call-2", lane=PHONE)])
    await _promoted(database)
    assert [delivery.call_id for delivery in await claim(database, now_ms=DUE)] == ["call-2"]


async def test_a_promoted_timer_leaves_a_call_open_whose_end_is_not_known(database: Database) -> None:
    await follows(database, later(), kind="wrapup")
    await database.record([replace(event("call-1", kind="answered"), part=True)])
    await _promoted(database)
    assert [call.call_id for call in await database.open_calls(before_ms=DUE, limit=9)] == ["call-1"]


async def test_timers_are_cancelled_by_the_beginning_of_their_key(database: Database) -> None:
    await follows(database, later("review"), later("review:2"), later("tag"))
    await follows(database, later("review"), call_id="call-2")
    await follows(database, Cancel(key_prefix="review"), kind="fix:wrapup")
    assert await _keys(database) == ["tag", "review"]


async def test_all_of_a_calls_timers_are_cancelled_by_no_beginning(database: Database) -> None:
    await follows(database, later("review"), later("tag"))
    await follows(database, later("review"), location="loc-b")
    await follows(database, Cancel(key_prefix=""), kind="fix:wrapup")
    assert (await _keys(database), await _keys(database, "loc-b")) == ([], ["review"])


async def test_one_timer_is_cancelled_by_its_whole_key(database: Database) -> None:
    await follows(database, later("tag@60"), later("tag@600"))
    await follows(database, Cancel(key_prefix="tag@60", exact=True), kind="fix:wrapup")
    assert await _keys(database) == ["tag@600"]


async def test_a_percent_sign_in_a_beginning_is_itself(database: Database) -> None:
    await follows(database, later("review"), later("%"))
    await follows(database, Cancel(key_prefix="%"), kind="fix:wrapup")
    assert await _keys(database) == ["review"]


async def test_a_promoted_timer_that_nobody_began_is_cancelled_too(database: Database) -> None:
    await follows(database, later())
    wrap_up = await held(database, kind="fix:wrapup")
    await _promoted(database)
    await database.write_down(wrap_up.lease, now_ms=NOW, effects=[Cancel(key_prefix="review")], ending=DONE)
    assert await claim(database, now_ms=DUE) == []
    assert (await database.depth()).waiting == 0


async def test_a_cancelled_delivery_lets_the_next_of_its_lane_come(database: Database) -> None:
    await follows(database, later())
    await _promoted(database)
    await database.record([event("call-2", lane=PHONE), event("call-1", kind="wrapup", lane="elsewhere")])
    wrap_up = await claim_one(database, now_ms=NOW)  # the timer, at the front of its lane, may be claimed from DUE on
    await database.write_down(wrap_up.lease, now_ms=NOW, effects=[Cancel(key_prefix="")], ending=DONE)
    assert [delivery.call_id for delivery in await claim(database, now_ms=DUE)] == ["call-2"]


async def test_a_promoted_timer_that_was_begun_is_not_cancelled(database: Database) -> None:
    await follows(database, later())
    await _promoted(database)
    begun = await claim_one(database, now_ms=DUE)
    await database.record([event("call-1", kind="wrapup", lane="call-1", received_ms=DUE)])
    wrap_up = await claim_one(database, now_ms=DUE)
    await database.write_down(wrap_up.lease, now_ms=DUE, effects=[Cancel(key_prefix="")], ending=DONE)
    assert await database.write_down(begun.lease, now_ms=DUE, ending=DONE)


async def test_a_promoted_timer_that_was_begun_and_waits_again_is_not_cancelled(database: Database) -> None:
    await follows(database, later())
    await _promoted(database)
    await end(database, await claim_one(database, now_ms=DUE), Ending(State.WAITING, "5xx", DUE + 1), now_ms=DUE)
    await database.record([event("call-1", kind="wrapup", lane="elsewhere", received_ms=DUE)])
    wrap_up = await claim_one(database, now_ms=DUE)
    await database.write_down(wrap_up.lease, now_ms=DUE, effects=[Cancel(key_prefix="")], ending=DONE)
    assert (await claim_one(database, now_ms=DUE + 1)).event == "timer:review"


async def test_a_cancelled_key_can_be_set_again(database: Database) -> None:
    await follows(database, later())
    wrap_up = await held(database, kind="fix:wrapup")
    await _promoted(database)
    effects: list[Effect] = [Cancel(key_prefix=""), later(ms=2 * MINUTE_MS)]
    await database.write_down(wrap_up.lease, now_ms=NOW, effects=effects, ending=DONE)
    assert await _keys(database) == ["review"]
    assert await _promoted(database, NOW + 2 * MINUTE_MS) == ["timer:review"]


async def test_people_cancel_a_timer_by_its_id(database: Database) -> None:
    await follows(database, later())
    (timer,) = await database.follow_up.list_timers("loc-a")
    assert await database.follow_up.cancel_timer("loc-a", timer.id)
    assert not await database.follow_up.cancel_timer("loc-a", timer.id)
    assert await _promoted(database) == []


async def test_nobody_cancels_a_neighbours_timer(database: Database) -> None:
    await follows(database, later())
    (timer,) = await database.follow_up.list_timers("loc-a")
    assert not await database.follow_up.cancel_timer("loc-b", timer.id)
    assert await _keys(database) == ["review"]


async def test_a_timers_id_is_never_given_twice(database: Database) -> None:
    await follows(database, later())
    (first,) = await database.follow_up.list_timers("loc-a")
    await database.follow_up.cancel_timer("loc-a", first.id)
    await follows(database, later(), call_id="call-2")
    (second,) = await database.follow_up.list_timers("loc-a")
    assert second.id > first.id


async def test_the_first_timer_says_when_something_is_due_next(database: Database) -> None:
    assert await database.follow_up.next_timer_ms() is None
    await follows(database, later("late", ms=2 * MINUTE_MS), later())
    assert await database.follow_up.next_timer_ms() == DUE
    assert await database.next_due_ms(now_ms=NOW) == DUE


async def test_a_timer_that_is_due_counts_until_it_is_promoted(database: Database) -> None:
    await follows(database, later())
    assert await database.next_due_ms(now_ms=DUE + 5) == DUE
    await _promoted(database, DUE + 5)
    assert await database.next_due_ms(now_ms=DUE + 5) is None


async def test_a_paused_sub_accounts_timers_wait_as_its_deliveries_do(database: Database) -> None:
    await follows(database, later())
    await database.pause("loc-a", Pause(DUE + LEASE_MS, "throttled", 1))
    assert await _promoted(database) == ["timer:review"]
    assert await claim(database, now_ms=DUE) == []
    (row,) = await database.list_deliveries(state=State.WAITING)
    assert row.event == "timer:review"
