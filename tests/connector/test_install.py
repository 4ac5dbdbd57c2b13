"""One sub-account is installed: begun here or in the marketplace, and everything that can go wrong on the way."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.install.routes import COOKIE
from connector.sandbox.apps import DEFAULT_CLIENT_ID
from connector.sandbox.faults import Fault
from oauth.install import STATE_MS
from oauth.keeper import NoTokenError
from oauth.standing import Kind, Standing
from tests.connector.market import LOC, OTHER, PUBLIC_URL, Marketplace, app_with, open_market

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[Marketplace]:
    async with open_market(tmp_path) as one:
        yield one


async def standing(market: Marketplace, location: str = LOC) -> Standing | None:
    row = await market.database.grants.get(Kind.LOCATION, location)
    return None if row is None else row.standing


# Begun here


async def test_an_admin_installs_and_the_page_names_the_sub_account(market: Marketplace) -> None:
    page = await market.browser.install(LOC)
    assert (page.status, page.title, page.part("location")) == (200, f"The {LOC} is connected", LOC)


async def test_the_page_gives_the_trunks_address_and_a_secret_that_opens_it(market: Marketplace) -> None:
    page = await market.browser.install(LOC)
    shown = await market.installs.reveal(LOC)
    assert shown is not None
    assert (page.part("trunk-url"), page.part("trunk-secret")) == (shown.url, shown.secret)


async def test_the_trunks_address_is_the_sub_accounts_own(market: Marketplace) -> None:
    page = await market.browser.install(LOC)
    assert page.part("trunk-url") == f"{PUBLIC_URL}/hooks/{LOC}/generic"


async def test_a_connected_sub_account_has_a_token_that_the_crm_accepts(market: Marketplace) -> None:
    await market.browser.install(LOC)
    assert await market.name_of(LOC) == f"The {LOC}"


async def test_the_page_is_kept_by_nobody(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    async with market.browser.client.get(back) as answer:
        assert (answer.headers["Cache-Control"], answer.headers["Referrer-Policy"]) == ("no-store", "no-referrer")


async def test_the_secret_is_shown_once(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    first, again = await market.browser.get(back), await market.browser.get(back)
    assert (first.part("trunk-secret") is None, again.part("trunk-secret")) == (False, None)


async def test_loading_the_page_again_does_no_harm(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    await market.browser.get(back)
    again = await market.browser.get(back)
    assert (again.status, again.title, await standing(market)) == (400, "This was done already", Standing.ACTIVE)


async def test_who_looks_whether_the_link_lives_does_not_use_it_up(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    async with market.browser.client.head(back) as answer:
        assert answer.status == 405
    assert (await market.browser.get(back)).status == 200


async def test_white_label_agencies_have_a_host_of_their_own(market: Marketplace) -> None:
    url = urlsplit(await market.browser.begin("/oauth/install?white_label=1"))
    assert (url.netloc, url.path) == ("white.example.com", "/v2/oauth/chooselocation")


async def test_the_cookie_is_not_for_scripts_nor_for_other_sites(market: Marketplace) -> None:
    async with market.browser.client.get("/oauth/install", allow_redirects=False) as answer:
        cookie = answer.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/oauth")


async def test_two_installs_in_two_windows_do_not_meet(market: Marketplace) -> None:
    first, second = await market.browser.begin(), await market.browser.begin()
    one = await market.browser.get(await market.browser.choose(first, LOC))
    two = await market.browser.get(await market.browser.choose(second, OTHER))
    assert (one.part("location"), two.part("location")) == (LOC, OTHER)


async def test_a_configured_sub_account_keeps_its_configuration(market: Marketplace) -> None:
    await market.database.put_location(LOC, document=b'{"country": "DE"}', secrets={}, now_ms=1)
    page = await market.browser.install(LOC)
    row = await market.database.get_location(LOC)
    assert row is not None
    assert (row.document, page.part("trunk-url")) == (b'{"country": "DE"}', None)


async def test_the_sub_account_belongs_to_its_agency(market: Marketplace) -> None:
    await market.browser.install(LOC)
    assert await market.database.history.company_of(LOC) == "SandboxAgency"


async def test_tokens_in_the_crms_new_form(tmp_path: Path) -> None:
    async with open_market(tmp_path, oauth_v3=True) as market:
        assert (await market.browser.install(LOC)).title == f"The {LOC} is connected"


# What can go wrong


async def test_a_cancelled_consent_is_said_in_plain_words(market: Marketplace) -> None:
    page = await market.browser.get(await market.browser.choose(await market.browser.begin(), LOC, answer="cancel"))
    assert (page.status, page.title, page.part("again")) == (403, "Not installed", "Try again")


async def test_an_old_state_is_refused(market: Marketplace) -> None:
    chooser = await market.browser.begin()
    market.clock.pass_s(STATE_MS / 1000)
    page = await market.browser.get(await market.browser.choose(chooser, LOC))
    assert (page.title, await standing(market)) == ("That took too long", None)


async def test_a_link_slipped_to_another_browser_connects_nobody(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    market.browser.become_another()
    page = await market.browser.get(back)
    assert (page.title, await standing(market)) == ("Begun in another browser", None)


async def test_a_forged_state_is_refused(market: Marketplace) -> None:
    page = await market.browser.get(f"{market.from_the_listing(LOC)}&state=forged")
    assert (page.title, await standing(market)) == ("This link is not ours", None)


async def test_a_used_code_is_refused(market: Marketplace) -> None:
    back = market.from_the_listing(LOC)
    await market.browser.get(back)
    page = await market.browser.get(back)
    assert (page.status, page.title) == (400, "The CRM did not accept the permission any more")


async def test_another_redirect_than_the_registered_one_is_the_operators_to_mend(market: Marketplace) -> None:
    code = market.sandbox.market.consent(
        DEFAULT_CLIENT_ID, redirect_uri="http://localhost:1/oauth/callback", locations=[LOC]
    )
    page = await market.browser.get(f"/oauth/callback?code={code}")
    assert page.title == "The address of this Ringback is not known to the CRM"


async def test_a_wrong_client_secret_is_the_operators_to_mend(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    market.sandbox.market.register(app_with(client_secret="another"))
    assert (await market.browser.get(back)).title == "The CRM does not accept this Ringback"


async def test_scopes_that_were_not_granted_are_said_by_feature(market: Marketplace) -> None:
    market.sandbox.market.register(app_with(scopes=app_with().scopes - {"workflows.readonly"}))
    page = await market.browser.install(LOC)
    assert ("missing-scopes" in page.text, "the list of workflows to choose from" in page.text) == (True, True)


async def test_a_full_grant_misses_nothing(market: Marketplace) -> None:
    assert "missing-scopes" not in (await market.browser.install(LOC)).text


async def test_a_suspended_sub_account_is_not_connected(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    market.sandbox.locations[LOC].active = False
    assert (await market.browser.get(back)).title == "The sub-account is not active"


async def test_a_crm_that_does_not_answer_is_tried_later(market: Marketplace) -> None:
    back = await market.browser.choose(await market.browser.begin(), LOC)
    fault = Fault.model_validate({"kind": "status", "status": 503, "match": {"path": "/oauth/token"}})
    market.sandbox.faults.arm(fault, now_ms=market.clock())
    page = await market.browser.get(back)
    assert (page.status, page.title) == (503, "The CRM does not answer")


async def test_more_at_once_than_the_crm_should_be_asked_are_sent_away(market: Marketplace) -> None:
    slow = Fault.model_validate({"kind": "latency", "ms": 1000, "match": {"path": "/oauth/token"}})
    market.sandbox.faults.arm(slow, now_ms=market.clock())
    pages = await asyncio.gather(*(market.browser.get("/oauth/callback?code=guessed") for _ in range(40)))
    assert {page.title for page in pages} >= {"Too many at once"}


@pytest.mark.parametrize("query", ["", "?code=", "?error=server_error", f"?code={'x' * 5000}"])
async def test_a_way_back_without_a_code_is_a_page_too(market: Marketplace, query: str) -> None:
    page = await market.browser.get(f"/oauth/callback{query}")
    assert (page.status, page.title) == (400, "The CRM did not go on")


async def test_what_the_address_holds_is_not_shown(market: Marketplace) -> None:
    page = await market.browser.get("/oauth/callback?error=<script>&error_description=<script>")
    assert "script" not in page.text


# Begun in the marketplace


async def test_without_a_state_nothing_is_connected_and_no_secret_shown(market: Marketplace) -> None:
    page = await market.browser.get(market.from_the_listing(LOC))
    assert (page.status, page.part("trunk-secret"), await standing(market)) == (200, None, Standing.UNCONFIRMED)


async def test_what_is_unconfirmed_has_no_token(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(LOC))
    with pytest.raises(NoTokenError):
        await market.keeper.access_token(LOC)


async def test_the_crms_event_confirms_it_afterwards(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(LOC))
    await market.heard(LOC, "SandboxAgency")
    assert (await standing(market), await market.name_of(LOC)) == (Standing.ACTIVE, f"The {LOC}")


async def test_the_crms_event_confirms_it_beforehand(market: Marketplace) -> None:
    await market.heard(LOC, "SandboxAgency")
    page = await market.browser.get(market.from_the_listing(LOC))
    assert (page.title, await standing(market)) == (f"The {LOC} is connected", Standing.ACTIVE)


async def test_without_a_state_a_browser_sees_no_secret_even_if_confirmed(market: Marketplace) -> None:
    await market.heard(LOC, "SandboxAgency")
    page = await market.browser.get(market.from_the_listing(LOC))
    assert page.part("trunk-secret") is None


async def test_a_confirmed_sub_account_can_be_posted_to(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(LOC))
    await market.heard(LOC)
    shown = await market.installs.reveal(LOC)
    assert shown is not None
    assert (shown.url, bool(shown.secret)) == (f"{PUBLIC_URL}/hooks/{LOC}/generic", True)


async def test_an_unconfirmed_one_is_not_registered(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(LOC))
    assert await market.installs.reveal(LOC) is None


async def test_a_connected_sub_account_needs_no_word_to_be_installed_again(market: Marketplace) -> None:
    await market.browser.install(LOC)
    await market.browser.get(market.from_the_listing(LOC))
    assert await standing(market) is Standing.ACTIVE


async def test_the_event_of_another_app_confirms_nothing(market: Marketplace) -> None:
    await market.browser.get(market.from_the_listing(LOC))
    ours = await market.installs.on_install(app_id="another", location=LOC, company=None, at_ms=market.clock())
    assert (ours, await standing(market)) == (False, Standing.UNCONFIRMED)


async def test_an_event_that_names_nobody_is_not_for_us(market: Marketplace) -> None:
    assert not await market.heard()


# Uninstalled, and installed again


async def test_an_uninstalled_sub_account_has_no_token(market: Marketplace) -> None:
    await market.browser.install(LOC)
    await market.keeper.access_token(LOC)
    market.clock.pass_s(60)
    await market.uninstalled(LOC)
    with pytest.raises(NoTokenError):
        await market.keeper.access_token(LOC)


async def test_its_tokens_are_gone_and_its_configuration_stays(market: Marketplace) -> None:
    await market.browser.install(LOC)
    before = await market.installs.reveal(LOC)
    market.clock.pass_s(60)
    await market.uninstalled(LOC)
    row = await market.database.grants.get(Kind.LOCATION, LOC)
    assert row is not None
    assert (row.sealed, await market.installs.reveal(LOC)) == (None, before)


async def test_installing_again_goes_on_with_the_same_secret(market: Marketplace) -> None:
    await market.browser.install(LOC)
    before = await market.installs.reveal(LOC)
    market.clock.pass_s(60)
    market.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location=LOC)
    await market.uninstalled(LOC)
    market.clock.pass_s(60)
    page = await market.browser.install(LOC)
    assert (page.part("trunk-url"), await market.installs.reveal(LOC)) == (f"{PUBLIC_URL}/hooks/{LOC}/generic", before)
    assert await market.name_of(LOC) == f"The {LOC}"


async def test_a_late_uninstall_of_an_earlier_installation_changes_nothing(market: Marketplace) -> None:
    earlier = market.clock()
    market.clock.pass_s(60)
    await market.browser.install(LOC)
    await market.uninstalled(LOC, at_ms=earlier)
    assert await standing(market) is Standing.ACTIVE


async def test_a_late_install_of_what_was_uninstalled_since_changes_nothing(market: Marketplace) -> None:
    earlier = market.clock()
    await market.browser.install(LOC)
    market.clock.pass_s(60)
    await market.uninstalled(LOC)
    await market.heard(LOC, "SandboxAgency", at_ms=earlier)
    assert await standing(market) is Standing.REMOVED


async def test_the_uninstall_of_another_app_changes_nothing(market: Marketplace) -> None:
    await market.browser.install(LOC)
    market.clock.pass_s(60)
    await market.installs.on_uninstall(app_id="another", location=LOC, company=None, at_ms=market.clock())
    assert await standing(market) is Standing.ACTIVE


async def test_an_uninstall_of_what_is_not_there_is_no_trouble(market: Marketplace) -> None:
    assert await market.uninstalled(LOC)


async def test_the_scope_asked_for_has_no_plus(market: Marketplace) -> None:
    url = urlsplit(await market.browser.begin())
    assert ("+" in url.query, parse_qs(url.query)["version_id"]) == (False, ["sandbox"])
