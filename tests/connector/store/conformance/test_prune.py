"""What is done long ago may be forgotten; what waits, is parked or was finished lately stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import ActionResult, Applied, State
from tests.connector.store.build import DONE, NOW, PARKED, claim_one, end, event, request

if TYPE_CHECKING:
    from connector.store import Store


async def _finished(store: Store, call_id: str, at_ms: int) -> None:
    await store.record([event(call_id, received_ms=NOW)])
    delivery = await claim_one(store, now_ms=at_ms)
    results = [ActionResult("note", Applied.APPLIED, "n1")]
    assert await store.write_down(delivery.lease, now_ms=at_ms, results=results, ending=DONE)


async def _ids(store: Store) -> list[str]:
    return [row.call_id for row in await store.list_deliveries()]


async def test_what_was_done_before_that_time_is_forgotten(store: Store) -> None:
    await _finished(store, "old", NOW + 1)
    await _finished(store, "new", NOW + 100)
    (old, _) = await store.list_deliveries()
    assert await store.prune(done_before_ms=NOW + 50, quarantined_before_ms=None, limit=10) == 1
    assert await _ids(store) == ["new"]
    assert await store.ledger(old.id) == []


async def test_what_waits_or_is_parked_stays_however_old(store: Store) -> None:
    await store.record([event("parked")])
    await end(store, await claim_one(store), PARKED)
    await store.record([event("waiting")])
    assert await store.prune(done_before_ms=NOW + 10**9, quarantined_before_ms=None, limit=10) == 0
    assert await _ids(store) == ["parked", "waiting"]


async def test_a_piece_is_no_larger_than_asked_and_the_earliest_goes_first(store: Store) -> None:
    for n in range(3):
        await _finished(store, f"c{n}", NOW + n)
    assert await store.prune(done_before_ms=NOW + 50, quarantined_before_ms=None, limit=2) == 2
    assert await _ids(store) == ["c2"]


async def test_quarantined_requests_stay_unless_a_time_is_given(store: Store) -> None:
    await store.quarantine(request())
    assert await store.prune(done_before_ms=NOW, quarantined_before_ms=None, limit=10) == 0
    assert await store.prune(done_before_ms=NOW, quarantined_before_ms=NOW + 1, limit=10) == 1
    assert await store.list_quarantined() == []


async def test_a_forgotten_event_is_new_again_and_gets_an_id_of_its_own(store: Store) -> None:
    await _finished(store, "old", NOW + 1)
    await _finished(store, "kept", NOW + 100)
    await store.prune(done_before_ms=NOW + 50, quarantined_before_ms=None, limit=10)
    assert await store.record([event("old")]) == [True]
    assert len({row.id for row in await store.list_deliveries(state=State.WAITING)}) == 1


async def test_crowded_names_those_with_so_many_waiting(store: Store) -> None:
    await store.record([event(f"a{n}", location="loc-a") for n in range(3)])
    await store.record([event(f"b{n}", location="loc-b") for n in range(2)])
    assert await store.crowded(3) == {"loc-a"}
    assert await store.crowded(1) == {"loc-a", "loc-b"}


async def test_one_sub_account_may_forget_earlier(store: Store) -> None:
    await _finished(store, "mine", NOW + 1)
    await store.record([event("theirs", location="LOC-2", received_ms=NOW)])
    await end(store, await claim_one(store, now_ms=NOW + 1), DONE)
    assert await store.prune_location("LOC-2", done_before_ms=NOW + 50, limit=10) == 1
    assert await _ids(store) == ["mine"]


async def test_of_one_sub_account_what_waits_stays(store: Store) -> None:
    await store.record([event("waiting", location="LOC-2", received_ms=NOW)])
    assert await store.prune_location("LOC-2", done_before_ms=NOW + 10**9, limit=10) == 0
    assert await _ids(store) == ["waiting"]
