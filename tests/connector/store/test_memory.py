"""What only the store in memory has: the effects, kept to be looked at."""

from __future__ import annotations

from connector.store.follow_up import Cancel
from tests.connector.store.build import LEASE_MS, NOW, claim_one, event
from tests.connector.store.memory import MemoryStore

EFFECTS = [Cancel(key_prefix="review"), Cancel(key_prefix="tag")]


async def test_effects_are_kept_with_their_call_in_their_order() -> None:
    store = MemoryStore()
    await store.record([event()])
    await store.write_down((await claim_one(store)).lease, now_ms=NOW, effects=EFFECTS)
    assert store.effects == [("loc-a", "call-1", effect) for effect in EFFECTS]


async def test_effects_of_a_lease_that_ran_out_are_not_kept() -> None:
    store = MemoryStore()
    await store.record([event()])
    await store.write_down((await claim_one(store)).lease, now_ms=NOW + LEASE_MS, effects=EFFECTS)
    assert store.effects == []
