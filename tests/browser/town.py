"""A connector and a CRM on loopback, each at an address of its own site, as a browser meets them."""

from __future__ import annotations

import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web
from pydantic import SecretStr

from connector.app import Service, build
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.settings import Settings
from connector.web import make_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database

NAMES = {"LocationNorth": "Northside Roofing", "LocationSouth": "Southside Roofing"}
"""The agency's sub-accounts."""


@dataclass(frozen=True)
class Town:
    """Both servers. To a browser `127.0.0.1` and `localhost` are two sites, as Ringback and its CRM are."""

    url: str
    crm_url: str
    service: Service
    sandbox: Sandbox

    @property
    def database(self) -> Database:
        """The connector's store."""
        database: Database = self.service.store  # type: ignore[assignment] # composed as a whole database
        return database


@asynccontextmanager
async def open_town(folder: Path, **more: Any) -> AsyncIterator[Town]:
    """Both, with an agency of two sub-accounts; nothing is installed yet. `more` are settings."""
    sandbox = Sandbox(rate="off", search_lag_ms=0)
    for location, name in NAMES.items():
        furnish(sandbox, location, token=f"pit-{location}", name=name)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with serving(sandbox) as listens:
            crm_url = listens.replace("127.0.0.1", "localhost")
            service = await build(
                Settings(
                    database_url=f"sqlite:///{folder / 'ringback.db'}",
                    public_url=url,
                    crm_url=crm_url,
                    crm_burst="off",
                    oauth_host=crm_url,
                    client_id=DEFAULT_CLIENT_ID,
                    client_secret=SecretStr(DEFAULT_CLIENT_SECRET),
                    **more,
                )
            )
            runner = web.AppRunner(make_app(service), access_log=None, shutdown_timeout=2)
            await runner.setup()
            try:
                await web.SockSite(runner, listening).start()
                yield Town(url, crm_url, service, sandbox)
            finally:
                await runner.cleanup()
