"""The client and the sandbox it speaks to, over a real socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from connector.crm.client import Crm
from connector.crm.pace import Pace
from connector.crm.transport import AiohttpTransport
from connector.sandbox.seed import user, workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from connector.sandbox.state import Location

LOC, PHONE, WORKFLOW = "LocationOne", "+14155550111", "wf-1"


class Tokens:
    """The same token for whoever asks."""

    def __init__(self) -> None:
        self.token = "pit-one"

    async def access_token(self, location: str) -> str:
        del location
        return self.token

    async def newer_than(self, location: str, token: str) -> str | None:
        del location, token
        return None


class Side:
    """A client, its token, and the CRM it speaks to."""

    def __init__(self, crm: Crm, tokens: Tokens, sandbox: Sandbox, url: str) -> None:
        self.crm = crm
        self.tokens = tokens
        self.sandbox = sandbox
        self.url = url

    @property
    def location(self) -> Location:
        """The sandbox's own view of the sub-account."""
        return self.sandbox.locations[LOC]


@asynccontextmanager
async def side_by_side() -> AsyncIterator[Side]:
    sandbox = Sandbox(rate="100/10s", search_lag_ms=0)
    sandbox.register(
        LOC,
        name="One",
        timezone="America/Chicago",
        workflows=[workflow(LOC, WORKFLOW, "SMS", "published", sandbox.now())],
        users=[user(LOC, f"user-{n}", f"Agent {n}", phone=f"+1305555{n:04d}", extension=str(n)) for n in range(101)],
    )
    sandbox.grant("pit-one", LOC)
    async with serving(sandbox) as url:
        transport, tokens = AiohttpTransport(url, timeout_s=2), Tokens()
        yield Side(Crm(transport, tokens, Pace(None), crm_url=url), tokens, sandbox, url)
        await transport.close()
