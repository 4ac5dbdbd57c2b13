"""Calls on one side, the CRM's workflow builder on the other: routes, delivery worker and sandbox on loopback."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from connector.problem import problems
from connector.sandbox.triggers import make_trigger
from connector.store.sqlite import SqliteStore
from connector.workflow.actions import Actions
from connector.workflow.installed import Installed
from connector.workflow.routes import HEADER, routes
from connector.workflow.subscriptions import Subscriptions
from tests.connector.stage import LOC, Stage, on_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.locations import LocationBook
    from oauth.keeper import Keeper

SECRET = "a long random text"
EXECUTE = "/workflows-marketplace/triggers/execute"


@dataclass
class Told:
    """An answer."""

    status: int
    body: Any
    headers: Any


@dataclass
class Bench:
    stage: Stage
    database: SqliteStore
    subscriptions: Subscriptions
    client: TestClient[web.Request, web.Application]
    unknown: list[int]
    """How many subscriptions each call passed over because their filters are not understood."""
    full: dict[str, str] = field(default_factory=dict)
    """Why no more may wait, by sub-account."""

    async def post(self, path: str, body: Any, *, secret: str | None = SECRET, **headers: str) -> Told:
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        if secret is not None:
            sent[HEADER] = secret
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        async with self.client.post(path, data=raw, headers=sent) as answer:
            return Told(answer.status, orjson.loads(await answer.read()), answer.headers)

    async def subscribe(self, trigger_id: str = "trg", *filters: Any, event: str = "CREATED", **more: Any) -> Told:
        """As the CRM does when somebody puts the trigger into a workflow, changes it or takes it out."""
        return await self.post("/crm/triggers", self.told(trigger_id, *filters, event=event, **more))

    def told(
        self,
        trigger_id: str = "trg",
        *filters: Any,
        event: str = "CREATED",
        location: str = LOC,
        key: str = "call_outcome",
        target: str | None = None,
    ) -> dict[str, Any]:
        return {
            "triggerData": {
                "id": trigger_id,
                "key": key,
                "filters": list(filters),
                "eventType": event,
                "targetUrl": target or f"{self.stage.url}{EXECUTE}/{location}/{trigger_id}",
            },
            "meta": {"key": key, "version": "1.0"},
            "extras": {"locationId": location, "workflowId": "wf-1", "companyId": "agency"},
        }

    async def ask(self, key: str, data: Any, *, contact: str | None = None, location: str = LOC, **extras: str) -> Told:
        """As the CRM does when a workflow comes to an action."""
        body = {
            "data": data,
            "extras": {"locationId": location, "contactId": contact, "workflowId": "wf-1", **extras},
            "meta": {"key": key, "version": "1.0"},
        }
        return await self.post(f"/crm/actions/{key}", body)

    def make(self, trigger_id: str = "trg", *, active: bool = True, location: str = LOC) -> None:
        """The trigger on the CRM's side."""
        make_trigger(self.stage.sandbox.locations[location], trigger_id, active=active)

    def fired(self, trigger_id: str = "trg", location: str = LOC) -> list[dict[str, Any]]:
        """What started the workflow."""
        told: list[dict[str, Any]] = self.stage.sandbox.locations[location].triggers[trigger_id]["fired"]
        return told


def equals(field: str, value: Any, operator: str = "==") -> dict[str, Any]:
    """A filter as the CRM tells it."""
    return {"field": field, "id": field, "operator": operator, "title": field, "type": "select", "value": value}


@asynccontextmanager
async def on_bench(folder: Path, *, secret: str | None = SECRET) -> AsyncIterator[Bench]:
    """Ada is a contact of LOC; no workflow waits for anything."""
    database = await SqliteStore.open(folder / "ringback.db")
    unknown: list[int] = []
    made: list[Subscriptions] = []

    def listening(locations: LocationBook, keeper: Keeper, url: str) -> Subscriptions:
        made.append(
            Subscriptions(
                database.triggers,
                Installed(locations, keeper),
                crm_url=url,
                now_ms=lambda: 1,
                on_unknown=unknown.append,
            )
        )
        return made[0]

    async with on_stage(database, listening=listening) as stage:
        full: dict[str, str] = {}
        actions = Actions(
            calls=database,
            follow_up=database.follow_up,
            answers=database.triggers,
            installed=Installed(stage.locations, stage.keeper),
            people=stage.crm,
            now_ms=stage.clock,
            wake=stage.worker.wake,
            full=full.get,
        )
        app = web.Application(middlewares=[problems])
        app.add_routes(routes(made[0], actions, secret))
        async with TestClient(TestServer(app)) as client:
            yield Bench(stage, database, made[0], client, unknown, full)
