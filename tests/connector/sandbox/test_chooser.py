"""The page on which an administrator chooses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import CALLBACK, answered, choose, chooser, exchanged

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

INSTALL = {"answer": "install"}


async def page(crm: Crm, path: str) -> tuple[int, str]:
    async with crm.client.get(path) as response:
        return response.status, await response.text()


async def test_every_sub_account_and_every_choice_has_an_id_and_a_label(crm: Crm) -> None:
    status, text = await page(crm, chooser())
    ids = {f"location-{LOCATION}", "location-LocationTwo", "bulk", "future"}
    assert status == 200
    assert set(re.findall(r'<label for="([^"]+)"', text)) == ids
    assert set(re.findall(r'<(?:input|button)[^>]* id="([^"]+)"', text)) == ids | {"install", "cancel"}


async def test_the_page_works_without_script_and_may_be_sent_to_the_app(crm: Crm) -> None:
    async with crm.client.get(chooser()) as response:
        policy, text = response.headers["Content-Security-Policy"], await response.text()
    assert "<script" not in text
    assert "default-src 'none'" in policy
    assert "form-action" not in policy


async def test_one_sub_account_gives_its_own_token_and_the_state_comes_back(crm: Crm) -> None:
    status, url = await choose(crm, INSTALL | {"location": LOCATION}, state="a b&c")
    assert (status, answered(url)["state"]) == (302, "a b&c")
    tokens = await exchanged(crm, answered(url)["code"])
    assert (tokens["userType"], tokens["locationId"]) == ("Location", LOCATION)


async def test_without_a_state_none_comes_back(crm: Crm) -> None:
    _, url = await choose(crm, INSTALL | {"location": LOCATION})
    assert set(answered(url)) == {"code"}


@pytest.mark.parametrize(
    ("form", "covered", "everywhere", "future"),
    [
        ([("bulk", "on")], [LOCATION, "LocationTwo"], True, False),
        ([("bulk", "on"), ("location", LOCATION)], [LOCATION], False, False),
        ([("location", LOCATION), ("location", "LocationTwo")], [LOCATION, "LocationTwo"], False, False),
        ([("future", "on"), ("location", "LocationTwo")], ["LocationTwo"], False, True),
    ],
)
async def test_an_agency_installs_for_all_or_some_and_gets_its_own_token(
    crm: Crm, form: list[tuple[str, str]], covered: list[str], *, everywhere: bool, future: bool
) -> None:
    _, url = await choose(crm, [*INSTALL.items(), *form])
    tokens = await exchanged(crm, answered(url)["code"])
    install = crm.sandbox.market.installs[(DEFAULT_CLIENT_ID, "SandboxAgency", None)]
    assert (tokens["userType"], tokens["isBulkInstallation"], "locationId" in tokens) == ("Company", True, False)
    assert (tokens["approveAllLocations"], tokens["installToFutureLocations"]) == (everywhere, future)
    assert list(install.locations) == covered


async def test_cancelling_tells_the_app(crm: Crm) -> None:
    status, url = await choose(crm, {"answer": "cancel", "location": LOCATION}, state="s")
    assert (status, answered(url)) == (302, {"error": "access_denied", "state": "s"})
    assert crm.sandbox.market.installs == {}


@pytest.mark.parametrize(
    ("form", "problem"),
    [
        ({}, "Choose a sub-account."),
        ({"location": "nowhere"}, "There is no sub-account nowhere."),
    ],
)
async def test_a_choice_that_cannot_be_is_asked_for_again(crm: Crm, form: dict[str, str], problem: str) -> None:
    status, text = await choose(crm, INSTALL | form)
    assert (status, problem in text) == (400, True)


async def test_an_app_without_bulk_goes_into_one_sub_account_only(crm: Crm) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, bulk=False))
    _, shown = await page(crm, chooser())
    status, text = await choose(crm, [*INSTALL.items(), ("location", LOCATION), ("location", "LocationTwo")])
    assert 'id="bulk"' not in shown
    assert (status, "one sub-account at a time" in text) == (400, True)


async def test_sub_accounts_of_two_agencies_cannot_be_installed_at_once(crm: Crm) -> None:
    crm.sandbox.register("Other", company_id="OtherAgency")
    _, shown = await page(crm, chooser())
    status, text = await choose(crm, [*INSTALL.items(), ("location", LOCATION), ("location", "Other")])
    assert '<select name="company" id="company">' in shown
    assert (status, "different agencies" in text) == (400, True)


async def test_of_several_agencies_the_chosen_one_installs(crm: Crm) -> None:
    crm.sandbox.register("Other", company_id="OtherAgency")
    _, url = await choose(crm, INSTALL | {"bulk": "on", "company": "OtherAgency"})
    assert (await exchanged(crm, answered(url)["code"]))["companyId"] == "OtherAgency"


@pytest.mark.parametrize(("target", "bulk"), [("agency", False), ("sub-account", True)])
async def test_an_app_for_agencies_always_gets_a_company_token(crm: Crm, target: str, *, bulk: bool) -> None:
    app = replace(DEFAULT_APP, installers="agency")
    crm.sandbox.market.register(replace(app, target="agency") if target == "agency" else app)
    _, url = await choose(crm, INSTALL | {"location": LOCATION})
    tokens = await exchanged(crm, answered(url)["code"])
    assert (tokens["userType"], tokens["isBulkInstallation"]) == ("Company", bulk)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"client_id": "nobody-1"}, "No integration found with the id: nobody-1"),
        ({"client_id": None}, "No integration found with the id: "),
        ({"version_id": None}, "error.noAppVersionIdFound"),
        ({"version_id": "other"}, "error.noAppVersionIdFound"),
        ({"redirect_uri": "https://elsewhere.example/oauth/callback"}, "error.invalidRedirectUri"),
        ({"redirect_uri": "http://127.0.0.1:1/other"}, "error.invalidRedirectUri"),
        ({"redirect_uri": "https://127.0.0.1:1/oauth/callback"}, "error.invalidRedirectUri"),
        ({"redirect_uri": "http://u@127.0.0.1:1/oauth/callback"}, "error.invalidRedirectUri"),
        ({"redirect_uri": "http://[::1"}, "error.invalidRedirectUri"),
        ({"redirect_uri": None}, "error.invalidRedirectUri"),
        ({"response_type": "token"}, "error.invalidResponseType"),
        ({"scope": None}, "error.noScopeFound"),
    ],
)
async def test_a_wrong_link_ends_on_an_error_page(crm: Crm, changed: dict[str, str | None], message: str) -> None:
    status, text = await page(crm, chooser(**changed))
    assert (status, f'<p id="error">{message}</p>' in text) == (400, True)
    assert (await choose(crm, INSTALL | {"location": LOCATION}, **changed))[0] == 400


@pytest.mark.parametrize("host", ["localhost:9", "[::1]:9", "127.0.0.1"])
async def test_a_loopback_address_may_have_any_host_and_port(crm: Crm, host: str) -> None:
    assert (await page(crm, chooser(redirect_uri=f"http://{host}/oauth/callback")))[0] == 200


async def test_the_old_address_complains_misleadingly(crm: Crm) -> None:
    status, text = await page(crm, chooser().removeprefix("/v2"))
    assert (status, "No integration found with the id" in text) == (400, True)


async def test_hostile_parameters_are_shown_as_texts(crm: Crm) -> None:
    _, text = await page(crm, chooser(client_id="<script>alert(1)</script>"))
    assert "<script" not in text


async def test_only_registered_and_wanted_scopes_are_granted(crm: Crm) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, scopes=frozenset({"contacts.readonly", "users.readonly"})))
    _, url = await choose(crm, INSTALL | {"location": LOCATION}, scope="contacts.readonly contacts.write")
    assert (await exchanged(crm, answered(url)["code"]))["scope"] == "contacts.readonly"


async def test_a_plus_between_scopes_is_no_space(crm: Crm) -> None:
    path = chooser().replace("contacts.readonly%20contacts.write", "contacts.readonly+contacts.write")
    async with crm.client.post(path, data=INSTALL | {"location": LOCATION}, allow_redirects=False) as response:
        url = response.headers["Location"]
    assert (await exchanged(crm, answered(url)["code"]))["scope"] == "oauth.readonly oauth.write"


async def test_an_install_begun_in_the_marketplace_has_no_state(crm: Crm) -> None:
    start = f"/_sandbox/install?clientId={DEFAULT_CLIENT_ID}&redirectUri={CALLBACK}"
    async with crm.client.get(start, allow_redirects=False) as response:
        path = response.headers["Location"]
    assert (await page(crm, path))[0] == 200
    async with crm.client.post(path, data=INSTALL | {"location": LOCATION}, allow_redirects=False) as response:
        assert set(answered(response.headers["Location"])) == {"code"}


async def test_the_front_page_leads_to_the_install(crm: Crm) -> None:
    assert f'href="/_sandbox/install?clientId={DEFAULT_CLIENT_ID}"' in (await page(crm, "/"))[1]
    assert (await page(crm, "/_sandbox/install?clientId=nobody"))[0] == 400


async def test_the_pages_are_no_requests_to_the_api(crm: Crm) -> None:
    await page(crm, chooser())
    assert crm.sandbox.journal.total == 0
