"""A strict issuer of tokens, a real store, and the keeper between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest_asyncio

from connector.crm.tokens import TokenEndpoint
from connector.locations import StoredSecrets
from connector.store.sqlite import SqliteStore
from oauth.keeper import Keeper, Market
from oauth.standing import LEASE_MS, Kind, Standing
from oauth.vault import Vault, generate_key
from tests.oauth.issuer import CLIENT, COMPANY, Clock, Issuer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database
    from oauth.standing import GrantRow


def make_keeper(
    database: Database, issuer: Issuer, clock: Clock, vault: Vault, *, patience_s: float = 1.0, grants: Any = None
) -> Keeper:
    """As the connector composes it, with this clock."""
    market = Market(
        grants=grants or database.grants,
        endpoint=TokenEndpoint(issuer, CLIENT, now_ms=clock),
        now_ms=clock,
        sleep=clock.sleep,
        patience_s=patience_s,
    )
    return Keeper(StoredSecrets(database), vault, market, timer=lambda: clock.now_ms / 1000)


@dataclass
class Home:
    """One installation of the connector, as far as tokens go."""

    database: SqliteStore
    issuer: Issuer
    clock: Clock
    vault: Vault
    keeper: Keeper

    def another(self, *, patience_s: float = 1.0, grants: Any = None) -> Keeper:
        """The keeper of another process on the same database."""
        return make_keeper(self.database, self.issuer, self.clock, self.vault, patience_s=patience_s, grants=grants)

    async def install(self, grant_id: str = "L1", kind: Kind = Kind.LOCATION) -> str:
        """As a code exchange would; the access token."""
        row = await self.database.grants.get(kind, grant_id)
        grant = self.issuer.install(kind, grant_id)
        assert await self.keeper.keep(grant, expected=row.version if row else 0)
        return grant.access_token

    async def install_agency(self, *locations: str) -> None:
        """An agency's install, with sub-accounts whose tokens are yet to be minted."""
        await self.install(COMPANY, Kind.COMPANY)
        for location in locations:
            self.issuer.minted_by[location] = COMPANY
        now_ms = self.clock()
        await self.database.grants.want(locations, company_id=COMPANY, at_ms=now_ms, now_ms=now_ms)

    async def row(self, grant_id: str = "L1", kind: Kind = Kind.LOCATION) -> GrantRow:
        """How it stands."""
        found = await self.database.grants.get(kind, grant_id)
        assert found is not None
        return found

    async def standing(self, grant_id: str = "L1") -> Standing:
        """How it stands, in a word."""
        return (await self.row(grant_id)).standing

    async def works(self, grant_id: str = "L1", keeper: Keeper | None = None) -> bool:
        """Whether the CRM accepts the token that is handed out."""
        return self.issuer.accepts(grant_id, await (keeper or self.keeper).access_token(grant_id))

    async def lease(self, grant_id: str = "L1", kind: Kind = Kind.LOCATION) -> None:
        """As another process that holds the grant, and may be dead."""
        now_ms = self.clock()
        assert await self.database.grants.lease(kind, grant_id, now_ms=now_ms, until_ms=now_ms + LEASE_MS) is not None


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    clock = Clock()
    database = await SqliteStore.open(tmp_path / "ringback.db")
    issuer = Issuer(clock)
    vault = Vault([generate_key()])
    keeper = make_keeper(database, issuer, clock, vault)
    yield Home(database, issuer, clock, vault, keeper)
    await keeper.settle()
    await database.close()
