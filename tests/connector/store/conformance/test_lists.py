"""What people page through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import State
from tests.connector.store.build import DONE, NOW, PARKED, claim, end, event, request

if TYPE_CHECKING:
    from connector.store import Store


@pytest.fixture
async def mixed(store: Store) -> Store:
    """Six deliveries: by turns of loc-a and loc-b; two waiting, two done, two parked, one of each for each."""
    await store.record([event(f"call-{n}", location=f"loc-{'ab'[n % 2]}") for n in range(6)])
    endings = {"call-2": DONE, "call-3": DONE, "call-4": PARKED, "call-5": PARKED}
    for delivery in await claim(store):
        if delivery.call_id in endings:
            await end(store, delivery, endings[delivery.call_id])
    return store


@pytest.mark.parametrize(
    ("location", "state", "expected"),
    [
        (None, None, [0, 1, 2, 3, 4, 5]),
        ("loc-a", None, [0, 2, 4]),
        ("loc-c", None, []),
        (None, State.WAITING, [0, 1]),
        (None, State.DONE, [2, 3]),
        (None, State.PARKED, [4, 5]),
        ("loc-b", State.WAITING, [1]),
        ("loc-b", State.DONE, [3]),
        ("loc-b", State.PARKED, [5]),
    ],
)
async def test_a_list_has_what_was_asked_for(
    mixed: Store, location: str | None, state: State | None, expected: list[int]
) -> None:
    rows = await mixed.list_deliveries(location=location, state=state)
    assert [row.call_id for row in rows] == [f"call-{n}" for n in expected]


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("location", [None, "loc-a"])
async def test_pages_put_together_are_the_whole_list(mixed: Store, location: str | None, state: State | None) -> None:
    whole = await mixed.list_deliveries(location=location, state=state)
    pages, after = [], 0
    while page := await mixed.list_deliveries(location=location, state=state, limit=1, after=after):
        pages += page
        after = page[-1].id
    assert pages == whole


async def test_a_list_tells_what_is_being_worked_on(mixed: Store) -> None:
    assert [row.leased for row in await mixed.list_deliveries()] == [True, True, False, False, False, False]


async def test_depth_counts_each_state(mixed: Store) -> None:
    depth = await mixed.depth()
    assert (depth.waiting, depth.parked, depth.oldest_waiting_ms) == (2, 2, NOW)


async def test_quarantine_is_listed_by_page_and_sub_account(store: Store) -> None:
    bodies = [b"0", b"1", b"2", b"3"]
    ids = [await store.quarantine(request(body, location=f"loc-{'ab'[int(body) % 2]}")) for body in bodies]
    first = await store.list_quarantined(limit=2)
    rest = await store.list_quarantined(after=first[-1].id)
    assert [row.id for row in [*first, *rest]] == ids
    assert [row.body for row in await store.list_quarantined(location="loc-b")] == [b"1", b"3"]
