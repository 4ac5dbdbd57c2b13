"""The running service installs: routes, background work and metric are wired."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from aiohttp import ClientSession
from pydantic import SecretStr

from connector.clock import now_ms
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.store import State
from oauth.standing import Standing
from tests.connector.door import Door, open_door, payload
from tests.connector.market import OTHER, PUBLIC_URL, Browser

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store import Lease, Pause, Store


class Watched:
    """A store that tells when a sub-account is paused, and when a delivery is done."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.paused: asyncio.Queue[str] = asyncio.Queue()
        self.done: asyncio.Queue[str] = asyncio.Queue()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def pause(self, location: str, pause: Pause | None) -> None:
        await self._store.pause(location, pause)
        if pause is not None:
            self.paused.put_nowait(pause.reason)

    async def write_down(self, lease: Lease, **more: Any) -> bool:
        kept = await self._store.write_down(lease, **more)
        ending = more.get("ending")
        if ending is not None and ending.state is State.DONE:
            self.done.put_nowait("done")
        return kept


@asynccontextmanager
async def serving_market(folder: Path, **more: Any) -> AsyncIterator[tuple[Door, Browser, Sandbox]]:
    sandbox = Sandbox(search_lag_ms=0)
    furnish(sandbox, OTHER, token="pit-other", name="Two")
    async with (
        serving(sandbox) as url,
        ClientSession() as session,
        open_door(
            folder,
            crm_url=url,
            public_url=PUBLIC_URL,
            oauth_host=url,
            client_id=DEFAULT_CLIENT_ID,
            client_secret=SecretStr(DEFAULT_CLIENT_SECRET),
            **more,
        ) as door,
    ):
        yield door, Browser(door.client, session), sandbox


async def test_a_sub_account_is_installed_and_its_trunk_may_post(tmp_path: Path) -> None:
    async with serving_market(tmp_path) as (door, browser, _):
        page = await browser.install(OTHER)
        headers = {"Authorization": f"Bearer {page.part('trunk-secret')}", "Content-Type": "application/json"}
        path = str(page.part("trunk-url")).removeprefix(PUBLIC_URL)
        status, _answer = await door.post(b'{"call_uuid": "c1", "event": "initiated"}', path=path, headers=headers)
        assert status == 200


async def test_an_agencys_sub_accounts_are_connected_in_the_background(tmp_path: Path) -> None:
    async with serving_market(tmp_path) as (door, browser, _):
        await browser.install(bulk="on")
        assert door.service.installs is not None
        await door.service.installs.fanout.settled()
        assert (await door.service.installs.grants.counts())[Standing.ACTIVE] == 1


async def test_calls_of_an_uninstalled_sub_account_wait_with_the_reason_until_it_is_installed_again(
    tmp_path: Path,
) -> None:
    watched: list[Watched] = []

    def watch(store: Store) -> Watched:
        watched.append(Watched(store))
        return watched[0]

    async with serving_market(tmp_path, store_seam=watch) as (door, browser, _), asyncio.timeout(30):
        page = await browser.install(OTHER)
        installs = door.service.installs
        assert installs is not None
        await installs.on_uninstall(app_id="sandbox", location=OTHER, company=None, at_ms=now_ms() + 1)
        headers = {"Authorization": f"Bearer {page.part('trunk-secret')}", "Content-Type": "application/json"}
        await door.post(payload(), path=f"/hooks/{OTHER}/generic", headers=headers)
        reason = await watched[0].paused.get()
        await browser.install(OTHER)
        assert ("was uninstalled in the CRM" in reason, await watched[0].done.get()) == (True, "done")


async def test_the_numbers_are_a_metric(tmp_path: Path) -> None:
    async with serving_market(tmp_path) as (door, browser, _):
        await browser.install(OTHER)
        await door.service.watch.look()
        assert b'ringback_grants{standing="active"} 1.0' in door.service.metrics.text()


async def test_the_style_is_served(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client.get("/oauth/static/style.css") as answer:
        assert (answer.status, answer.content_type) == (200, "text/css")


async def test_without_an_app_the_page_says_what_is_missing(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client.get("/oauth/install") as answer:
        assert (answer.status, "RINGBACK_CLIENT_ID" in await answer.text()) == (503, True)


async def test_without_an_app_there_is_no_way_back(tmp_path: Path) -> None:
    async with open_door(tmp_path) as door, door.client.get("/oauth/callback?code=x") as answer:
        assert answer.status == 503
