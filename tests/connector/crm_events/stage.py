"""The CRM's events between a sender that signs and a store on disk; the clock is moved by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet

from connector.crm.contacts import Contacts
from connector.crm.model import Contact
from connector.crm_events.make import make_crm_events
from connector.crm_events.own import OwnTags
from connector.crm_events.routes import routes
from connector.locations import LocationBook, LocationConfig
from connector.observe import Metrics
from connector.sandbox.signing import Signer
from connector.settings import Settings
from connector.store.sqlite import SqliteStore
from oauth.vault import Vault
from tests.connector.stage import LOC, Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from connector.crm_events.disposed import Disposed
    from connector.crm_events.worker import EventWorker
    from connector.store.inbox import InboxRow

APP = "ourapp"
ADA = "ContactAda0000000001"
BOB = "ContactBob0000000001"
ADAS = "+14155550111"


@dataclass
class Ticking(Clock):
    """Goes on by so much whenever it is asked."""

    step_ms: int = 0

    def __call__(self) -> int:
        self.now_ms += self.step_ms
        return self.now_ms


class Numbers:
    """A CRM that knows these numbers, and counts how often it is asked."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}
        self.asked = 0

    async def find_contact(self, location: str, number: str) -> Contact | None:
        del location
        self.asked += 1
        found = self.of.get(number)
        return None if found is None else Contact(found)

    async def create_contact(self, location: str, phone: str) -> Contact:
        raise AssertionError((location, phone))


@dataclass
class Installer:
    """Notes what it is told of installations; `ours` is its answer."""

    told: list[tuple[bool, str | None, str | None, str | None, int]] = field(default_factory=list)
    ours: bool = True

    async def on_install(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        self.told.append((True, app_id, location, company, at_ms))
        return self.ours

    async def on_uninstall(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        self.told.append((False, app_id, location, company, at_ms))
        return self.ours


@dataclass
class Stage:
    client: TestClient[web.Request, web.Application]
    database: SqliteStore
    worker: EventWorker
    own_tags: OwnTags
    contacts: Contacts
    numbers: Numbers
    installer: Installer
    metrics: Metrics
    clock: Ticking
    signer: Signer
    heard: list[Disposed] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)
    """What the subscriber of dispositions raises next."""
    numbered: int = 0
    on_heard: Callable[[], None] = lambda: None

    def event(self, kind: str, *, ago_s: float = 0, **fields: Any) -> dict[str, Any]:
        """An event as the CRM writes it: flat, with an id of its own."""
        self.numbered += 1
        at = datetime.fromtimestamp(self.clock() / 1000, UTC) - timedelta(seconds=ago_s)
        own = {"appId": APP, "versionId": APP, "webhookId": f"hook-{self.numbered}", "locationId": LOC}
        return {"type": kind, "timestamp": at.isoformat().replace("+00:00", "Z"), **own, **fields}

    async def post(self, body: Any, *, headers: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and answer; signed unless headers are given."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {"X-GHL-Signature": self.signer.sign(raw)} if headers is None else headers
        async with self.client.post("/crm/events", data=raw, headers=headers) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def said(self, body: Any) -> str:
        """The status that a signed event is answered with."""
        status, answer = await self.post(body)
        assert status == 200, answer
        return str(answer["status"])

    async def come(self, kind: str, *, ago_s: float = 0, **fields: Any) -> str:
        """Post an event, act on it; what it was answered with."""
        said = await self.said(self.event(kind, ago_s=ago_s, **fields))
        await self.worker.work()
        return said

    async def tagged(self, *tags: str, ago_s: float = 0, contact: str = ADA) -> None:
        await self.come("ContactTagUpdate", id=contact, tags=list(tags), ago_s=ago_s)

    async def rows(self) -> list[InboxRow]:
        return await self.database.inbox.page(limit=1000)

    async def states(self) -> list[str]:
        return [row.state.value for row in await self.rows()]

    def counted(self, kind: str, status: str) -> float:
        value = self.metrics.registry.get_sample_value("ringback_crm_events_total", {"type": kind, "status": status})
        return value or 0.0

    async def on_disposed(self, disposed: Disposed) -> None:
        if self.failing:
            raise self.failing.pop()
        self.heard.append(disposed)
        self.on_heard()

    @property
    def texts(self) -> list[str]:
        return [one.text for one in self.heard]


@asynccontextmanager
async def open_stage(
    folder: Path,
    *,
    keys: tuple[str, ...] | None = None,
    client_id: str | None = f"{APP}-suffix",
    installs: bool = True,
    max_pages: int | None = None,
    **config: Any,
) -> AsyncIterator[Stage]:
    """One registered sub-account, LOC, and nobody's number known."""
    clock, signer, metrics, numbers = Ticking(), Signer(), Metrics(), Numbers()
    database = await SqliteStore.open(folder / "ringback.db", max_pages=max_pages)
    document = LocationConfig(**config).document()
    await database.put_location(LOC, document=document, secrets={}, now_ms=clock())
    locations = LocationBook(database, Vault([Fernet.generate_key().decode()]))
    own_tags, contacts, installer = OwnTags(database.inbox, locations, clock), Contacts(numbers), Installer()
    heard: list[Any] = []

    async def on_disposed(disposed: Disposed) -> None:
        await heard[0].on_disposed(disposed)

    settings = Settings(client_id=client_id, crm_event_keys=(signer.public_key,) if keys is None else keys)
    events = make_crm_events(
        settings,
        inbox=database.inbox,
        locations=locations,
        contacts=contacts,
        installs=installer if installs else None,
        own_tags=own_tags,
        metrics=metrics,
        now_ms=clock,
        chance=lambda: 0.0,
        on_disposed=on_disposed,
    )
    app = web.Application()
    app.add_routes(routes(events.intake))
    try:
        async with TestClient(TestServer(app)) as client:
            stage = Stage(
                client, database, events.worker, own_tags, contacts, numbers, installer, metrics, clock, signer
            )
            heard.append(stage)
            yield stage
    finally:
        await database.close()
