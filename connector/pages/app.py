"""`/app...`: the pages in the CRM's frame, what lets people in, and what tells open pages of calls."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson
import structlog
from aiohttp import web

from connector.api.route import NotFoundError, Refusal
from connector.api.serve import RETRY_AFTER_S
from connector.pages.render import page
from connector.problem import problem
from connector.session.role import Role
from connector.store import StoreError
from mappings.call import Disposition
from oauth.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.api.access import Doors
    from connector.install.service import Installs
    from connector.locations import LocationBook
    from connector.pages.live import Live, Page, Told
    from connector.session.sign_in import SignIn
    from connector.session.tokens import Session, Sessions

log = structlog.get_logger()

EVENTS: Final = "events"
"""What tickets for the stream of calls are for."""
_STATIC: Final = {"js": "text/javascript", "css": "text/css"}
_LONGEST_BODY: Final = 16 * 1024
_SIGNED_OUT: Final = (
    "This session is over. Nothing was read or changed. The page signs in again by itself; if not, load it again."
)


@dataclass(slots=True, kw_only=True)
class Pages:
    """What the pages stand on."""

    sign_in: SignIn
    sessions: Sessions
    live: Live
    doors: Doors
    locations: LocationBook
    installs: Installs | None
    frame_hosts: tuple[str, ...]
    """Who may show the pages in a frame; none: any https host."""
    trust_proxy: bool
    ping_s: float = 15.0
    """How often a stream says that it is alive, and looks whether its session still is."""

    @property
    def csp(self) -> str:
        """Scripts and styles of our own host only, in frames of the CRM's hosts only."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; "
            "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'; "
            f"frame-ancestors {' '.join(self.frame_hosts) or 'https:'}"
        )

    def address(self, request: web.Request) -> str:
        """Whose request it is, for counting: the address that reached us, or the nearest proxy's."""
        forwarded = request.headers.get("X-Forwarded-For", "") if self.trust_proxy else ""
        return forwarded.rpartition(",")[2].strip() or request.remote or ""

    async def session(self, request: web.Request) -> Session:
        """Who asks.

        Raises:
            Refusal: 401, nobody who is signed in.
        """
        found = await self.sessions.opened(request.headers.get("Authorization", "").removeprefix("Bearer "))
        if found is None:
            raise Refusal(401, "Signed out", _SIGNED_OUT)
        return found


def routes(pages: Pages) -> list[web.AbstractRouteDef]:
    """The routes under /app."""

    def of(handler: Callable[[Pages, web.Request], Awaitable[web.StreamResponse]]) -> Callable[..., Any]:
        async def answer(request: web.Request) -> web.StreamResponse:
            return await _answered(handler, pages, request)

        return answer

    return [
        web.get("/app", of(_home)),
        web.get("/app/wrapup", of(_wrapup)),
        web.get("/app/static/{name:[a-z-]{1,40}\\.(?:js|css)}", of(_static)),
        web.post("/app/session", of(_open)),
        web.post("/app/ticket", of(_ticket)),
        web.get("/app/events", of(_events), allow_head=False),
        web.post("/app/connection", of(_connection)),
    ]


async def _answered(
    handler: Callable[[Pages, web.Request], Awaitable[web.StreamResponse]], pages: Pages, request: web.Request
) -> web.StreamResponse:
    try:
        return await handler(pages, request)
    except Refusal as refused:
        return problem(refused.status, refused.title, refused.detail, retry_after_s=refused.retry_after_s)
    except StoreError as error:
        log.error("a page could not be served", why=str(error), path=request.path)
        return problem(
            503,
            "Cannot answer",
            "The database cannot be used just now. Nothing was changed: try again.",
            retry_after_s=RETRY_AFTER_S,
        )


async def _home(pages: Pages, _request: web.Request) -> web.StreamResponse:
    return page("app", csp=pages.csp, trouble=pages.sign_in.trouble)


async def _wrapup(pages: Pages, _request: web.Request) -> web.StreamResponse:
    return page("wrapup", csp=pages.csp, trouble=pages.sign_in.trouble)


async def _static(_pages: Pages, request: web.Request) -> web.StreamResponse:
    name = request.match_info["name"]
    content = _files().get(name)
    if content is None:
        raise web.HTTPNotFound
    body, tag = content
    answer = web.Response(headers={"X-Content-Type-Options": "nosniff", "Cache-Control": "no-cache"})
    answer.etag = tag
    if any(one.value == tag for one in request.if_none_match or ()):
        answer.set_status(304)
        return answer
    answer.body = body
    answer.content_type = _STATIC[name.rpartition(".")[2]]
    answer.charset = "utf-8"
    return answer


@cache
def _files() -> dict[str, tuple[bytes, str]]:
    """The modules and the sheet of the pages, each with its digest."""
    found = [one for one in files("connector.pages").joinpath("static").iterdir() if one.name[-3:] in (".js", "css")]
    read = {one.name: one.read_bytes() for one in found}
    return {name: (content, blake2b(content, digest_size=12).hexdigest()) for name, content in read.items()}


