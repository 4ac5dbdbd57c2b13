"""The whole connector hears a real sandbox on loopback: it installs, people work there, our own echo comes back."""

from __future__ import annotations

import asyncio
import dataclasses
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest_asyncio
from aiohttp import ClientSession
from pydantic import SecretStr

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.store import State
from connector.store.inbox import EventState
from connector.store.sqlite import SqliteStore
from oauth.standing import Kind, Standing
from tests.connector.door import Door, open_door, payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ADA = "+14155550111"
REDIRECT = "http://127.0.0.1:8080/oauth/callback"


@dataclasses.dataclass
class Town:
    """A sandbox whose app tells the connector everything, and twice."""

    sandbox: Sandbox
    door: Door
    url: str

    @property
    def database(self) -> SqliteStore:
        store = self.door.service.store
        assert isinstance(store, SqliteStore)
        return store

    async def install(self) -> None:
        """As from the marketplace: the event comes before the browser does."""
        code = self.sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=REDIRECT, locations=["LOC"])
        await self.heard()
        async with self.door.client.get("/oauth/callback", params={"code": code}) as answer:
            assert answer.status == 200, await answer.text()

    async def standing(self) -> Standing | None:
        row = await self.database.grants.get(Kind.LOCATION, "LOC")
        return None if row is None else row.standing

    async def heard(self) -> list[tuple[str, str]]:
        """How each event ended, by type, once nothing is under way."""
        await self.sandbox.market.outbox.settled()
        async with asyncio.timeout(20):
            while (await self.database.inbox.counts())[EventState.WAITING]:
                await self.door.service.crm_events.worker.work()
        return [(row.type, row.state.value) for row in await self.database.inbox.page(limit=1000)]

    async def delivered(self) -> None:
        """Wait until no call is under way."""
        async with asyncio.timeout(20):
            while await self.database.list_deliveries(state=State.WAITING):
                await self.door.service.worker.settle()

    async def write(self, path: str, **fields: Any) -> dict[str, Any]:
        """Somebody else writes to the CRM."""
        headers = {"Authorization": "Bearer pit-LOC", "Version": "2021-07-28"}
        async with ClientSession() as session, session.post(self.url + path, json=fields, headers=headers) as answer:
            assert answer.status < 300, await answer.text()
            found: dict[str, Any] = await answer.json()
            return found

    def counted(self, kind: str, status: str) -> float:
        registry = self.door.service.metrics.registry
        return registry.get_sample_value("ringback_crm_events_total", {"type": kind, "status": status}) or 0.0


@asynccontextmanager
async def open_town(folder: Path) -> AsyncIterator[Town]:
    sandbox = Sandbox(rate="off", search_lag_ms=0)
    furnish(sandbox, "LOC", token="pit-LOC")
    keys = (sandbox.market.outbox.public_key,)
    app: dict[str, Any] = {"client_id": DEFAULT_CLIENT_ID, "client_secret": SecretStr(DEFAULT_CLIENT_SECRET)}
    async with serving(sandbox) as url, open_door(folder, crm_url=url, crm_event_keys=keys, **app) as door:
        hook = str(door.client.make_url("/crm/events"))
        sandbox.market.register(dataclasses.replace(DEFAULT_APP, webhook_url=hook, order="before", twice=True))
        yield Town(sandbox, door, url)


@pytest_asyncio.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as made:
        yield made


async def test_an_installation_is_heard_of_once(town: Town) -> None:
    await town.install()
    assert await town.heard() == [("INSTALL", "done")]
    assert town.counted("INSTALL", "duplicate") == 1


async def test_and_confirms_the_browser_that_comes_after_it(town: Town) -> None:
    await town.install()
    assert await town.standing() is Standing.ACTIVE


async def test_so_is_an_uninstallation(town: Town) -> None:
    await town.install()
    town.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location="LOC")
    await town.heard()
    assert await town.standing() is Standing.REMOVED


async def test_what_we_write_comes_back_and_is_no_agents_word(town: Town) -> None:
    await town.install()
    await town.write("/contacts/", locationId="LOC", phone=ADA)
    assert (await town.door.post(payload(to=ADA)))[0] == 200
    await town.delivered()
    heard = await town.heard()
    assert ("ContactTagUpdate", "done") in heard
    assert "NoteCreate" not in dict(heard)
    assert town.counted("NoteCreate", "echo") == 2


async def test_what_a_person_writes_is_heard(town: Town) -> None:
    await town.install()
    made = await town.write("/contacts/", locationId="LOC", phone=ADA)
    contact = made["contact"]["id"]
    await town.write(f"/contacts/{contact}/notes", body="Wants a quote")
    await town.write(f"/contacts/{contact}/tags", tags=["disposition:sold"])
    assert (await town.heard())[1:] == [
        ("ContactCreate", "done"),
        ("NoteCreate", "done"),
        ("ContactTagUpdate", "done"),
    ]


async def test_a_contact_that_was_just_made_is_found_without_asking(town: Town) -> None:
    await town.install()
    made = await town.write("/contacts/", locationId="LOC", phone=ADA)
    await town.heard()
    town.sandbox.journal.clear()
    assert await town.door.service.contacts.who("LOC", ADA) == made["contact"]["id"]
    assert town.sandbox.journal.by_verb() == {}
