"""How any request of a sub-account is made: token, turn, request, verdict; and what is tried again here."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final

from tenacity import AsyncRetrying, retry_if_exception, stop_after_attempt, stop_before_delay
from tenacity.wait import wait_random_exponential

from connector.crm.errors import InDoubtError, NotSentError, ThrottledError, UnauthorizedError
from connector.crm.triggers import CRM_URL
from connector.crm.verdict import classify, limits

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import TypeAlias

    from tenacity.wait import WaitBaseT

    from connector.crm.model import Request, Response
    from connector.crm.pace import Pace
    from connector.crm.seam import Tokens, Transport

    OnRequest: TypeAlias = Callable[[str, Request, int | None, float], None]
    """`(location, request, status or None, seconds)`, called once for each request that was tried."""
    OnTags: TypeAlias = Callable[[str, str, tuple[str, ...]], Awaitable[None]]
    """`(location, contact id, tags)`, called before tags are put on; without tags, before some are taken off."""

_ATTEMPTS: Final = 3
_BUMP_S: Final = 3.0
"""Longer trouble than this is no bump: it becomes a stored due time."""
_WAIT: Final = wait_random_exponential(multiplier=0.25, max=1.5)


def _unheard(_location: str, _request: Request, _status: int | None, _seconds: float) -> None:
    """Nobody listens."""


async def _unnoted(_location: str, _contact_id: str, _tags: tuple[str, ...]) -> None:
    """Nobody listens."""


class Asking:
    """Asks the CRM. Raises `CrmError`s, and what the token's keeper raises.

    A bump (never sent; or in doubt and repeatable) is tried again here, three times and three seconds in all.
    A write in doubt that is not repeatable is never repeated here: read back first.
    """

    def __init__(
        self,
        transport: Transport,
        tokens: Tokens,
        pace: Pace,
        *,
        crm_url: str = CRM_URL,
        on_request: OnRequest = _unheard,
        on_tags: OnTags = _unnoted,
        wait: WaitBaseT = _WAIT,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._tokens = tokens
        self._pace = pace
        self._crm_url = crm_url
        self._on_request = on_request
        self._on_tags = on_tags
        self._wait = wait
        self._sleep = sleep
        self._clock = clock
        self._now_s = now_s
        self._troubled: set[str] = set()

    async def _ask(self, location: str, request: Request) -> Response:
        """A successful answer. A token that the CRM does not accept any more is replaced, once for each request."""
        token = await self._tokens.access_token(location)
        try:
            return await self._with(token, location, request)
        except UnauthorizedError as refused:
            # Its kinds (a missing scope, another sub-account's token) are mended by a person, not by a newer token.
            newer = await self._tokens.newer_than(location, token) if type(refused) is UnauthorizedError else None
            if newer is None:
                raise
        return await self._with(newer, location, request)

    async def _with(self, token: str, location: str, request: Request) -> Response:
        """A successful answer; tenacity is woken only by a bump (it costs 28 us a call, measured)."""
        began = self._clock()
        try:
            response = await self._once(token, location, request)
        except (NotSentError, InDoubtError) as bump:
            left_s = _BUMP_S - (self._clock() - began)
            # Where nothing has come through since the last bump it is no bump: ask once, and leave it to the schedule.
            longer = location in self._troubled
            self._troubled.add(location)
            if longer or left_s <= 0 or not _is_bump(bump, request):
                raise
            response = await self._again(token, location, request, bump, left_s)
        if self._troubled:
            self._troubled.discard(location)
        return response

    async def _again(self, token: str, location: str, request: Request, bump: Exception, left_s: float) -> Response:
        """Try on after the first failure, which tenacity is shown as its own first attempt."""
        failed = [bump]

        async def attempt() -> Response:
            if failed:
                raise failed.pop()
            return await self._once(token, location, request)

        return await AsyncRetrying(
            stop=stop_after_attempt(_ATTEMPTS) | stop_before_delay(left_s),
            wait=self._wait,
            sleep=self._sleep,
            retry=retry_if_exception(lambda error: _is_bump(error, request)),
            reraise=True,
        )(attempt)

    async def _once(self, token: str, location: str, request: Request) -> Response:
        await self._pace.turn(location, request.verb)
        try:
            response = await self._send(location, request, token)
        finally:
            self._pace.ended(location)
        self._pace.learn(location, limits(response.headers))
        try:
            classify(request, response, now_s=self._now_s())
        except ThrottledError as slow:
            self._pace.hold(location, slow.retry_after_s)
            raise
        return response

    async def _send(self, location: str, request: Request, token: str) -> Response:
        status = None
        began = self._clock()
        try:
            response = await self._transport.send(request, token=token)
            status = response.status
        finally:
            self._on_request(location, request, status, self._clock() - began)
        return response


def _is_bump(error: BaseException, request: Request) -> bool:
    return isinstance(error, NotSentError) or (request.repeatable and isinstance(error, InDoubtError))
