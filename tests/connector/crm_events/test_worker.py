"""Events are acted on at least once, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from connector.crm_events.worker import BACKOFF_S, LEASE_MS, MAX_TRIES
from connector.store import StoreError
from connector.store.inbox import Arrival, EventState
from tests.connector.crm_events.stage import ADA, BOB, Stage, open_stage

if TYPE_CHECKING:
    from pathlib import Path


async def note(stage: Stage, text: str = "Sold", contact: str = ADA) -> None:
    stage.numbered += 1
    event = stage.event("NoteCreate", id=f"note-{stage.numbered}", contactId=contact, body=text)
    await stage.said(event)


async def test_what_was_acted_on_is_done_and_its_body_forgotten(stage: Stage) -> None:
    await note(stage)
    await stage.worker.work()
    (row,) = await stage.rows()
    assert (row.state, row.body, stage.counted("NoteCreate", "done")) == (EventState.DONE, b"", 1)


async def test_nothing_is_done_twice(stage: Stage) -> None:
    await note(stage)
    await stage.worker.work()
    assert (await stage.worker.work(), stage.texts) == (0, ["Sold"])


async def test_one_contacts_events_keep_their_order(stage: Stage) -> None:
    for number in range(20):
        await note(stage, f"Ada {number}")
        await note(stage, f"Bob {number}", BOB)
    await stage.worker.work()
    assert [text for text in stage.texts if text[0] == "A"] == [f"Ada {number}" for number in range(20)]


@pytest.mark.parametrize("error", [StoreError("away"), RuntimeError("a fault"), TimeoutError()])
async def test_what_fails_is_tried_again_later(stage: Stage, error: Exception) -> None:
    stage.failing = [error]
    await note(stage)
    await stage.worker.work()
    (row,) = await stage.rows()
    assert (row.state, row.due_ms) == (EventState.WAITING, stage.clock() + BACKOFF_S[0] * 1000)
    assert (row.reason or "").startswith(type(error).__name__)
    stage.clock.pass_s(BACKOFF_S[0])
    await stage.worker.work()
    assert stage.texts == ["Sold"]


async def test_one_that_fails_holds_up_nobody_else(stage: Stage) -> None:
    stage.failing = [RuntimeError()]
    await note(stage, "first")
    await note(stage, "second")
    await stage.worker.work()
    assert stage.texts == ["second"]


async def test_waits_grow_and_in_the_end_it_is_parked_with_its_reason(stage: Stage) -> None:
    stage.failing = [StoreError("a fault") for _ in range(MAX_TRIES)]
    await note(stage)
    waits = []
    while (row := (await stage.rows())[0]).state is EventState.WAITING:
        waits.append(((row.due_ms or 0) - stage.clock()) // 1000)
        stage.clock.pass_s(waits[-1])
        await stage.worker.work()
    assert waits == [0, *BACKOFF_S, BACKOFF_S[-1]]
    assert row.reason == f"out of tries ({MAX_TRIES}): StoreError: a fault"
    assert stage.counted("NoteCreate", "parked") == 1


async def test_how_many_are_parked_can_be_seen(stage: Stage) -> None:
    await stage.said(b"not json")
    await note(stage)
    await stage.worker.work()
    shown = stage.metrics.registry.get_sample_value("ringback_crm_events_unfinished", {"state": "parked"})
    assert shown == 1


async def test_what_is_parked_can_be_tried_again(stage: Stage) -> None:
    stage.failing = [StoreError("a fault") for _ in range(MAX_TRIES)]
    await note(stage)
    for _ in range(MAX_TRIES):
        await stage.worker.work()
        stage.clock.pass_s(10_000)
    (row,) = await stage.rows()
    assert await stage.database.inbox.replay(row.id, now_ms=stage.clock())
    await stage.worker.work()
    assert stage.texts == ["Sold"]


@pytest.mark.parametrize("body", [b"not json", b'{"type": "ContactUpdate"}'])
async def test_what_still_cannot_be_read_is_parked_again(stage: Stage, body: bytes) -> None:
    await stage.said(body)
    (row,) = await stage.rows()
    await stage.database.inbox.replay(row.id, now_ms=stage.clock())
    await stage.worker.work()
    assert (await stage.states(), (await stage.rows())[0].body) == (["parked"], body)


async def test_what_takes_too_long_is_given_up_and_tried_again(stage: Stage) -> None:
    forever = asyncio.Event()

    class Slow:
        async def handle(self, _event: object, _received_ms: int) -> None:
            await forever.wait()

    await note(stage)
    slow = type(stage.worker)(
        inbox=stage.database.inbox,
        handler=Slow(),  # type: ignore[arg-type] # only `handle` is used
        metrics=stage.metrics,
        now_ms=stage.clock,
        chance=lambda: 0.0,
        within_s=0.01,
    )
    await slow.work()
    (row,) = await stage.rows()
    assert (row.state, (row.reason or "").partition(":")[0]) == (EventState.WAITING, "TimeoutError")


async def test_what_a_killed_process_held_is_taken_up_at_the_next_start(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await note(stage)
        await stage.database.inbox.take(now_ms=stage.clock(), until_ms=stage.clock() + LEASE_MS, limit=10)
    async with open_stage(tmp_path) as stage:
        assert await stage.worker.work() == 0
        await stage.worker.start()
        await stage.worker.work()
        assert stage.texts == ["Sold"]


async def test_who_is_told_twice_knows_it_by_the_key(stage: Stage) -> None:
    def cut_off() -> None:
        stage.on_heard = lambda: None
        raise StoreError("away")

    stage.on_heard = cut_off
    await stage.tagged("disposition:sold")
    stage.clock.pass_s(BACKOFF_S[0])
    await stage.worker.work()
    assert [one.key for one in stage.heard] == ["tag:ourapp/hook-1:disposition:sold"] * 2


async def test_it_works_as_soon_as_it_is_woken(stage: Stage) -> None:
    heard = asyncio.Event()
    stage.on_heard = heard.set
    running = asyncio.create_task(stage.worker.run())
    await note(stage)
    await asyncio.wait_for(heard.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert stage.texts == ["Sold"]


async def test_it_wakes_by_itself_for_what_falls_due(stage: Stage) -> None:
    heard = asyncio.Event()
    stage.on_heard = heard.set
    later = Arrival(
        key="k",
        type="NoteCreate",
        location=None,
        state=EventState.WAITING,
        at_ms=None,
        received_ms=stage.clock() + 20,
        body=b'{"type":"NoteCreate","id":"n","contactId":"c","locationId":"LocationOne","body":"Sold"}',
    )
    await stage.database.inbox.put(later)
    stage.clock.step_ms = 1
    running = asyncio.create_task(stage.worker.run())
    await asyncio.wait_for(heard.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert stage.texts == ["Sold"]
