"""Who may ask, and in which words the CRM says no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOME = f"/locations/{LOCATION}"


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"Authorization": "Bearer pit-one"}, 401, "version header was not found."),
        ({"Authorization": "Bearer pit-one", "Version": "2020-01-01"}, 401, "version header is invalid"),
        ({"Version": "v3"}, 401, "Invalid JWT"),
        ({"Version": "v3", "Authorization": "Bearer nobody"}, 401, "Invalid JWT"),
        ({"Version": "v3", "Authorization": "Basic pit-one"}, 401, "Invalid JWT"),
    ],
)
async def test_header_faults_are_told_apart_by_their_text(
    crm: Crm, headers: dict[str, str], status: int, message: str
) -> None:
    crm.headers = headers
    assert await crm.ask("GET", HOME) == (
        status,
        {"statusCode": status, "message": message, "error": "Unauthorized"},
    )


@pytest.mark.parametrize("version", ["v3", "2023-02-21", "2021-07-28", "2021-04-15", "legacy"])
async def test_any_published_version_opens_an_old_path(crm: Crm, version: str) -> None:
    assert (await crm.ask("GET", HOME, Version=version))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", HOME, None),
        ("GET", f"/workflows/?locationId={LOCATION}", None),
        ("POST", "/contacts/", {"locationId": LOCATION, "name": "X"}),
    ],
)
async def test_a_token_opens_its_own_sub_account_only(crm: Crm, method: str, path: str, body: Any) -> None:
    status, answer = await crm.ask(method, path, body, Authorization="Bearer pit-two")
    assert (status, answer["message"]) == (403, "The token does not have access to this location.")


async def test_a_contact_of_another_sub_account_is_out_of_reach(crm: Crm) -> None:
    ada = await crm.person(name="Ada")
    assert (await crm.ask("GET", f"/contacts/{ada}", Authorization="Bearer pit-two"))[0] == 403


async def test_a_missing_scope_is_a_401_that_no_refresh_mends(crm: Crm) -> None:
    crm.sandbox.grant("pit-narrow", LOCATION, ["contacts.readonly"])
    status, answer = await crm.ask("GET", HOME, Authorization="Bearer pit-narrow")
    assert (status, answer["message"]) == (401, "The token is not authorized for this scope.")


async def test_an_unknown_path_is_a_404_in_the_frameworks_words(crm: Crm) -> None:
    status, answer = await crm.ask("PATCH", "/contacts/abc")
    assert (status, answer) == (
        404,
        {"statusCode": 404, "message": "Cannot PATCH /contacts/abc", "error": "Not Found"},
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"body": "x", "colour": "red"}, ["property colour should not exist"]),
        ({}, ["body should not be empty"]),
        ({"body": 7}, ["body must be a string"]),
        ({"body": "x", "pinned": "yes"}, ["pinned must be a boolean value"]),
        (
            {"a": 1, "b": 2},
            ["body should not be empty", "property a should not exist", "property b should not exist"],
        ),
    ],
)
async def test_bodies_are_strict_and_the_message_is_a_list(crm: Crm, body: Any, message: list[str]) -> None:
    ada = await crm.person(name="Ada")
    assert await crm.ask("POST", f"/contacts/{ada}/notes", body) == (
        422,
        {"statusCode": 422, "message": message, "error": "Unprocessable Entity"},
    )


async def test_a_field_inside_a_field_is_named_with_its_path(crm: Crm) -> None:
    body = {
        "type": "Call",
        "conversationProviderId": "p",
        "contactId": "c",
        "call": {"to": "1", "from": "2", "status": "cancelled", "x": 1},
    }
    status, answer = await crm.ask("POST", "/conversations/messages/outbound", body)
    assert status == 422
    first, second = answer["message"]
    values = "pending, completed, answered, busy, no-answer, failed, canceled, voicemail"
    assert first == f"call.status must be one of the following values: {values}"
    assert second == "call.property x should not exist"


async def test_a_body_that_is_no_json_is_a_400(crm: Crm) -> None:
    headers = crm.headers | {"Content-Type": "application/json"}
    async with crm.client.post("/contacts/upsert", data=b"{", headers=headers) as response:
        assert response.status == 400


async def test_a_body_must_say_that_it_is_json(crm: Crm) -> None:
    async with crm.client.post("/contacts/upsert", data=b"{}", headers=crm.headers) as response:
        assert response.status == 415


async def test_answers_carry_a_trace_id(crm: Crm) -> None:
    async with await crm.send("GET", HOME) as good, await crm.send("GET", "/contacts/none") as bad:
        assert len((await good.json())["traceId"]) == len((await bad.json())["traceId"]) == 36
