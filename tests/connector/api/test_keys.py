"""Keys are made, listed and revoked; none hands on more than it has itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store.access import MOST_KEYS

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench, Told


async def make(bench: Bench, key: str = "operator-key", **body: Any) -> Told:
    return await bench.ask("/keys", method="POST", key=key, body={"scopes": ["locations:read"], **body})


async def test_a_new_key_is_shown_once_and_opens_what_it_is_for(bench: Bench) -> None:
    made = await make(bench, location="LOC1", label="dialler")
    assert made.status == 201
    assert made.body["key"].startswith(f"rbk_{made.body['id']}_")
    assert (await bench.ask("/locations/LOC1", key=made.body["key"])).status == 200
    assert (await bench.ask("/deliveries", key=made.body["key"])).status == 403
    listed = (await bench.ask("/keys?location=LOC1")).body["keys"]
    assert [one["label"] for one in listed if one["id"] == made.body["id"]] == ["dialler"]
    assert made.body["key"].split("_")[2] not in str(listed)


@pytest.mark.parametrize(
    ("asks", "body", "owner"),
    [
        ("operator-key", {}, ("operator", "")),
        ("operator-key", {"company": "AG1"}, ("company", "AG1")),
        ("AG1", {}, ("company", "AG1")),
        ("AG1", {"location": "LOC2"}, ("location", "LOC2")),
        ("LOC1", {}, ("location", "LOC1")),
    ],
)
async def test_a_key_is_made_for_what_the_asking_key_sees(
    bench: Bench, asks: str, body: dict[str, str], owner: tuple[str, str]
) -> None:
    told = await make(bench, asks, **body)
    assert (told.body["kind"], told.body["owner"]) == owner


async def test_a_key_hands_on_no_more_than_it_has(bench: Bench) -> None:
    await bench.make_key("location", "LOC1", ["keys:write", "locations:read"])
    assert (await make(bench, "LOC1")).status == 201
    assert (await make(bench, "LOC1", scopes=["locations:write"])).status == 403


@pytest.mark.parametrize(
    "body", [{"scopes": []}, {"scopes": ["everything"]}, {"location": "LOC1", "company": "AG1"}, {"owner": "LOC1"}]
)
async def test_a_wish_that_makes_no_sense_is_refused(bench: Bench, body: dict[str, Any]) -> None:
    told = await make(bench, **body)
    assert told.status == 422
    assert told.body["errors"]


async def test_a_key_is_revoked(bench: Bench) -> None:
    made = (await make(bench, location="LOC1")).body
    assert (await bench.ask(f"/keys/{made['id']}", method="DELETE", key="AG1")).status == 200
    assert (await bench.ask("/locations/LOC1", key=made["key"])).status == 401
    assert (await bench.ask(f"/keys/{made['id']}", method="DELETE", key="AG1")).status == 404
    (listed,) = [one for one in (await bench.ask("/keys?location=LOC1")).body["keys"] if one["id"] == made["id"]]
    assert listed["revoked"] is not None


async def test_an_agency_does_not_see_the_operators_keys(bench: Bench) -> None:
    made = (await make(bench)).body
    assert (await bench.ask(f"/keys/{made['id']}", method="DELETE", key="AG1")).status == 404
    assert {one["owner"] for one in (await bench.ask("/keys", key="AG1")).body["keys"]} == {"AG1"}
    assert made["id"] in str((await bench.ask("/keys")).body)


async def test_one_owner_cannot_have_keys_without_end(bench: Bench) -> None:
    for _ in range(MOST_KEYS - 1):
        await bench.make_key("location", "LOC1")
    assert (await make(bench, "LOC1")).status == 409
