"""The short form of `make crash-tokens`: kill -9 around refreshes, at named points and at random."""

from __future__ import annotations

import os

from tests.crash_tokens.harness import crash

KILLS = 8
SEED = 20261124


async def test_no_sub_account_is_lost_after_kills() -> None:
    report = await crash(int(os.environ.get("RINGBACK_TEST_KILLS", KILLS)), seed=SEED)
    assert report.lost == []
    assert report.dead_tokens == 0
    assert report.refreshes > 20
