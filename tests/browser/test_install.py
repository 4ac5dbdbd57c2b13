"""Somebody installs with a browser: our link, the CRM's chooser, our page."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from oauth.standing import Kind, Standing
from tests.browser.town import NAMES

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.town import Town

pytestmark = pytest.mark.asyncio(loop_scope="module")
NORTH = "LocationNorth"


async def _begin(tab: Page, town: Town) -> None:
    await tab.goto(f"{town.url}/oauth/install")
    await expect(tab).to_have_url(re.compile(re.escape(f"{town.crm_url}/v2/oauth/chooselocation?")))


async def _install(tab: Page, town: Town, *choices: str) -> None:
    await _begin(tab, town)
    for choice in choices:
        await tab.check(f"#{choice}")
    await tab.click("#install")


async def test_who_chose_a_sub_account_is_shown_that_it_is_connected(tab: Page, town: Town) -> None:
    await _install(tab, town, f"location-{NORTH}")
    await expect(tab.locator("h1")).to_have_text(f"{NAMES[NORTH]} is connected")
    await expect(tab.locator("#location")).to_have_text(NORTH)


async def test_the_page_has_what_the_phone_provider_needs(tab: Page, town: Town) -> None:
    await _install(tab, town, f"location-{NORTH}")
    await expect(tab.locator("#trunk-url")).to_have_text(f"{town.url}/hooks/{NORTH}/generic")
    shown = await tab.locator("#trunk-secret").inner_text()
    location = await town.service.locations.get(NORTH)
    assert location is not None
    assert [shown] == list(location.credentials["generic"].secrets)


async def test_nothing_is_missing_from_what_was_allowed(tab: Page, town: Town) -> None:
    await _install(tab, town, f"location-{NORTH}")
    await expect(tab.locator("#trunk-url")).to_be_visible()
    await expect(tab.locator("#missing-scopes")).to_have_count(0)


async def test_a_reload_does_not_show_the_secret_again(tab: Page, town: Town) -> None:
    await _install(tab, town, f"location-{NORTH}")
    secret = await tab.locator("#trunk-secret").inner_text()
    await tab.reload()
    await expect(tab.locator("#happened")).to_be_visible()
    assert secret not in await tab.content()


async def test_neither_does_another_installation_of_the_same_sub_account(tab: Page, town: Town) -> None:
    await _install(tab, town, f"location-{NORTH}")
    secret = await tab.locator("#trunk-secret").inner_text()
    await _install(tab, town, f"location-{NORTH}")
    await expect(tab.locator("#trunk-url")).to_be_visible()
    assert secret not in await tab.content()


async def test_who_cancels_reads_in_plain_words_that_nothing_was_connected(tab: Page, town: Town) -> None:
    await _begin(tab, town)
    await tab.click("#cancel")
    await expect(tab.locator("h1")).to_have_text("Not installed")
    await expect(tab.locator("#means")).to_contain_text("Nothing was connected")
    assert await town.database.grants.page() == []


async def test_who_cancelled_can_try_again_from_that_page(tab: Page, town: Town) -> None:
    await _begin(tab, town)
    await tab.click("#cancel")
    await tab.click("#again")
    await tab.check(f"#location-{NORTH}")
    await tab.click("#install")
    await expect(tab.locator("h1")).to_have_text(f"{NAMES[NORTH]} is connected")


async def test_an_agency_installs_for_all_of_its_sub_accounts(tab: Page, town: Town) -> None:
    await _install(tab, town, "bulk")
    await expect(tab.locator("h1")).to_have_text("The agency is connected")
    await expect(tab.locator("#company")).to_have_text("SandboxAgency")
    grants = town.database.grants
    async with asyncio.timeout(20):  # the work goes on without the page
        while (await grants.counts("SandboxAgency"))[Standing.ACTIVE] < len(NAMES):  # noqa: ASYNC110 - the store calls nobody
            await asyncio.sleep(0)
    assert {row.id for row in await grants.page(kind=Kind.LOCATION)} == NAMES.keys()


async def test_a_consent_begun_in_another_browser_connects_nothing(tab: Page, town: Town) -> None:
    await _begin(tab, town)
    await tab.context.clear_cookies()
    await tab.check(f"#location-{NORTH}")
    await tab.click("#install")
    await expect(tab.locator("h1")).to_have_text("Begun in another browser")
    assert await town.database.grants.page() == []


@pytest.mark.parametrize("width", [360, 1280])
async def test_no_page_is_wider_than_its_window(tab: Page, town: Town, width: int) -> None:
    await tab.set_viewport_size({"width": width, "height": 800})
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    await _begin(tab, town)
    too_wide = [await tab.evaluate(wide)]
    await tab.check(f"#location-{NORTH}")
    await tab.click("#install")
    await expect(tab.locator("#trunk-secret")).to_be_visible()
    too_wide.append(await tab.evaluate(wide))
    await tab.reload()
    too_wide.append(await tab.evaluate(wide))
    assert too_wide == [False] * 3


async def test_the_pages_load_nothing_from_anywhere_else_and_run_no_script(tab: Page, town: Town) -> None:
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    tab.on("console", lambda message: said.append(message.text))
    await _install(tab, town, f"location-{NORTH}")
    await expect(tab.locator("#trunk-secret")).to_be_visible()
    assert [url for url in asked if not url.startswith((town.url, town.crm_url, "data:"))] == []
    assert said == []
