"""The events of a call besides its end are kept beside it, once, and make work only when they come late."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import FIX, LEG, ActionResult, Applied, Ending, NewEvent, State
from tests.connector.store.build import DONE, NOW, claim, claim_one, event

if TYPE_CHECKING:
    from connector.store import Store


def part(kind: str = "answered", *, call_id: str = "call-1", received_ms: int = NOW, call: bytes = b"part") -> NewEvent:
    """An event of a call that goes on."""
    return NewEvent(
        location="loc-a",
        trunk="telnyx",
        call_id=call_id,
        event=kind,
        lane="lane-of-part",
        call=call,
        received_ms=received_ms,
        part=True,
    )


async def test_a_part_is_kept_once_and_makes_no_delivery(store: Store) -> None:
    assert await store.record([part(), part()]) == [True, False]
    assert await store.list_deliveries() == []
    assert (await store.depth()).waiting == 0


async def test_the_end_is_claimed_with_its_parts_in_their_order(store: Store) -> None:
    await store.record(
        [part("answered", received_ms=NOW + 2, call=b"2"), part("initiated", received_ms=NOW, call=b"1")]
    )
    await store.record([event(), event("other")])
    claimed = {delivery.call_id: delivery.parts for delivery in await claim(store)}
    assert claimed == {"call-1": (b"1", b"2"), "other": ()}


async def test_a_part_lets_the_end_that_waits_fall_due(store: Store) -> None:
    await store.record([event()])
    delivery = await claim_one(store)
    later = Ending(State.WAITING, "waiting for the answer", NOW + 5_000, counts=False)
    assert await store.write_down(delivery.lease, now_ms=NOW, ending=later)
    assert await claim(store, now_ms=NOW + 10) == []
    await store.record([part(received_ms=NOW + 20)])
    assert (await claim_one(store, now_ms=NOW + 20)).parts == (b"part",)
    assert len(await store.list_deliveries()) == 1


async def test_a_part_that_comes_after_the_end_was_written_makes_a_correction(store: Store) -> None:
    await store.record([event(lane="lane-of-end")])
    delivery = await claim_one(store)
    note = ActionResult("note", Applied.APPLIED, "n1")
    assert await store.write_down(delivery.lease, now_ms=NOW, contact_id="c", results=[note], ending=DONE)
    assert await store.record([part("extra:1")]) == [True]
    fix = await claim_one(store)
    assert (fix.event, fix.lane, fix.parts) == (f"{FIX}extra:1", "lane-of-end", (b"part",))
    done = await store.written("loc-a", "call-1")
    assert done is not None
    assert (done.state, done.contact_id, done.ledger) == (State.DONE, "c", {"note": note})


async def test_a_part_that_comes_while_the_end_waits_half_written_makes_a_correction_behind_it(store: Store) -> None:
    await store.record([event(lane="one")])
    delivery = await claim_one(store)
    later = Ending(State.WAITING, "the CRM is away", NOW + 5_000)
    assert await store.write_down(delivery.lease, now_ms=NOW, contact_id="c", plan=b"{}", ending=later)
    await store.record([part()])
    assert await claim(store, now_ms=NOW + 10) == []
    end = await claim_one(store, now_ms=NOW + 5_000)
    assert end.event == "completed"
    assert await store.write_down(end.lease, now_ms=NOW + 5_000, ending=DONE)
    assert (await claim_one(store, now_ms=NOW + 5_000)).event == f"{FIX}answered"


async def test_a_part_that_comes_while_the_end_is_worked_on_makes_a_correction_behind_it(store: Store) -> None:
    await store.record([event(lane="one")])
    held = await claim_one(store)
    await store.record([part()])
    assert await claim(store) == []
    assert await store.write_down(held.lease, now_ms=NOW, ending=DONE)
    assert (await claim_one(store)).event == f"{FIX}answered"


async def test_calls_that_began_and_have_not_ended_are_open(store: Store) -> None:
    await store.record([part("initiated"), part("answered", received_ms=NOW + 1)])
    await store.record([part("initiated", call_id="later", received_ms=NOW + 100)])
    (call,) = await store.open_calls(before_ms=NOW + 100, limit=9)
    assert (call.location, call.trunk, call.call_id, call.lane) == ("loc-a", "telnyx", "call-1", "lane-of-part")
    assert len(call.parts) == 2
    assert [one.call_id for one in await store.open_calls(before_ms=NOW + 999, limit=9)] == ["call-1", "later"]
    assert len(await store.open_calls(before_ms=NOW + 999, limit=1)) == 1


async def test_the_end_closes_a_call_and_a_late_part_does_not_open_it_again(store: Store) -> None:
    await store.record([part("initiated")])
    await store.record([event()])
    await store.record([part("answered")])
    assert await store.open_calls(before_ms=NOW + 999, limit=9) == []


async def test_what_became_of_a_call_that_has_not_ended_is_nothing(store: Store) -> None:
    await store.record([part()])
    assert await store.written("loc-a", "call-1") is None


async def test_parts_are_forgotten_with_their_call(store: Store) -> None:
    await store.record([part(), event()])
    delivery = await claim_one(store)
    await store.write_down(delivery.lease, now_ms=NOW, ending=DONE)
    await store.prune(done_before_ms=NOW + 1, quarantined_before_ms=None, limit=9)
    assert await store.record([part()]) == [True]


async def test_a_leg_that_ended_is_no_call_that_goes_on(store: Store) -> None:
    await store.record([part("initiated", call_id="b-leg")])
    await store.record([part(f"{LEG}b-leg:answered", call_id="session")])
    assert len(await store.open_calls(before_ms=NOW + 1, limit=10)) == 1
    await store.record([part(f"{LEG}b-leg:completed", call_id="session")])
    assert await store.open_calls(before_ms=NOW + 1, limit=10) == []


async def test_another_leg_opens_no_call_and_is_forgotten_in_time(store: Store) -> None:
    await store.record([part(f"{LEG}b-leg:completed", call_id="session")])
    assert await store.open_calls(before_ms=NOW + 999, limit=9) == []
    await store.prune(done_before_ms=NOW + 1, quarantined_before_ms=None, limit=9)
    assert await store.record([part(f"{LEG}b-leg:completed", call_id="session")]) == [True]
