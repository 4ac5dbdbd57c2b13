"""An agency installs: all its sub-accounts, those made later, those suspended, and what a stop in the middle leaves."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.apps import DEFAULT_CLIENT_ID
from connector.sandbox.faults import Fault
from connector.sandbox.seed import furnish
from connector.sandbox.state import Sandbox
from oauth.fanout import LATER_MS
from oauth.keeper import NoTokenError
from oauth.standing import Kind, Standing
from tests.connector.market import AGENCY, LOC, OTHER, Marketplace, app_with, open_market
from tests.connector.stage import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Marketplace]:
    async with open_market(tmp_path) as one:
        yield one


async def standing(market: Marketplace, name: str, kind: Kind = Kind.LOCATION) -> Standing | None:
    row = await market.database.grants.get(kind, name)
    return None if row is None else row.standing


async def test_an_agencys_admin_installs_for_all_sub_accounts(market: Marketplace) -> None:
    page = await market.browser.install(bulk="on")
    assert (page.status, page.title, page.part("company")) == (200, "The agency is connected", AGENCY)


async def test_all_its_sub_accounts_are_connected(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    assert [await market.name_of(one) for one in (LOC, OTHER)] == [f"The {LOC}", f"The {OTHER}"]


async def test_only_chosen_sub_accounts_are_connected(market: Marketplace) -> None:
    await market.browser.install(LOC, bulk="on")
    await market.installs.fanout.once()
    assert (await standing(market, LOC), await standing(market, OTHER)) == (Standing.ACTIVE, None)


async def test_each_has_an_address_and_a_secret_of_its_own(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    one, other = await market.installs.reveal(LOC), await market.installs.reveal(OTHER)
    assert one is not None
    assert other is not None
    assert (one.url != other.url, one.secret != other.secret, bool(one.secret)) == (True, True, True)


async def test_an_agencys_secrets_are_on_no_page(market: Marketplace) -> None:
    assert (await market.browser.install(bulk="on")).part("trunk-secret") is None


async def test_tokens_and_lists_in_the_crms_new_form(tmp_path: Path) -> None:
    async with open_market(tmp_path, oauth_v3=True) as market:
        await market.browser.install(bulk="on")
        await market.installs.fanout.once()
        assert await market.counts() == {Standing.ACTIVE: 2}


# A thousand at once


def agency_of(number: int) -> Sandbox:
    sandbox = Sandbox(clock_ms=Clock(), rate="off", search_lag_ms=0)
    for location in range(number):
        sandbox.register(f"Location{location:04}")
    return sandbox


async def stopped_in_the_middle(market: Marketplace, after: int) -> None:
    """Connect an agency's sub-accounts, and be stopped when the CRM has given so many tokens."""
    await market.browser.install(bulk="on")
    connecting = asyncio.create_task(market.installs.fanout.once())
    while market.sandbox.market.counts["minted"] < after:
        await market.database.grants.counts()
    connecting.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await connecting


async def test_a_stop_in_the_middle_of_a_thousand_loses_none(tmp_path: Path) -> None:
    sandbox = agency_of(1000)
    async with open_market(tmp_path, sandbox=sandbox) as market:
        await stopped_in_the_middle(market, 300)
        left = (await market.counts())[Standing.WANTED]
    async with open_market(tmp_path, sandbox=sandbox) as market:
        await market.installs.fanout.once()
        assert (left > 0, await market.counts()) == (True, {Standing.ACTIVE: 1000})


async def test_a_stop_in_the_middle_asks_for_few_tokens_twice(tmp_path: Path) -> None:
    sandbox = agency_of(100)
    async with open_market(tmp_path, sandbox=sandbox, oauth_concurrency=4) as market:
        await stopped_in_the_middle(market, 30)
    async with open_market(tmp_path, sandbox=sandbox) as market:
        await market.installs.fanout.once()
        assert 100 <= sandbox.market.counts["minted"] <= 104


# The CRM's events, in any order


async def test_an_event_before_the_code_is_heard(market: Marketplace) -> None:
    await market.heard(LOC, AGENCY)
    await market.installs.fanout.once()
    before = await standing(market, LOC)
    await market.browser.install(LOC, bulk="on")
    await market.installs.fanout.once()
    assert (before, await standing(market, LOC)) == (Standing.WANTED, Standing.ACTIVE)


