"""One installation's store, keeper and client, wired as the connector wires them, with mines between the steps."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.clock import now_ms
from connector.crm.client import Crm
from connector.crm.pace import Pace
from connector.crm.tokens import TokenEndpoint
from connector.crm.transport import AiohttpTransport
from connector.locations import StoredSecrets
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.store.sqlite import SqliteStore
from oauth.grant import Client
from oauth.keeper import Keeper, Market
from oauth.vault import Vault, load_or_make_keys
from tests.crash.mine import Mine, MinedStore, MinedTransport

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GRANT_STEPS = ("lease", "commit", "give_back", "take", "lapse")
TOKEN_VERBS = ("refresh_grant", "mint_token")
POINTS = tuple(
    f"{step}:{side}"
    for step in (*(f"store.{name}" for name in GRANT_STEPS), *(f"crm.{verb}" for verb in TOKEN_VERBS))
    for side in ("before", "after")
)
"""`crm.refresh_grant:after` is the worst: the CRM has answered, and nobody has written it down."""


@dataclass
class Home:
    """What a process works with."""

    database: SqliteStore
    keeper: Keeper
    endpoint: TokenEndpoint
    crm: Crm


@asynccontextmanager
async def home(folder: Path, crm_url: str, mine: Mine) -> AsyncIterator[Home]:
    """Opened for the one process that serves; the leases of the last one are over."""
    path = folder / "ringback.db"
    vault = Vault(load_or_make_keys(Path(f"{path}.keys")))
    database = await SqliteStore.open(path, exclusive=True)
    plain = AiohttpTransport(crm_url, timeout_s=5)
    transport = MinedTransport(plain, mine)
    endpoint = TokenEndpoint(transport, Client(DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET), now_ms=now_ms)
    grants: Any = MinedStore(database.grants, mine)
    market = Market(grants=grants, endpoint=endpoint, now_ms=now_ms)
    keeper = Keeper(StoredSecrets(database), vault, market)
    await keeper.take_over()
    try:
        yield Home(database, keeper, endpoint, Crm(transport, keeper, Pace(None), crm_url=crm_url))
    finally:
        await keeper.settle()
        await plain.close()
        await database.close()
