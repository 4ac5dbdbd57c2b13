"""Nothing secret is shown: a service is taken through install, refresh and refusal, and all it says is searched."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
import pytest_asyncio

from connector.demo.processes import Server, ringback
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.faults import Fault
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from tests.connector.door import SECRET, payload, signed

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PUBLIC_URL = "http://127.0.0.1:8123"
PIT, API_KEY, SSO = "pit-7d1f-recognisable", "api-key-recognisable", "sso-secret-recognisable"
PATIENCE_S = 30.0
COMMANDS = (
    ["doctor"],
    ["location", "list"],
    ["location", "show", "L1", "--json"],
    ["replay", "--list", "--json"],
    ["oauth", "status"],
    ["keys", "show"],
    ["keys", "rotate", "--new"],
)


@dataclass
class Told:
    """All that was said, by where, and all that must not be."""

    texts: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def leaks(self) -> list[str]:
        """Where a secret was said; its first letters."""
        return [f"{where}: {one[:9]}" for where, text in self.texts.items() for one in self.secrets if one in text]


@dataclass
class Running:
    """A service, and the CRM it speaks to."""

    server: Server
    session: aiohttp.ClientSession
    sandbox: Sandbox
    told: Told

    async def call(self, call_id: str) -> None:
        """A call ended; it has been delivered, or waits with a reason."""
        raw = orjson.dumps(payload(call_id, to="+14155550111"))
        url = f"{self.server.url}/hooks/L1/generic"
        async with self.session.post(url, data=raw, headers=signed(raw)) as answer:
            assert answer.status == 200, await answer.text()

    async def until(self, metric: str) -> None:
        """Until `/metrics` says so."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if metric in await self.get("/metrics"):
                    return
                await asyncio.sleep(0.1)  # another process: there is nothing else to wait for

    async def get(self, path: str, **headers: str) -> str:
        """What it says there, remembered."""
        async with self.session.get(f"{self.server.url}{path}", headers=headers) as answer:
            text = f"{answer.headers}\n{await answer.text()}"
        self.told.texts[path] = self.told.texts.get(path, "") + text
        return text

    def remember(self) -> None:
        """The tokens that the CRM has given out so far."""
        tokens = self.sandbox.market.tokens
        self.told.secrets |= {*tokens._access, *tokens._refresh}  # noqa: SLF001 - all of them, whoever has them


def broken(sandbox: Sandbox) -> None:
    """From now on the CRM refuses every token, and repeats in its answer what it was sent."""
    echoed = list(sandbox.market.tokens._refresh)[-1]  # noqa: SLF001 - likewise; it is the one that is sent
    fault = {"kind": "status", "status": 400, "message": f"unknown token {echoed} of client {DEFAULT_CLIENT_SECRET}"}
    sandbox.faults.arm(Fault.model_validate({**fault, "match": {"path": "^/oauth/"}}), now_ms=sandbox.clock_ms())


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Running, dict[str, str]]]:
    sandbox, told = Sandbox(rate="off"), Told(secrets={PIT, SECRET, API_KEY, SSO, DEFAULT_CLIENT_SECRET})
    furnish(sandbox, "L1", token=PIT)
    async with serving(sandbox) as crm, aiohttp.ClientSession() as session:
        env = {
            "RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}",
            "RINGBACK_CRM_URL": crm,
            "RINGBACK_CLIENT_ID": DEFAULT_CLIENT_ID,
            "RINGBACK_CLIENT_SECRET": DEFAULT_CLIENT_SECRET,
            "RINGBACK_SSO_SECRET": SSO,
            "RINGBACK_API_KEY": API_KEY,
            "RINGBACK_PUBLIC_URL": PUBLIC_URL,
            "RINGBACK_LOG_LEVEL": "debug",
        }
        words = ["location", "add", "L1", "--token", PIT, "--trunk", "generic", "--secret", SECRET]
        told.texts["location add"] = await ringback(words, env=env)
        async with Server(["serve", "--port", "0"], env=env, log=folder / "log") as server:
            yield Running(server, session, sandbox, told), env


@pytest_asyncio.fixture
async def told(tmp_path: Path) -> Told:
    """All that a service said from its install to its refusal."""
    async with running(tmp_path) as (service, env):
        said, sandbox = service.told, service.sandbox
        redirect: Any = f"{PUBLIC_URL}/oauth/callback"
        code = sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=redirect, locations=["L1"])
        said.secrets.add(code)
        await service.get(f"/oauth/callback?code={code}")
        service.remember()
        confirmed = await ringback(["oauth", "confirm", "L1"], env=env)
        said.texts["oauth confirm"] = confirmed.replace(SECRET, "", 1)  # the trunk's, which the operator is to paste
        await service.until('ringback_grants{standing="active"} 1.0')
        await service.call("c1")
        await service.until('ringback_delivered_total{outcome="done"} 1.0')
        sandbox.market.expire()
        await service.call("c2")
        await service.until('ringback_delivered_total{outcome="done"} 2.0')
        service.remember()
        broken(sandbox)
        sandbox.market.expire()
        await service.call("c3")
        await service.until('ringback_grants{standing="needs_reconnect"} 1.0')
        await service.until("ringback_paused_locations 1.0")
        await service.get("/api/v1/deliveries", Authorization=f"Bearer {API_KEY}")
        printed = await asyncio.gather(*(ringback(words, env=env) for words in COMMANDS))
        said.texts |= {" ".join(words): text for words, text in zip(COMMANDS, printed, strict=True)}
        await service.get("/oauth/callback?code=wrong")
    said.texts |= files(tmp_path)
    said.secrets |= {line for line in said.texts.pop("ringback.db.keys").splitlines() if not line.startswith("#")}
    return said


def files(folder: Path) -> dict[str, str]:
    """The log, the database and all beside it."""
    return {path.name: path.read_bytes().decode("latin-1") for path in folder.iterdir()}


async def test_nothing_that_is_said_or_kept_in_the_clear_holds_a_secret(told: Told) -> None:
    assert len(told.secrets) > 10
    assert "refresh" in told.texts["log"] or "grant changed" in told.texts["log"]
    assert "unknown token ***" in told.texts["/api/v1/deliveries"], told.texts["/api/v1/deliveries"]
    assert told.leaks() == []
