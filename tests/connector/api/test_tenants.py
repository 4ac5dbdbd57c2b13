"""Whatever is asked with a neighbour's key: it is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from connector.api.route import Route
    from tests.connector.api.bench import Bench, Told

NEIGHBOURS = ["LOC2", "LOC3", "AG2"]
"""All keys with all scopes; LOC2 is of the same agency as LOC1."""


async def of_loc1(bench: Bench) -> dict[str, str]:
    """What a path can name that is LOC1's or its agency's."""
    (row,) = await bench.database.list_deliveries(location="LOC1")
    (key,) = await bench.database.access.page(owner=("location", "LOC1"))
    return {"location": "LOC1", "company": "AG1", "trunk": "generic", "id": str(row.id), "key_id": key.id}


async def ask(bench: Bench, route: Route, values: dict[str, str], *, key: str | None, query: str = "") -> Told:
    path = re.sub(r"{(\w+)}", lambda found: values.get(found[1], "x"), route.path)
    body: Any = None if route.body is None else {}
    return await bench.ask(f"{path}{query}", method=route.method, key=key, body=body)


def with_things(bench: Bench) -> list[Route]:
    return [route for route in bench.api.table if route.parameters]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_no_route_shows_a_neighbours_thing(bench: Bench, neighbour: str) -> None:
    values = await of_loc1(bench)
    told = {route: await ask(bench, route, values, key=neighbour) for route in with_things(bench)}
    assert {f"{route.method} {route.path}": one.status for route, one in told.items() if one.status != 404} == {}


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_a_neighbours_thing_looks_like_one_that_is_not_there(bench: Bench, neighbour: str) -> None:
    values = await of_loc1(bench)
    nothing = {"location": "NOBODY", "company": "NOBODY", "trunk": "generic", "id": "999", "key_id": "nobody"}
    for route in with_things(bench):
        there = await ask(bench, route, values, key=neighbour)
        missing = await ask(bench, route, nothing, key=neighbour)
        same = str(there.body)
        for name, value in values.items():
            same = re.sub(rf"\b{value}\b", nothing[name], same)
        assert same == str(missing.body), route.path


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_nothing_of_a_neighbour_was_changed(bench: Bench, neighbour: str) -> None:
    values = await of_loc1(bench)
    before = await everything(bench)
    for route in with_things(bench):
        await ask(bench, route, values, key=neighbour)
    assert await everything(bench) == before


async def everything(bench: Bench) -> str:
    return str(
        [
            [(row.id, row.document, row.secrets, row.version) for row in await bench.database.list_locations()],
            [(key.id, key.revoked_ms) for key in await bench.database.access.page()],
            await bench.database.history.defaults("AG1"),
        ]
    )


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("query", ["?location=LOC1", "?company=AG1"])
async def test_no_list_can_be_asked_for_a_neighbours_things(bench: Bench, neighbour: str, query: str) -> None:
    name = query[1:].partition("=")[0]
    lists = [route for route in bench.api.table if not route.parameters and name in route.query.model_fields]
    assert lists
    assert [(await ask(bench, route, {}, key=neighbour, query=query)).status for route in lists] == [404] * len(lists)


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_no_list_holds_a_neighbours_things(bench: Bench, neighbour: str) -> None:
    lists = [route for route in bench.api.table if not route.parameters and route.method == "GET"]
    told = [await ask(bench, route, {}, key=neighbour) for route in lists]
    assert "LOC1" not in str([one.body for one in told])


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("owner", [{"location": "LOC1"}, {"company": "AG1"}])
async def test_no_key_is_made_for_a_neighbour(bench: Bench, neighbour: str, owner: dict[str, str]) -> None:
    told = await bench.ask("/keys", method="POST", key=neighbour, body={**owner, "scopes": ["locations:read"]})
    assert told.status == 404


async def test_a_sub_account_does_not_see_its_agencys_own_things(bench: Bench) -> None:
    assert (await bench.ask("/companies/AG1/defaults", key="LOC1")).status == 404
    assert (await bench.ask("/keys?company=AG1", key="LOC1")).status == 404


async def test_an_agency_sees_what_is_its_sub_accounts(bench: Bench) -> None:
    values = await of_loc1(bench)
    for path in ("/deliveries?location=LOC1", f"/deliveries/{values['id']}", "/locations/LOC1", "/keys?location=LOC1"):
        assert (await bench.ask(path, key="AG1")).status == 200


async def test_a_sub_account_sees_its_own(bench: Bench) -> None:
    for path in ("/deliveries", "/quarantine", "/locations"):
        told = await bench.ask(path, key="LOC1")
        (rows,) = told.body.values()
        assert [row["location"] for row in rows] == ["LOC1"]


async def test_a_sub_account_that_moves_to_another_agency_is_that_ones(bench: Bench) -> None:
    await bench.configurations.assign("LOC1", "AG2", who="test")
    assert (await bench.ask("/locations/LOC1", key="AG1")).status == 404
    assert (await bench.ask("/locations/LOC1", key="AG2")).status == 200


async def test_no_route_answers_without_a_key(bench: Bench) -> None:
    values = await of_loc1(bench)
    statuses = {(await ask(bench, route, values, key=None)).status for route in bench.api.table}
    assert statuses == {401}


async def test_no_route_answers_a_key_that_is_not_for_it(bench: Bench) -> None:
    values = await of_loc1(bench)
    for route in bench.api.table:
        others = [scope for scope in type(route.scope) if scope != route.scope]
        key = await bench.make_key("location", "LOC1", others)
        told = await ask(bench, route, values, key=key)
        # An agency's defaults are not a sub-account's at all.
        assert told.status == (404 if "{company}" in route.path else 403), route.path
        await bench.database.access.revoke(key.split("_")[1], now_ms=0)


async def test_what_only_the_operator_may_do_nobody_else_can(bench: Bench) -> None:
    told = await bench.ask("/locations/LOC1/company", method="PUT", key="LOC1", body={"company": "AG2"})
    assert told.status == 403
    assert await bench.database.history.company_of("LOC1") == "AG1"
