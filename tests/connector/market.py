"""Installing against a real sandbox marketplace on loopback: a browser, the routes, the store; clocks moved by hand."""

from __future__ import annotations

import re
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from html import unescape
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.fernet import Fernet
from pydantic import SecretStr

from connector.crm.client import Crm
from connector.crm.pace import Pace
from connector.crm.tokens import TokenEndpoint
from connector.crm.transport import AiohttpTransport
from connector.install.make import make_installs
from connector.install.routes import routes
from connector.locations import StoredSecrets
from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.settings import Settings
from connector.store.sqlite import SqliteStore
from oauth.grant import Client
from oauth.keeper import Keeper
from oauth.renewal import Market
from oauth.vault import Vault
from tests.connector.stage import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable
    from pathlib import Path

    from connector.install.service import Installs
    from oauth.standing import Standing

PUBLIC_URL = "http://127.0.0.1:8080"
AGENCY = "SandboxAgency"
APP_ID = "sandbox"
LOC = "LocationOne"
OTHER = "LocationTwo"
KEY = Fernet.generate_key().decode()


@dataclass(frozen=True)
class Page:
    """What a browser shows."""

    status: int
    text: str

    def part(self, element: str) -> str | None:
        """The text of the element of that id."""
        found = re.search(rf'id="{element}"[^>]*>(.*?)<', self.text, re.DOTALL)
        return unescape(found[1]).strip() if found else None

    @property
    def title(self) -> str:
        found = re.search(r"<h1>(.*?)</h1>", self.text, re.DOTALL)
        return unescape(found[1]).strip() if found else ""


@dataclass
class Browser:
    """Follows links between Ringback and the CRM, with a cookie jar for Ringback."""

    client: TestClient[web.Request, web.Application]
    crm: ClientSession

    def become_another(self) -> None:
        """From now on it is somebody else's, without cookies."""
        self.client.session.cookie_jar.clear()

    async def get(self, path: str) -> Page:
        async with self.client.get(path, allow_redirects=False) as answer:
            return Page(answer.status, await answer.text())

    async def begin(self, path: str = "/oauth/install") -> str:
        """The address of the CRM's chooser."""
        async with self.client.get(path, allow_redirects=False) as answer:
            assert answer.status == 302
            return answer.headers["Location"]

    async def choose(self, chooser: str, *locations: str, answer: str = "install", **form: str) -> str:
        """Fill in the chooser's form: path and query of Ringback to which the CRM sends the browser."""
        fields = [*(("location", one) for one in locations), *form.items(), ("answer", answer)]
        async with self.crm.post(chooser, data=fields, allow_redirects=False) as sent:
            assert sent.status == 302, await sent.text()
            back = sent.headers["Location"]
        assert back.startswith(PUBLIC_URL)
        return back.removeprefix(PUBLIC_URL)

    async def install(self, *locations: str, **form: str) -> Page:
        """Begin here, choose, come back."""
        return await self.get(await self.choose(await self.begin(), *locations, **form))


@dataclass
class Marketplace:
    """Everything between a browser and the store, and the sandbox with its agency."""

    installs: Installs
    database: SqliteStore
    keeper: Keeper
    sandbox: Sandbox
    clock: Clock
    browser: Browser
    url: str

    def from_the_listing(self, *locations: str, **choice: Any) -> str:
        """An install begun in the marketplace: the way back, without a state."""
        code = self.sandbox.market.consent(
            DEFAULT_CLIENT_ID, redirect_uri=f"{PUBLIC_URL}/oauth/callback", locations=locations, **choice
        )
        return f"/oauth/callback?code={code}"

    async def heard(self, location: str | None = None, company: str | None = None, *, at_ms: int | None = None) -> bool:
        """The CRM's INSTALL arrives."""
        at_ms = self.clock() if at_ms is None else at_ms
        return await self.installs.on_install(app_id=APP_ID, location=location, company=company, at_ms=at_ms)

    async def uninstalled(
        self, location: str | None = None, company: str | None = None, *, at_ms: int | None = None
    ) -> bool:
        """The CRM's UNINSTALL arrives."""
        at_ms = self.clock() if at_ms is None else at_ms
        return await self.installs.on_uninstall(app_id=APP_ID, location=location, company=company, at_ms=at_ms)

    async def counts(self) -> dict[Standing, int]:
        """How many sub-accounts stand how; those that are."""
        return {standing: number for standing, number in (await self.database.grants.counts()).items() if number}

    async def name_of(self, location: str) -> str | None:
        """The sub-account's name, read from the CRM with its own token."""
        return (await self.installs.crm.get_location(location)).name


@asynccontextmanager
async def open_market(
    folder: Path,
    *,
    locations: Iterable[str] = (LOC, OTHER),
    sandbox: Sandbox | None = None,
    **more: Any,
) -> AsyncIterator[Marketplace]:
    """A marketplace with an agency of these sub-accounts; nothing is installed yet."""
    clock = Clock()
    if sandbox is None:
        sandbox = Sandbox(clock_ms=clock, rate="off", search_lag_ms=0)
        for location in locations:
            furnish(sandbox, location, token=f"pit-{location}", name=f"The {location}")
    async with serving(sandbox) as url, ClientSession() as session:
        settings = Settings(
            database_url=f"sqlite:///{folder / 'ringback.db'}",
            public_url=PUBLIC_URL,
            crm_url=url,
            oauth_host=url,
            oauth_white_label="https://white.example.com",
            client_id=DEFAULT_CLIENT_ID,
            client_secret=SecretStr(DEFAULT_CLIENT_SECRET),
            **more,
        )
        database = await SqliteStore.open(folder / "ringback.db", exclusive=True)
        await database.grants.lapse(now_ms=clock())
        vault = Vault([KEY])
        transport = AiohttpTransport(url, timeout_s=5)
        client = Client(DEFAULT_CLIENT_ID, str(settings.client_secret and settings.client_secret.get_secret_value()))
        endpoint = TokenEndpoint(transport, replace(client, v3=settings.oauth_v3), now_ms=clock)
        market = Market(grants=database.grants, endpoint=endpoint, now_ms=clock)
        keeper = Keeper(StoredSecrets(database), vault, market=market)
        pace = Pace(None)
        installs = make_installs(
            settings,
            database=database,
            vault=vault,
            keeper=keeper,
            endpoint=endpoint,
            crm=Crm(transport, keeper, pace),
            pace=pace,
            now_ms=clock,
        )
        assert installs is not None
        pages = web.Application()
        pages.add_routes(routes(installs))
        try:
            async with TestClient(TestServer(pages)) as browser:
                yield Marketplace(installs, database, keeper, sandbox, clock, Browser(browser, session), url)
        finally:
            await keeper.settle()
            await transport.close()
            await database.close()


def app_with(**changed: Any) -> Any:
    """The sandbox's default app, changed."""
    return replace(DEFAULT_APP, **changed)
