"""What a holder says is kept; what one who slept says is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import ActionResult, Applied, Ending, Lease, State
from connector.store.follow_up import Cancel
from tests.connector.store.build import DONE, LEASE_MS, NOW, PARKED, claim, claim_one, end, event, parked

if TYPE_CHECKING:
    from connector.store import Delivery, Store

NOTE = ActionResult("note", Applied.APPLIED, "note-1")
TAGS = ActionResult("tags", Applied.REFUSED, None, "422: no such tag")


async def held(store: Store) -> Delivery:
    """One delivery, recorded and claimed."""
    await store.record([event()])
    return await claim_one(store)


async def claimed_again(store: Store) -> Delivery:
    """The same after its lease ran out."""
    return await claim_one(store, now_ms=NOW + LEASE_MS, owner="worker-2")


async def test_contact_and_plan_are_there_for_the_next_holder(store: Store) -> None:
    delivery = await held(store)
    assert await store.write_down(delivery.lease, now_ms=NOW, contact_id="contact-1", plan=b"[]")
    again = await claimed_again(store)
    assert (again.contact_id, again.plan) == ("contact-1", b"[]")


async def test_what_is_not_given_stays_as_it_was(store: Store) -> None:
    delivery = await held(store)
    await store.write_down(delivery.lease, now_ms=NOW, contact_id="contact-1")
    await store.write_down(delivery.lease, now_ms=NOW, plan=b"[]")
    await store.write_down(delivery.lease, now_ms=NOW)
    again = await claimed_again(store)
    assert (again.contact_id, again.plan) == ("contact-1", b"[]")


async def test_results_gather_in_the_ledger_by_key(store: Store) -> None:
    delivery = await held(store)
    await store.write_down(delivery.lease, now_ms=NOW, results=[TAGS])
    await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE])
    assert await store.ledger(delivery.lease.delivery) == [NOTE, TAGS]
    assert (await claimed_again(store)).ledger == {"note": NOTE, "tags": TAGS}


async def test_a_result_replaces_the_line_of_its_key(store: Store) -> None:
    delivery = await held(store)
    await store.write_down(delivery.lease, now_ms=NOW, results=[ActionResult("note", Applied.IN_DOUBT)])
    await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE])
    assert await store.ledger(delivery.lease.delivery) == [NOTE]


async def test_there_is_no_ledger_where_there_is_no_delivery(store: Store) -> None:
    assert await store.ledger(17) == []


async def test_ledgers_are_apart(store: Store) -> None:
    await store.record([event("call-1"), event("call-2")])
    first, second = await claim(store)
    await store.write_down(first.lease, now_ms=NOW, results=[NOTE])
    assert await store.ledger(second.lease.delivery) == []


@pytest.mark.parametrize("ending", [DONE, PARKED])
async def test_an_ending_finishes_it(store: Store, ending: Ending) -> None:
    await end(store, await held(store), ending, now_ms=NOW + 3)
    (row,) = await store.list_deliveries()
    assert (row.state, row.reason, row.finished_ms, row.leased) == (ending.state, ending.reason, NOW + 3, False)


async def test_what_is_finished_is_never_claimed_again(store: Store) -> None:
    await end(store, await held(store), DONE)
    assert await claim(store, now_ms=NOW + 10 * LEASE_MS) == []


async def test_an_ending_can_bring_results(store: Store) -> None:
    delivery = await held(store)
    await store.write_down(delivery.lease, now_ms=NOW, contact_id="contact-1", results=[NOTE], ending=DONE)
    (row,) = await store.list_deliveries()
    assert (row.contact_id, await store.ledger(row.id)) == ("contact-1", [NOTE])


async def test_waiting_again_says_when_and_why(store: Store) -> None:
    await end(store, await held(store), Ending(State.WAITING, "throttled", NOW + 500))
    (row,) = await store.list_deliveries()
    assert (row.state, row.reason, row.due_ms, row.finished_ms, row.tries) == (
        State.WAITING,
        "throttled",
        NOW + 500,
        None,
        1,
    )


async def test_waiting_again_without_a_time_is_due_now(store: Store) -> None:
    await end(store, await held(store), Ending(State.WAITING), now_ms=NOW + 7)
    assert [row.due_ms for row in await store.list_deliveries()] == [NOW + 7]


async def test_each_try_counts(store: Store) -> None:
    await end(store, await held(store), Ending(State.WAITING, "5xx", NOW))
    assert (await claim_one(store)).tries == 2


async def test_a_try_that_should_not_count_does_not(store: Store) -> None:
    await end(store, await held(store), Ending(State.WAITING, "pause", NOW, counts=False))
    assert (await claim_one(store)).tries == 1


async def test_a_try_that_does_not_count_keeps_its_ledger(store: Store) -> None:
    delivery = await held(store)
    again = Ending(State.WAITING, "stop", NOW, counts=False)
    await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE], ending=again)
    assert (await claim_one(store)).ledger == {"note": NOTE}


async def test_a_lease_given_back_is_worth_nothing(store: Store) -> None:
    delivery = await held(store)
    await end(store, delivery, DONE)
    assert not await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE])
    assert await store.ledger(delivery.lease.delivery) == []


async def test_a_lease_that_ran_out_is_worth_nothing(store: Store) -> None:
    delivery = await held(store)
    assert not await store.write_down(delivery.lease, now_ms=NOW + LEASE_MS, contact_id="contact-1", results=[NOTE])
    again = await claimed_again(store)
    assert (again.contact_id, again.ledger) == (None, {})


async def test_a_lease_that_another_has_now_writes_nothing(store: Store) -> None:
    delivery = await held(store)
    await claimed_again(store)
    now_ms = NOW + LEASE_MS + 1
    assert not await store.write_down(delivery.lease, now_ms=now_ms, plan=b"[]", results=[NOTE], ending=DONE)
    (row,) = await store.list_deliveries()
    assert (row.state, row.leased, await store.ledger(row.id)) == (State.WAITING, True, [])


async def test_a_released_lease_is_worth_nothing(store: Store) -> None:
    delivery = await held(store)
    await store.release_all(now_ms=NOW, due_ms=NOW)
    assert not await store.write_down(delivery.lease, now_ms=NOW, ending=DONE)


async def test_somebody_elses_lease_is_worth_nothing(store: Store) -> None:
    lease = (await held(store)).lease
    assert not await store.write_down(Lease(lease.delivery, "worker-2", lease.token), now_ms=NOW, ending=DONE)


async def test_a_lease_on_nothing_is_worth_nothing(store: Store) -> None:
    assert not await store.write_down(Lease(17, "worker-1", 1), now_ms=NOW, ending=DONE)


async def test_a_replayed_delivery_starts_again(store: Store) -> None:
    number = await parked(store)
    assert await store.replay(number, now_ms=NOW + 3)
    (row,) = await store.list_deliveries()
    assert (row.state, row.tries, row.due_ms, row.reason, row.finished_ms) == (State.WAITING, 0, NOW + 3, None, None)
    assert (await claim_one(store, now_ms=NOW + 3)).tries == 1


async def test_a_replay_keeps_what_was_applied_and_forgets_what_was_refused(store: Store) -> None:
    delivery = await held(store)
    await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE, TAGS], ending=PARKED)
    await store.replay(delivery.lease.delivery, now_ms=NOW)
    assert (await claim_one(store)).ledger == {"note": NOTE}


@pytest.mark.parametrize("ending", [DONE, Ending(State.WAITING, "again", NOW)])
async def test_only_what_is_parked_can_be_replayed(store: Store, ending: Ending) -> None:
    delivery = await held(store)
    await end(store, delivery, ending)
    assert not await store.replay(delivery.lease.delivery, now_ms=NOW)


async def test_what_is_not_there_cannot_be_replayed(store: Store) -> None:
    assert not await store.replay(17, now_ms=NOW)


async def test_effects_are_taken_from_the_holder_only(store: Store) -> None:
    delivery = await held(store)
    effects = [Cancel(key_prefix="")]
    assert not await store.write_down(delivery.lease, now_ms=NOW + LEASE_MS, effects=effects)
    assert await store.write_down(delivery.lease, now_ms=NOW, results=[NOTE], effects=effects, ending=DONE)
    assert not await store.write_down(delivery.lease, now_ms=NOW, effects=effects)
