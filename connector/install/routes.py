"""`/oauth/...`: the way to the CRM's consent page, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog
from aiohttp import web

from connector.install import trouble
from connector.install.service import InstallError
from connector.pages.render import STYLE, page, style
from connector.store import StoreError
from oauth.install import STATE_MS
from oauth.standing import Kind

if TYPE_CHECKING:
    from connector.install.service import Finished, Installs
    from connector.install.trouble import Trouble

log = structlog.get_logger()

COOKIE: Final = "ringback_install"
"""Binds an installation to the browser that began it; holds a random word and nothing of the person."""
_PATH: Final = "/oauth"
_LONGEST: Final = 4096
"""A longer code is none."""


def routes(installs: Installs | None) -> list[web.AbstractRouteDef]:
    """The routes; without an app they say what is missing."""

    async def install(request: web.Request) -> web.StreamResponse:
        return _away(request, installs) if installs else failed(trouble.NOT_SET_UP)

    async def callback(request: web.Request) -> web.StreamResponse:
        return await _back(request, installs) if installs else failed(trouble.NOT_SET_UP)

    return [
        web.get("/oauth/install", install, allow_head=False),
        # Who only looks whether the link is alive must not use up its code.
        web.get("/oauth/callback", callback, allow_head=False),
        web.get(STYLE, style),
    ]


def failed(why: Trouble) -> web.Response:
    """The page of something that did not come through."""
    return page(
        "error",
        status=why.status,
        title=why.title,
        happened=why.happened,
        means=why.means,
        do=why.do,
        again="/oauth/install" if why.again else None,
    )


def _away(request: web.Request, installs: Installs) -> web.StreamResponse:
    white_label = request.query.get("white_label", "") in ("1", "true")
    begun = installs.begin(request.cookies.get(COOKIE), white_label=white_label)
    answer = web.Response(status=302, headers={"Location": begun.url, "Cache-Control": "no-store"})
    answer.set_cookie(
        COOKIE,
        begun.browser,
        max_age=STATE_MS // 1000,
        path=_PATH,
        secure=installs.app.redirect_uri.startswith("https:"),
        httponly=True,
        samesite="Lax",  # the CRM's way back is a navigation from another site
    )
    return answer


async def _back(request: web.Request, installs: Installs) -> web.StreamResponse:
    query = request.query
    code = query.get("code", "")
    if "error" in query or not 0 < len(code) <= _LONGEST:
        return failed(trouble.sent_back(query.get("error", "")))
    try:
        finished = await installs.finish(code, state=query.get("state"), browser=request.cookies.get(COOKIE))
    except InstallError as error:
        return failed(error.trouble)
    except StoreError as error:
        log.error("an installation could not be kept", reason=str(error))
        return failed(trouble.STORE_AWAY)
    return _done(finished)


def _done(finished: Finished) -> web.Response:
    missing = [{"scope": scope, "feature": feature} for scope, feature in finished.missing.items()]
    if not finished.confirmed:
        return page("confirm", id=finished.id, is_agency=finished.kind is Kind.COMPANY, missing=missing)
    if finished.connection is None:
        return page("agency", company=finished.id, missing=missing, future=finished.future)
    connection = finished.connection
    return page(
        "connected",
        location=finished.id,
        name=finished.name,
        missing=missing,
        url=connection.url,
        secret=connection.secret,
    )
