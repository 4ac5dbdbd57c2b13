"""The API alone on loopback, over a SQLite file, with keys for everybody; clocks moved by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet

from connector.api.access import Doors, new_key
from connector.api.rate import Buckets, api_rate
from connector.api.scope import ALL
from connector.api.serve import Api
from connector.api.table import table
from connector.book_names import BookNames
from connector.configuration import Configurations
from connector.crm.errors import ContactGoneError, NotSentError
from connector.crm.model import Workflow
from connector.dialling import DialAdvice
from connector.location_config import LocationConfig
from connector.locations import LocationBook
from connector.problem import problems
from connector.store import NewEvent, NewQuarantine
from connector.store.sqlite import SqliteStore
from connector.wrapup import Wrapups
from mappings.call import Call
from oauth.vault import Vault

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Mapping
    from datetime import tzinfo
    from pathlib import Path

    from connector.crm.model import Contact, CustomField, Pipeline, User
    from connector.store.access import KeyKind
    from connector.store.database import Database

OPERATOR = "operator-key"
NOW = 1_790_000_000_000


@dataclass
class Clock:
    """Both clocks of the API."""

    now_ms: int = NOW

    def __call__(self) -> int:
        return self.now_ms

    def seconds(self) -> float:
        return self.now_ms / 1000


@dataclass
class FakeCrm:
    """What the dial advice asks the CRM; `asked` counts."""

    zones: dict[str, str] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    """By number."""
    asked: int = 0
    away: bool = False
    full: str | None = None
    """Why no more may wait."""

    async def zone(self, location: str) -> tzinfo:
        self._ask()
        return ZoneInfo(self.zones.get(location, "UTC"))

    async def who(self, _location: str, number: str) -> str | None:
        self._ask()
        found = self.contacts.get(number)
        return None if found is None else found.id

    def forget(self, _location: str, number: str) -> None:
        self.contacts.pop(number, None)

    async def get_contact(self, _location: str, contact_id: str) -> Contact:
        self._ask()
        found = next((one for one in self.contacts.values() if one.id == contact_id), None)
        if found is None:
            raise ContactGoneError
        return found

    async def list_workflows(self, _location: str) -> list[Workflow]:
        self._ask()
        return [Workflow("wf-sms", "SMS sequence", "published")]

    async def list_custom_fields(self, _location: str) -> list[CustomField]:
        self._ask()
        return []

    async def list_pipelines(self, _location: str) -> list[Pipeline]:
        self._ask()
        return []

    async def list_users(self, _location: str) -> list[User]:
        self._ask()
        return []

    def _ask(self) -> None:
        self.asked += 1
        if self.away:
            raise NotSentError


@dataclass
class Told:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Bench:
    """The API and what it stands on."""

    database: Database
    vault: Vault
    configurations: Configurations
    api: Api
    client: TestClient[web.Request, web.Application]
    clock: Clock
    book: LocationBook
    crm: FakeCrm
    keys: dict[str, str] = field(default_factory=dict)
    """Keys by their owner's id."""

    async def ask(
        self, path: str, *, key: str | None = OPERATOR, method: str = "GET", body: Any = None, **headers: str
    ) -> Told:
        """`key` is a whole key, or the id of an owner for whom one was made; headers with `_` for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key is not None:
            sent["Authorization"] = f"Bearer {self.keys.get(key, key)}"
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
        data = body if isinstance(body, bytes | None) else orjson.dumps(body)
        async with self.client.request(method, f"/api/v1{path}", data=data, headers=sent) as answer:
            raw = await answer.read()
            return Told(answer.status, orjson.loads(raw), answer.headers)

    async def make_key(self, kind: KeyKind, owner: str, scopes: Collection[str] = ALL) -> str:
        """A key of its own, with an id and a secret; remembered under its owner."""
        kept, key = new_key(kind, owner, scopes, label="test", made_by="test", now_ms=self.clock())
        await self.database.access.add(kept)
        self.keys[owner] = key
        return key

    async def register(self, location: str, company: str | None = None, **config: Any) -> None:
        """A sub-account with the generic trunk and a secret."""
        made = LocationConfig.model_validate({"trunks": {"generic": {}}} | config)
        await self.configurations.put(location, made, who="test")
        await self.configurations.rotate_secret(location, "generic", f"secret of {location}", keep=False, who="test")
        if company is not None:
            await self.configurations.assign(location, company, who="test")

    async def record(self, location: str, call_id: str = "call-1") -> None:
        """A call that waits."""
        await self.database.record(
            [
                NewEvent(
                    location=location,
                    trunk="generic",
                    call_id=call_id,
                    event="completed",
                    lane=call_id,
                    call=Call(trunk="generic", call_id=call_id, cause="x").to_json(),
                    received_ms=self.clock(),
                )
            ]
        )

    async def quarantine(self, location: str) -> None:
        """A request that was not understood."""
        await self.database.quarantine(
            NewQuarantine(
                location=location,
                trunk="generic",
                method="POST",
                url="http://example.com/hooks",
                headers={},
                body=b"{secret words",
                reason="no JSON",
                received_ms=self.clock(),
            )
        )


@asynccontextmanager
async def on_bench(folder: Path, *, rate: str = "off", operator_key: str | None = OPERATOR) -> AsyncIterator[Bench]:
    """Nothing is registered yet."""
    clock = Clock()
    database = await SqliteStore.open(folder / "ringback.db")
    vault = Vault([Fernet.generate_key().decode()])
    configurations = Configurations(database, vault, clock)
    doors = Doors(operator_key, database.access, database.history, Buckets(api_rate(rate), clock.seconds), clock)
    book, crm = LocationBook(database, vault), FakeCrm()
    api = Api(
        table(
            store=database,
            database=database,
            configurations=configurations,
            book=book,
            wrapups=Wrapups(
                calls=database.calls, records=database, now_ms=clock, wake=lambda: None, full=lambda _: crm.full
            ),
            names=BookNames(crm),
            advice=DialAdvice(histories=database.follow_up, zones=crm, directory=crm, people=crm, now_ms=clock),
            now_ms=clock,
        ),
        doors,
    )
    app = web.Application(middlewares=[problems], client_max_size=100_000)
    app.add_routes(api.routes())
    try:
        async with TestClient(TestServer(app)) as client:
            yield Bench(database, vault, configurations, api, client, clock, book, crm)
    finally:
        await database.close()


async def furnish(bench: Bench) -> None:
    """Two agencies: AG1 with LOC1 and LOC2, AG2 with LOC3; each with a call, a quarantined request and all keys."""
    for location, company in (("LOC1", "AG1"), ("LOC2", "AG1"), ("LOC3", "AG2")):
        await bench.register(location, company)
        await bench.record(location)
        await bench.quarantine(location)
        await bench.make_key("location", location)
    for company in ("AG1", "AG2"):
        await bench.configurations.put_defaults(company, LocationConfig(country="US"), who="test")
        await bench.make_key("company", company)
