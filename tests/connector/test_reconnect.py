"""A sub-account whose grant is refused or paused waits with that reason; a reconnect resumes it at once."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest_asyncio

from connector.app import Service, build
from connector.clock import now_ms
from connector.crm.tokens import TokenEndpoint
from connector.intake import new_event
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.settings import Settings
from connector.store import State
from connector.store.sqlite import SqliteStore
from mappings.call import Call
from mappings.settle import settle
from oauth.grant import Client
from oauth.standing import Kind

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

CALLBACK = "http://127.0.0.1:8123/oauth/callback"


@dataclass
class Office:
    """A service whose rounds are made by hand, and the marketplace."""

    service: Service
    sandbox: Sandbox

    async def connect(self) -> None:
        code = self.sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=["L1"])
        client = Client(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET)
        grant = await TokenEndpoint(self.service.transport, client, now_ms=now_ms).exchange(code)
        assert isinstance(self.service.store, SqliteStore)
        row = await self.service.store.grants.get(Kind.LOCATION, "L1")
        assert await self.service.keeper.keep(grant, expected=row.version if row else 0)

    async def call(self, call_id: str) -> None:
        location = await self.service.locations.get("L1")
        assert location is not None
        ended_ms = now_ms() - 1000
        call = Call(
            trunk="generic",
            call_id=call_id,
            direction="outbound",
            from_="+14155550100",
            to="+14155550111",
            start_ms=ended_ms - 20_000,
            end_ms=ended_ms,
            answered=False,
            q850=19,
        )
        await self.service.store.record([new_event(location, settle(call, received_ms=now_ms()), now_ms())])

    async def round(self) -> None:
        """What the running service does all the time."""
        while await self.service.worker.claim():
            await self.service.worker.settle()
        await self.service.watch.look()

    async def states(self) -> list[tuple[State, str | None]]:
        return [(row.state, row.reason) for row in await self.service.store.list_deliveries()]

    def metric(self, name: str) -> str:
        lines = self.service.metrics.text().decode().splitlines()
        return next(line.rpartition(" ")[2] for line in lines if line.startswith(name))


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Office]:
    sandbox = Sandbox(rate="off")
    furnish(sandbox, "L1", token="pit-L1")
    async with serving(sandbox) as crm:
        settings = Settings(
            database_url=f"sqlite:///{folder / 'ringback.db'}",
            crm_url=crm,
            client_id=DEFAULT_CLIENT_ID,
            client_secret=DEFAULT_CLIENT_SECRET,
            public_url="http://127.0.0.1:8123",
        )
        service = await build(settings)
        document = orjson.dumps({"trunks": {}})
        await service.store.put_location("L1", document=document, secrets={}, now_ms=now_ms())
        try:
            yield Office(service, sandbox)
        finally:
            await service.worker.drain(5)
            await service.keeper.settle()
            await service.transport.close()
            await service.store.close()


@pytest_asyncio.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Connected, and one call delivered."""
    async with opened(tmp_path) as made:
        await made.connect()
        await made.call("c1")
        await made.round()
        assert [state for state, _ in await made.states()] == [State.DONE]
        yield made


async def test_a_refused_grant_pauses_the_deliveries_with_its_reason(office: Office) -> None:
    office.sandbox.market.revoke(DEFAULT_CLIENT_ID, location="L1")
    await office.call("c2")
    await office.round()
    _, (state, reason) = await office.states()
    assert state is State.WAITING
    assert "connect it again" in str(reason)
    assert (await office.service.store.pauses())["L1"].reason == reason
    assert office.metric('ringback_grants{standing="needs_reconnect"}') == "1.0"


async def test_a_reconnect_resumes_them_at_once(office: Office) -> None:
    office.sandbox.market.revoke(DEFAULT_CLIENT_ID, location="L1")
    await office.call("c2")
    await office.round()
    await office.connect()
    await office.round()
    assert [state for state, _ in await office.states()] == [State.DONE, State.DONE]
    assert office.metric('ringback_grants{standing="active"}') == "1.0"
    assert office.metric('ringback_grants{standing="needs_reconnect"}') == "0.0"


async def test_a_suspended_sub_account_waits_and_is_not_forgotten(office: Office) -> None:
    office.sandbox.market.expire()
    office.sandbox.locations["L1"].active = False
    await office.call("c2")
    await office.round()
    _, (state, reason) = await office.states()
    assert state is State.WAITING
    assert "not active" in str(reason)
    assert office.metric('ringback_grants{standing="paused"}') == "1.0"


async def test_an_expired_token_costs_a_refresh_and_no_delay(office: Office) -> None:
    office.sandbox.market.expire()
    await office.call("c2")
    await office.round()
    assert [state for state, _ in await office.states()] == [State.DONE, State.DONE]
    assert office.sandbox.market.counts["refreshes"] == 1
