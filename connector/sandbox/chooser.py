"""The page on which an administrator chooses where an app is installed (`/v2/oauth/chooselocation`).

No script is needed. Source: the vendor's OAuth page; the texts of its error pages are third-party reports.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import aiohttp_jinja2
from aiohttp import web

from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.apps import App
    from connector.sandbox.state import Record, Sandbox

PATH: Final = "/v2/oauth/chooselocation"
_HEADERS: Final = {
    # No form-action: browsers apply it to the redirect that follows, and that goes to the app, wherever it is.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def add(app: web.Application, sandbox: Sandbox) -> None:
    """Put the pages into an application."""
    pages = _Chooser(sandbox)
    app.router.add_get(PATH, pages.show)
    app.router.add_post(PATH, pages.answer)
    app.router.add_get("/oauth/chooselocation", pages.old)
    app.router.add_get("/_sandbox/install", pages.start)


def back(redirect_uri: str, **answer: str | None) -> str:
    """The app's address with the answer in its query (RFC 6749, 4.1.2); None is left out."""
    query = urlencode({name: value for name, value in answer.items() if value is not None})
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{query}"


class _Chooser:
    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._market = sandbox.market

    async def show(self, request: web.Request) -> web.Response:
        try:
            app, query = self._app(request)
        except Refusal as refusal:
            return _error(request, refusal)
        return self._page(request, app, query)

    async def answer(self, request: web.Request) -> web.Response:
        try:
            app, query = self._app(request)
        except Refusal as refusal:
            return _error(request, refusal)
        form = await request.post()
        redirect_uri, state = query["redirect_uri"], query.get("state")
        if form.get("answer") == "cancel":
            return _to(back(redirect_uri, error="access_denied", state=state))
        company = form.get("company")
        try:
            code = self._market.consent(
                app.client_id,
                redirect_uri=redirect_uri,
                locations=[str(one) for one in form.getall("location", [])],
                company_id=str(company) if company else None,
                bulk="bulk" in form,
                future="future" in form,
                scope=query["scope"],
            )
        except Refusal as refusal:
            return self._page(request, app, query, refusal)
        if app.order == "before":
            await self._market.outbox.tried()
        return _to(back(redirect_uri, code=code, state=state))

    async def old(self, request: web.Request) -> web.Response:
        """The path of old, and its misleading complaint."""
        return _error(request, Refusal(400, f"No integration found with the id: {request.query.get('client_id', '')}"))

    async def start(self, request: web.Request) -> web.Response:
        """As from the app's page in the marketplace: nobody made a state."""
        client_id = request.query.get("clientId", "")
        app = self._market.apps.get(client_id)
        if app is None:
            return _error(request, Refusal(400, f"No integration found with the id: {client_id}"))
        known = self._market.callbacks.get(client_id, next(iter(app.redirect_uris), ""))
        return _to(chooser_path(app, request.query.get("redirectUri", known)))

    def _app(self, request: web.Request) -> tuple[App, dict[str, str]]:
        """Who asks for what.

        Raises:
            Refusal: the link is wrong.
        """
        raw = request.rel_url.raw_query_string
        # A plus sign in the scope is said to be read as one, not as a space.
        query = dict(parse_qsl(raw)) | {"scope": dict(parse_qsl(raw.replace("+", "%2B"))).get("scope", "")}
        app = self._market.apps.get(query.get("client_id", ""))
        if app is None:
            raise Refusal(400, f"No integration found with the id: {query.get('client_id', '')}")
        if query.get("version_id") != app.app_id:
            raise Refusal(400, "error.noAppVersionIdFound")
        if query.get("response_type") != "code":
            raise Refusal(400, "error.invalidResponseType")
        if not app.redirects_to(query.get("redirect_uri", "")):
            raise Refusal(400, "error.invalidRedirectUri")
        if not query.get("scope"):
            raise Refusal(400, "error.noScopeFound")
        return app, query

    def _page(
        self, request: web.Request, app: App, query: dict[str, str], refusal: Refusal | None = None
    ) -> web.Response:
        context: Record = {
            "app": app,
            "scopes": sorted(app.scopes.intersection(query["scope"].split(" "))),
            "locations": list(self._sandbox.locations.values()),
            "companies": self._market.companies(),
            "single": "agency" not in {app.target, app.installers},
            "agency": app.target == "agency" or app.bulk,
            "whole": app.target == "agency",
            "problem": str(refusal) if refusal else None,
        }
        response = aiohttp_jinja2.render_template("chooser.html", request, context, status=400 if refusal else 200)
        response.headers.update(_HEADERS)
        return response


def chooser_path(app: App, redirect_uri: str, *, state: str | None = None) -> str:
    """The link that the developers' portal gives out for an app, asking for all its scopes."""
    asked = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(sorted(app.scopes)),
        "version_id": app.app_id,
    }
    return f"{PATH}?{urlencode(asked | ({'state': state} if state else {}), quote_via=quote)}"


def _to(url: str) -> web.Response:
    return web.Response(status=302, headers={"Location": url, **_HEADERS})


def _error(request: web.Request, refusal: Refusal) -> web.Response:
    context = {"message": str(refusal)}
    response = aiohttp_jinja2.render_template("error.html", request, context, status=refusal.status)
    response.headers.update(_HEADERS)
    return response
