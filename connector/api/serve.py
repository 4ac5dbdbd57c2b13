"""Serves a table of routes: who asks, what they may see, what they sent; then the handler, then the answer."""

from __future__ import annotations

import asyncio
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web
from pydantic import ValidationError

from connector.api.openapi import openapi
from connector.api.route import Asked, Refusal, as_json, unfit
from connector.problem import problem
from connector.store import StoreError
from mappings.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import BaseModel

    from connector.api.access import Caller, Doors
    from connector.api.route import Route

log = structlog.get_logger()

RETRY_AFTER_S = 5
_JSON_TYPES = ("application/json", "application/merge-patch+json", "application/octet-stream")
"""What a body may be called; the last is what aiohttp makes of a body without a type."""


class Api:
    """The API as aiohttp routes, and its description."""

    def __init__(self, table: Sequence[Route], doors: Doors) -> None:
        self.table = table
        self.doors = doors

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        served = [web.route(route.method, route.pattern, partial(self._serve, route)) for route in self.table]
        return [*served, web.route("GET", "/api/v1/openapi.json", self._described)]

    async def _serve(self, route: Route, request: web.Request) -> web.Response:
        try:
            return await self._answer(route, request)
        except Refusal as refused:
            return problem(
                refused.status,
                refused.title,
                refused.detail,
                fields=refused.fields,
                retry_after_s=refused.retry_after_s,
            )
        except StoreError as error:
            log.error("the API could not answer", why=str(error), route=route.path)
            return problem(
                503,
                "Cannot answer",
                f"The database cannot be used just now ({error}). Nothing was changed: ask again.",
                retry_after_s=RETRY_AFTER_S,
            )

    async def _answer(self, route: Route, request: web.Request) -> web.Response:
        caller = await self.doors.caller(request.headers.get("Authorization", ""))
        path = dict(request.match_info)
        # First of all: whether a neighbour's thing may be touched is not even said.
        await _theirs(caller, path.get("location"), path.get("company"))
        _allowed(caller, route)
        query = _query(route, request)
        await _theirs(caller, getattr(query, "location", None), getattr(query, "company", None))
        body = None if route.body is None else await _body(route.body, request)
        answer = await route.handler(Asked(caller, path, query, body, request.headers))
        return web.Response(
            status=answer.status or route.status,
            headers={"Cache-Control": "no-store", **answer.headers},
            body=as_json(answer.value),
            content_type="application/json",
        )

    async def _described(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._description, content_type="application/json")

    @cached_property
    def _description(self) -> bytes:
        return openapi(self.table)


def _allowed(caller: Caller, route: Route) -> None:
    if route.operator_only and caller.kind != "operator":
        raise Refusal(403, "Forbidden", "Only the operator's keys may do this. Nothing was changed.")
    if route.scope not in caller.scopes:
        raise Refusal(
            403, "Forbidden", f"This key is not for {route.scope.value}. Nothing was read or changed: use one that is."
        )


async def _theirs(caller: Caller, location: str | None, company: str | None) -> None:
    if location is not None:
        await caller.may_see(location)
    if company is not None:
        caller.may_see_company(company)


def _query(route: Route, request: web.Request) -> BaseModel:
    asked: dict[str, Any] = {}
    for name, value in request.query.items():
        if name in asked:
            raise _bad_query([(name, "is given twice")])
        asked[name] = value
    try:
        return route.query.model_validate(asked)
    except ValidationError as error:
        raise _bad_query(problems_of(error)) from None


def _bad_query(problems: Sequence[tuple[str, str]]) -> Refusal:
    said = "; ".join(f"{path} {message}" for path, message in problems)
    return Refusal(400, "Bad request", f"{said}. Nothing was read or changed.", fields=problems)


async def _body(model: type[BaseModel], request: web.Request) -> BaseModel:
    if request.content_type not in _JSON_TYPES:
        raise Refusal(415, "Unsupported media type", "The body must be application/json. Nothing was changed.")
    raw = await request.read()
    try:
        # A thread: a large rule book takes its time, a country's holidays a second when they are first looked at.
        return await asyncio.to_thread(model.model_validate_json, raw)
    except ValidationError as error:
        if error.errors(include_url=False)[0]["type"] == "json_invalid":
            raise Refusal(400, "Bad request", "The body is not JSON. Nothing was changed.") from None
        raise unfit(problems_of(error)) from None
    except RecursionError:
        raise unfit([("", "is nested too deeply")]) from None
