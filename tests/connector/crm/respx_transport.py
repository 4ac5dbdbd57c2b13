"""A test-only transport: respx answers on the client's own seam; an unexpected request fails the test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from connector.crm.errors import InDoubtError, NotSentError
from connector.crm.model import Response

if TYPE_CHECKING:
    import respx

    from connector.crm.model import Request

BASE_URL = "https://crm.test"


class RespxTransport:
    """Hands each request to the router; httpx errors that a route raises become the seam's."""

    def __init__(self, router: respx.MockRouter) -> None:
        self._router = router

    async def send(self, request: Request, *, token: str) -> Response:
        try:
            answer = await self._router.async_handler(
                httpx.Request(
                    request.method,
                    BASE_URL + request.path,
                    headers={"Authorization": f"Bearer {token}", "Version": request.version},
                    content=request.body,
                )
            )
        except httpx.ConnectError as error:
            raise NotSentError from error
        except httpx.TransportError as error:
            raise InDoubtError from error
        return Response(answer.status_code, answer.headers, await answer.aread())
