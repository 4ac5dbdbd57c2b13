"""What an agency chose for all its sub-accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.location_config import LocationConfig

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench, Told

AG = "/companies/AG1/defaults"


async def put(bench: Bench, body: Any, **headers: str) -> Told:
    return await bench.ask(AG, method="PUT", key="AG1", body=body, **headers)


async def effective(bench: Bench, location: str) -> dict[str, Any]:
    told: dict[str, Any] = (await bench.ask(f"/locations/{location}?effective=true")).body["config"]
    return told


async def test_defaults_are_shown_with_their_version(bench: Bench) -> None:
    told = await bench.ask(AG, key="AG1")
    assert (told.body["company"], told.body["config"]) == ("AG1", {"country": "US"})
    assert told.headers["ETag"] == '"1"'


async def test_who_chose_nothing_is_404(bench: Bench) -> None:
    assert (await bench.ask("/companies/AG9/defaults")).status == 404
    assert (await bench.ask("/companies/AG9/defaults/history")).status == 404
    assert (await bench.ask("/companies/AG9/defaults/undo", method="POST", body={})).status == 404


async def test_defaults_reach_the_agencys_sub_accounts_and_no_others(bench: Bench) -> None:
    assert (await put(bench, {"unknown_number": "hold"})).status == 200
    numbers = [(await effective(bench, location))["unknown_number"] for location in ("LOC1", "LOC2", "LOC3")]
    assert numbers == ["hold", "hold", "create"]


async def test_a_sub_accounts_own_choice_wins(bench: Bench) -> None:
    await bench.ask("/locations/LOC1", method="PATCH", body={"unknown_number": "create", "workflows": {"a": "own"}})
    await put(bench, {"unknown_number": "hold", "workflows": {"a": "agency", "b": "agency"}})
    told = await effective(bench, "LOC1")
    assert (told["unknown_number"], told["workflows"]) == ("create", {"a": "own", "b": "agency"})


async def test_null_in_a_sub_accounts_document_takes_the_agencys_value_away(bench: Bench) -> None:
    await bench.ask("/locations/LOC1", method="PUT", body={"country": None})
    assert (await effective(bench, "LOC1"))["country"] is None
    assert (await effective(bench, "LOC2"))["country"] == "US"


async def test_defaults_that_do_not_fit_a_sub_account_are_refused_and_name_it(bench: Bench) -> None:
    await bench.ask("/locations/LOC2", method="PATCH", body={"hours": {"usual": "16:00"}})
    told = await put(bench, {"hours": {"closes": "15:00"}})
    assert told.status == 422
    assert [one["path"] for one in told.body["errors"]] == ["LOC2: hours"]
    assert (await bench.ask(AG, key="AG1")).body["config"] == {"country": "US"}


async def test_a_sub_account_cannot_choose_what_does_not_fit_its_agencys_defaults(bench: Bench) -> None:
    await put(bench, {"hours": {"closes": "15:00"}})
    told = await bench.ask("/locations/LOC1", method="PUT", key="LOC1", body={"hours": {"usual": "16:00"}})
    assert (told.status, told.body["errors"][0]["path"]) == (422, "hours")


async def test_two_that_stopped_fitting_at_once_leave_the_sub_account_its_own(bench: Bench) -> None:
    await bench.ask("/locations/LOC1", method="PATCH", body={"hours": {"usual": "16:00"}})
    unfit = LocationConfig.model_validate({"hours": {"closes": "15:00"}, "country": "DE"})
    await bench.configurations.put_defaults("AG9", unfit, who="test")
    await bench.database.history.assign("LOC1", "AG9", who="test", now_ms=1)
    told = await effective(bench, "LOC1")
    assert (told["hours"]["closes"], told["country"]) == ("18:00", None)


async def test_a_sub_account_is_not_given_to_an_agency_it_does_not_fit(bench: Bench) -> None:
    await bench.ask("/locations/LOC1", method="PATCH", body={"hours": {"usual": "16:00"}})
    await bench.ask("/companies/AG2/defaults", method="PUT", body={"hours": {"closes": "15:00"}})
    assert (await bench.ask("/locations/LOC1/company", method="PUT", body={"company": "AG2"})).status == 422
    assert await bench.database.history.company_of("LOC1") == "AG1"


async def test_defaults_have_versions_a_history_and_a_way_back(bench: Bench) -> None:
    assert (await put(bench, {"country": "DE"}, If_Match='"1"')).status == 200
    assert (await put(bench, {"country": "FR"}, If_Match='"1"')).status == 412
    (newest, first) = (await bench.ask(f"{AG}/history", key="AG1")).body["changes"]
    assert (newest["version"], newest["before"], first["before"]) == (2, {"country": "US"}, None)
    told = await bench.ask(f"{AG}/undo", method="POST", key="AG1", body={})
    assert (told.body["version"], told.body["config"]) == (3, {"country": "US"})
