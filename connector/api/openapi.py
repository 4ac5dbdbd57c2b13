"""The API's description (OpenAPI 3.1), made from its table of routes and their models."""

from __future__ import annotations

from http import HTTPStatus
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from connector.api.route import FORMS, NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.api.route import Route

_ALWAYS: Final = (400, 401, 403, 404, 429, 503)
"""Refusals that each route has: a bad question, no key, not for this, not there or a neighbour's, too often, later."""
_WITH_BODY: Final = (413, 415, 422)
_ABOUT: Final = (
    "Calls and what follows them, the dial advice, the review queue, sub-accounts' configurations and keys. "
    "Times are ISO 8601 in UTC. "
    "What belongs to others looks as if it were not there (404). Errors are application/problem+json (RFC 9457)."
)


class FieldProblem(BaseModel):
    """One field that is wrong."""

    path: str
    message: str


class Problem(BaseModel):
    """What happened, what it means, what to do (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []


def openapi(table: Sequence[Route]) -> bytes:
    """The description as JSON."""
    schemas, components = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(f"/api/v1{route.path}", {})[route.method.lower()] = _operation(route, schemas, components)
    statuses = sorted({status for route in table for status in _refusals(route)})
    return orjson.dumps(
        {
            "openapi": "3.1.0",
            "info": {"title": "Ringback", "version": version("ringback"), "description": _ABOUT},
            "security": [{"key": []}],
            "paths": paths,
            "components": {
                "schemas": components,
                "responses": {f"Problem{status}": _problem(status) for status in statuses},
                "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            },
        }
    )


def _schemas(table: Sequence[Route]) -> tuple[dict[type[BaseModel], dict[str, Any]], dict[str, Any]]:
    """The reference to each model, and the schemas they refer to."""
    used: dict[type[BaseModel], None] = {Problem: None}
    for route in table:
        used |= dict.fromkeys(model for model in (route.answer, route.body, route.query) if model is not None)
    references, components = models_json_schema(
        [(model, "validation") for model in used], ref_template="#/components/schemas/{model}"
    )
    return {model: references[model, "validation"] for model in used}, components["$defs"]


def _operation(
    route: Route, schemas: dict[type[BaseModel], dict[str, Any]], components: dict[str, Any]
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{''.join(part.strip('{}').title() for part in route.path.split('/'))}",
        "summary": route.summary,
        "description": f"The key must be for `{route.scope.value}`"
        + (" and be the operator's." if route.operator_only else "."),
        "tags": [route.path.split("/")[1]],
        "parameters": [*_path(route), *_query(route, schemas, components), *_headers(route)],
        "responses": {
            str(route.status): _answer(route, schemas),
            **{str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in _refusals(route)},
        },
    }
    if route.body is not None:
        told["requestBody"] = {"required": True, "content": {"application/json": {"schema": schemas[route.body]}}}
    return told


def _refusals(route: Route) -> list[int]:
    known = {*_ALWAYS, *route.refusals, *(() if route.body is None else _WITH_BODY)}
    return sorted(known | ({412} if route.versioned and route.method != "GET" else set()))


def _answer(route: Route, schemas: dict[type[BaseModel], dict[str, Any]]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "description": HTTPStatus(route.status).phrase,
        "content": {"application/json": {"schema": schemas[route.answer]}},
    }
    if route.versioned:
        told["headers"] = {"ETag": {"description": "The version, for If-Match.", "schema": {"type": "string"}}}
    return told


def _path(route: Route) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": f"^{FORMS.get(name, NAME)}$"},
        }
        for name in route.parameters
    ]


def _query(
    route: Route, schemas: dict[type[BaseModel], dict[str, Any]], components: dict[str, Any]
) -> list[dict[str, Any]]:
    schema = components[schemas[route.query]["$ref"].rpartition("/")[2]]
    required = schema.get("required", ())
    return [
        {
            "name": name,
            "in": "query",
            "required": name in required,
            "description": about.get("description", ""),
            "schema": _given(about),
        }
        for name, about in schema.get("properties", {}).items()
    ]


def _given(about: dict[str, Any]) -> dict[str, Any]:
    """What a field of the query may be where it is given: "not given" is no value there."""
    forms = [form for form in about.get("anyOf", ()) if form != {"type": "null"}]
    return forms[0] if len(forms) == 1 else {name: value for name, value in about.items() if name != "description"}


def _headers(route: Route) -> list[dict[str, Any]]:
    if not route.versioned or route.method == "GET":
        return []
    return [
        {
            "name": "If-Match",
            "in": "header",
            "description": "Change this version only, as an earlier answer's ETag named it.",
            "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
        }
    ]


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {"application/problem+json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}},
    }
