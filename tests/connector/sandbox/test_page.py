"""The page a newcomer sees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sandbox.page import CSP, view
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOSTILE = "<script>alert(1)</script>\"'&"


async def page(crm: Crm, query: str = "") -> str:
    async with crm.client.get(f"/{query}") as response:
        assert response.status == 200
        assert response.headers["Content-Security-Policy"] == CSP
        return await response.text()


async def test_hostile_texts_are_shown_as_texts(crm: Crm) -> None:
    """Wherever a text of others appears: name, tag, note, task, call record, sub-account, workflow."""
    location = crm.sandbox.locations[LOCATION]
    location.name = location.workflows["wf-live"]["name"] = HOSTILE
    ada = await crm.person(name=HOSTILE, tags=[HOSTILE], phone=HOSTILE, email=HOSTILE)
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": HOSTILE, "title": HOSTILE})
    task = {"title": HOSTILE, "body": HOSTILE, "dueDate": "2026-11-24", "completed": False}
    await crm.ask("POST", f"/contacts/{ada}/tasks", task)
    await crm.ask("POST", f"/contacts/{ada}/workflow/wf-live", {})
    record = {
        "type": "Call",
        "conversationProviderId": "p",
        "contactId": ada,
        "direction": "inbound",
        "call": {"from": HOSTILE, "to": HOSTILE, "status": "busy"},
        "message": HOSTILE,
        "attachments": [HOSTILE],
    }
    assert (await crm.ask("POST", "/conversations/messages/inbound", record))[0] == 200
    text = await page(crm)
    assert "<script" not in text.lower()
    assert text.count("&lt;script&gt;") >= 12


async def test_the_page_needs_no_script_and_no_inline_style(crm: Crm) -> None:
    await crm.person(name="Ada")
    assert not re.search(r"<script|<style|style=|\son\w+=", await page(crm))


async def test_a_timeline_is_newest_first_in_the_sub_accounts_time(crm: Crm) -> None:
    crm.sandbox.locations[LOCATION].timezone = "America/New_York"
    ada = await crm.person(name="Ada")
    for body in ("first", "second"):
        await crm.ask("POST", f"/contacts/{ada}/notes", {"body": body})
        crm.clock.now_ms += 60_000
    person = view(crm.sandbox.locations[LOCATION])["people"][0]
    assert [entry["body"] for entry in person["timeline"]] == ["second", "first"]
    assert person["timeline"][1]["when"] == "Mon 21 Sep 2026, 10:13:20 EDT"


async def test_of_the_same_moment_the_later_written_is_shown_first(crm: Crm) -> None:
    ada = await crm.person(name="Ada")
    for body in ("first", "second"):
        await crm.ask("POST", f"/contacts/{ada}/notes", {"body": body})
    person = view(crm.sandbox.locations[LOCATION])["people"][0]
    assert [entry["body"] for entry in person["timeline"]] == ["second", "first"]


async def test_an_unknown_time_zone_is_shown_as_utc(crm: Crm) -> None:
    crm.sandbox.locations[LOCATION].timezone = "Mars/Olympus"
    ada = await crm.person(name="Ada")
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "x"})
    assert "14:13:20 UTC" in await page(crm)


async def test_tags_enrolments_tasks_and_do_not_call_are_shown(crm: Crm) -> None:
    ada = await crm.person(name="Ada", tags=["Hot Lead"], dndSettings={"Call": {"status": "active"}})
    await crm.ask("POST", f"/contacts/{ada}/workflow/wf-live", {})
    task = {"title": "Ring again", "dueDate": "2026-11-24T09:00:00Z", "completed": False}
    await crm.ask("POST", f"/contacts/{ada}/tasks", task)
    text = await page(crm)
    for shown in ("hot lead", "in Follow-up", "Ring again", "due Tue 24 Nov 2026", "do not call"):
        assert shown in text


async def test_the_page_reloads_by_itself_when_asked(crm: Crm) -> None:
    assert 'http-equiv="refresh" content="2"' in await page(crm, "?refresh=2")
    assert "http-equiv" not in await page(crm, "?refresh=0;url=//x")


async def test_the_fullest_sub_account_shows_fifty_contacts(crm: Crm) -> None:
    for number in range(51):
        await crm.person(name=f"Person {number}")
    text = await page(crm)
    assert text.count('class="person"') == 50
    assert "51 contacts" in text


async def test_the_style_sheet_is_dark_and_light(crm: Crm) -> None:
    async with crm.client.get("/_sandbox/style.css") as response:
        assert response.content_type == "text/css"
        assert "prefers-color-scheme: dark" in await response.text()


async def test_a_visit_is_no_request_to_the_api(crm: Crm) -> None:
    await page(crm)
    assert crm.sandbox.journal.total == 0
