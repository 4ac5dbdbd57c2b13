"""Sends a request to the CRM with aiohttp, which tells "never sent" from "sent, no answer"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    InvalidURL,
    TCPConnector,
)
from yarl import URL

from connector.crm.errors import InDoubtError, NotSentError
from connector.crm.model import Response

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from connector.crm.model import Request

_LARGEST_ANSWER: Final = 4 * 1024 * 1024


class AiohttpTransport:
    """A `Transport` (seam.py) to `base_url`. Make it inside a running loop; `close()` it at the end.

    `timeout_s` bounds a whole request, half of it the way to a connection: the wait for a free one, DNS, TCP,
    TLS. So a time-out on that way is always told from one after sending. Connections are kept and reused, at
    most `connections` at once. aiohttp itself sends a GET, PUT or DELETE once more when a kept connection
    turns out to be closed.
    """

    def __init__(
        self,
        base_url: str,
        *,
        timeout_s: float = 10.0,
        connections: int = 100,
        largest_answer: int = _LARGEST_ANSWER,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._largest_answer = largest_answer
        self._session = ClientSession(
            connector=TCPConnector(limit=connections),
            timeout=ClientTimeout(total=timeout_s, connect=timeout_s / 2),
            cookie_jar=DummyCookieJar(),  # one session serves all sub-accounts
            headers={"Accept": "application/json", "User-Agent": "Ringback"},
        )

    async def send(self, request: Request, *, token: str) -> Response:
        """The answer, whatever its status; redirects are not followed.

        Raises:
            NotSentError: no connection (refused, no such name, TLS, time-out on the way to one).
            InDoubtError: sent, and the answer did not come, broke off, was no HTTP or was too large.
        """
        try:
            async with self._session.request(
                request.method,
                # Escaped already: aiohttp's own escaping would leave "+" as it is, or escape twice.
                URL(self._base_url + request.path, encoded=True),
                data=request.body,
                headers=_headers(request, token),
                allow_redirects=False,
            ) as answer:
                return Response(answer.status, answer.headers, await self._body(answer))
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            raise NotSentError(f"{request.verb}: the CRM could not be reached ({_reason(error)})") from error
        except (ClientError, TimeoutError, OSError) as error:
            raise InDoubtError(f"{request.verb}: sent, but no answer came ({_reason(error)})") from error

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def _body(self, answer: ClientResponse) -> bytes:
        announced = answer.content_length
        if announced is not None and announced <= self._largest_answer and "Content-Encoding" not in answer.headers:
            return await answer.read()  # the usual answer: it cannot grow too large
        body = b""
        async for chunk in answer.content.iter_any():
            body += chunk
            if len(body) > self._largest_answer:
                raise InDoubtError(f"the CRM's answer is larger than {self._largest_answer} bytes")
        return body


def _headers(request: Request, token: str) -> dict[str, str]:
    headers = {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if request.version:
        headers["Version"] = request.version
    if request.body is not None:
        headers["Content-Type"] = request.content_type
    return headers


def _reason(error: Exception) -> str:
    """The error's class and the system's words: other texts may hold the URL, and with it a phone number."""
    cause = getattr(error, "os_error", None)
    words = getattr(cause, "strerror", None)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__
