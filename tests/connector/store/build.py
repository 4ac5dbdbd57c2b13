"""What the store's tests keep: events, requests, and short ways to claim and to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import Ending, NewEvent, NewQuarantine, State

if TYPE_CHECKING:
    from connector.store import Delivery, Store

NOW = 1_800_000_000_000
"""Some moment, in epoch milliseconds."""
LEASE_MS = 60_000

DONE = Ending(State.DONE)
PARKED = Ending(State.PARKED, "refused: 422")


def event(
    call_id: str = "call-1",
    *,
    location: str = "loc-a",
    kind: str = "completed",
    lane: str | None = None,
    call: bytes = b'{"call_id": "call-1"}',
    received_ms: int = NOW,
) -> NewEvent:
    """An event in a lane of its own, unless one is named."""
    return NewEvent(
        location=location,
        trunk="generic",
        call_id=call_id,
        event=kind,
        lane=lane or call_id,
        call=call,
        received_ms=received_ms,
    )


def request(body: bytes = b"???", *, location: str = "loc-a", trunk: str = "generic") -> NewQuarantine:
    """A request that was not understood."""
    return NewQuarantine(
        location=location,
        trunk=trunk,
        method="POST",
        url=f"https://ringback.example/hooks/{location}/{trunk}",
        headers={"content-type": "application/json"},
        body=body,
        reason="not JSON",
        received_ms=NOW,
    )


async def claim(
    store: Store,
    *,
    now_ms: int = NOW,
    limit: int = 100,
    per_location: int = 100,
    lease_ms: int = LEASE_MS,
    owner: str = "worker-1",
) -> list[Delivery]:
    """What is due, as much as there is unless said otherwise."""
    return await store.claim(owner, now_ms=now_ms, lease_ms=lease_ms, limit=limit, per_location=per_location)


async def claim_ids(store: Store, *, now_ms: int = NOW, limit: int = 100, per_location: int = 100) -> list[str]:
    """The call ids of what is due, as claimed."""
    claimed = await claim(store, now_ms=now_ms, limit=limit, per_location=per_location)
    return [delivery.call_id for delivery in claimed]


async def claim_one(store: Store, *, now_ms: int = NOW, owner: str = "worker-1") -> Delivery:
    """The one delivery that is due."""
    (delivery,) = await claim(store, now_ms=now_ms, owner=owner)
    return delivery


async def end(store: Store, delivery: Delivery, ending: Ending, *, now_ms: int = NOW) -> None:
    """Give a lease back that must still be held."""
    assert await store.write_down(delivery.lease, now_ms=now_ms, ending=ending)


async def parked(store: Store, call_id: str = "call-1", *, lane: str | None = None, location: str = "loc-a") -> int:
    """The id of a delivery that was recorded, claimed and parked."""
    await store.record([event(call_id, lane=lane, location=location)])
    delivery = await claim_one(store)
    await end(store, delivery, PARKED)
    return delivery.lease.delivery
