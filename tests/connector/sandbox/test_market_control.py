"""The marketplace by its control routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.apps import DEFAULT_CLIENT_ID
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import AGENCY, CALLBACK, answered, exchanged, installed, refreshed

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

APP = {"clientId": DEFAULT_CLIENT_ID}


async def control(crm: Crm, path: str, body: Any = None) -> tuple[int, Any]:
    async with crm.client.post(f"/_sandbox/{path}", json=body) as response:
        return response.status, await response.json() if response.content_length else None


async def report(crm: Crm, query: str = "") -> Any:
    async with crm.client.get(f"/_sandbox/marketplace{query}") as response:
        return await response.json()


async def home(crm: Crm, tokens: Any) -> int:
    bearer = f"Bearer {tokens['access_token']}"
    return (await crm.ask("GET", f"/locations/{LOCATION}", Authorization=bearer))[0]


async def test_an_app_is_registered_as_it_was_described(crm: Crm) -> None:
    order = {
        "clientId": "6650-abc",
        "clientSecret": "s",
        "name": "Other",
        "redirectUris": ["https://app.example/oauth/callback"],
        "scopes": ["contacts.readonly"],
        "webhookUrl": "https://app.example/crm/events",
        "target": "agency",
        "installers": "agency",
        "bulk": False,
        "order": "before",
        "twice": True,
        "accessSeconds": 60,
        "codeSeconds": 30,
    }
    status, made = await control(crm, "apps", order)
    shown = {name: value for name, value in order.items() if name != "clientSecret"}
    assert (status, made) == (201, shown | {"appId": "6650", "versionId": "6650"})


async def test_registering_again_changes_what_is_named(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    _, changed = await control(crm, "apps", APP | {"accessSeconds": 60})
    _, unchanged = await control(crm, "apps", APP)
    assert (changed["accessSeconds"], unchanged["accessSeconds"]) == (60, 60)
    assert (await home(crm, tokens), (await refreshed(crm, tokens["refresh_token"]))[1]["expires_in"]) == (200, 60)


@pytest.mark.parametrize("name", ["scopes", "webhookUrl"])
async def test_null_is_the_default_again(crm: Crm, name: str) -> None:
    before = (await report(crm))["apps"][0][name]
    await control(crm, "apps", APP | {"scopes": ["contacts.readonly"], "webhookUrl": "http://127.0.0.1:1/"})
    _, made = await control(crm, "apps", APP | {name: None})
    assert made[name] == before


@pytest.mark.parametrize("order", [{}, {"clientId": "x", "target": "me"}, {"clientId": "x", "colour": 1}])
async def test_a_wrong_order_is_a_422(crm: Crm, order: Any) -> None:
    assert (await control(crm, "apps", order))[0] == 422


async def test_an_install_needs_no_browser(crm: Crm) -> None:
    order = APP | {"locations": [LOCATION], "redirectUri": CALLBACK, "state": "s", "scope": "locations.readonly"}
    status, made = await control(crm, "installs", order)
    assert (status, answered(made["url"])) == (201, {"code": made["code"], "state": "s"})
    tokens = await exchanged(crm, made["code"])
    assert (tokens["locationId"], tokens["scope"]) == (LOCATION, "locations.readonly")


async def test_an_install_that_cannot_be_is_refused(crm: Crm) -> None:
    assert (await control(crm, "installs", APP))[0] == 400
    assert (await control(crm, "installs", {"clientId": "nobody"}))[0] == 404


async def test_the_report_shows_installs_and_counts_and_no_secret(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    await refreshed(crm, tokens["refresh_token"])
    await control(crm, "installs", APP | {"bulk": True, "future": True})
    shown = await report(crm, "?settle=1")
    own, agency = shown["installs"]
    assert (own["locationId"], own["locations"], own["exchanged"], own["bulk"]) == (LOCATION, [LOCATION], True, False)
    assert (agency["locationId"], agency["future"], agency["exchanged"], agency["bulk"]) == (None, True, False, True)
    assert shown["counts"] == {
        "code_exchanges": 1,
        "code_refusals": 0,
        "refreshes": 1,
        "refresh_repeats": 0,
        "refresh_refusals": 0,
        "lost": 0,
        "minted": 0,
    }
    assert "sandbox-client-secret" not in str(shown)


async def test_the_report_shows_what_became_of_events(crm: Crm) -> None:
    await control(crm, "apps", APP | {"webhookUrl": "http://127.0.0.1:1/"})
    await installed(crm, LOCATION)
    shown = await report(crm, "?settle=1")
    (event,) = shown["events"]
    assert (event["type"], event["locationId"], event["tries"], event["status"]) == ("INSTALL", LOCATION, 3, None)
    assert (shown["events_pending"], shown["events_dropped"]) == (0, 0)


async def test_the_webhook_key_is_shown(crm: Crm) -> None:
    async with crm.client.get("/_sandbox/webhook-key") as response:
        assert (await response.text()).startswith("-----BEGIN PUBLIC KEY-----")


async def test_uninstalling_ends_the_tokens(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    assert (await control(crm, "uninstall", APP | {"location": LOCATION}))[0] == 204
    assert (await home(crm, tokens), (await refreshed(crm, tokens["refresh_token"]))[0]) == (401, 400)
    assert (await control(crm, "uninstall", APP | {"location": LOCATION}))[0] == 404


@pytest.mark.parametrize("where", [{}, {"location": "a", "company": "b"}])
async def test_an_uninstall_names_one_of_both(crm: Crm, where: dict[str, str]) -> None:
    assert (await control(crm, "uninstall", APP | where))[0] == 422


@pytest.mark.parametrize("where", [{"location": LOCATION}, {"company": AGENCY}])
async def test_a_revoked_grant_is_dead_and_the_install_stays(crm: Crm, where: dict[str, str]) -> None:
    tokens = await installed(crm, LOCATION)
    assert (await control(crm, "revoke", APP | where))[0] == 204
    assert (await home(crm, tokens), (await refreshed(crm, tokens["refresh_token"]))[0]) == (401, 400)
    assert len((await report(crm))["installs"]) == 1
    # Revoked is not lost: nobody rotated it away.
    assert crm.sandbox.market.counts["lost"] == 0


async def test_suspending_stops_refreshes_until_it_is_lifted(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    assert (await control(crm, "suspend", {"location": LOCATION}))[0] == 204
    assert (await refreshed(crm, tokens["refresh_token"]))[1]["message"] == "Location is not active"
    assert (await control(crm, "reactivate", {"location": LOCATION}))[0] == 204
    assert (await refreshed(crm, tokens["refresh_token"]))[0] == 200
    assert (await control(crm, "suspend", {"location": "nowhere"}))[0] == 404


@pytest.mark.parametrize(
    ("order", "expired", "status"),
    [
        ({}, 2, 401),
        ({"location": LOCATION}, 1, 401),
        ({"location": "LocationTwo"}, 1, 200),
        ({"clientId": "x"}, 0, 200),
    ],
)
async def test_access_tokens_expire_on_demand(crm: Crm, order: dict[str, str], expired: int, status: int) -> None:
    tokens = await installed(crm, LOCATION)
    await installed(crm, "LocationTwo")
    assert await control(crm, "expire", order) == (200, {"expired": expired})
    assert await home(crm, tokens) == status
    assert (await refreshed(crm, tokens["refresh_token"]))[0] == 200


async def test_a_reset_keeps_installs_and_tokens_and_forgets_the_counts(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    assert (await control(crm, "reset"))[0] == 204
    assert ((await report(crm))["counts"]["code_exchanges"], await home(crm, tokens)) == (0, 200)
