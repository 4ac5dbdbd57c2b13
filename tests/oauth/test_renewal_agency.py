"""Tokens that are minted from an agency's grant, and what its troubles mean for its sub-accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oauth.keeper import NoTokenError
from oauth.outcome import AppRefusedError, NeedsReconnectError
from oauth.standing import LEASE_MS, Kind, Standing
from tests.oauth.issuer import COMPANY

if TYPE_CHECKING:
    from oauth.keeper import Keeper
    from tests.oauth.conftest import Home

DAY_S = 86_400


async def mint_all(home: Home, keeper: Keeper | None = None) -> None:
    """The fan-out, in short."""
    now_ms = home.clock()
    taken = await home.database.grants.take(Standing.WANTED, now_ms=now_ms, until_ms=now_ms + LEASE_MS, limit=100)
    for leased in taken:
        await (keeper or home.keeper).renew(leased)


async def test_our_own_wrong_secret_blames_no_sub_account_of_an_agency(home: Home) -> None:
    await home.install_agency("L1")
    assert await home.works()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((401, "Invalid client: client credentials are invalid"))
    with pytest.raises(AppRefusedError):
        await home.keeper.access_token("L1")
    assert await home.standing() is Standing.ACTIVE
    assert await home.works()


async def test_an_agencys_sub_accounts_are_minted(home: Home) -> None:
    await home.install_agency("L1", "L2")
    await mint_all(home)
    assert await home.works("L1")
    assert await home.works("L2")


async def test_a_wanted_one_is_minted_for_who_needs_it_now(home: Home) -> None:
    await home.install_agency("L1")
    assert await home.works()
    assert await home.standing() is Standing.ACTIVE


async def test_a_minted_one_is_minted_again(home: Home) -> None:
    await home.install_agency("L1")
    await mint_all(home)
    home.clock.pass_s(2 * DAY_S)
    assert await home.works()
    assert (home.issuer.counts["minted"], home.issuer.counts["refreshes"]) == (2, 1)


async def test_an_agency_token_that_the_crm_does_not_accept_is_renewed_once(home: Home) -> None:
    await home.install_agency("L1")
    home.issuer.pairs[COMPANY].until_ms = home.clock()
    assert await home.works()
    assert home.issuer.counts["refreshes"] == 1


async def test_a_refused_refresh_is_made_good_by_the_agency(home: Home) -> None:
    home.issuer.mints_refresh = True
    await home.install_agency("L1")
    await mint_all(home)
    home.issuer.pairs["L1"].refresh = "another"
    assert await home.keeper.newer_than("L1", await home.keeper.access_token("L1")) is not None
    assert await home.works()
    assert home.issuer.counts["minted"] == 2


async def test_what_the_agency_cannot_mint_needs_reconnect(home: Home) -> None:
    await home.install_agency("L1")
    home.issuer.minted_by.clear()
    with pytest.raises(NeedsReconnectError, match="not found"):
        await home.keeper.access_token("L1")
    assert await home.standing() is Standing.NEEDS_RECONNECT


async def test_an_agency_that_is_refused_stops_its_sub_accounts_until_it_is_connected_again(home: Home) -> None:
    await home.install_agency("L1", "L2")
    assert await home.works()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((400, "Invalid grant"))
    for location in ("L1", "L2"):
        with pytest.raises(NeedsReconnectError):
            await home.keeper.access_token(location)
    assert [await home.standing("L1"), await home.standing("L2")] == [Standing.NEEDS_RECONNECT, Standing.WANTED]
    await home.install(COMPANY, Kind.COMPANY)
    await home.keeper.tend()
    await mint_all(home)
    assert await home.works("L1")
    assert await home.works("L2")


async def test_an_unconfirmed_agency_mints_nothing(home: Home) -> None:
    grant = home.issuer.install(Kind.COMPANY, COMPANY)
    await home.keeper.keep(grant, standing=Standing.UNCONFIRMED, expected=0)
    await home.database.grants.want(["L1"], company_id=COMPANY, at_ms=home.clock(), now_ms=home.clock())
    with pytest.raises(NoTokenError):
        await home.keeper.access_token("L1")
    with pytest.raises(NoTokenError):
        await home.keeper.company_token(COMPANY)
