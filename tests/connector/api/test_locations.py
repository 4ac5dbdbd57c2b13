"""Configurations over the API: replaced, changed in part, brought back; never by two at once."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector.locations import LocationBook

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench

LOC = "/locations/LOC1"


async def put(bench: Bench, body: Any, **headers: str) -> int:
    return (await bench.ask(LOC, method="PUT", key="LOC1", body=body, **headers)).status


async def config(bench: Bench) -> dict[str, Any]:
    told: dict[str, Any] = (await bench.ask(LOC, key="LOC1")).body["config"]
    return told


async def test_a_sub_account_is_shown_with_its_version_and_without_its_secrets(bench: Bench) -> None:
    told = await bench.ask(LOC, key="LOC1")
    assert (told.body["location"], told.body["company"], told.body["secrets"]) == ("LOC1", "AG1", ["trunk/generic"])
    assert told.headers["ETag"] == f'"{told.body["version"]}"'
    assert "secret of LOC1" not in str(told.body)


async def test_a_configuration_is_replaced(bench: Bench) -> None:
    assert await put(bench, {"unknown_number": "hold", "max_attempts": None}) == 200
    assert await config(bench) == {"unknown_number": "hold", "max_attempts": None}


async def test_what_is_not_chosen_is_shown_on_request_only(bench: Bench) -> None:
    own = await config(bench)
    assert own == {"trunks": {"generic": {}}}
    whole = (await bench.ask(f"{LOC}?effective=true", key="LOC1")).body["config"]
    assert (whole["country"], whole["unknown_number"], whole["review_after_s"]) == ("US", "create", 300)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"unknown_number": "perhaps"}, "unknown_number"),
        ({"colour": "red"}, "colour"),
        ({"hours": {"opens": "25:00"}}, "hours.opens"),
        ({"trunks": {"generic": {"window_s": 1}}}, "trunks.generic.window_s"),
        ({"trunks": {"morse": {}}}, "trunks.morse"),
        ({"trunks": {"generic": {"secrets": ["s"]}}}, "trunks.generic.secrets"),
        ({"caller_ids": ["+14155550100", "0301234"]}, "caller_ids[1]"),
        ({"book": {"version": 1, "name": "x", "rules": [{"name": "y", "do": []}]}}, "book.rules[0].do"),
    ],
)
async def test_what_is_wrong_is_named_where_it_stands_and_changes_nothing(
    bench: Bench, body: dict[str, Any], path: str
) -> None:
    before = await config(bench)
    told = await bench.ask(LOC, method="PUT", key="LOC1", body=body)
    assert told.status == 422
    assert told.headers["Content-Type"].startswith("application/problem+json")
    assert [one["path"] for one in told.body["errors"]] == [path]
    assert told.body["errors"][0]["message"]
    assert await config(bench) == before


@pytest.mark.parametrize(("body", "status"), [(b"{", 400), (b"\xff", 400), (b"[]", 422), (b"[" * 5000, 400)])
async def test_what_is_no_document_is_refused(bench: Bench, body: bytes, status: int) -> None:
    assert await put(bench, body) == status


async def test_a_body_of_another_kind_is_refused(bench: Bench) -> None:
    assert await put(bench, b"a=1", Content_Type="application/x-www-form-urlencoded") == 415


async def test_a_body_too_large_is_refused(bench: Bench) -> None:
    assert await put(bench, {"workflows": {"x": "y" * 200_000}}) == 413


async def test_part_of_a_configuration_is_changed(bench: Bench) -> None:
    patch = {"workflows": {"no_answer": "WF"}, "trunks": {"generic": {"window_s": 60}}}
    assert (await bench.ask(LOC, method="PATCH", key="LOC1", body=patch)).status == 200
    told = await bench.ask(LOC, method="PATCH", key="LOC1", body={"workflows": None, "country": "DE"})
    assert told.body["config"] == {"trunks": {"generic": {"window_s": 60}}, "country": "DE"}


async def test_a_change_in_part_that_would_not_be_valid_is_refused(bench: Bench) -> None:
    told = await bench.ask(LOC, method="PATCH", key="LOC1", body={"hours": {"opens": "late"}})
    assert (told.status, told.body["errors"][0]["path"]) == (422, "hours.opens")


async def test_a_change_from_an_older_version_is_refused(bench: Bench) -> None:
    seen = (await bench.ask(LOC, key="LOC1")).headers["ETag"]
    assert await put(bench, {"country": "US"}, If_Match=seen) == 200
    assert await put(bench, {"country": "DE"}, If_Match=seen) == 412
    assert (await bench.ask(LOC, method="PATCH", key="LOC1", body={}, If_Match=seen)).status == 412
    assert (await bench.ask(f"{LOC}/undo", method="POST", key="LOC1", body={}, If_Match=seen)).status == 412
    assert await config(bench) == {"country": "US"}


async def test_of_two_changes_at_once_from_one_version_one_is_made(bench: Bench) -> None:
    seen = (await bench.ask(LOC, key="LOC1")).headers["ETag"]
    both = [put(bench, {"country": country}, If_Match=seen) for country in ("US", "DE")]
    assert sorted(await asyncio.gather(*both)) == [200, 412]


async def test_changes_in_part_at_once_are_all_made(bench: Bench) -> None:
    names = ["one", "two", "three"]
    asked = [bench.ask(LOC, method="PATCH", key="LOC1", body={"workflows": {name: "WF"}}) for name in names]
    assert [told.status for told in await asyncio.gather(*asked)] == [200] * 3
    assert set((await config(bench))["workflows"]) == set(names)


@pytest.mark.parametrize(
    ("wanted", "status"), [("*", 200), ('"1", "2", "3"', 200), ('W/"3"', 412), ('"x"', 412), ("3", 400)]
)
async def test_if_match_is_read_as_http_has_it(bench: Bench, wanted: str, status: int) -> None:
    assert (await bench.ask(LOC, key="LOC1")).body["version"] == 3
    assert await put(bench, {}, If_Match=wanted) == status


async def test_the_operator_registers_a_sub_account(bench: Bench) -> None:
    told = await bench.ask("/locations/NEW", method="PUT", body={"trunks": {"generic": {}}})
    assert (told.status, told.body["version"], told.body["company"]) == (200, 1, None)
    assert (await bench.ask("/locations/NEWER", method="PUT", body={}, If_Match="*")).status == 412


async def test_who_is_not_registered_is_404(bench: Bench) -> None:
    for path, method, body in (
        ("/locations/NEW", "GET", None),
        ("/locations/NEW", "PATCH", {}),
        ("/locations/NEW/history", "GET", None),
        ("/locations/NEW/undo", "POST", {}),
        ("/locations/NEW/company", "PUT", {"company": "AG1"}),
        ("/locations/NEW/trunks/generic/secret", "POST", {}),
        ("/locations/LOC1/trunks/twilio/secret", "POST", {}),
    ):
        assert (await bench.ask(path, method=method, body=body)).status == 404, path


async def test_the_history_says_who_changed_what(bench: Bench) -> None:
    await put(bench, {"country": "DE"})
    told = await bench.ask(f"{LOC}/history?limit=2", key="LOC1")
    newest, older = told.body["changes"]
    key_id = bench.keys["LOC1"].split("_")[1]
    assert (newest["version"], newest["who"], newest["what"]) == (4, f"key:{key_id}", "configuration")
    assert newest["before"] == {"trunks": {"generic": {}}}
    assert older["what"] == "belongs to agency AG1"
    rest = await bench.ask(f"{LOC}/history?before={older['version']}", key="LOC1")
    assert [one["version"] for one in rest.body["changes"]] == [2, 1]


async def test_a_change_is_undone_and_that_is_undone_too(bench: Bench) -> None:
    await put(bench, {"country": "DE"})
    undone = await bench.ask(f"{LOC}/undo", method="POST", key="LOC1", body={})
    assert undone.body["config"] == {"trunks": {"generic": {}}}
    again = await bench.ask(f"{LOC}/undo", method="POST", key="LOC1", body={})
    assert again.body["config"] == {"country": "DE"}


async def test_a_configuration_goes_back_to_a_version(bench: Bench) -> None:
    for country in ("DE", "FR", "GB"):
        await put(bench, {"country": country})
    told = await bench.ask(f"{LOC}/undo", method="POST", key="LOC1", body={"to": 4})
    assert (told.body["config"], told.body["version"]) == ({"country": "DE"}, 7)
    assert (await bench.ask(f"{LOC}/undo", method="POST", key="LOC1", body={"to": 99})).status == 404


async def test_a_trunks_new_secret_is_shown_once_and_the_one_before_still_counts(bench: Bench) -> None:
    told = await bench.ask(f"{LOC}/trunks/generic/secret", method="POST", key="LOC1", body={})
    assert len(told.body["secret"]) >= 40
    assert await secrets(bench) == (told.body["secret"], "secret of LOC1")
    assert told.body["secret"] not in str((await bench.ask(f"{LOC}/history", key="LOC1")).body)


async def test_a_trunk_can_be_given_its_providers_secret_alone(bench: Bench) -> None:
    body = {"secret": "a provider's token", "keep_previous": False}
    assert (await bench.ask(f"{LOC}/trunks/generic/secret", method="POST", key="LOC1", body=body)).status == 200
    assert await secrets(bench) == ("a provider's token",)


async def secrets(bench: Bench) -> tuple[str, ...]:
    book = LocationBook(bench.database, bench.vault)
    location = await book.get("LOC1")
    assert location is not None
    return location.credentials["generic"].secrets


async def test_a_change_counts_for_whoever_has_the_sub_account_in_use(bench: Bench) -> None:
    book = LocationBook(bench.database, bench.vault)
    await book.refresh()
    before = await book.get("LOC1")
    await put(bench, {"unknown_number": "skip"})
    assert await book.refresh()
    after = await book.get("LOC1")
    assert before is not None
    assert after is not None
    assert (before.config.unknown_number, after.config.unknown_number) == ("create", "skip")


async def test_sub_accounts_are_listed_by_page(bench: Bench) -> None:
    first = (await bench.ask("/locations?limit=2")).body["locations"]
    rest = (await bench.ask(f"/locations?after={first[-1]['location']}")).body["locations"]
    assert [one["location"] for one in first + rest] == ["LOC1", "LOC2", "LOC3"]
    assert [one["location"] for one in (await bench.ask("/locations", key="AG1")).body["locations"]] == ["LOC1", "LOC2"]
    assert (await bench.ask("/locations?after=LOC1", key="LOC1")).body["locations"] == []


async def test_the_operator_moves_a_sub_account_to_another_agency(bench: Bench) -> None:
    told = await bench.ask(f"{LOC}/company", method="PUT", body={"company": "AG2"})
    assert told.body["company"] == "AG2"
    told = await bench.ask(f"{LOC}/company", method="PUT", body={"company": None})
    assert told.body["company"] is None


async def test_what_a_saved_book_names_and_the_crm_does_not_have_is_said(bench: Bench) -> None:
    rule = {"name": "one", "do": [{"kind": "enrol", "workflow": "wf-smss"}]}
    config = {"book": {"version": 1, "name": "mine", "rules": [rule]}}
    told = await bench.ask(LOC, method="PUT", key="LOC1", body=config)
    assert told.status == 200
    ((warning),) = told.body["warnings"]
    assert warning["path"] == "rules[0].do[0].workflow"
    assert "wf-sms" in warning["message"]
    assert (await bench.ask(LOC, key="LOC1")).body["warnings"] == []