async def _open(pages: Pages, request: web.Request) -> web.StreamResponse:
    payload = (await _body(request)).get("payload")
    if not isinstance(payload, str):
        raise Refusal(400, "Bad request", "The body has no payload of the CRM's. Nothing was opened.")
    session = await pages.sign_in.open(payload, address=pages.address(request))
    return _json(
        {
            "token": pages.sessions.issue(session),
            "until": session.until_ms,
            "user": session.user,
            "name": session.name or session.email or session.user,
            "role": session.role.value,
            "location": session.location,
            "company": session.company,
            "desk": await _desk(pages, session.location),
        }
    )


async def _desk(pages: Pages, location: str | None) -> dict[str, Any] | None:
    """What the form offers in a sub-account."""
    found = await pages.locations.get(location) if location else None
    if found is None:
        return None
    words = found.config.words
    return {
        "dispositions": [words.name(one) for one in Disposition],
        "workflows": sorted(found.config.workflows),
        "review_after_s": found.config.review_after_s,
        "trouble": await pages.sessions.trouble(found.id),
    }


async def _ticket(pages: Pages, request: web.Request) -> web.StreamResponse:
    session = await pages.session(request)
    location = await _theirs(pages, request, session, (await _body(request)).get("location"))
    return _json({"ticket": pages.sessions.ticket(session, EVENTS, location)})


async def _connection(pages: Pages, request: web.Request) -> web.StreamResponse:
    """The trunk's address and secret, for an admin."""
    session = await pages.session(request)
    location = await _theirs(pages, request, session, (await _body(request)).get("location"))
    if session.role is not Role.ADMIN:
        raise Refusal(403, "Forbidden", "Only admins see the phone provider's secret. Nothing was shown.")
    if pages.installs is None:
        raise Refusal(503, "Not set up", "Installing is not set up on this Ringback. Nothing was shown.")
    try:
        connection = await pages.installs.reveal(location)
    except VaultError:
        raise Refusal(
            503,
            "Cannot answer",
            "The secret was sealed with another key. It is not lost: tell whoever runs this Ringback.",
        ) from None
    log.info("trunk secret shown", location=location, user=session.user)
    if connection is None:
        raise NotFoundError(f"There is no sub-account {location} that this session may see.")
    return _json({"location": location, "url": connection.url, "secret": connection.secret})


async def _theirs(pages: Pages, request: web.Request, session: Session, asked: Any) -> str:
    """The sub-account that is asked for, the session's own where none is.

    Raises:
        Refusal: 404, it is a neighbour's; 400, it is not said which one; 429, too often.
    """
    location = session.location if asked is None else asked
    if not isinstance(location, str) or not location:
        raise Refusal(400, "Bad request", "It is not said which sub-account is meant. Nothing was read or changed.")
    caller = await pages.doors.caller(request.headers.get("Authorization", ""))
    await caller.may_see(location, f"There is no sub-account {location} that this session may see.")
    return location


async def _events(pages: Pages, request: web.Request) -> web.StreamResponse:
    found = await pages.sessions.redeem(request.query.get("ticket", ""), EVENTS)
    if found is None:
        raise Refusal(401, "Signed out", _SIGNED_OUT)
    session, location = found
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "X-Content-Type-Options": "nosniff"}
    answer = web.StreamResponse(headers=headers)
    answer.content_type = "text/event-stream"
    with pages.live.listening(location, session) as listener:
        await answer.prepare(request)
        try:
            await answer.write(b": hello\n\n")
            await _stream(pages, session, listener, answer)
        except (ConnectionError, StoreError) as error:  # nobody reads any more, or nobody knows who does
            log.debug("a stream ended", location=location, why=str(error))
    return answer


async def _stream(pages: Pages, session: Session, listener: Page, answer: web.StreamResponse) -> None:
    while True:
        try:
            async with asyncio.timeout(pages.ping_s):
                told = await listener.next()
        except TimeoutError:
            if not await pages.sessions.stands(session):
                return
            await answer.write(b": still here\n\n")
            continue
        if told is None:
            return
        await answer.write(_event(told))


def _event(told: Told) -> bytes:
    """As an event of a stream: https://html.spec.whatwg.org/multipage/server-sent-events.html."""
    return b"event: %s\ndata: %s\n\n" % (told.kind.encode(), orjson.dumps(told.data))


async def _body(request: web.Request) -> dict[str, Any]:
    if request.content_type != "application/json":
        # A form of another site's cannot send this type without asking first (CORS), and we never say yes.
        raise Refusal(415, "Unsupported media type", "The body must be application/json. Nothing was changed.")
    raw = await request.read()
    if len(raw) > _LONGEST_BODY:
        raise Refusal(413, "Too large", "The body is larger than any of a page of ours. Nothing was changed.")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise Refusal(400, "Bad request", "The body is no JSON object. Nothing was changed.")
    return body


def _json(value: dict[str, Any]) -> web.Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return web.Response(body=orjson.dumps(value), content_type="application/json", headers=headers)
