"""The control routes of the marketplace: apps, installs without a browser, suspension, what was counted."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Literal

import orjson
from aiohttp import web
from pydantic import Field, model_validator

from connector.sandbox.apps import SCOPES, App
from connector.sandbox.chooser import back
from connector.sandbox.control import Order, read_order, reply
from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.marketplace import Install
    from connector.sandbox.state import Record, Sandbox


class AppOrder(Order):
    """POST /_sandbox/apps: what is left out stays as it was, or is as App has it."""

    client_id: str = Field(min_length=1)
    client_secret: str | None = None
    name: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    scopes: frozenset[str] | None = None
    webhook_url: str | None = None
    target: Literal["sub-account", "agency"] | None = None
    installers: Literal["both", "agency"] | None = None
    bulk: bool | None = None
    order: Literal["after", "before"] | None = None
    twice: bool | None = None
    access_s: int | None = Field(None, ge=0, alias="accessSeconds")
    code_s: int | None = Field(None, ge=0, alias="codeSeconds")


class InstallOrder(Order):
    """POST /_sandbox/installs: what an administrator would click."""

    client_id: str
    locations: list[str] = Field(default_factory=list)
    company: str | None = None
    bulk: bool = False
    future: bool = False
    redirect_uri: str | None = None
    scope: str | None = None
    state: str | None = None


class WhereOrder(Order):
    """POST /_sandbox/uninstall and .../revoke: a sub-account, or an agency."""

    client_id: str
    location: str | None = None
    company: str | None = None

    @model_validator(mode="after")
    def _one(self) -> WhereOrder:
        if (self.location is None) == (self.company is None):
            raise ValueError("name a location or a company")
        return self


class LocationOrder(Order):
    """POST /_sandbox/suspend and .../reactivate."""

    location: str


class ExpireOrder(Order):
    """POST /_sandbox/expire."""

    client_id: str | None = None
    location: str | None = None


def add(app: web.Application, sandbox: Sandbox) -> None:
    """Put these routes into an application."""
    control = _MarketControl(sandbox)
    for name in ("apps", "installs", "uninstall", "revoke", "suspend", "reactivate", "expire"):
        app.router.add_post(f"/_sandbox/{name}", getattr(control, name))
    app.router.add_get("/_sandbox/marketplace", control.marketplace)
    app.router.add_get("/_sandbox/webhook-key", control.webhook_key)


def market_report(sandbox: Sandbox) -> Record:
    """Apps, installs, counts and events as one document, secrets and tokens left out."""
    market = sandbox.market
    return {
        "apps": [_app(one) for one in market.apps.values()],
        "installs": [_install(one) for one in market.installs.values()],
        "counts": {name: market.counts[name] for name in _COUNTS},
        "events": [one.shown() for one in market.outbox.log],
        "events_pending": market.outbox.pending,
        "events_dropped": market.outbox.dropped,
        "key": market.outbox.public_key,
    }


_COUNTS = (
    "code_exchanges",
    "code_refusals",
    "refreshes",
    "refresh_repeats",
    "refresh_refusals",
    "lost",
    "minted",
)


class _MarketControl:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._market = sandbox.market

    async def apps(self, request: web.Request) -> web.Response:
        order = await read_order(request, AppOrder)
        given = order.model_dump(exclude_none=True)
        if "scopes" in order.model_fields_set and order.scopes is None:
            given["scopes"] = SCOPES
        if "webhook_url" in order.model_fields_set:
            given["webhook_url"] = order.webhook_url
        known = self._market.apps.get(order.client_id)
        app = replace(known, **given) if known else App(**({"client_secret": ""} | given))
        self._market.register(app)
        return reply(_app(app), status=201)

    async def installs(self, request: web.Request) -> web.Response:
        order = await read_order(request, InstallOrder)
        app = self._app(order.client_id)
        uri = order.redirect_uri or self._market.callbacks.get(app.client_id) or next(iter(app.redirect_uris), "")
        try:
            code = self._market.consent(
                app.client_id,
                redirect_uri=uri,
                locations=order.locations,
                company_id=order.company,
                bulk=order.bulk,
                future=order.future,
                scope=order.scope,
            )
        except Refusal as refusal:
            return reply(refusal.payload(), status=refusal.status)
        if app.order == "before":
            await self._market.outbox.tried()
        return reply({"code": code, "url": back(uri, code=code, state=order.state)}, status=201)

    async def uninstall(self, request: web.Request) -> web.Response:
        order = await read_order(request, WhereOrder)
        self._app(order.client_id)
        if not self._market.uninstall(order.client_id, location=order.location, company=order.company):
            raise _missing("it is not installed there")
        return web.Response(status=204)

    async def revoke(self, request: web.Request) -> web.Response:
        order = await read_order(request, WhereOrder)
        self._market.revoke(order.client_id, location=order.location, company=order.company)
        return web.Response(status=204)

    async def suspend(self, request: web.Request) -> web.Response:
        return await self._activate(request, active=False)

    async def reactivate(self, request: web.Request) -> web.Response:
        return await self._activate(request, active=True)

    async def expire(self, request: web.Request) -> web.Response:
        order = await read_order(request, ExpireOrder)
        return reply({"expired": self._market.expire(client_id=order.client_id, location=order.location)})

    async def marketplace(self, request: web.Request) -> web.Response:
        if request.query.get("settle") == "1":
            await self._market.outbox.settled()
        return reply(market_report(self._sandbox))

    async def webhook_key(self, _request: web.Request) -> web.Response:
        return web.Response(text=self._market.outbox.public_key)

    async def _activate(self, request: web.Request, *, active: bool) -> web.Response:
        order = await read_order(request, LocationOrder)
        location = self._sandbox.locations.get(order.location)
        if location is None:
            raise _missing(f"no sub-account {order.location}")
        location.active = active
        return web.Response(status=204)

    def _app(self, client_id: str) -> App:
        if client_id not in self._market.apps:
            raise _missing(f"no app {client_id}")
        return self._market.apps[client_id]


def _missing(what: str) -> web.HTTPNotFound:
    text = orjson.dumps({"statusCode": 404, "message": what}).decode()
    return web.HTTPNotFound(text=text, content_type="application/json")


def _app(app: App) -> Record:
    shown = {name: value for name, value in asdict(app).items() if name != "client_secret"}
    return {AppOrder.model_fields[name].alias or name: value for name, value in shown.items()} | {
        "scopes": sorted(app.scopes),
        "appId": app.app_id,
        "versionId": app.app_id,
    }


def _install(install: Install) -> Record:
    return {
        "clientId": install.client_id,
        "companyId": install.company_id,
        "locationId": install.location_id,
        "bulk": install.bulk,
        "future": install.future,
        "scopes": sorted(install.scopes),
        "locations": list(install.locations),
        "exchanged": install.exchanged,
    }
