"""The CRM's token endpoint: codes, refreshes and minting, over the transport of all other requests."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, TypeVar

from connector.crm.errors import CrmError, NotSentError, ThrottledError
from connector.crm.model import Request, Response
from connector.crm.verdict import classify
from oauth.grant import (
    authorization_code,
    decode_installed,
    decode_minted,
    decode_refreshed,
    location_token,
    refresh,
)
from oauth.installed import InstalledPage, decode_page, installed_path
from oauth.refusal import LaterError, MalformedGrantError, RefusedGrantError, is_later, is_success, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from connector.crm.seam import Transport
    from oauth.grant import Client, Grant, TokenRequest
    from oauth.standing import Kind

    OnTokenRequest: TypeAlias = Callable[[Request, int | None], None]
    """`(request, status or None)`, called once for each request that was tried."""

T = TypeVar("T")

TIMEOUT_S: Final = 8.0
"""Short, so that a refresh whose answer was lost can be repeated while the CRM still repeats that answer (30 s)."""
_FORM: Final = "application/x-www-form-urlencoded"


class TokenDownError(LaterError, NotSentError):
    """No token can be had now: the CRM's token endpoint gave no answer that can be used. Nothing else was sent."""

    def __init__(self, message: str | None = None, *, status: int | None = None) -> None:
        NotSentError.__init__(self, message, status=status)


class TokenThrottledError(LaterError, ThrottledError):
    """No token can be had now: the CRM's token endpoint asks to slow down. Nothing else was sent."""

    def __init__(self, message: str | None = None, *, retry_after_s: float) -> None:
        ThrottledError.__init__(self, message, retry_after_s=retry_after_s, status=429)
        self.wait_s = retry_after_s


def _unheard(_request: Request, _status: int | None) -> None:
    """Nobody listens."""


class TokenEndpoint:
    """Asks for grants, once each. Raises `GrantError`s only; those to try again later are `CrmError`s as well.

    Args:
        transport: To the CRM's API.
        client: Our app's credentials.
        now_ms: The time.
        on_request: Is told of each request.
        timeout_s: How long one may take.
    """

    def __init__(
        self,
        transport: Transport,
        client: Client,
        *,
        now_ms: Callable[[], int],
        on_request: OnTokenRequest = _unheard,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._transport = transport
        self._client = client
        self._now_ms = now_ms
        self._on_request = on_request
        self._timeout_s = timeout_s

    async def exchange(self, code: str, *, redirect_uri: str | None = None, kind: Kind | None = None) -> Grant:
        """The grant for a code that an admin's browser brought."""
        now_ms = self._now_ms()
        body = await self._post(authorization_code(self._client, code, redirect_uri=redirect_uri, kind=kind))
        return _readable(lambda: decode_installed(body, now_ms=now_ms))

    async def refresh(self, before: Grant) -> Grant:
        """The next grant for one that has a refresh token; the CRM answers the same again for 30 s."""
        if before.refresh_token is None:
            raise RefusedGrantError("this grant has no refresh token")
        now_ms = self._now_ms()
        body = await self._post(refresh(self._client, before.refresh_token, kind=before.kind))
        return _readable(lambda: decode_refreshed(body, before=before, now_ms=now_ms))

    async def location_token(self, company_id: str, location_id: str, *, token: str) -> Grant:
        """A sub-account's grant, minted with its agency's access token.

        Raises:
            RefusedGrantError: with status 401 where it is the agency's token that was not accepted.
        """
        now_ms = self._now_ms()
        body = await self._post(location_token(company_id, location_id, v3=self._client.v3), token=token)
        return _readable(lambda: decode_minted(body, company_id=company_id, location_id=location_id, now_ms=now_ms))

    async def installed_locations(
        self, company_id: str, *, token: str, after: str | None = None, limit: int = 100
    ) -> InstalledPage:
        """The sub-accounts for which an agency installed us, a page at a time (`after`: the last page's `next`)."""
        app_id = self._client.client_id.partition("-")[0]
        path, version = installed_path(company_id, app_id, after=after, limit=limit, v3=self._client.v3)
        body = await self._send(Request("installed_locations", "GET", path, version), token=token)
        return _readable(lambda: decode_page(body, after=after, limit=limit))

    async def _post(self, asked: TokenRequest, *, token: str = "") -> bytes:
        request = Request(asked.verb, "POST", asked.path, asked.version or "", asked.body, content_type=_FORM)
        return await self._send(request, token=token, hide=(*asked.secrets, token))

    async def _send(self, request: Request, *, token: str, hide: tuple[str, ...] = ()) -> bytes:
        """The body of a success.

        Raises:
            GrantError: it was none.
        """
        response = await self._answer(request, token)
        if is_success(response.status):
            return response.body
        if is_later(response.status):
            raise _later(request, response)
        raise refusal(response.status, response.body, hide=hide)

    async def _answer(self, request: Request, token: str) -> Response:
        status = None
        try:
            async with asyncio.timeout(self._timeout_s):
                response = await self._transport.send(request, token=token)
            status = response.status
        except CrmError as error:
            raise TokenDownError(f"no token now: {error}") from error
        except TimeoutError as error:
            raise TokenDownError(f"no token now: {request.verb}: no answer in {self._timeout_s:g} s") from error
        finally:
            self._on_request(request, status)
        return response


def _later(request: Request, response: Response) -> TokenDownError | TokenThrottledError:
    """What the verdict on any other request of the CRM would be, as trouble of the token's."""
    try:
        classify(request, response, now_s=time.time())
    except ThrottledError as slow:
        return TokenThrottledError(f"no token now: {slow}", retry_after_s=slow.retry_after_s)
    except CrmError as error:
        return TokenDownError(f"no token now: {error}", status=response.status)
    return TokenDownError(f"no token now: {request.verb}: {response.status}", status=response.status)


def _readable(decode: Callable[[], T]) -> T:
    """What `decode` makes of the answer; what cannot be read may be another time."""
    try:
        return decode()
    except MalformedGrantError as error:
        raise TokenDownError(f"no token now: {error}") from error
