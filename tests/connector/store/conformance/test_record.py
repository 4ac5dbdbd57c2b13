"""What intake relies on: kept once, whoever says it and how often."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from connector.store import Depth, State
from tests.connector.store.build import NOW, event, request

if TYPE_CHECKING:
    from connector.store import Store


async def test_a_new_event_waits_and_is_due_at_once(store: Store) -> None:
    assert await store.record([event()]) == [True]
    (row,) = await store.list_deliveries()
    assert (row.state, row.due_ms, row.tries, row.leased) == (State.WAITING, NOW, 0, False)


async def test_an_event_is_listed_as_it_was_recorded(store: Store) -> None:
    await store.record([event("call-7", location="loc-b", kind="answered", lane="+15550100", call=b"\x00{}")])
    (row,) = await store.list_deliveries()
    assert (row.location, row.trunk, row.call_id, row.event, row.lane, row.call, row.received_ms) == (
        "loc-b",
        "generic",
        "call-7",
        "answered",
        "+15550100",
        b"\x00{}",
        NOW,
    )


async def test_an_event_already_kept_is_not_new(store: Store) -> None:
    await store.record([event(call=b"first")])
    assert await store.record([event(call=b"second")]) == [False]
    assert [row.call for row in await store.list_deliveries()] == [b"first"]


async def test_the_second_of_one_request_is_not_new(store: Store) -> None:
    assert await store.record([event(), event(), event("call-2")]) == [True, False, True]


async def test_of_concurrent_twins_exactly_one_is_new(store: Store) -> None:
    answers = await asyncio.gather(*(store.record([event()]) for _ in range(20)))
    assert sorted(answers) == [[False]] * 19 + [[True]]


async def test_another_event_of_the_same_call_is_new(store: Store) -> None:
    assert await store.record([event(kind="answered"), event(kind="completed")]) == [True, True]


async def test_the_same_call_id_of_another_sub_account_is_new(store: Store) -> None:
    assert await store.record([event(location="loc-a"), event(location="loc-b")]) == [True, True]


async def test_nothing_to_record_is_no_error(store: Store) -> None:
    assert await store.record([]) == []


async def test_a_request_not_understood_is_kept_as_it_came(store: Store) -> None:
    kept = await store.quarantine(request(b"\xff\x00"))
    (row,) = await store.list_quarantined()
    assert row.id == kept
    assert (row.method, row.url, row.headers, row.body, row.reason, row.received_ms) == (
        "POST",
        "https://ringback.example/hooks/loc-a/generic",
        {"content-type": "application/json"},
        b"\xff\x00",
        "not JSON",
        NOW,
    )


async def test_the_same_body_is_quarantined_once(store: Store) -> None:
    first = await store.quarantine(request())
    later = await store.quarantine(replace(request(), received_ms=NOW + 5))
    assert first == later
    assert [row.received_ms for row in await store.list_quarantined()] == [NOW]


async def test_the_same_body_of_another_trunk_or_sub_account_is_another_request(store: Store) -> None:
    ids = [
        await store.quarantine(request()),
        await store.quarantine(request(trunk="twilio")),
        await store.quarantine(request(location="loc-b")),
    ]
    assert len(set(ids)) == 3


async def test_what_was_released_can_come_again_under_a_new_id(store: Store) -> None:
    first = await store.quarantine(request())
    assert await store.release(first)
    assert await store.quarantine(request()) > first


async def test_what_is_not_in_quarantine_cannot_be_released(store: Store) -> None:
    assert not await store.release(17)


async def test_an_empty_store_has_no_depth(store: Store) -> None:
    assert await store.depth() == Depth(0, 0, 0, None)


async def test_depth_counts_and_tells_when_the_oldest_came(store: Store) -> None:
    await store.record([event("call-1", received_ms=NOW), event("call-2", received_ms=NOW + 9)])
    await store.quarantine(request())
    assert await store.depth() == Depth(2, 0, 1, NOW)


async def test_a_sound_store_passes_its_check(store: Store) -> None:
    await store.check()


async def test_closing_twice_is_no_error(store: Store) -> None:
    await store.close()
    await store.close()
