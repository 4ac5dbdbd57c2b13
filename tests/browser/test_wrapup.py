"""An agent works inside the CRM: signs in without doing anything, and wraps up calls with the keyboard."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest
import pytest_asyncio
from playwright.async_api import expect
from pydantic import SecretStr

from connector.demo.install import install
from mappings.call import Call
from tests.browser.crm_frame import INTRUDER, CrmFrame, crm_frame
from tests.browser.town import Town, open_town
from tests.connector.door import payload as call_payload
from tests.connector.door import signed
from tests.frame import SHARED, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import FrameLocator, Page

    from connector.demo.install import Connected
    from mappings.call import Wrapup

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANOTHER_SITE, SAME_SITE = "localhost", "127.0.0.1"
"""Where the CRM's page is, as seen from ours: Debian's Chromium lets a frame of another site keep nothing."""
RELOAD = "location.reload()"
FORGET = "history.replaceState(null, ''); location.reload()"
NORTH = "LocationNorth"
AGENCY = "SandboxAgency"
HOSTS = (f"http://{ANOTHER_SITE}:*", f"http://{SAME_SITE}:*")
CAROL = "+14155550111"


@dataclass
class Desk:
    """A connector in a sub-account of the CRM, and the CRM's page around ours."""

    town: Town
    connected: Connected

    async def call(self, call_id: str, **more: Any) -> None:
        """A call ends."""
        body = orjson.dumps(call_payload(call_id, to=CAROL) | more)
        headers = signed(body, self.connected.trunk_secret)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.connected.trunk_url, data=body, headers=headers) as answer,
        ):
            assert answer.status == 200

    async def said(self, call_id: str) -> Wrapup | None:
        """What is kept of the agent's words on a call."""
        kept = await self.town.database.calls.get(NORTH, call_id)
        assert kept is not None
        words = [Call.from_json(part.call).wrapup for part in kept.parts]
        return next((word for word in words if word is not None), None)

    @asynccontextmanager
    async def frame(self, tab: Page, path: str = "/app", **more: Any) -> AsyncIterator[tuple[FrameLocator, CrmFrame]]:
        """Our page in the CRM's, and the CRM's."""
        user = {"activeLocation": NORTH, "companyId": AGENCY} | more
        async with crm_frame(f"{self.town.url}{path}", **user) as crm:
            await tab.goto(crm.url)
            yield tab.frame_locator("#ours"), crm

    @asynccontextmanager
    async def at_work(self, tab: Page, **more: Any) -> AsyncIterator[FrameLocator]:
        """An agent whose page listens."""
        async with self.frame(tab, **more) as (ours, _):
            await expect(ours.locator("#live")).to_have_text("Listening for calls")
            yield ours


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_town(tmp_path, sso_secret=SecretStr(SHARED), frame_hosts=HOSTS) as town:
        yield Desk(town, await install(town.url, NORTH))


