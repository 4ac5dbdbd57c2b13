"""The description tells what is served, and nothing else; anybody may read it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from connector.api.scope import Scope
from connector.location_config import LocationConfig

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench

PAGE = Path(__file__).parents[3] / "docs" / "api.md"


async def test_every_route_is_described(bench: Bench) -> None:
    told = (await bench.ask("/openapi.json", key=None)).body
    described = {(method.upper(), path) for path, methods in told["paths"].items() for method in methods}
    assert described == {(route.method, f"/api/v1{route.path}") for route in bench.api.table}
    assert told["openapi"].startswith("3.1.")


async def test_every_operation_has_a_name_of_its_own(bench: Bench) -> None:
    told = (await bench.ask("/openapi.json", key=None)).body
    names = [one["operationId"] for methods in told["paths"].values() for one in methods.values()]
    assert len(names) == len(set(names))


async def test_the_configuration_is_described_by_its_own_schema(bench: Bench) -> None:
    told = (await bench.ask("/openapi.json", key=None)).body
    body = told["paths"]["/api/v1/locations/{location}"]["put"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/LocationConfig"}
    assert set(told["components"]["schemas"]["LocationConfig"]["properties"]) == set(LocationConfig.model_fields)


async def test_every_reference_leads_somewhere(bench: Bench) -> None:
    told = (await bench.ask("/openapi.json", key=None)).body

    def references(part: object) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    for reference in references(told):
        place = told
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]


async def test_the_page_names_every_route_with_its_scope(bench: Bench) -> None:
    rows = {route: f"| `{route.method} {route.path}` | `{route.scope}` |" for route in bench.api.table}
    assert [row for row in rows.values() if row not in PAGE.read_text()] == []


@pytest.mark.parametrize("scope", Scope)
def test_the_page_names_every_scope(scope: Scope) -> None:
    assert f"`{scope}`" in PAGE.read_text()
