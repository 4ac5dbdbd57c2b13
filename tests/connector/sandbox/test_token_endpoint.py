"""Codes that open once, refresh tokens that rotate, and the words of both generations."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import AGENCY, CALLBACK, CLIENT, consented, exchanged, installed, refreshed, token

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOME = f"/locations/{LOCATION}"
V3 = {"clientId": DEFAULT_CLIENT_ID, "clientSecret": DEFAULT_CLIENT_SECRET}
CODE_REFUSED = {"statusCode": 400, "message": "Invalid grant: authorization code is invalid"}
REFRESH_REFUSED = {"statusCode": 400, "message": "Invalid grant: refresh token is invalid"}


async def home(crm: Crm, access: str) -> tuple[int, str]:
    status, answer = await crm.ask("GET", HOME, Authorization=f"Bearer {access}")
    return status, answer.get("message", "")


def bare(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "traceId"}


async def test_a_code_becomes_a_sub_accounts_tokens(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION, scope="locations.readonly")
    assert {name: tokens[name] for name in tokens if "token" not in name.lower() and name != "traceId"} == {
        "expires_in": 86_399,
        "scope": "locations.readonly",
        "userType": "Location",
        "companyId": AGENCY,
        "locationId": LOCATION,
        "userId": "SandboxAdminUser0001",
        "isBulkInstallation": False,
    }
    assert tokens["access_token"].count(".") == 2
    assert await home(crm, tokens["access_token"]) == (200, "")


async def test_json_is_understood_too(crm: Crm) -> None:
    body = CLIENT | {"grant_type": "authorization_code", "code": consented(crm, LOCATION)}
    async with crm.client.post("/oauth/token", json=body) as response:
        assert response.status == 200


@pytest.mark.parametrize("how", ["data", "json"])
async def test_v3_asks_and_answers_in_camel_case(crm: Crm, how: str) -> None:
    body = V3 | {"grantType": "authorization_code", "code": consented(crm, LOCATION), "redirectUri": CALLBACK}
    kwargs: dict[str, Any] = {how: body}
    async with crm.client.post("/oauth/token", headers={"Version": "v3"}, **kwargs) as response:
        tokens = await response.json()
    assert {"accessToken", "tokenType", "expiresIn", "refreshToken"} < set(tokens)
    assert not {"access_token", "token_type", "expires_in", "refresh_token"} & set(tokens)
    status, _ = await token(crm, "v3", **V3, grantType="refresh_token", refreshToken=tokens["refreshToken"])
    assert status == 200


async def test_a_code_opens_once(crm: Crm) -> None:
    code = consented(crm, LOCATION)
    await exchanged(crm, code)
    status, answer = await token(crm, grant_type="authorization_code", code=code)
    assert (status, bare(answer)) == (400, CODE_REFUSED)


async def test_a_code_grows_old(crm: Crm) -> None:
    code = consented(crm, LOCATION)
    crm.clock.now_ms += 600_000
    status, answer = await token(crm, grant_type="authorization_code", code=code)
    assert (status, answer["message"]) == (400, "Invalid grant: authorization code has expired")


async def test_a_code_is_for_its_redirect_uri(crm: Crm) -> None:
    code = consented(crm, LOCATION)
    refused = await token(crm, grant_type="authorization_code", code=code, redirect_uri=f"{CALLBACK}/")
    accepted = await token(crm, grant_type="authorization_code", code=code, redirect_uri=CALLBACK)
    assert (refused[1]["message"], accepted[0]) == ("Invalid grant: redirect URI does not match", 200)


async def test_a_code_is_for_its_app(crm: Crm) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, client_id="other-1"))
    form = {"grant_type": "authorization_code", "code": consented(crm, LOCATION), "client_id": "other-1"}
    assert (await token(crm, **form))[0] == 400


async def test_a_code_of_what_was_uninstalled_meanwhile_is_refused(crm: Crm) -> None:
    code = consented(crm, LOCATION)
    crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location=LOCATION)
    assert (await token(crm, grant_type="authorization_code", code=code))[0] == 400


@pytest.mark.parametrize("wrong", [{"client_id": "nobody"}, {"client_secret": "guess"}])
async def test_the_wrong_client_is_a_401(crm: Crm, wrong: dict[str, str]) -> None:
    form = {"grant_type": "authorization_code", "code": consented(crm, LOCATION)} | wrong
    status, answer = await token(crm, **form)
    message = "Invalid client: client credentials are invalid"
    assert (status, bare(answer)) == (401, {"statusCode": 401, "message": message, "error": "Unauthorized"})


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"grant_type": "authorization_code"}, ["code should not be empty"]),
        ({"grant_type": "refresh_token", "refresh_token": ""}, ["refresh_token should not be empty"]),
        ({"grant_type": "refresh_token", "colour": "red"}, ["property colour should not exist"]),
        ({"grant_type": "refresh_token", "client_secret": ""}, ["client_secret should not be empty"]),
        (
            {"grant_type": "password"},
            ["grant_type must be one of the following values: authorization_code, refresh_token, client_credentials"],
        ),
    ],
)
async def test_a_wrong_form_is_a_422_with_a_list(crm: Crm, form: dict[str, str], message: list[str]) -> None:
    status, answer = await token(crm, **form)
    assert (status, bare(answer)) == (
        422,
        {"statusCode": 422, "message": message, "error": "Unprocessable Entity"},
    )


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (CLIENT | {"grant_type": "refresh_token"}, "Missing parameter: clientId"),
        (V3 | {"grantType": "password"}, "Invalid parameter: grantType"),
        (V3 | {"grantType": "authorization_code"}, "Missing parameter: code"),
        (V3 | {"grantType": "refresh_token"}, "Missing parameter: refreshToken"),
    ],
)
async def test_a_wrong_v3_form_is_a_400_in_words(crm: Crm, form: dict[str, str], message: str) -> None:
    status, answer = await token(crm, "v3", **form)
    assert (status, bare(answer)) == (400, {"statusCode": 400, "message": message})


async def test_client_credentials_are_named_and_not_supported(crm: Crm) -> None:
    status, answer = await token(crm, grant_type="client_credentials")
    assert (status, answer["message"]) == (400, "Unsupported grant type: client_credentials")


@pytest.mark.parametrize(("kind", "status"), [("text/plain", 415), ("application/json", 400)])
async def test_a_body_that_is_neither_form_nor_json_is_refused(crm: Crm, kind: str, status: int) -> None:
    async with crm.client.post("/oauth/token", data=b"{", headers={"Content-Type": kind}) as response:
        assert response.status == status


async def test_a_refresh_gives_a_new_pair_and_kills_the_old(crm: Crm) -> None:
    old = await installed(crm, LOCATION)
    status, new = await refreshed(crm, old["refresh_token"])
    assert status == 200
    assert not {old["access_token"], old["refresh_token"]} & {new["access_token"], new["refresh_token"]}
    assert await home(crm, new["access_token"]) == (200, "")
    assert await home(crm, old["access_token"]) == (401, "Invalid JWT")


@pytest.mark.parametrize(("ms", "same"), [(0, True), (29_999, True), (30_000, False)])
async def test_for_30_seconds_the_same_refresh_token_gives_the_same_new_pair(crm: Crm, ms: int, *, same: bool) -> None:
    old = await installed(crm, LOCATION)
    _, first = await refreshed(crm, old["refresh_token"])
    crm.clock.now_ms += ms
    status, again = await refreshed(crm, old["refresh_token"])
    if same:
        assert (again["access_token"], again["refresh_token"]) == (first["access_token"], first["refresh_token"])
    else:
        assert (status, bare(again)) == (400, REFRESH_REFUSED)


async def test_a_dead_refresh_token_counts_as_a_lost_grant(crm: Crm) -> None:
    old = await installed(crm, LOCATION)
    await refreshed(crm, old["refresh_token"])
    await refreshed(crm, old["refresh_token"])
    crm.clock.now_ms += 30_000
    await refreshed(crm, old["refresh_token"])
    await refreshed(crm, "never-given-out")
    assert crm.sandbox.market.counts == {
        "code_exchanges": 1,
        "refreshes": 1,
        "refresh_repeats": 1,
        "lost": 1,
        "refresh_refusals": 1,
    }


async def test_a_lost_answer_can_be_asked_for_again_in_time(crm: Crm) -> None:
    """The connection breaks after the rotation: the grace is what saves the grant."""
    old = await installed(crm, LOCATION)
    fault = {"kind": "applied_then_500", "match": {"path": "/oauth/token"}, "count": 1}
    async with crm.client.post("/_sandbox/faults", json=fault) as response:
        assert response.status == 201
    assert (await refreshed(crm, old["refresh_token"]))[0] == 500
    crm.clock.now_ms += 20_000
    status, new = await refreshed(crm, old["refresh_token"])
    assert (status, (await home(crm, new["access_token"]))[0]) == (200, 200)


async def test_a_refresh_token_nobody_uses_lives_a_year(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    crm.clock.now_ms += 365 * 86_400_000
    assert (await refreshed(crm, tokens["refresh_token"]))[0] == 400


async def test_a_suspended_sub_account_gets_no_tokens_and_loses_none(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    crm.sandbox.locations[LOCATION].active = False
    status, answer = await refreshed(crm, tokens["refresh_token"])
    crm.sandbox.locations[LOCATION].active = True
    assert (status, bare(answer)) == (400, {"statusCode": 400, "message": "Location is not active"})
    assert (await refreshed(crm, tokens["refresh_token"]))[0] == 200


async def test_an_install_in_a_suspended_sub_account_waits_with_its_code(crm: Crm) -> None:
    code = consented(crm, LOCATION)
    crm.sandbox.locations[LOCATION].active = False
    refused, _ = await token(crm, grant_type="authorization_code", code=code)
    crm.sandbox.locations[LOCATION].active = True
    assert (refused, (await token(crm, grant_type="authorization_code", code=code))[0]) == (400, 200)


async def test_installing_again_kills_the_earlier_pair(crm: Crm) -> None:
    old, new = await installed(crm, LOCATION), await installed(crm, LOCATION)
    assert (await home(crm, old["access_token"]))[0] == 401
    assert (await refreshed(crm, old["refresh_token"]))[0] == 400
    assert (await home(crm, new["access_token"]))[0] == 200


async def test_another_apps_refresh_token_is_refused(crm: Crm) -> None:
    tokens = await installed(crm, LOCATION)
    crm.sandbox.market.register(replace(DEFAULT_APP, client_id="other-1"))
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert (await token(crm, **form, client_id="other-1"))[0] == 400
    assert (await token(crm, **form))[0] == 200


async def test_the_tokens_life_is_the_apps_setting(crm: Crm) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, access_s=60))
    tokens = await installed(crm, LOCATION)
    assert tokens["expires_in"] == 60
    crm.clock.now_ms += 59_999
    assert (await home(crm, tokens["access_token"]))[0] == 200
    crm.clock.now_ms += 1
    assert await home(crm, tokens["access_token"]) == (401, "Invalid JWT")


async def test_a_company_refresh_stays_a_company_token(crm: Crm) -> None:
    tokens = await installed(crm, bulk=True)
    _, new = await refreshed(crm, tokens["refresh_token"])
    assert (new["userType"], new["isBulkInstallation"], new["approveAllLocations"]) == ("Company", True, True)
