"""What the sandbox answers, held against the vendor's own OpenAPI files where they are at hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.opportunities import make_pipeline
from connector.sandbox.routes import ROUTES, Route
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

OPENAPI = Path(__file__).parents[4] / "shared" / "openapi"
FAMILIES = ("contacts", "locations", "conversations", "opportunities", "users", "workflows")

BODIES: dict[str, Any] = {
    "POST /contacts/search": {"locationId": LOCATION, "pageLimit": 10},
    "POST /contacts/": {"locationId": LOCATION, "name": "Bob", "email": "bob@example.com"},
    "POST /contacts/upsert": {"locationId": LOCATION, "name": "Eve", "email": "eve@example.com"},
    "PUT /contacts/{contactId}": {"city": "Rome"},
    "POST /contacts/{contactId}/notes": {"body": "x"},
    "PUT /contacts/{contactId}/notes/{noteId}": {"body": "y"},
    "POST /contacts/{contactId}/tags": {"tags": ["a"]},
    "DELETE /contacts/{contactId}/tags": {"tags": ["a"]},
    "POST /contacts/{contactId}/tasks": {"title": "t", "dueDate": "2026-11-24", "completed": False},
    "PUT /contacts/{contactId}/tasks/{taskId}": {"title": "u"},
    "PUT /contacts/{contactId}/tasks/{taskId}/completed": {"completed": True},
    "POST /locations/{locationId}/tags": {"name": "b"},
    "POST /locations/{locationId}/customFields": {"name": "c", "dataType": "TEXT"},
    "PUT /conversations/messages/{messageId}/attachments": {"attachments": []},
    "PUT /opportunities/{id}": {"pipelineStageId": "stage-2"},
    "PUT /opportunities/{id}/status": {"status": "won"},
}
QUERIES = {
    "/contacts/search/duplicate": f"?locationId={LOCATION}&email=ada@example.com",
    "/workflows/": f"?locationId={LOCATION}",
    "/users/search": "?companyId=SandboxAgency",
    "/conversations/search": f"?locationId={LOCATION}",
    "/opportunities/pipelines": f"?locationId={LOCATION}",
    "/opportunities/search": f"?location_id={LOCATION}",
}


def operations() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Each verb as this table names it, with its operation and its file's schemas."""
    found = {}
    for family in FAMILIES:
        if not (OPENAPI / f"{family}.json").is_file():
            continue
        document = json.loads((OPENAPI / f"{family}.json").read_text())
        for path, verbs in document["paths"].items():
            for method, operation in verbs.items():
                found[f"{method.upper()} {shape(path)}"] = (operation, document["components"]["schemas"])
    return found


def documented(route: Route) -> tuple[dict[str, Any], dict[str, Any]]:
    """The route's operation and its file's schemas; skips the test where that file is not beside the project."""
    family = route.path.split("/")[1]
    if family not in FAMILIES or not (OPENAPI / f"{family}.json").is_file():
        pytest.skip(f"no OpenAPI file for {family} beside the project")
    return operations()[f"{route.method} {shape(route.path)}"]


def shape(path: str) -> str:
    """A path whose parameters have no names: the vendor calls them differently from file to file."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def missing(value: Any, schema: dict[str, Any], schemas: dict[str, Any]) -> list[str]:
    """Required properties that an answer lacks, at any depth."""
    if "$ref" in schema:
        return missing(value, schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas)
    if schema.get("type") == "array" and isinstance(value, list):
        return [lack for one in value for lack in missing(one, schema.get("items", {}), schemas)]
    if not isinstance(value, dict):
        return []
    lacks = [name for name in schema.get("required", []) if name not in value]
    for part in schema.get("allOf", []):
        lacks += missing(value, part, schemas)
    for name, inner in schema.get("properties", {}).items():
        lacks += [f"{name}.{lack}" for lack in missing(value.get(name), inner, schemas)]
    return lacks


@pytest.fixture
async def ids(crm: Crm) -> dict[str, str]:
    """Something of each kind, and its id by the name of the path's parameter."""
    ada = await crm.person(name="Ada", email="ada@example.com", phone="+12125550101")
    _, note = await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "x"})
    _, task = await crm.ask("POST", f"/contacts/{ada}/tasks", BODIES["POST /contacts/{contactId}/tasks"])
    _, made = await crm.ask("POST", "/conversations/messages/outbound", call_record(ada))
    make_pipeline(crm.sandbox.locations[LOCATION], "pipe-1", "Sales", [("stage-1", "New"), ("stage-2", "Called")])
    _, won = await crm.ask("POST", "/opportunities/", deal(ada))
    return {
        "contactId": ada,
        "locationId": LOCATION,
        "workflowId": "wf-live",
        "noteId": note["note"]["id"],
        "taskId": task["task"]["id"],
        "messageId": made["messageId"],
        "conversationId": made["conversationId"],
        "id": won["opportunity"]["id"],
    }


def call_record(contact: str) -> dict[str, Any]:
    call = {"to": "+12125550101", "from": "+12125550101", "status": "busy"}
    return {"type": "Call", "conversationProviderId": "p", "contactId": contact, "call": call}


def deal(contact: str) -> dict[str, Any]:
    return {"locationId": LOCATION, "contactId": contact, "pipelineId": "pipe-1", "name": "Deal", "status": "open"}


async def body_of(crm: Crm, route: Route, ids: dict[str, str]) -> Any:
    if route.path.endswith("bound"):
        return call_record(ids["contactId"])
    if route.path == "/opportunities/":
        return deal(ids["contactId"])
    if route.path == "/conversations/":
        return {"locationId": LOCATION, "contactId": await crm.person(name="Bob")}
    return BODIES.get(f"{route.method} {route.path}", {} if route.body else None)


@pytest.mark.skipif(not OPENAPI.is_dir(), reason="the vendor's OpenAPI files are not beside the project")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
async def test_an_answer_has_what_the_vendors_schema_requires(crm: Crm, ids: dict[str, str], route: Route) -> None:
    operation, schemas = documented(route)
    body = await body_of(crm, route, ids)
    path = route.path.format_map(ids) + QUERIES.get(route.path, "")
    status, answer = await crm.ask(route.method, path, body)
    answers = {code: one for code, one in operation["responses"].items() if code.startswith("2")}
    assert not answers or str(status) in answers
    content = answers.get(str(status), {}).get("content", {}).get("application/json", {})
    assert missing(answer, content.get("schema", {}), schemas) == []


@pytest.mark.skipif(not OPENAPI.is_dir(), reason="the vendor's OpenAPI files are not beside the project")
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_verb_needs_the_scope_the_vendor_asks_for(route: Route) -> None:
    operation, _ = documented(route)
    scopes = {scope for one in operation["security"] for scheme in one.values() for scope in scheme}
    assert route.scope in scopes


@pytest.mark.skipif(not OPENAPI.is_dir(), reason="the vendor's OpenAPI files are not beside the project")
@pytest.mark.parametrize("route", [one for one in ROUTES if one.body], ids=lambda route: f"{route.method} {route.path}")
def test_a_body_takes_the_properties_the_vendor_names(route: Route) -> None:
    operation, schemas = documented(route)
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = schemas.get(content.get("schema", {}).get("$ref", "").rpartition("/")[2], {}).get("properties", {})
    assert route.body is not None
    taken = {field.alias for field in route.body.model_fields.values()}
    assert set(named) <= taken


def test_every_verb_of_the_table_is_a_verb_of_its_own() -> None:
    assert len({(route.method, shape(route.path)) for route in ROUTES}) == len(ROUTES)
