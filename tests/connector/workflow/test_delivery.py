"""A call starts the workflows that wait for calls like it: each once, with all that is known of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import State
from connector.workflow.payload import SAMPLE
from mappings.call import Call, Wrapup
from tests.connector.stage import LOC, OTHER
from tests.connector.workflow.bench import EXECUTE, equals

if TYPE_CHECKING:
    from tests.connector.workflow.bench import Bench

FIRE = "POST /workflows-marketplace/triggers/execute/{locationId}/{triggerId}"


async def told_of(bench: Bench, *calls: Call) -> None:
    """These calls end, and are brought to the CRM."""
    for call in calls:
        await bench.stage.record(call)
    await bench.stage.work()


async def test_a_call_starts_a_workflow_with_every_field(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1"))
    (told,) = bench.fired()
    assert list(told) == list(SAMPLE)
    assert (told["disposition"], told["call_id"], told["locationId"], told["attempt"]) == ("No Answer", "c1", LOC, 1)
    assert told["contactId"] == bench.stage.contact().id
    assert await bench.stage.state("c1") is State.DONE


async def test_it_starts_those_whose_filters_hold(bench: Bench) -> None:
    for trigger_id, word in (("busy", "busy"), ("none", "no answer"), ("either", ["Busy", "No Answer"])):
        bench.make(trigger_id)
        await bench.subscribe(trigger_id, equals("disposition", word))
    await told_of(bench, bench.stage.call("c1"))
    assert [len(bench.fired(one)) for one in ("busy", "none", "either")] == [0, 1, 1]


async def test_a_filter_that_is_not_understood_starts_nothing_and_is_counted(bench: Bench) -> None:
    bench.make()
    await bench.subscribe("trg", equals("talk_s", 10, operator=">"))
    await told_of(bench, bench.stage.call("c1"))
    assert (bench.fired(), bench.unknown) == ([], [1])
    assert await bench.stage.state("c1") is State.DONE


async def test_a_neighbours_call_starts_nothing(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    await bench.stage.record(bench.stage.call("c1"), OTHER)
    await bench.stage.work()
    assert bench.fired() == []


async def test_each_call_starts_it_anew(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1"), bench.stage.call("c2"))
    assert [(told["call_id"], told["attempt"]) for told in bench.fired()] == [("c1", 1), ("c2", 2)]


async def test_without_anybody_waiting_a_call_costs_the_crm_no_request_more(bench: Bench) -> None:
    await told_of(bench, bench.stage.call("c1"))
    assert bench.stage.requests(FIRE) == 0


async def test_a_correction_starts_nothing(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1", q850=16, talk_s=65))
    later = Call(trunk="generic", call_id="c1", event="wrapup", wrapup=Wrapup(disposition="Voicemail", at_ms=1))
    await told_of(bench, later)
    assert [told["disposition"] for told in bench.fired()] == ["Connected"]


async def test_a_timer_starts_nothing(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1", q850=16, talk_s=65))
    assert await bench.database.follow_up.list_timers(LOC)  # the review of a call that nobody wraps up
    bench.stage.clock.pass_s(400)
    await bench.stage.work()
    assert not await bench.database.follow_up.list_timers(LOC)
    assert len(bench.fired()) == 1


async def test_it_stands_before_the_enrolment_in_the_ledger(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    bench.stage.fault("status", "/workflow/", status=422, count=1)
    await told_of(bench, bench.stage.call("c1"))
    row = await bench.stage.row("c1")
    assert row.state is State.PARKED
    assert "enrol" in (row.reason or "")
    await bench.database.replay(row.id, now_ms=bench.stage.clock())
    await bench.stage.work()
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.DONE, 1)


async def test_a_workflow_that_was_switched_off_is_forgotten_and_the_call_is_done(bench: Bench) -> None:
    bench.make(active=False)
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1"))
    assert await bench.stage.state("c1") is State.DONE
    assert await bench.database.triggers.of(LOC) == []
    lines = {line.key: line for line in await bench.database.ledger((await bench.stage.row("c1")).id)}
    assert "switched off" in (lines["trigger:trg"].reason or "")
    await told_of(bench, bench.stage.call("c2"))
    assert bench.stage.requests(FIRE) == 1


async def test_a_trigger_in_doubt_is_fired_again_by_default(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    bench.stage.fault("applied_then_closed", EXECUTE, count=1)
    await told_of(bench, bench.stage.call("c1"))
    await bench.stage.work_for(20)
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.DONE, 2)


async def test_a_trigger_in_doubt_is_held_where_that_is_configured(bench: Bench) -> None:
    await bench.stage.register(LOC, when_in_doubt="hold")
    bench.make()
    await bench.subscribe()
    bench.stage.fault("applied_then_closed", EXECUTE, count=1)
    await told_of(bench, bench.stage.call("c1"))
    await bench.stage.work_for(20)
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.PARKED, 1)


@pytest.mark.parametrize("path", ["/tags$", "/workflow/"])
async def test_trouble_before_or_behind_it_does_not_start_it_twice(bench: Bench, path: str) -> None:
    bench.make()
    await bench.subscribe()
    bench.stage.fault("status", path, status=503, count=3)
    await told_of(bench, bench.stage.call("c1"))
    await bench.stage.work_for(60)
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.DONE, 1)


async def test_a_holder_that_died_behind_it_does_not_start_it_twice(bench: Bench) -> None:
    """The ledger has the line; whoever takes the call up makes the plan again, and goes on behind it."""
    bench.make()
    await bench.subscribe()
    bench.stage.fault("status", "/workflow/", status=503, count=1)
    await told_of(bench, bench.stage.call("c1"))
    await bench.database.claim("dead", now_ms=bench.stage.clock() + 60_000, lease_ms=60_000, limit=1, per_location=1)
    await bench.database.release_all(now_ms=bench.stage.clock(), due_ms=bench.stage.clock())
    await bench.stage.work_for(60)
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.DONE, 1)


async def test_a_contact_that_is_gone_by_then_does_not_start_it_twice(bench: Bench) -> None:
    bench.make()
    await bench.subscribe()
    location = bench.stage.sandbox.locations[LOC]
    gone = bench.stage.contact()
    bench.stage.fault("status", "/workflow/", status=503, count=1)
    await told_of(bench, bench.stage.call("c1"))
    location.unindex(gone)
    del location.contacts[gone.id]
    await bench.stage.work_for(60)
    assert (await bench.stage.state("c1"), len(bench.fired())) == (State.DONE, 1)


async def test_a_call_that_is_not_written_starts_nothing(bench: Bench) -> None:
    await bench.stage.register(LOC, unknown_number="skip")
    bench.make()
    await bench.subscribe()
    await told_of(bench, bench.stage.call("c1", to="+14155550199"))
    assert bench.fired() == []
