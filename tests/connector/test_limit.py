"""300 calls at once against the CRM's real limit: it never counts one request too many, and refuses none."""

from __future__ import annotations

from connector.crm.pace import Pace, burst_rate
from connector.store import State
from tests.connector.stage import LOC, Clock, on_stage

CALLS = 300
LIMIT = 100


async def test_the_crm_never_counts_a_request_over_its_limit() -> None:
    clock = Clock()

    async def sleep(seconds: float) -> None:
        clock.pass_s(seconds)

    pace = Pace(burst_rate(f"{LIMIT}/10s"), clock=lambda: clock.now_ms / 1000, sleep=sleep, patience_s=60.0)
    async with on_stage(clock=clock, pace=pace, rate=f"{LIMIT}/10s") as stage:
        for number in range(CALLS):
            await stage.record(stage.call(f"c{number}", to=f"+1415555{number:04d}"))
        for _ in range(CALLS):
            await stage.work()
            if all(row.state is State.DONE for row in await stage.store.list_deliveries(limit=CALLS)):
                break
            clock.pass_s(1)
        seen = stage.sandbox.locations[LOC].pace
        assert seen.refused == 0
        assert LIMIT * 0.9 <= seen.peak <= LIMIT  # used, and not passed
        states = {row.state for row in await stage.store.list_deliveries(limit=CALLS)}
        assert states == {State.DONE}
