"""Signing in over a SQLite file, clocks moved by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from connector.api.rate import Buckets, Rate
from connector.api.route import Refusal
from connector.location_config import LocationConfig
from connector.locations import LocationBook
from connector.session.sign_in import SignIn
from connector.session.tokens import Session, Sessions
from connector.store.sqlite import SqliteStore
from oauth.standing import Kind, NewGrant, Standing
from oauth.vault import Vault
from tests.connector.stage import Clock
from tests.frame import SHARED, payload, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@dataclass
class Desk:
    """What people sign in at."""

    database: SqliteStore
    sessions: Sessions
    sign_in: SignIn
    locations: LocationBook
    clock: Clock
    vault: Vault

    async def connect(
        self,
        location: str,
        company: str | None = "AG",
        *,
        standing: Standing = Standing.ACTIVE,
        **config: Any,
    ) -> None:
        """The sub-account is registered, and our app's installation there stands so."""
        document = LocationConfig.model_validate(config).document()
        await self.database.put_location(location, document=document, secrets={}, now_ms=self.clock())
        await self.locations.refresh()
        await self.grant(Kind.LOCATION, location, company, standing)

    async def grant(self, kind: Kind, owner: str, company: str | None, standing: Standing = Standing.ACTIVE) -> None:
        row = await self.database.grants.get(kind, owner)
        grant = NewGrant(kind=kind, id=owner, company_id=company, standing=standing)
        await self.database.grants.put(grant, expected=row.version if row else 0, now_ms=self.clock())

    async def open(self, given: str | None = None, *, address: str = "192.0.2.1", **changed: Any) -> Session:
        """The session of a user who is told as in tests/frame.py, but for what is changed."""
        return await self.sign_in.open(payload(told(**changed)) if given is None else given, address=address)

    async def refused(self, given: str | None = None, **changed: Any) -> tuple[int, str]:
        """Status and title of the refusal."""
        try:
            session = await self.open(given, **changed)
        except Refusal as refusal:
            return refusal.status, refusal.title
        raise AssertionError(f"{session} was opened")


@asynccontextmanager
async def at_desk(
    folder: Path, *, secret: str | None = SHARED, safe: bool = True, rate: Rate | None = None
) -> AsyncIterator[Desk]:
    """LOC and NEXT of the agency AG, and FAR of the agency ELSE; LOC's manager is boss1."""
    clock = Clock()
    database = await SqliteStore.open(folder / "ringback.db")
    vault = Vault([Fernet.generate_key().decode()])
    locations = LocationBook(database, vault)
    sessions = Sessions(vault, database.once, database.grants, clock)
    sign_in = SignIn(
        secret,
        safe=safe,
        sessions=sessions,
        grants=database.grants,
        locations=locations,
        once=database.once,
        buckets=Buckets(rate, lambda: clock.now_ms / 1000),
        now_ms=clock,
    )
    desk = Desk(database, sessions, sign_in, locations, clock, vault)
    try:
        await desk.grant(Kind.COMPANY, "AG", "AG")
        await desk.connect("LOC", reviewers=["boss1"])
        await desk.connect("NEXT")
        await desk.connect("FAR", "ELSE")
        yield desk
    finally:
        await database.close()
