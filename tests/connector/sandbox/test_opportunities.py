"""Pipelines and opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.opportunities import make_pipeline
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm


@pytest.fixture
async def ada(crm: Crm) -> str:
    make_pipeline(crm.sandbox.locations[LOCATION], "pipe", "Sales", [("s1", "New"), ("s2", "Called")])
    make_pipeline(crm.sandbox.locations[LOCATION], "other", "", [("o1", "Start")])
    return await crm.person(name="Ada", phone="+12125550101")


def deal(contact: str, **more: Any) -> dict[str, Any]:
    return {"locationId": LOCATION, "contactId": contact, "pipelineId": "pipe", "name": "D", "status": "open", **more}


async def made(crm: Crm, contact: str, **more: Any) -> str:
    status, answer = await crm.ask("POST", "/opportunities/", deal(contact, **more))
    assert status == 201, answer
    return str(answer["opportunity"]["id"])


async def found(crm: Crm, query: str = "") -> list[str]:
    _, answer = await crm.ask("GET", f"/opportunities/search?location_id={LOCATION}{query}")
    return [one["id"] for one in answer["opportunities"]]


async def test_an_opportunity_starts_in_the_first_stage_and_shows_its_contact(crm: Crm, ada: str) -> None:
    _, answer = await crm.ask("GET", f"/opportunities/{await made(crm, ada, monetaryValue=5)}")
    shown = answer["opportunity"]
    assert (shown["pipelineStageId"], shown["monetaryValue"], shown["contact"]["name"]) == ("s1", 5, "Ada")


async def test_a_deal_outlives_its_contact(crm: Crm, ada: str) -> None:
    opportunity = await made(crm, ada)
    await crm.ask("DELETE", f"/contacts/{ada}", {})
    assert "contact" not in (await crm.ask("GET", f"/opportunities/{opportunity}"))[1]["opportunity"]


async def test_a_search_narrows_by_contact_pipeline_stage_and_status(crm: Crm, ada: str) -> None:
    bob = await crm.person(name="Bob")
    one, two = await made(crm, ada), await made(crm, bob, pipelineId="other", status="won")
    queries = (f"&contact_id={ada}", "&pipeline_id=other", "&pipeline_stage_id=s1", "&status=won", "&status=all", "")
    assert [await found(crm, query) for query in queries] == [[one], [two], [one], [two], [one, two], [one, two]]


async def test_a_search_pages(crm: Crm, ada: str) -> None:
    ids = [await made(crm, ada) for _ in range(3)]
    assert [await found(crm, "&limit=2"), await found(crm, "&limit=2&page=2")] == [ids[:2], ids[2:]]


async def test_the_index_lags_behind(crm: Crm, ada: str) -> None:
    crm.sandbox.search_lag_ms = 2_000
    opportunity = await made(crm, ada)
    assert await found(crm) == []
    crm.clock.now_ms += 2_000
    assert await found(crm) == [opportunity]


async def test_a_search_spells_its_parameters_with_underscores(crm: Crm) -> None:
    assert (await crm.ask("GET", f"/opportunities/search?locationId={LOCATION}"))[0] == 422


async def test_a_search_in_another_sub_account_is_refused(crm: Crm) -> None:
    assert (await crm.ask("GET", "/opportunities/search?location_id=LocationTwo"))[0] == 403


async def test_an_opportunity_moves_within_its_pipeline_and_to_another(crm: Crm, ada: str) -> None:
    path = f"/opportunities/{await made(crm, ada)}"
    stages = [
        (await crm.ask("PUT", path, body))[1]["opportunity"]["pipelineStageId"]
        for body in ({"pipelineStageId": "s2"}, {"name": "E"}, {"pipelineId": "other"})
    ]
    assert stages == ["s2", "s2", "o1"]


@pytest.mark.parametrize("body", [{"pipelineStageId": "o1"}, {"pipelineId": "none"}])
async def test_a_stage_or_pipeline_that_is_not_there_is_refused(crm: Crm, ada: str, body: dict[str, str]) -> None:
    opportunity = await made(crm, ada)
    assert (await crm.ask("PUT", f"/opportunities/{opportunity}", body))[0] == 400


async def test_a_status_has_a_verb_of_its_own(crm: Crm, ada: str) -> None:
    path = f"/opportunities/{await made(crm, ada)}"
    assert await crm.ask("PUT", f"{path}/status", {"status": "lost"}) == (200, {"succeded": True})
    assert (await crm.ask("GET", path))[1]["opportunity"]["status"] == "lost"


async def test_a_status_of_ones_own_is_refused(crm: Crm, ada: str) -> None:
    assert (await crm.ask("POST", "/opportunities/", deal(ada, status="maybe")))[0] == 422


async def test_an_opportunity_of_another_sub_account_is_out_of_reach(crm: Crm, ada: str) -> None:
    path = f"/opportunities/{await made(crm, ada)}"
    assert (await crm.ask("GET", path, Authorization="Bearer pit-two"))[0] == 403
    assert (await crm.ask("GET", "/opportunities/none"))[0] == 400


async def test_a_reset_forgets_deals_and_keeps_pipelines(crm: Crm, ada: str) -> None:
    await made(crm, ada)
    crm.sandbox.reset()
    location = crm.sandbox.locations[LOCATION]
    assert (location.opportunities, list(location.pipelines)) == ({}, ["pipe", "other"])
