"""A client over respx, with a fixed token, no pace of its own and a clock that only its sleeps move."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import respx
from tenacity.wait import wait_fixed

from connector.crm.client import Crm
from connector.crm.pace import Pace
from tests.connector.crm.clock import Clock
from tests.connector.crm.respx_transport import BASE_URL, RespxTransport
from tests.connector.crm.side import side_by_side

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from connector.crm.model import Request
    from tests.connector.crm.side import Side

TOKEN = "pit-not-a-real-token"


class Tokens:
    """The same token for every sub-account but those without one."""

    async def access_token(self, location: str) -> str:
        if location == "without-token":
            raise LookupError(location)
        return TOKEN

    async def newer_than(self, location: str, token: str) -> str | None:
        del location, token
        return None


class Heard:
    """What the client told its `on_request` hook."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, int | None]] = []

    def __call__(self, location: str, request: Request, status: int | None, seconds: float) -> None:
        assert seconds >= 0
        self.requests.append((location, request.verb, status))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def router() -> Iterator[respx.MockRouter]:
    """Routes of this test; each of them must be used."""
    router = respx.MockRouter(using=None, base_url=BASE_URL, assert_all_called=True)
    yield router
    router.assert_all_called()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(None, clock=clock, sleep=clock.sleep)


@pytest.fixture
def crm(router: respx.MockRouter, clock: Clock, pace: Pace, heard: Heard) -> Crm:
    return Crm(
        RespxTransport(router),
        Tokens(),
        pace,
        on_request=heard,
        wait=wait_fixed(0.5),
        sleep=clock.sleep,
        clock=clock,
        now_s=lambda: 1_700_000_000.0,
    )


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    async with side_by_side() as side:
        yield side
