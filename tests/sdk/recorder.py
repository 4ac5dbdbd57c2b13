"""The sandbox, and what it was sent: one request as one value that can be compared."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
from aiohttp import web

from connector.sandbox.app import make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from connector.sandbox.state import Sandbox

NONE = "none"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it arrived, and the status that the sandbox answered with. What is not there is "none"."""

    method: str
    path: str
    query: Mapping[str, str]
    version: str
    authorization: str
    content_type: str
    body: Mapping[str, Any]
    status: int

    def named(self, secrets: Mapping[str, str]) -> Sent:
        """The same, each of these values replaced by what it is: two clients never have the same ones."""
        told = {
            name: secrets.get(value, value) if isinstance(value, str) else value for name, value in self.body.items()
        }
        scheme, _, token = self.authorization.partition(" ")
        return replace(self, body=told, authorization=f"{scheme} {secrets.get(token, token)}".strip())

    def parts(self) -> dict[str, str]:
        """All of it but the status as texts, a field of query or body for itself."""
        whole = {name: getattr(self, name) for name in ("method", "path", "version", "authorization", "content_type")}
        query = {f"query.{name}": value for name, value in self.query.items()}
        return whole | query | {f"body.{name}": _text(value) for name, value in self.body.items()}


def differences(theirs: Sent, ours: Sent) -> dict[str, tuple[str, str]]:
    """By the part that differs: what they sent, what we sent."""
    left, right = theirs.parts(), ours.parts()
    both = {name: (left.get(name, NONE), right.get(name, NONE)) for name in sorted(left.keys() | right.keys())}
    return {name: (one, other) for name, (one, other) in both.items() if one != other}


@contextlib.asynccontextmanager
async def recording(sandbox: Sandbox) -> AsyncIterator[tuple[str, list[Sent]]]:
    """The sandbox's address, and what arrives there."""
    sent: list[Sent] = []

    @web.middleware
    async def record(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        raw = await request.read()
        answer = await handler(request)
        if not request.path.startswith("/_sandbox/"):
            sent.append(_sent(request, raw, answer.status))
        return answer

    app = make_app(sandbox)
    app.middlewares.insert(0, record)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    finally:
        await runner.cleanup()


def _sent(request: web.Request, raw: bytes, status: int) -> Sent:
    headers = request.headers
    form = headers.get("Content-Type", NONE).partition(";")[0]
    return Sent(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        version=headers.get("Version", NONE),
        authorization=headers.get("Authorization", NONE),
        content_type=form,
        body=_body(raw, form),
        status=status,
    )


def _body(raw: bytes, form: str) -> dict[str, Any]:
    if not raw:
        return {}
    if form == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    value = orjson.loads(raw)
    return value if isinstance(value, dict) else {"": value}


def _text(value: object) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