async def test_an_agent_is_signed_in_by_being_in_the_crm(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await expect(ours.locator("#who")).to_have_text("Ada Example")
        await expect(ours.locator("#idle")).to_be_visible()


async def test_it_takes_no_cookie(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab):
        assert await tab.context.cookies() == []


@pytest.mark.parametrize("host", [ANOTHER_SITE, SAME_SITE])
async def test_a_reload_does_not_ask_the_crm_again(tab: Page, desk: Desk, host: str) -> None:
    async with desk.frame(tab, "/app/wrapup", host=host) as (ours, crm):
        await expect(ours.locator("#live")).to_have_text("Listening for calls")
        await tab.frames[1].evaluate(RELOAD)
        await expect(ours.locator("#live")).to_have_text("Listening for calls")
        assert len(crm.words) == 1


async def test_a_word_that_was_used_is_asked_for_again(tab: Page, desk: Desk) -> None:
    async with desk.frame(tab, "/app/wrapup") as (ours, crm):
        await expect(ours.locator("#desk")).to_be_visible()
        crm.repeats = 1
        await tab.frames[1].evaluate(FORGET)
        await expect(ours.locator("#desk")).to_be_visible()
        assert (crm.repeats, len(crm.words)) == (0, 2)


async def test_another_frame_cannot_say_who_is_signed_in(tab: Page, desk: Desk) -> None:
    sent: list[str | None] = []
    tab.on("request", lambda one: sent.append(one.post_data) if one.url.endswith("/app/session") else None)
    async with desk.frame(tab, script=INTRUDER) as (ours, _):
        await expect(ours.locator("#who")).to_have_text("Ada Example")
    assert [body for body in sent if body and "forged" in body] == []


async def test_where_the_crm_says_nothing_the_page_says_what_to_do(tab: Page, desk: Desk) -> None:
    async with desk.frame(tab) as (_, crm):
        await expect(tab.frame_locator("#ours").locator("#desk")).to_be_visible()
        crm.user = None
        ours = tab.frame_locator("#ours")
        await tab.frames[1].evaluate(FORGET)
        await expect(ours.locator("#trouble-title")).to_have_text("The CRM did not say who you are", timeout=20_000)
        await expect(ours.locator("#trouble-text")).to_contain_text("RINGBACK_SSO_SECRET")
        crm.user = told(activeLocation=NORTH, companyId=AGENCY)
        await ours.locator("#again").click()
        await expect(ours.locator("#desk")).to_be_visible()


async def test_outside_of_the_crm_the_page_says_where_it_belongs(tab: Page, desk: Desk) -> None:
    await tab.goto(f"{desk.town.url}/app")
    await expect(tab.locator("#trouble-title")).to_have_text("Open this page inside the CRM")


async def test_whose_sub_account_is_not_connected_reads_so(tab: Page, desk: Desk) -> None:
    async with desk.frame(tab, activeLocation="LocationSouth") as (ours, _):
        await expect(ours.locator("#trouble-title")).to_have_text("Not connected")


async def test_a_page_of_another_host_cannot_show_ours(tab: Page, desk: Desk) -> None:
    async with desk.frame(tab) as (_, crm):
        await tab.goto(crm.url.replace("localhost", "another.localhost"))
        await expect(tab.frame_locator("#ours").locator("#who")).to_have_count(0)


async def test_an_admin_is_shown_what_the_phone_provider_needs(tab: Page, desk: Desk) -> None:
    async with desk.frame(tab, role="admin") as (ours, _):
        await ours.locator("#reveal").click()
        await expect(ours.locator("#trunk-secret")).to_have_text(desk.connected.trunk_secret)
        await expect(ours.locator("#trunk-url")).to_have_text(desk.connected.trunk_url)


async def test_an_agencys_admin_sees_its_sub_accounts(tab: Page, desk: Desk) -> None:
    await install(desk.town.url, "LocationSouth")
    async with desk.frame(tab, role="admin", type="agency") as (ours, _):
        await expect(ours.locator("#to-wrapup")).to_be_visible()


async def test_when_a_call_ends_its_form_opens_by_itself(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call(
            "call-1", answer="2026-11-23T10:00:05Z", end="2026-11-23T10:01:28Z", duration=83, hangup_cause=16
        )
        await expect(ours.locator("#contact")).to_contain_text(CAROL, timeout=1000)
        await expect(ours.locator("#facts")).to_contain_text("talked 1:23")
        await expect(ours.get_by_label("Connected")).to_be_checked()


async def test_the_form_has_the_contacts_name(tab: Page, desk: Desk) -> None:
    await desk.town.service.contacts.add(NORTH, CAROL)
    contact = desk.town.sandbox.locations[NORTH].find(CAROL)
    assert contact is not None
    contact.fields |= {"firstName": "Carol", "lastName": "Example"}
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await expect(ours.locator("#contact")).to_have_text("Carol Example")
        await expect(ours.locator("#facts")).to_contain_text(CAROL)


async def test_a_call_is_wrapped_up_with_the_keyboard_only(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await expect(ours.get_by_label("No Answer")).to_be_focused()
        await tab.keyboard.press("3")
        await expect(ours.get_by_label("Busy")).to_be_checked()
        await tab.keyboard.press("Tab")
        await tab.keyboard.type("Asked for 2 offers")
        await tab.keyboard.press("Tab")
        await tab.keyboard.press("ArrowRight")
        await expect(ours.get_by_label("Call back")).to_be_checked()
        await tab.keyboard.press("Control+Enter")
        await expect(ours.locator("#done")).to_have_text(f"Saved: {CAROL}")
        await expect(ours.locator("#idle-title")).to_be_focused()
    said = await desk.said("call-1")
    assert said is not None
    assert (said.disposition, said.notes, said.next_step, said.agent) == (
        "Busy",
        "Asked for 2 offers",
        "callback",
        "Ada Example",
    )
    assert said.due_ms is not None


async def test_several_calls_wait_for_one_another(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1", to="+14155550101")
        await expect(ours.locator("#contact")).to_have_text("+14155550101")
        await desk.call("call-2", to="+14155550102")
        await desk.call("call-3", to="+14155550103")
        await expect(ours.locator("#count")).to_have_text("2 more wait")
        await expect(ours.locator("#contact")).to_have_text("+14155550101")
        await tab.keyboard.press("Escape")
        await expect(ours.locator("#contact")).to_have_text("+14155550102")
        await tab.keyboard.press("Control+Enter")
        await expect(ours.locator("#contact")).to_have_text("+14155550103")
        await expect(ours.locator("#count")).to_have_text("1 more waits")


@pytest.mark.parametrize("host", [ANOTHER_SITE, SAME_SITE])
async def test_what_was_written_survives_a_reload(tab: Page, desk: Desk, host: str) -> None:
    async with desk.at_work(tab, host=host) as ours:
        await desk.call("call-1")
        await ours.get_by_label("Notes").fill("half a sent")
        await ours.get_by_label("Do not call").check()
        await tab.frames[1].evaluate(RELOAD)
        await expect(ours.get_by_label("Notes")).to_have_value("half a sent")
        await expect(ours.get_by_label("Do not call")).to_be_checked()
        await expect(ours.get_by_label("No Answer")).to_be_checked()


async def test_what_cannot_be_saved_stays_and_is_saved_later(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await ours.get_by_label("Notes").fill("kept")
        await tab.route("**/wrapup", lambda route: route.abort())
        await tab.keyboard.press("Control+Enter")
        await expect(ours.locator("#wrong")).to_contain_text("What you wrote is still here")
        await tab.unroute("**/wrapup")
        await tab.keyboard.press("Control+Enter")
        await expect(ours.locator("#idle")).to_be_visible()
    said = await desk.said("call-1")
    assert said is not None
    assert said.notes == "kept"


async def test_a_call_that_was_wrapped_up_elsewhere_wants_nobody_here(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await expect(ours.locator("#form")).to_be_visible()
        desk.town.service.pages.live.wrapped(NORTH, "call-1")
        await expect(ours.locator("#idle")).to_be_visible()


async def test_choosing_a_step_moves_nothing(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        save = ours.locator("#save")
        before = await save.bounding_box()
        for label in ("Call back", "Start a workflow", "Do not call"):
            if await ours.get_by_label(label).is_visible():
                await ours.get_by_label(label).check()
                assert await save.bounding_box() == before


async def test_a_callback_in_the_past_is_not_saved(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await ours.get_by_label("Call back").check()
        await ours.get_by_label("When").fill("2020-01-01T10:00")
        await tab.keyboard.press("Control+Enter")
        await expect(ours.locator("#wrong")).to_contain_text("choose a later one")
    assert await desk.said("call-1") is None


@pytest.mark.parametrize("width", [360, 1280])
async def test_the_form_is_no_wider_than_its_window(tab: Page, desk: Desk, width: int) -> None:
    await tab.set_viewport_size({"width": width, "height": 800})
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await expect(ours.locator("#form")).to_be_visible()
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert await tab.frames[1].evaluate(wide) is False


async def test_every_control_has_a_name(tab: Page, desk: Desk) -> None:
    async with desk.at_work(tab) as ours:
        await desk.call("call-1")
        await expect(ours.locator("#form")).to_be_visible()
        nameless = """[...document.querySelectorAll("input, textarea, select, button")]
          .filter((one) => !(one.labels?.length || one.textContent.trim())).map((one) => one.outerHTML)"""
        assert await tab.frames[1].evaluate(nameless) == []


async def test_the_pages_load_nothing_from_anywhere_else_and_break_no_rule(tab: Page, desk: Desk) -> None:
    asked: list[str] = []
    said: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("console", lambda message: said.append(message.text))
    async with desk.frame(tab) as (ours, crm):
        await desk.call("call-1")
        await expect(ours.locator("#desk")).to_be_visible()
        await expect(ours.locator("#live")).to_have_text("Listening for calls")
        assert [url for url in asked if not url.startswith((desk.town.url, crm.url, "data:"))] == []
    assert said == []
