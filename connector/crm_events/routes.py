"""`POST /crm/events`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import web

from connector.crm_events.verify import HEADER
from connector.problem import problem

if TYPE_CHECKING:
    from connector.crm_events.intake import EventIntake

PATH: Final = "/crm/events"
LIMIT: Final = 320 * 1024
"""Bytes of a body: the CRM cuts its payloads at 256 kB, and this is a quarter more."""


def routes(intake: EventIntake) -> list[web.AbstractRouteDef]:
    """The route."""

    async def event(request: web.Request) -> web.StreamResponse:
        try:
            body = await _body(request)
        except web.RequestPayloadError:
            return problem(
                400, "Bad transfer", "The body cannot be unpacked as its headers say. Nothing of it was kept."
            )
        if body is None:
            return problem(413, "Too large", f"An event of the CRM has at most {LIMIT} bytes. Nothing of it was kept.")
        signatures = request.headers.getall(HEADER, [])
        return await intake.answer(", ".join(signatures) if signatures else None, body)

    return [web.post(PATH, event)]


async def _body(request: web.Request) -> bytes | None:
    """The raw body; None if it is larger than LIMIT, whatever RINGBACK_BODY_LIMIT allows trunks."""
    if (request.content_length or 0) > LIMIT:
        return None
    body = bytearray()
    async for piece in request.content.iter_any():
        body += piece
        if len(body) > LIMIT:
            return None
    return bytes(body)
