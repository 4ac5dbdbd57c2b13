"""What an agency's token opens, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import AGENCY, installed, refreshed

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

WHERE = {"companyId": AGENCY, "locationId": LOCATION}
LIST = f"companyId={AGENCY}&appId=sandbox"
WRONG_KIND = "This authClass type is not allowed to access this scope."


async def agency(crm: Crm, *locations: str, **how: Any) -> dict[str, str]:
    """The headers of an agency that has installed the app."""
    tokens = await installed(crm, *locations, bulk=True, **how)
    return {"Authorization": f"Bearer {tokens['access_token']}", "Version": "2021-07-28"}


async def mint(crm: Crm, headers: dict[str, str], path: str = "/oauth/locationToken", **form: str) -> tuple[int, Any]:
    async with crm.client.post(path, data=WHERE | form, headers=headers) as response:
        return response.status, await response.json()


async def listed(crm: Crm, headers: dict[str, str], path: str) -> tuple[int, Any]:
    async with crm.client.get(path, headers=headers) as response:
        return response.status, await response.json()


async def test_a_company_token_mints_a_sub_accounts_token(crm: Crm) -> None:
    status, tokens = await mint(crm, await agency(crm))
    assert (status, tokens["userType"], tokens["locationId"], tokens["appId"]) == (200, "Location", LOCATION, "sandbox")
    assert "refresh_token" not in tokens
    bearer = f"Bearer {tokens['access_token']}"
    assert (await crm.ask("GET", f"/locations/{LOCATION}", Authorization=bearer))[0] == 200
    assert (await crm.ask("GET", "/locations/LocationTwo", Authorization=bearer))[0] == 403


async def test_json_is_understood_too(crm: Crm) -> None:
    async with crm.client.post("/oauth/locationToken", json=WHERE, headers=await agency(crm)) as response:
        assert response.status == 200


async def test_v3_mints_with_a_refresh_token_of_its_own(crm: Crm) -> None:
    headers = await agency(crm) | {"Version": "v3"}
    status, tokens = await mint(crm, headers, "/oauth/location-token")
    assert (status, "access_token" in tokens) == (200, False)
    status, new = await refreshed(crm, tokens["refreshToken"])
    assert (status, new["userType"], new["locationId"]) == (200, "Location", LOCATION)


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/oauth/location-token"), ("GET", f"/oauth/installed-locations?{LIST}")]
)
async def test_a_v3_path_does_not_exist_for_an_older_version(crm: Crm, method: str, path: str) -> None:
    async with crm.client.request(method, path, headers=await agency(crm), data=WHERE) as response:
        assert (response.status, (await response.json())["message"]) == (
            404,
            f"Cannot {method} {path.partition('?')[0]}",
        )


@pytest.mark.parametrize(
    ("form", "status", "message"),
    [
        ({"companyId": "OtherAgency"}, 403, "The token does not have access to this company."),
        ({"locationId": "nowhere"}, 400, "Location not found"),
        ({"locationId": "LocationTwo"}, 400, "Location not found"),
        ({"locationId": ""}, 422, ["locationId should not be empty"]),
        ({"x": "y"}, 422, ["property x should not exist"]),
    ],
)
async def test_only_covered_sub_accounts_are_minted_for(
    crm: Crm, form: dict[str, str], status: int, message: Any
) -> None:
    got, answer = await mint(crm, await agency(crm, LOCATION), **form)
    assert (got, answer["message"]) == (status, message)


async def test_a_suspended_sub_account_is_not_minted_for(crm: Crm) -> None:
    headers = await agency(crm)
    crm.sandbox.locations[LOCATION].active = False
    status, answer = await mint(crm, headers)
    assert (status, answer["message"]) == (400, "Location is not active")


@pytest.mark.parametrize("token", ["pit", "location"])
async def test_another_kind_of_token_is_refused(crm: Crm, token: str) -> None:
    bearer = "pit-one" if token == "pit" else (await installed(crm, LOCATION))["access_token"]
    status, answer = await mint(crm, {"Authorization": f"Bearer {bearer}", "Version": "v3"})
    assert (status, answer["message"]) == (401, WRONG_KIND)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": "Bearer x"}, "version header was not found."),
        ({"Authorization": "Bearer x", "Version": "v3"}, "Invalid JWT"),
    ],
)
async def test_header_faults_are_told_apart(crm: Crm, headers: dict[str, str], message: str) -> None:
    status, answer = await mint(crm, headers)
    assert (status, answer["message"]) == (401, message)


async def test_each_verb_needs_its_scope(crm: Crm) -> None:
    headers = await agency(crm, scope="oauth.readonly")
    refused, answer = await mint(crm, headers)
    assert (refused, answer["message"]) == (401, "The token is not authorized for this scope.")
    assert (await listed(crm, headers, f"/oauth/installedLocations?{LIST}"))[0] == 200


@pytest.mark.parametrize(
    ("method", "path"), [("GET", f"/workflows/?locationId={LOCATION}"), ("GET", "/contacts/someone")]
)
async def test_a_company_token_does_not_open_a_sub_accounts_routes(crm: Crm, method: str, path: str) -> None:
    status, answer = await crm.ask(method, path, **await agency(crm))
    assert (status, answer["message"]) == (401, WRONG_KIND)


async def test_a_company_token_reads_the_facts_of_covered_sub_accounts(crm: Crm) -> None:
    headers = await agency(crm, LOCATION)
    assert (await crm.ask("GET", f"/locations/{LOCATION}", **headers))[0] == 200
    assert (await crm.ask("GET", "/locations/LocationTwo", **headers))[0] == 403
    assert (await crm.ask("GET", f"/users/search?companyId={AGENCY}", **headers))[0] == 403
    assert (await crm.ask("GET", f"/users/search?companyId={AGENCY}&locationId={LOCATION}", **headers))[0] == 200


async def test_an_agencys_requests_count_for_the_agency(crm: Crm) -> None:
    headers = await agency(crm)
    async with crm.client.get(f"/oauth/installedLocations?{LIST}", headers=headers) as response:
        assert response.headers["X-RateLimit-Remaining"] == "99"
    assert crm.sandbox.locations[LOCATION].pace.peak == 0
    assert crm.sandbox.journal.by_location()[AGENCY] == {"GET /oauth/installedLocations": 1}


async def test_installed_locations_are_listed_page_by_page(crm: Crm) -> None:
    for number in range(25):
        crm.sandbox.register(f"More{number:02}")
    headers = await agency(crm)
    crm.sandbox.register("Late")
    _, first = await listed(crm, headers, f"/oauth/installedLocations?{LIST}&isInstalled=true")
    _, second = await listed(crm, headers, f"/oauth/installedLocations?{LIST}&isInstalled=true&skip=20&limit=20")
    assert first["locations"][0] == {
        "_id": LOCATION,
        "name": "One",
        "address": "",
        "isInstalled": True,
        "versionId": "sandbox",
        "installedAt": "2026-09-21T14:13:20.000Z",
    }
    assert (len(first["locations"]), len(second["locations"])) == (20, 7)
    # The count is of all the agency has, whether installed or not.
    assert (first["count"], first["installToFutureLocations"]) == (28, False)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [LOCATION, "LocationTwo"]),
        ("&isInstalled=false", ["LocationTwo"]),
        ("&query=ONE", [LOCATION]),
        ("&locationId=LocationTwo", ["LocationTwo"]),
    ],
)
async def test_the_list_can_be_narrowed(crm: Crm, query: str, ids: list[str]) -> None:
    _, answer = await listed(crm, await agency(crm, LOCATION), f"/oauth/installedLocations?{LIST}{query}")
    assert [one["_id"] for one in answer["locations"]] == ids


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        (f"companyId={AGENCY}", 422, ["appId should not be empty"]),
        ("appId=sandbox", 422, ["companyId should not be empty"]),
        (f"companyId={AGENCY}&appId=other", 403, "The token does not have access to this app."),
        ("companyId=Other&appId=sandbox", 403, "The token does not have access to this company."),
        (f"{LIST}&limit=x", 422, ["limit must be a number string"]),
    ],
)
async def test_a_wrong_list_request_is_refused(crm: Crm, query: str, status: int, message: Any) -> None:
    got, answer = await listed(crm, await agency(crm), f"/oauth/installedLocations?{query}")
    assert (got, answer["message"]) == (status, message)


async def test_v3_pages_by_token(crm: Crm) -> None:
    headers = await agency(crm) | {"Version": "v3"}
    path = f"/oauth/installed-locations?{LIST}&isInstalled=true&pageSize=1"
    _, first = await listed(crm, headers, path)
    _, second = await listed(crm, headers, f"{path}&pageToken={first['pagination']['nextPageToken']}")
    assert [one["items"][0]["_id"] for one in (first, second)] == [LOCATION, "LocationTwo"]
    assert (first["pagination"]["totalRecords"], first["pagination"]["hasNextPage"]) == (2, True)
    assert second["pagination"] == {"totalRecords": 2, "hasNextPage": False, "hasPrevPage": True, "currentPageSize": 1}


@pytest.mark.parametrize("query", ["pageSize=0", "pageSize=101", "pageSize=x", "pageToken=x", "pageToken=e30="])
async def test_a_wrong_v3_page_is_refused_in_the_newer_form(crm: Crm, query: str) -> None:
    headers = await agency(crm) | {"Version": "v3"}
    status, answer = await listed(crm, headers, f"/oauth/installed-locations?{LIST}&{query}")
    assert (status, answer["error"]["code"]) == (400, "INVALID_ARGUMENT")


async def test_the_agencys_own_app_reaches_all_its_sub_accounts(crm: Crm) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, target="agency"))
    assert (await mint(crm, await agency(crm)))[0] == 200


async def test_what_an_agency_uninstalls_is_over_for_its_sub_accounts(crm: Crm) -> None:
    headers = await agency(crm)
    _, minted = await mint(crm, headers)
    crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, company=AGENCY)
    bearer = f"Bearer {minted['access_token']}"
    assert (await crm.ask("GET", f"/locations/{LOCATION}", Authorization=bearer))[0] == 401
    assert (await mint(crm, headers))[0] == 401


async def test_what_one_sub_account_uninstalls_is_over_for_it_alone(crm: Crm) -> None:
    headers = await agency(crm)
    _, minted = await mint(crm, headers)
    crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location=LOCATION)
    bearer = f"Bearer {minted['access_token']}"
    assert (await crm.ask("GET", f"/locations/{LOCATION}", Authorization=bearer))[0] == 401
    assert (await mint(crm, headers))[0] == 400
    assert (await mint(crm, headers, locationId="LocationTwo"))[0] == 200
