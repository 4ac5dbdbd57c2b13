"""The sandbox as an aiohttp application: the API, the control routes under /_sandbox, and the page at `/`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson
from aiohttp import web

from connector.sandbox import agency, chooser, control, market_control, page, token_endpoint
from connector.sandbox.exchange import Refusal
from connector.sandbox.faults import STOPPING, faulty
from connector.sandbox.gate import Throttled, answer, bearer
from connector.sandbox.journal import ENTRY, Entry, recorded
from connector.sandbox.routes import ROUTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.sandbox.agency import CompanyRoute
    from connector.sandbox.exchange import Answer
    from connector.sandbox.routes import Route
    from connector.sandbox.state import Record, Sandbox

    Endpoint: TypeAlias = Callable[[web.Request, bytes], Answer]

_NO_API: Final = ("/_sandbox/", "/v2/", "/oauth/chooselocation")


def make_app(sandbox: Sandbox) -> web.Application:
    """The application that serves this sandbox; ending it lets go of every request that hangs."""
    app = web.Application(
        middlewares=[
            recorded(sandbox.journal, lambda request: _arrive(sandbox, request)),
            faulty(sandbox.faults, sandbox.clock_ms),
        ]
    )
    app[STOPPING] = asyncio.Event()
    app.on_shutdown.append(_let_go)
    app.cleanup_ctx.append(sandbox.market.outbox.running)
    for pages in (page, chooser, control, market_control):
        pages.add(app, sandbox)
    for route in ROUTES:
        _serve(app, sandbox, route, _location_endpoint(sandbox, route))
    for asked in agency.COMPANY_ROUTES:
        _serve(app, sandbox, asked, _company_endpoint(sandbox, asked))
    handler = _handler(sandbox, lambda request, raw: token_endpoint.token(sandbox, request.headers, raw), writes=True)
    app.router.add_post("/oauth/token", handler)
    app.router.add_route("*", "/{anything:.*}", _nowhere)
    return app


async def _let_go(app: web.Application) -> None:
    app[STOPPING].set()


def _arrive(sandbox: Sandbox, request: web.Request) -> Entry | None:
    """The journal's entry for an API request, counted for its sub-account, or for its agency.

    None for the pages and the control routes.
    """
    if request.path == "/" or request.path.startswith(_NO_API):
        return None
    grant = sandbox.grant_of(bearer(request.headers))
    now_ms = sandbox.clock_ms()
    if grant:
        sandbox.pace(grant.resource).arrive(now_ms)
    resource = request.match_info.route.resource
    pattern = resource.canonical if resource else request.path
    counted = grant.resource if grant else None
    return Entry(now_ms, request.method, f"{request.method} {pattern}", request.path_qs, counted)


def _location_endpoint(sandbox: Sandbox, route: Route) -> Endpoint:
    return lambda request, raw: answer(
        sandbox, route, headers=request.headers, path=request.match_info, query=request.query, raw=raw
    )


def _company_endpoint(sandbox: Sandbox, route: CompanyRoute) -> Endpoint:
    return lambda request, raw: agency.answer(sandbox, route, headers=request.headers, query=request.query, raw=raw)


def _serve(app: web.Application, sandbox: Sandbox, route: Route | CompanyRoute, endpoint: Endpoint) -> None:
    app.router.add_route(route.method, route.path, _handler(sandbox, endpoint, writes=route.writes))


def _handler(sandbox: Sandbox, endpoint: Endpoint, *, writes: bool) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def serve(request: web.Request) -> web.Response:
        raw = await request.read()
        headers = {}
        try:
            status, payload = endpoint(request, raw)
            request[ENTRY].applied = writes
        except Throttled as refusal:
            status, payload, headers = refusal.status, refusal.payload(), refusal.headers
        except Refusal as refusal:
            status, payload = refusal.status, refusal.payload()
        return _response(sandbox, request[ENTRY], status, payload, headers)

    return serve


def _response(sandbox: Sandbox, entry: Entry, status: int, payload: Record, headers: dict[str, str]) -> web.Response:
    if entry.location is not None:
        headers = headers | sandbox.pace(entry.location).headers(sandbox.clock_ms())
    if not payload:
        return web.Response(status=status, headers=headers)
    body = orjson.dumps({**payload, "traceId": sandbox.trace_id()})
    return web.Response(status=status, body=body, headers=headers, content_type="application/json")


async def _nowhere(request: web.Request) -> web.Response:
    refusal = Refusal(404, f"Cannot {request.method} {request.path}")
    return web.json_response(refusal.payload(), status=404)
