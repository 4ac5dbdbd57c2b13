"""An hour without a CRM, in simulated time: few requests, nothing parked, and everything afterwards, in order."""

from __future__ import annotations

from connector.store import State
from tests.connector.stage import LOC, OTHER, Stage, on_stage

HOUR_S = 3600
CONTACTS = 10
CALLS = 40


async def _calls(stage: Stage) -> None:
    for number in range(CALLS):
        location = (LOC, OTHER)[number % 2]
        await stage.record(stage.call(f"c{number}", to=f"+1415555{number // 2 % CONTACTS:04d}"), location)


async def test_requests_of_an_hours_outage_stay_under_one_a_minute_and_sub_account() -> None:
    async with on_stage() as stage:
        stage.fault("outage", ".*")
        await _calls(stage)
        before = stage.sandbox.journal.total
        await stage.work_for(HOUR_S)
        asked = stage.sandbox.journal.total - before
        assert asked < 2 * HOUR_S / 60
        states = {row.state for row in await stage.store.list_deliveries(limit=1000)}
        assert states == {State.WAITING}


async def test_afterwards_everything_is_delivered_once_and_in_order() -> None:
    async with on_stage() as stage:
        stage.fault("outage", ".*")
        await _calls(stage)
        await stage.work_for(HOUR_S / 6)
        stage.sandbox.faults.clear()
        await stage.work_for(400)
        states = {row.state for row in await stage.store.list_deliveries(limit=1000)}
        assert states == {State.DONE}
        for location in (LOC, OTHER):
            for contact in stage.sandbox.locations[location].contacts.values():
                numbers = [int(note["body"].rpartition("Call ID: c")[2]) for note in contact.notes.values()]
                assert numbers == sorted(set(numbers))
        notes = [
            note for loc in (LOC, OTHER) for c in stage.sandbox.locations[loc].contacts.values() for note in c.notes
        ]
        assert len(notes) == CALLS
