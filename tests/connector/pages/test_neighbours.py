"""Whatever is asked of the pages' routes and of the API with a neighbour's session: it is not there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.connector.pages.office import open_office
from tests.connector.pages.test_app import APP, SHELLS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.api.route import Route
    from tests.connector.pages.office import Office, Told

NEIGHBOURS: dict[str, dict[str, Any]] = {
    "an agent next door": {"activeLocation": "NEXT"},
    "an admin next door": {"activeLocation": "NEXT", "role": "admin"},
    "their agency's admin, next door": {"activeLocation": "NEXT", "role": "admin", "type": "agency"},
    "another agency's admin, at home": {
        "activeLocation": "FAR",
        "role": "admin",
        "type": "agency",
        "companyId": "ELSE",
    },
    "another agency's admin": {"activeLocation": "", "role": "admin", "type": "agency", "companyId": "ELSE"},
}
OF_LOC = {"location": "LOC", "company": "AG", "trunk": "generic", "call_id": "call-1"}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """LOC has a call, and a trunk with a secret."""
    async with open_office(tmp_path, **APP) as made:
        await made.grant_company("ELSE")
        await made.assign()
        await made.call()
        yield made


async def app_routes(office: Office) -> list[tuple[str, str]]:
    """Method and path of all routes under /app."""
    routes = office.door.client.app.router.routes() if office.door.client.app else []
    found = [(route.method, route.resource.canonical) for route in routes if route.resource is not None]
    return sorted({one for one in found if one[1].startswith("/app") and one[0] != "HEAD"})


async def test_these_are_the_routes_of_the_pages(office: Office) -> None:
    """A new one is to be tried with a neighbour's session, below."""
    assert await app_routes(office) == [
        ("GET", "/app"),
        ("GET", "/app/events"),
        ("GET", "/app/static/{name}"),
        ("GET", "/app/wrapup"),
        ("POST", "/app/connection"),
        ("POST", "/app/session"),
        ("POST", "/app/ticket"),
    ]


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("path", ["/app/ticket", "/app/connection"])
async def test_no_page_is_given_what_is_a_neighbours(office: Office, neighbour: str, path: str) -> None:
    token = await office.token(**NEIGHBOURS[neighbour])
    told = await office.ask(path, token=token, method="POST", body={"location": "LOC"})
    missing = await office.ask(path, token=token, method="POST", body={"location": "NONE"})
    assert (told.status, str(told.body).replace("LOC", "NONE")) == (404, str(missing.body))


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
@pytest.mark.parametrize("path", SHELLS)
async def test_a_page_is_the_same_for_everybody(office: Office, neighbour: str, path: str) -> None:
    told = await office.ask(f"{path}?location=LOC", token=await office.token(**NEIGHBOURS[neighbour]))
    assert told.body == (await office.ask(path)).body


async def test_a_neighbours_stream_tells_nothing_of_our_calls(office: Office) -> None:
    async with office.listening(activeLocation="NEXT") as theirs, office.listening() as ours:
        await office.call("call-2")
        assert (await ours.next())[1]["call_id"] == "call-2"
        await office.door.service.pages.live.close()
        assert b"call-" not in await theirs.rest()


@pytest.mark.parametrize("neighbour", NEIGHBOURS)
async def test_no_route_of_the_api_shows_a_neighbours_thing(office: Office, neighbour: str) -> None:
    token = await office.token(**NEIGHBOURS[neighbour])
    (row,) = await office.door.service.store.list_deliveries(location="LOC")
    values = OF_LOC | {"id": str(row.id)}
    asked = [route for route in office.door.service.api.table if {"location", "company"} & set(route.parameters)]
    told = {f"{route.method} {route.path}": await ask(office, route, values, token) for route in asked}
    assert {path: one.status for path, one in told.items() if one.status != 404} == {}


async def ask(office: Office, route: Route, values: dict[str, str], token: str) -> Told:
    path = re.sub(r"{(\w+)}", lambda found: values.get(found[1], "x"), route.path)
    return await office.ask(f"/api/v1{path}", token=token, method=route.method, body={} if route.body else None)
