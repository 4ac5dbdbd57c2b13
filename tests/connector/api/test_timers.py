"""What is to be done later, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import Ending, State
from connector.store.follow_up import Schedule
from tests.connector.api.bench import NOW
from tests.connector.store.build import claim

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench

PATH = "/locations/LOC1/timers"


async def schedule(bench: Bench) -> None:
    """Timers of LOC1's call, and of its neighbours'."""
    for delivery in await claim(bench.database, now_ms=NOW):
        effects = [Schedule(key=key, due_ms=NOW + 300_000, document=b"{}") for key in ("review", "enrol:x@60")]
        await bench.database.write_down(delivery.lease, now_ms=NOW, effects=effects, ending=Ending(State.DONE))


async def test_timers_are_seen_with_their_call_and_time(bench: Bench) -> None:
    await schedule(bench)
    timers = (await bench.ask(PATH, key="LOC1")).body["timers"]
    assert [(one["call_id"], one["key"], one["due"]) for one in timers] == [
        ("call-1", "review", "2026-09-21T14:18:20.000Z"),
        ("call-1", "enrol:x@60", "2026-09-21T14:18:20.000Z"),
    ]


async def test_one_calls_timers_can_be_asked_for(bench: Bench) -> None:
    await schedule(bench)
    assert len((await bench.ask(f"{PATH}?call=call-1")).body["timers"]) == 2
    assert (await bench.ask(f"{PATH}?call=call-2")).body["timers"] == []


async def test_a_timer_that_is_taken_back_is_gone(bench: Bench) -> None:
    await schedule(bench)
    first, second = (await bench.ask(PATH)).body["timers"]
    assert (await bench.ask(f"{PATH}/{first['id']}", method="DELETE", key="LOC1")).body == {"id": first["id"]}
    assert (await bench.ask(PATH)).body["timers"] == [second]
    again = await bench.ask(f"{PATH}/{first['id']}", method="DELETE")
    assert again.status == 404
    assert "fell due, or was taken back" in again.body["detail"]


async def test_a_neighbours_timer_is_not_there(bench: Bench) -> None:
    await schedule(bench)
    (theirs, _) = (await bench.ask("/locations/LOC2/timers")).body["timers"]
    assert (await bench.ask(f"{PATH}/{theirs['id']}", method="DELETE")).status == 404
    assert theirs in (await bench.ask("/locations/LOC2/timers")).body["timers"]
