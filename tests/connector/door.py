"""A whole connector on loopback over a SQLite file, and a trunk that signs."""

from __future__ import annotations

import hashlib
import hmac
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from connector.app import Service, build
from connector.keys import open_vault
from connector.locations import LocationConfig, seal_trunk, secret_name
from connector.settings import Settings
from connector.web import make_app
from oauth.keeper import TOKEN
from oauth.vault import generate_key, place

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from aiohttp import web

    from connector.store import Store

SECRET = "a trunk's secret"
NOWHERE = "http://127.0.0.1:9"
"""The discard port: a CRM that is not there."""


def payload(call_uuid: str = "call-1", **more: Any) -> dict[str, Any]:
    """The generic trunk's event of an unanswered call."""
    return {
        "call_uuid": call_uuid,
        "from": "+14155550100",
        "to": "+14155550111",
        "start": "2026-11-23T10:00:00Z",
        "answer": None,
        "end": "2026-11-23T10:00:25Z",
        "duration": 0,
        "hangup_cause": 19,
        "direction": "outbound",
    } | more


def signed(body: bytes, secret: str = SECRET, *, at_s: int | None = None) -> dict[str, str]:
    """The header of DESIGN's generic trunk, made here from its description and not by the code under test."""
    stamp = str(at_s if at_s is not None else int(time.time()))
    digest = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    return {"X-Ringback-Signature": f"t={stamp},v1={digest}", "Content-Type": "application/json"}


@dataclass
class Door:
    service: Service
    client: TestClient[web.Request, web.Application]

    async def post(
        self, body: Any, *, path: str = "/hooks/LOC/generic", headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self.client.post(path, data=raw, headers=signed(raw) if headers is None else headers) as answer:
            return answer.status, orjson.loads(await answer.read())

    async def kept(self) -> list[str]:
        """The call ids in the store, in the order in which they were recorded."""
        return [row.call_id for row in await self.service.store.list_deliveries(limit=10_000)]

    async def quarantined(self) -> list[tuple[bytes, str]]:
        """Bodies and reasons."""
        return [(row.body, row.reason) for row in await self.service.store.list_quarantined()]


@asynccontextmanager
async def open_door(
    folder: Path,
    *,
    trunks: Sequence[str] = ("generic",),
    crm_url: str = NOWHERE,
    store_seam: Callable[[Store], Any] = lambda store: store,
    **more: Any,
) -> AsyncIterator[Door]:
    """A connector with one sub-account, LOC, which the trunks may post to."""
    key = folder / "key"
    if not key.exists():
        key.write_text(generate_key())
    settings = Settings(
        database_url=f"sqlite:///{folder / 'ringback.db'}",
        crm_url=crm_url,
        secret_keys=(SecretStr(key.read_text()),),
        log_level="error",
        drain_s=1,
        **more,
    )
    service = await build(settings, store_seam=store_seam)
    vault = open_vault(settings)
    config = LocationConfig.model_validate({"trunks": {name: {} for name in trunks}, "workflows": {"no_answer": "WF"}})
    sealed = {secret_name(name): seal_trunk(vault, "LOC", name, (SECRET,)) for name in trunks}
    sealed[TOKEN] = vault.seal("pit-LOC", bound_to=place("LOC", TOKEN))
    await service.store.put_location("LOC", document=config.model_dump_json().encode(), secrets=sealed, now_ms=1)
    async with TestClient(TestServer(make_app(service))) as client:
        yield Door(service, client)
