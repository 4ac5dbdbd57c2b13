"""The short form of `make crash`: kill -9 under load, at named points and at random, then look at the CRM."""

from __future__ import annotations

import os

from tests.crash.harness import crash

KILLS = 8
SEED = 20261123


async def test_no_acknowledged_call_is_lost_doubled_or_partial_after_kills() -> None:
    report = await crash(int(os.environ.get("RINGBACK_TEST_KILLS", KILLS)), seed=SEED)
    assert report.lost == []
    assert report.doubled == []
    assert report.partial == []
    assert report.acknowledged > 50
