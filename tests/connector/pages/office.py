"""A whole connector on loopback with people who sign in on its pages, and a trunk whose calls end."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import orjson
from pydantic import SecretStr

from connector.clock import now_ms
from connector.location_config import LocationConfig
from oauth.standing import Kind, NewGrant, Standing
from tests.connector.door import NOWHERE, open_door
from tests.connector.door import payload as call
from tests.frame import SHARED, payload, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from aiohttp import ClientResponse

    from connector.store.database import Database
    from tests.connector.door import Door

SECONDS = 10
"""Longer than anything here takes."""


@dataclass
class Told:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]


@dataclass
class Stream:
    """An open stream of events."""

    answer: ClientResponse

    async def next(self) -> tuple[str, Any]:
        """The next event with its data; comments are passed over."""
        kind = ""
        async with asyncio.timeout(SECONDS):
            async for line in self.answer.content:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name == "event":
                    kind = value
                elif name == "data":
                    return kind, orjson.loads(value)
        raise EOFError

    async def rest(self) -> bytes:
        """All until it ends."""
        async with asyncio.timeout(SECONDS):
            return await self.answer.read()


@dataclass
class Office:
    """People, and the connector they work with."""

    door: Door

    @property
    def database(self) -> Database:
        return cast("Database", self.door.service.store)

    async def ask(self, path: str, *, token: str | None = None, method: str = "GET", body: Any = None) -> Told:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        async with self.door.client.request(method, path, json=body, headers=headers) as answer:
            raw = await answer.read()
            is_json = "json" in answer.content_type
            return Told(answer.status, orjson.loads(raw) if is_json else raw.decode(), answer.headers)

    async def sign_in(self, **changed: Any) -> Told:
        """As in tests/frame.py, but for what is changed."""
        return await self.ask("/app/session", method="POST", body={"payload": payload(told(**changed))})

    async def token(self, **changed: Any) -> str:
        signed_in = await self.sign_in(**changed)
        assert signed_in.status == 200, signed_in.body
        return str(signed_in.body["token"])

    async def ticket(self, token: str, location: str | None = None) -> Told:
        body = {} if location is None else {"location": location}
        return await self.ask("/app/ticket", token=token, method="POST", body=body)

    @asynccontextmanager
    async def listening(self, **changed: Any) -> AsyncIterator[Stream]:
        """The stream of that user, once it is open."""
        ticket = (await self.ticket(await self.token(**changed))).body["ticket"]
        async with self.door.client.get("/app/events", params={"ticket": ticket}) as answer:
            assert answer.status == 200
            assert await answer.content.readline() == b": hello\n"
            yield Stream(answer)

    async def call(self, call_uuid: str = "call-1", **more: Any) -> None:
        """A call of LOC ends."""
        status, answer = await self.door.post(call(call_uuid, **more))
        assert (status, answer["status"]) == (200, "accepted")

    async def connect(self, location: str, company: str, **config: Any) -> None:
        store = self.database
        if config or await store.get_location(location) is None:
            document = LocationConfig.model_validate(config).document()
            await store.put_location(location, document=document, secrets={}, now_ms=now_ms())
            await self.door.service.locations.refresh()
        await self.grant(Kind.LOCATION, location, company)

    async def grant_company(self, company: str) -> None:
        """Our app is installed in that agency."""
        await self.grant(Kind.COMPANY, company, company)

    async def assign(self) -> None:
        """The sub-accounts belong to their agencies, as an installation says."""
        for location, company in (("LOC", "AG"), ("NEXT", "AG"), ("FAR", "ELSE")):
            await self.database.history.assign(location, company, who="test", now_ms=now_ms())

    async def grant(self, kind: Kind, owner: str, company: str, standing: Standing = Standing.ACTIVE) -> None:
        grants = self.door.service.pages.sign_in.grants
        row = await grants.get(kind, owner)
        grant = NewGrant(kind=kind, id=owner, company_id=company, standing=standing)
        await grants.put(grant, expected=row.version if row else 0, now_ms=now_ms())


@asynccontextmanager
async def open_office(folder: Path, *, crm_url: str = NOWHERE, **more: Any) -> AsyncIterator[Office]:
    """LOC (with the generic trunk) and NEXT of the agency AG, FAR of ELSE."""
    settings: dict[str, Any] = {"sso_secret": SecretStr(SHARED), "public_url": "https://calls.example.com"} | more
    async with open_door(folder, crm_url=crm_url, **settings) as door:
        office = Office(door)
        await office.grant(Kind.COMPANY, "AG", "AG")
        await office.connect("LOC", "AG")
        await office.connect("NEXT", "AG")
        await office.connect("FAR", "ELSE")
        yield office
