"""Errors over HTTP as `application/problem+json` (RFC 9457)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohttp.typedefs import Handler


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    retry_after_s: int | None = None,
    fields: Sequence[tuple[str, str]] = (),
) -> web.Response:
    """An error answer: `title` names the kind, `detail` says what happened, what it means, and what to do.

    `fields` are what is wrong where: (path, message) pairs, shown as `errors`.
    """
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    if status == web.HTTPUnauthorized.status_code:
        headers["WWW-Authenticate"] = 'Basic realm="calls", Bearer'
    told: dict[str, object] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if fields:
        told["errors"] = [{"path": path, "message": message} for path, message in fields]
    body = orjson.dumps(told)
    return web.Response(status=status, headers=headers, body=body, content_type="application/problem+json")


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turns aiohttp's own refusals (404, 405, 413, a body that cannot be unpacked) into problem documents."""
    try:
        return await handler(request)
    except web.RequestPayloadError:
        return problem(400, "Bad transfer", "The body cannot be unpacked as its headers say. Nothing of it was kept.")
    except web.HTTPException as error:
        if error.status < web.HTTPBadRequest.status_code:
            raise
        answer = problem(error.status, error.reason, _DETAIL.get(error.status, error.reason))
        if "Allow" in error.headers:
            answer.headers["Allow"] = error.headers["Allow"]
        return answer


_DETAIL = {
    404: "There is nothing at this address. Call events go to /hooks/{sub-account}/{trunk}.",
    405: "This address does not take this method. Call events are sent with POST.",
    413: "The body is larger than this installation takes (RINGBACK_BODY_LIMIT). Nothing of it was kept.",
}
