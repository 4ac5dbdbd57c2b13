"""What the CRM does not give now, refuses or suspends: what becomes of the grant, and when it is asked for again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oauth.keeper import NoTokenError
from oauth.outcome import KEEP_ALIVE_MS, NeedsReconnectError, PausedError
from oauth.refusal import LaterError
from oauth.standing import Standing

if TYPE_CHECKING:
    from tests.oauth.conftest import Home

DAY_S = 86_400


async def refused(home: Home) -> None:
    """L1's token ends, and the CRM refuses another."""
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((400, "Invalid grant: refresh token is invalid"))
    await home.keeper.access_token("L1")


@pytest.mark.parametrize("fault", ["down", (500, "oops"), (502, ""), (429, "slow down"), b"<html>", b'{"ok": true}'])
async def test_an_endpoint_in_trouble_changes_nothing(home: Home, fault: str | bytes | tuple[int, str]) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.extend([fault, fault])
    with pytest.raises(LaterError):
        await home.keeper.access_token("L1")
    assert await home.standing() is Standing.ACTIVE
    home.issuer.faults.clear()
    assert await home.works()


async def test_an_endpoint_in_trouble_is_not_noticed_while_the_old_token_works(home: Home) -> None:
    token = await home.install()
    home.clock.pass_s(0.95 * DAY_S)
    home.issuer.faults.extend([(503, "away"), (503, "away")])
    assert await home.keeper.access_token("L1") == token


async def test_a_throttled_endpoint_is_not_asked_again_at_once(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((429, "slow down"))
    with pytest.raises(LaterError) as caught:
        await home.keeper.access_token("L1")
    assert caught.value.wait_s == 10
    assert len(home.issuer.requests) == 1


async def test_after_trouble_it_is_tried_again_without_anybody_asking(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.extend(["down", "down"])
    with pytest.raises(LaterError):
        await home.keeper.access_token("L1")
    home.clock.pass_s(3)
    assert await home.keeper.tend() == 1
    assert (await home.row()).version == 2


async def test_a_refused_grant_needs_reconnect(home: Home) -> None:
    with pytest.raises(NeedsReconnectError, match="connect it again"):
        await refused(home)
    assert await home.standing() is Standing.NEEDS_RECONNECT


async def test_a_refused_grant_is_not_asked_with_again_and_again(home: Home) -> None:
    with pytest.raises(NeedsReconnectError):
        await refused(home)
    for _ in range(5):
        with pytest.raises(NeedsReconnectError):
            await home.keeper.access_token("L1")
    assert len(home.issuer.requests) == 1


async def test_a_refusal_that_was_misread_heals_by_itself(home: Home) -> None:
    with pytest.raises(NeedsReconnectError):
        await refused(home)
    home.clock.pass_s(2 * 3600)
    assert await home.keeper.tend() == 1
    assert await home.standing() is Standing.ACTIVE
    assert await home.works()


async def test_a_reconnect_brings_it_back(home: Home) -> None:
    with pytest.raises(NeedsReconnectError):
        await refused(home)
    await home.install()
    assert await home.works()


async def test_a_refused_grant_whose_token_still_works_is_used_to_its_end(home: Home) -> None:
    token = await home.install()
    home.clock.pass_s(0.97 * DAY_S)
    home.issuer.faults.append((400, "Invalid grant: refresh token is invalid"))
    assert await home.keeper.access_token("L1") == token
    assert await home.standing() is Standing.NEEDS_RECONNECT
    home.clock.pass_s(60)
    assert await home.keeper.access_token("L1") == token
    home.clock.pass_s(0.031 * DAY_S)
    with pytest.raises(NeedsReconnectError):
        await home.keeper.access_token("L1")


async def suspended(home: Home) -> None:
    """L1's token ends while the CRM says that L1 is not active."""
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.inactive.add("L1")
    with pytest.raises(PausedError):
        await home.keeper.access_token("L1")


async def test_a_sub_account_that_is_not_active_is_paused_not_forgotten(home: Home) -> None:
    await suspended(home)
    row = await home.row()
    assert (row.standing, row.sealed is None) == (Standing.PAUSED, False)


async def test_a_paused_one_is_asked_seldom_and_comes_back(home: Home) -> None:
    await suspended(home)
    asked = len(home.issuer.requests)
    home.clock.pass_s(500)
    assert await home.keeper.tend() == 0
    home.clock.pass_s(300)
    assert await home.keeper.tend() == 1
    assert len(home.issuer.requests) == asked + 1
    home.issuer.inactive.clear()
    home.clock.pass_s(3 * 3600)
    await home.keeper.tend()
    assert await home.standing() is Standing.ACTIVE


async def test_our_own_wrong_secret_blames_no_sub_account(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((401, "Invalid client: client credentials are invalid"))
    with pytest.raises(NoTokenError, match="RINGBACK_CLIENT_ID"):
        await home.keeper.access_token("L1")
    assert await home.standing() is Standing.ACTIVE


async def test_a_grant_that_nobody_uses_is_kept_alive(home: Home) -> None:
    await home.install()
    home.clock.pass_s(KEEP_ALIVE_MS / 1000 - 1)
    assert await home.keeper.tend() == 0
    home.clock.pass_s(0.2 * KEEP_ALIVE_MS / 1000 + 2)
    assert await home.keeper.tend() == 1
    assert home.issuer.counts["refreshes"] == 1