async def test_events_that_come_twice_do_nothing_twice(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    for _ in range(2):
        await market.heard(None, AGENCY)
        await market.heard(LOC, AGENCY)
        await market.heard(OTHER, AGENCY)
        await market.installs.fanout.once()
    assert (await market.counts(), market.sandbox.market.counts["minted"]) == ({Standing.ACTIVE: 2}, 2)


async def test_a_sub_account_made_later_is_connected_by_its_event(market: Marketplace) -> None:
    await market.browser.install(bulk="on", future="on")
    await market.installs.fanout.once()
    furnish(market.sandbox, "LocationLater", token="pit-later", name="Later")
    market.sandbox.market.joined(market.sandbox.locations["LocationLater"])
    await market.heard("LocationLater")  # a future one's event may name no agency
    await market.heard("LocationLater", AGENCY)
    await market.installs.fanout.once()
    assert await market.name_of("LocationLater") == "Later"


async def test_a_sub_account_whose_event_was_lost_is_found_by_the_next_listing(market: Marketplace) -> None:
    await market.browser.install(bulk="on", future="on")
    await market.installs.fanout.once()
    furnish(market.sandbox, "LocationLater", token="pit-later", name="Later")
    market.sandbox.market.joined(market.sandbox.locations["LocationLater"])
    await market.heard(None, AGENCY)
    await market.installs.fanout.once()
    assert await standing(market, "LocationLater") is Standing.ACTIVE


async def test_an_agency_install_without_a_state_waits_for_the_crms_word(market: Marketplace) -> None:
    page = await market.browser.get(market.from_the_listing(bulk=True))
    await market.installs.fanout.once()
    assert (page.title, await market.counts()) == ("Almost done: waiting for confirmation", {})


async def test_the_agencys_event_confirms_it_afterwards(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(bulk=True))
    await market.heard(None, AGENCY)
    await market.installs.fanout.once()
    assert await market.counts() == {Standing.ACTIVE: 2}


async def test_the_agencys_event_confirms_it_beforehand(market: Marketplace) -> None:
    await market.heard(None, AGENCY)
    page = await market.browser.get(market.from_the_listing(bulk=True))
    await market.installs.fanout.once()
    assert (page.title, await market.counts()) == ("The agency is connected", {Standing.ACTIVE: 2})


async def test_a_sub_accounts_event_confirms_its_agency_too(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(bulk=True))
    await market.heard(LOC, AGENCY)
    await market.installs.fanout.once()
    assert await market.counts() == {Standing.ACTIVE: 2}


async def test_an_announced_agency_without_a_code_hands_out_nothing(market: Marketplace) -> None:
    await market.heard(None, AGENCY)
    await market.heard(None, AGENCY)
    assert await standing(market, AGENCY, Kind.COMPANY) is Standing.UNCONFIRMED


# Suspended, uninstalled, refused


async def test_a_suspended_sub_account_is_paused_and_the_others_go_on(market: Marketplace) -> None:
    market.sandbox.locations[LOC].active = False
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    assert (await standing(market, LOC), await standing(market, OTHER)) == (Standing.PAUSED, Standing.ACTIVE)


async def test_a_paused_sub_account_is_connected_when_it_is_active_again(market: Marketplace) -> None:
    market.sandbox.locations[LOC].active = False
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.sandbox.locations[LOC].active = True
    market.clock.pass_s(86_400)
    await market.keeper.tend()
    assert await market.name_of(LOC) == f"The {LOC}"


async def test_a_paused_sub_account_that_is_installed_again_is_asked_at_once(market: Marketplace) -> None:
    market.sandbox.locations[LOC].active = False
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.sandbox.locations[LOC].active = True
    market.clock.pass_s(1)
    await market.heard(LOC, AGENCY)
    await market.keeper.tend()
    assert await standing(market, LOC) is Standing.ACTIVE


async def test_an_uninstalled_sub_account_is_removed_and_the_others_stay(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.clock.pass_s(60)
    await market.uninstalled(LOC)
    assert (await standing(market, LOC), await standing(market, OTHER)) == (Standing.REMOVED, Standing.ACTIVE)


async def test_an_uninstalled_agency_is_removed_with_all_its_sub_accounts(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.clock.pass_s(60)
    await market.uninstalled(None, AGENCY)
    with pytest.raises(NoTokenError):
        await market.keeper.access_token(OTHER)
    assert await market.counts() == {Standing.REMOVED: 2}


async def test_an_agency_that_installs_again_has_all_its_sub_accounts_again(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.clock.pass_s(60)
    market.sandbox.market.uninstall(DEFAULT_CLIENT_ID, company=AGENCY)
    await market.uninstalled(None, AGENCY)
    market.clock.pass_s(60)
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    assert [await market.name_of(one) for one in (LOC, OTHER)] == [f"The {LOC}", f"The {OTHER}"]


async def test_a_sub_account_installed_again_by_its_agency_goes_on(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    market.clock.pass_s(60)
    await market.uninstalled(LOC)
    market.clock.pass_s(60)
    await market.heard(LOC, AGENCY)
    await market.installs.fanout.once()
    assert await market.name_of(LOC) == f"The {LOC}"


async def test_a_crm_that_is_down_is_asked_again(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    fault = Fault.model_validate({"kind": "status", "status": 503, "match": {"path": "/oauth/installedLocations"}})
    market.sandbox.faults.arm(fault, now_ms=market.clock())
    await market.installs.fanout.once()
    before = await market.counts()
    market.sandbox.faults.clear()
    market.clock.pass_s(LATER_MS / 1000)
    await market.installs.fanout.once()
    assert (before, await market.counts()) == ({}, {Standing.ACTIVE: 2})


async def test_an_admin_of_the_sub_account_installs_what_the_agency_installed(market: Marketplace) -> None:
    await market.browser.install(bulk="on")
    await market.installs.fanout.once()
    await market.browser.install(LOC)
    assert await market.name_of(LOC) == f"The {LOC}"


async def test_missing_scopes_of_an_agency_are_said(market: Marketplace) -> None:
    market.sandbox.market.register(app_with(scopes=app_with().scopes - {"oauth.write"}))
    page = await market.browser.install(bulk="on")
    assert "connect the sub-accounts of an agency" in page.text
