"""Composition: the only room that sees all the others. Everybody else is handed what they need."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import random
import secrets
import socket
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeVar

import structlog
from aiohttp import web

from connector.api import Api
from connector.clock import now_ms
from connector.crm.client import Crm
from connector.crm.contacts import Contacts
from connector.crm.pace import Pace, burst_rate
from connector.crm.transport import AiohttpTransport
from connector.crm.zones import CrmZones
from connector.dedup import Seen
from connector.delivery import Carrier
from connector.intake import Intake, as_seen, closed
from connector.keys import open_vault
from connector.locations import LocationBook, StoredSecrets
from connector.observe import Metrics
from connector.problem import problem, problems
from connector.store import Store, StoreError
from connector.store.open import open_store
from connector.watch import Watch
from connector.worker import Limits, Worker
from mappings.call import Call
from mappings.merge import stale_end
from mappings.payload.request import Request
from oauth.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from connector.crm.model import Request as CrmRequest
    from connector.crm.seam import Transport
    from connector.settings import Settings

log = structlog.get_logger()

T = TypeVar("T")

LOOK_EVERY_S = 1.0
"""How often the running service looks for changed sub-accounts and at its queue."""


@dataclass(slots=True)
class Service:
    """The parts of one running connector."""

    settings: Settings
    store: Store
    locations: LocationBook
    keeper: Keeper
    contacts: Contacts
    transport: AiohttpTransport
    metrics: Metrics
    worker: Worker
    intake: Intake
    watch: Watch


DAY_MS = 86_400_000
HOUR_MS = 3_600_000
STALE_EVERY_S = 60.0
STALE_PIECE = 100
PRUNE_EVERY_S = 600.0
PRUNE_PIECE = 500


def _as_it_is(part: T) -> T:
    return part


async def build(
    settings: Settings,
    *,
    store_seam: Callable[[Store], Store] = _as_it_is,
    transport_seam: Callable[[Transport], Transport] = _as_it_is,
) -> Service:
    """The connector's parts, wired, on an open store; nothing runs yet.

    Args:
        settings: what the operator chose.
        store_seam: puts something between the connector and its store (the crash harness kills there).
        transport_seam: likewise between the connector and the CRM.

    Raises:
        StoreError: the store cannot be opened.
        UsageError: a setting is missing.
    """
    vault = open_vault(settings)
    database = await open_store(settings.database_url, exclusive=True)
    store = store_seam(database)
    metrics = Metrics()
    locations = LocationBook(store, vault)
    keeper = Keeper(StoredSecrets(store), vault)
    transport = AiohttpTransport(settings.crm_url, timeout_s=settings.crm_timeout_s)

    counters = cache(metrics.crm_requests.labels)

    def on_request(_location: str, request: CrmRequest, status: int | None, _seconds: float) -> None:
        counters(request.verb, str(status or "none")).inc()

    pace = Pace(burst_rate(settings.crm_burst), settings.crm_daily)
    crm = Crm(transport_seam(transport), keeper, pace, on_request=on_request)
    contacts = Contacts(crm)
    carrier = Carrier(
        store=store,
        crm=crm,
        people=contacts,
        zones=CrmZones(crm),
        locations=locations,
        now_ms=now_ms,
        grace_s=settings.grace_s,
    )
    worker = Worker(
        store=store,
        carrier=carrier,
        metrics=metrics,
        owner=f"{socket.gethostname()}/{os.getpid()}/{secrets.token_hex(4)}",
        limits=Limits(
            concurrency=settings.concurrency,
            per_location=settings.concurrency_per_location,
            settle_s=settings.settle_s,
            max_tries=settings.max_tries,
            fresh_first=settings.backlog == "fresh",
        ),
        now_ms=now_ms,
        chance=random.random,
    )
    watch = Watch(store, metrics, settings.queue_limit, settings.queue_limit_per_location)
    intake = Intake(
        store=store,
        locations=locations,
        seen=Seen(settings.dedup_ids),
        metrics=metrics,
        wake=worker.wake,
        full=watch.full,
    )
    return Service(settings, store, locations, keeper, contacts, transport, metrics, worker, intake, watch)


SERVICE = web.AppKey("service", Service)


def make_app(service: Service) -> web.Application:
    """The connector as an aiohttp application; its worker runs while the application does."""
    app = web.Application(middlewares=[problems], client_max_size=service.settings.body_limit)
    app[SERVICE] = service
    key = service.settings.api_key
    app.add_routes(Api(service.store, key.get_secret_value() if key else None).routes())
    app.add_routes(
        [
            web.route("*", "/hooks/{location}/{trunk}", _hook),
            web.route("*", "/hooks/{location}/{trunk}/{key}", _hook),
            web.get("/healthz", _healthz),
            web.get("/readyz", _readyz),
            web.get("/metrics", _metrics),
        ]
    )
    app.cleanup_ctx.append(_running)
    return app


async def _running(app: web.Application) -> AsyncIterator[None]:
    service = app[SERVICE]
    settle_ms = int(service.settings.settle_s * 1000)
    orphans = await service.store.release_all(now_ms=now_ms(), due_ms=now_ms() + settle_ms)
    if orphans:
        log.warning("taking up what the last process left", deliveries=orphans)
    await service.watch.look()
    await service.locations.refresh()
    await service.worker.start()
    _spare_the_collector()
    tasks = [
        asyncio.create_task(part)
        for part in (service.worker.run(), _look(service), _prune(service), _close_stale(service))
    ]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    left = await service.worker.drain(service.settings.drain_s)
    if left:
        log.warning("stopped before these were done; they are taken up at the next start", deliveries=left)
    await service.transport.close()
    await service.store.close()


def _spare_the_collector() -> None:
    """What is loaded now stays: the cycle collector need not look at it again, nor at every few calls.

    Measured under load: 2 collections instead of 700 in 3,300 events; their pauses of up to 0.1 s were the slowest
    answers.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


