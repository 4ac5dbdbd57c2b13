"""Who may work on what, and when."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.store import Ending, Pause, State
from tests.connector.store.build import DONE, LEASE_MS, NOW, claim, claim_ids, claim_one, end, event, parked

if TYPE_CHECKING:
    from connector.store import Store

LATER = Ending(State.WAITING, "throttled", NOW + 5_000)


async def test_a_claim_hands_out_the_event_as_recorded(store: Store) -> None:
    await store.record([event("call-7", kind="answered", lane="+15550100", call=b"{}")])
    delivery = await claim_one(store)
    assert (delivery.location, delivery.trunk, delivery.call_id, delivery.event, delivery.lane) == (
        "loc-a",
        "generic",
        "call-7",
        "answered",
        "+15550100",
    )
    assert (delivery.call, delivery.received_ms, delivery.tries, delivery.in_doubt) == (b"{}", NOW, 1, False)
    assert (delivery.contact_id, delivery.plan, delivery.ledger) == (None, None, {})


async def test_nothing_due_gives_nothing(store: Store) -> None:
    assert await claim(store) == []


async def test_what_is_due_later_is_not_claimed(store: Store) -> None:
    await store.record([event(received_ms=NOW + 1)])
    assert await claim(store, now_ms=NOW) == []
    assert await claim_ids(store, now_ms=NOW + 1) == ["call-1"]


async def test_the_longest_due_comes_first(store: Store) -> None:
    await store.record([event("late", received_ms=NOW), event("early", received_ms=NOW - 5)])
    assert await claim_ids(store) == ["early", "late"]


async def test_what_is_due_alike_comes_as_recorded(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(12)])
    assert await claim_ids(store) == [f"call-{n}" for n in range(12)]


async def test_a_limit_is_kept(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(5)])
    assert await claim_ids(store, limit=2) == ["call-0", "call-1"]
    assert await claim_ids(store, limit=9) == ["call-2", "call-3", "call-4"]


async def test_no_room_claims_nothing_and_loses_nothing(store: Store) -> None:
    await store.record([event()])
    assert await claim(store, limit=0) == []
    assert await claim(store, per_location=0) == []
    assert await claim_ids(store) == ["call-1"]


async def test_what_is_leased_is_not_claimed_again(store: Store) -> None:
    await store.record([event()])
    await claim_one(store)
    assert await claim(store, now_ms=NOW + LEASE_MS - 1) == []


async def test_concurrent_claims_never_share_a_delivery(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(20)])
    claims = await asyncio.gather(*(claim(store, limit=3) for _ in range(10)))
    ids = [delivery.call_id for claimed in claims for delivery in claimed]
    assert sorted(ids) == sorted({f"call-{n}" for n in range(20)})


async def test_a_lane_has_one_at_a_time_in_recorded_order(store: Store) -> None:
    await store.record([event("first", lane="+1"), event("second", lane="+1"), event("third", lane="+1")])
    worked = []
    while claimed := await claim(store):
        (delivery,) = claimed
        worked.append(delivery.call_id)
        await end(store, delivery, DONE)
    assert worked == ["first", "second", "third"]


async def test_a_lane_waits_for_its_first_even_if_that_is_due_later(store: Store) -> None:
    await store.record([event("first", lane="+1"), event("second", lane="+1"), event("other", lane="+2")])
    first = next(delivery for delivery in await claim(store) if delivery.call_id == "first")
    await end(store, first, LATER)
    assert await claim(store) == []
    assert await claim_ids(store, now_ms=NOW + 5_000) == ["first"]


async def test_parking_lets_the_next_in_the_lane_go(store: Store) -> None:
    await store.record([event("second", lane="+1", received_ms=NOW + 1)])
    await store.record([event("third", lane="+1", received_ms=NOW + 1)])
    await end(store, await claim_one(store, now_ms=NOW + 1), Ending(State.PARKED, "gone"), now_ms=NOW + 1)
    assert await claim_ids(store, now_ms=NOW + 1) == ["third"]


async def test_the_same_lane_of_another_sub_account_is_another_lane(store: Store) -> None:
    await store.record([event(location="loc-a", lane="+1"), event(location="loc-b", lane="+1")])
    assert len(await claim(store)) == 2


async def test_a_sub_account_holds_no_more_than_it_may(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(5)])
    held = await claim(store, per_location=2)
    assert [delivery.call_id for delivery in held] == ["call-0", "call-1"]
    assert await claim(store, per_location=2) == []
    await end(store, held[0], DONE)
    assert await claim_ids(store, per_location=2) == ["call-2"]


async def test_a_sub_account_that_may_hold_more_gets_more_at_once(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(5)])
    assert await claim_ids(store, per_location=1) == ["call-0"]
    assert await claim_ids(store, per_location=3) == ["call-1", "call-2"]


async def test_a_lease_that_ran_out_is_not_held(store: Store) -> None:
    await store.record([event("call-0"), event("call-1")])
    await claim(store, per_location=1)
    assert await claim_ids(store, now_ms=NOW + LEASE_MS, per_location=1) == ["call-1"]


async def test_a_claim_takes_turns_between_sub_accounts(store: Store) -> None:
    await store.record([event(f"a{n}", location="loc-a") for n in range(4)])
    await store.record([event(f"b{n}", location="loc-b") for n in range(2)])
    assert await claim_ids(store, limit=5) == ["a0", "b0", "a1", "b1", "a2"]


async def test_small_claims_take_turns_between_sub_accounts(store: Store) -> None:
    for location in ("loc-a", "loc-b", "loc-c"):
        await store.record([event(f"{location}-{n}", location=location) for n in range(9)])
    served = [(await claim(store, limit=1))[0].location for _ in range(9)]
    assert [sorted(served[n : n + 3]) for n in (0, 3, 6)] == [["loc-a", "loc-b", "loc-c"]] * 3


async def test_many_with_nothing_to_give_do_not_hide_the_one_that_has(store: Store) -> None:
    for n in range(10):
        await store.record([event(f"call-{n}", location=f"loc-{n}")])
        await store.pause(f"loc-{n}", Pause(NOW + 1_000, "outage", 1))
    await store.record([event("free", location="loc-z")])
    assert await claim_ids(store, limit=2) == ["free"]


async def test_a_paused_sub_account_waits_until_its_time(store: Store) -> None:
    await store.record([event("call-a", location="loc-a"), event("call-b", location="loc-b")])
    await store.pause("loc-a", Pause(NOW + 1_000, "throttled", 1))
    assert await claim_ids(store) == ["call-b"]
    assert await claim_ids(store, now_ms=NOW + 999) == []
    assert await claim_ids(store, now_ms=NOW + 1_000) == ["call-a"]


async def test_a_lifted_pause_is_over_at_once(store: Store) -> None:
    await store.record([event()])
    await store.pause("loc-a", Pause(NOW + 1_000, "throttled", 1))
    assert await claim(store) == []
    await store.pause("loc-a", None)
    assert await claim_ids(store) == ["call-1"]


async def test_a_shorter_pause_replaces_a_longer_one(store: Store) -> None:
    await store.record([event()])
    await store.pause("loc-a", Pause(NOW + 9_000, "outage", 3))
    assert await claim(store) == []
    await store.pause("loc-a", Pause(NOW + 10, "throttled", 1))
    assert await claim_ids(store, now_ms=NOW + 10) == ["call-1"]


async def test_pauses_are_known_until_they_are_lifted(store: Store) -> None:
    pauses = {"loc-a": Pause(NOW, "throttled", 2), "loc-b": Pause(NOW + 1, "outage", 1)}
    for location, pause in pauses.items():
        await store.pause(location, pause)
    assert await store.pauses() == pauses
    await store.pause("loc-a", None)
    assert await store.pauses() == {"loc-b": pauses["loc-b"]}


async def test_an_expired_lease_is_claimed_in_doubt(store: Store) -> None:
    await store.record([event()])
    await claim_one(store)
    again = await claim_one(store, now_ms=NOW + LEASE_MS, owner="worker-2")
    assert (again.in_doubt, again.tries) == (True, 2)


async def test_doubt_stays_until_an_ending_is_written(store: Store) -> None:
    await store.record([event()])
    for n in range(3):
        delivery = await claim_one(store, now_ms=NOW + n * LEASE_MS)
    assert delivery.in_doubt
    await end(store, delivery, Ending(State.WAITING, "again", NOW), now_ms=NOW + 2 * LEASE_MS)
    assert not (await claim_one(store, now_ms=NOW + 2 * LEASE_MS)).in_doubt


async def test_after_a_crash_every_lease_ends_in_doubt(store: Store) -> None:
    await store.record([event(f"call-{n}") for n in range(3)])
    await claim(store, limit=2)
    assert await store.release_all(now_ms=NOW + 1, due_ms=NOW + 10) == 2
    assert await claim_ids(store, now_ms=NOW + 9) == ["call-2"]
    again = await claim(store, now_ms=NOW + 10)
    assert [(delivery.call_id, delivery.in_doubt) for delivery in again] == [("call-0", True), ("call-1", True)]


async def test_a_second_release_finds_nothing(store: Store) -> None:
    await store.record([event()])
    await claim_one(store)
    await store.release_all(now_ms=NOW, due_ms=NOW)
    assert await store.release_all(now_ms=NOW, due_ms=NOW) == 0


async def test_the_token_grows_with_each_claim(store: Store) -> None:
    await store.record([event()])
    tokens = [(await claim_one(store, now_ms=NOW + n * LEASE_MS)).lease.token for n in range(3)]
    assert tokens == sorted(set(tokens))


async def test_next_due_is_the_earliest_delivery(store: Store) -> None:
    await store.record([event("late", received_ms=NOW + 20), event("early", received_ms=NOW + 10)])
    assert await store.next_due_ms(now_ms=NOW) == NOW + 10
    assert await store.next_due_ms(now_ms=NOW + 10) == NOW + 20
    assert await store.next_due_ms(now_ms=NOW + 20) is None


async def test_next_due_is_the_end_of_a_lease(store: Store) -> None:
    await store.record([event()])
    await claim_one(store)
    assert await store.next_due_ms(now_ms=NOW) == NOW + LEASE_MS


async def test_next_due_is_the_next_try(store: Store) -> None:
    await store.record([event()])
    await end(store, await claim_one(store), LATER)
    assert await store.next_due_ms(now_ms=NOW) == NOW + 5_000


async def test_next_due_is_the_end_of_a_pause(store: Store) -> None:
    await store.record([event()])
    await store.pause("loc-a", Pause(NOW + 700, "throttled", 1))
    assert await store.next_due_ms(now_ms=NOW) == NOW + 700


async def test_a_replayed_delivery_waits_for_the_one_its_lane_is_working_on(store: Store) -> None:
    earlier = await parked(store, "earlier", lane="+1")
    await store.record([event("later", lane="+1")])
    working = await claim_one(store)
    await store.replay(earlier, now_ms=NOW)
    assert await claim(store) == []
    await end(store, working, DONE)
    assert await claim_ids(store) == ["earlier"]


async def test_a_replayed_delivery_goes_before_later_ones_of_its_lane(store: Store) -> None:
    earlier = await parked(store, "earlier", lane="+1")
    await store.record([event("later", lane="+1")])
    await store.replay(earlier, now_ms=NOW)
    assert await claim_ids(store) == ["earlier"]


async def test_after_a_pause_that_was_not_lifted_one_is_tried_at_a_time(store: Store) -> None:
    for n in range(4):
        await store.record([event(call_id=f"c{n}", lane=f"lane-{n}")])
    await store.pause("loc-a", Pause(NOW - 1, "outage", 3))
    (probe,) = await claim(store)
    assert await claim(store) == []
    await end(store, probe, Ending(State.WAITING, "still away", NOW + 1))
    assert len(await claim(store, now_ms=NOW + 1)) == 1


async def test_when_the_pause_is_lifted_all_are_taken_again(store: Store) -> None:
    for n in range(4):
        await store.record([event(call_id=f"c{n}", lane=f"lane-{n}")])
    await store.pause("loc-a", Pause(NOW - 1, "outage", 3))
    (probe,) = await claim(store)
    await end(store, probe, Ending(State.DONE))
    await store.pause("loc-a", None)
    assert len(await claim(store)) == 3


async def test_the_latest_due_comes_first_where_that_is_asked(store: Store) -> None:
    await store.record([event(f"c{n}", received_ms=NOW + n) for n in range(3)])
    claimed = await store.claim(
        "worker-1", now_ms=NOW + 9, lease_ms=LEASE_MS, limit=2, per_location=9, fresh_first=True
    )
    assert [delivery.call_id for delivery in claimed] == ["c2", "c1"]


async def test_a_lane_keeps_its_order_even_where_the_latest_comes_first(store: Store) -> None:
    await store.record([event(f"c{n}", lane="one", received_ms=NOW + n) for n in range(2)])
    claimed = await store.claim(
        "worker-1", now_ms=NOW + 9, lease_ms=LEASE_MS, limit=9, per_location=9, fresh_first=True
    )
    assert [delivery.call_id for delivery in claimed] == ["c0"]


async def test_a_try_that_the_end_of_the_process_cut_off_does_not_count(store: Store) -> None:
    await store.record([event()])
    for _ in range(3):
        await claim_one(store)
        await store.release_all(now_ms=NOW, due_ms=NOW)
    delivery = await claim_one(store)
    assert (delivery.tries, delivery.in_doubt) == (1, True)