async def _look(service: Service) -> None:
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        await service.watch.look()
        with contextlib.suppress(StoreError):  # `watch` has said so
            if await service.locations.refresh():
                service.keeper.forget_all()
                service.worker.wake()


async def _close_stale(service: Service) -> None:
    """Closes calls whose trunk never told their end: they reach the CRM like any other, and say so."""
    hours = service.settings.stale_hours
    while True:
        with contextlib.suppress(StoreError):  # `watch` says so, and the next round comes
            before_ms = now_ms() - int(hours * HOUR_MS)
            for call in await service.store.open_calls(before_ms=before_ms, limit=STALE_PIECE):
                end = stale_end([Call.from_json(part) for part in call.parts], now_ms=now_ms(), hours=hours)
                await service.store.record([closed(call, end, now_ms())])
                service.worker.wake()
        await asyncio.sleep(STALE_EVERY_S)


async def _prune(service: Service) -> None:
    """Forgets what was finished long ago, in small pieces that nobody has to wait for."""
    settings = service.settings
    quarantined = settings.keep_quarantined_days
    while True:
        with contextlib.suppress(StoreError):  # `watch` says so, and the next round comes
            pruned = await service.store.prune(
                done_before_ms=now_ms() - settings.keep_days * DAY_MS,
                quarantined_before_ms=None if quarantined is None else now_ms() - quarantined * DAY_MS,
                limit=PRUNE_PIECE,
            )
            if pruned >= PRUNE_PIECE:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
        await asyncio.sleep(PRUNE_EVERY_S)


async def _hook(request: web.Request) -> web.StreamResponse:
    service = request.app[SERVICE]
    settings = service.settings
    body = await request.read()
    seen = Request(
        method=request.method,
        url=as_seen(request, public_url=settings.public_url, trust_proxy=settings.trust_proxy),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        received_ms=now_ms(),
    )
    where = request.match_info
    return await service.intake.answer(where["location"], where["trunk"], seen, where.get("key"))


async def _healthz(_request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "ok"})


async def _readyz(request: web.Request) -> web.StreamResponse:
    sick = request.app[SERVICE].watch.sick
    if sick is None:
        return web.json_response({"status": "ready"})
    return problem(503, "Not ready", f"Calls cannot be taken now: {sick}.", retry_after_s=5)


async def _metrics(request: web.Request) -> web.StreamResponse:
    return web.Response(body=request.app[SERVICE].metrics.text(), content_type="text/plain", charset="utf-8")
