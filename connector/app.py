"""Composition: the only room that sees all the others. Everybody else is handed what they need."""

from __future__ import annotations

import os
import random
import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from connector.api.make import make_api
from connector.book_names import BookNames
from connector.clock import now_ms
from connector.crm.catalogue import Catalogue
from connector.crm_events.make import CrmEvents, make_crm_events
from connector.dedup import Seen
from connector.delivery import Carrier
from connector.dialling import DialAdvice
from connector.disposed import Dispositions
from connector.ground import Ground, lay
from connector.install.make import make_installs
from connector.intake import Intake
from connector.locations import StoredSecrets
from connector.notify import Notify
from connector.pages.live import Live
from connector.pages.make import make_pages, naming
from connector.pages.telling import Telling
from connector.planner import Planner
from connector.session.tokens import Sessions
from connector.upkeep import Upkeep
from connector.watch import Watch
from connector.worker import Limits, Worker
from connector.workflow.installed import Installed
from connector.workflow.make import Workflows, make_workflows
from connector.workflow.subscriptions import Subscriptions
from connector.wrapup import Wrapups

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.api.serve import Api
    from connector.crm.contacts import Contacts
    from connector.crm.seam import Transport
    from connector.crm.transport import AiohttpTransport
    from connector.install.service import Installs
    from connector.locations import LocationBook
    from connector.observe import Metrics
    from connector.pages.app import Pages
    from connector.settings import Settings
    from connector.store import Store
    from connector.store.database import Database
    from oauth.keeper import Keeper

T = TypeVar("T")


@dataclass(slots=True, kw_only=True)
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
    upkeep: Upkeep
    notifier: Notify
    api: Api
    installs: Installs | None
    crm_events: CrmEvents
    workflows: Workflows
    pages: Pages


def _as_it_is(part: T) -> T:
    return part


async def build(
    settings: Settings,
    *,
    store_seam: Callable[[Database], Database] = _as_it_is,
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
    ground = await lay(settings, store_seam=store_seam, transport_seam=transport_seam)
    database, locations, metrics = ground.database, ground.locations, ground.metrics
    installed = Installed(locations, ground.keeper)
    unknown = metrics.triggers_not_understood.inc
    subscriptions = Subscriptions(
        database.triggers, installed, crm_url=settings.crm_url, now_ms=now_ms, on_unknown=unknown
    )
    notifier = Notify(StoredSecrets(database), ground.vault, now_ms, private=settings.notify_private)
    worker = _worker(ground, _carrier(ground, notifier, subscriptions))
    watch = Watch(database, metrics, settings.queue_limit, settings.queue_limit_per_location, database.grants)
    live = Live(naming(ground.contacts, ground.crm), now_ms)
    wrapups = Wrapups(
        calls=database.calls, records=Telling(database, live), now_ms=now_ms, wake=worker.wake, full=watch.full
    )
    sessions = Sessions(ground.vault, database.once, database.grants, now_ms)
    api = _api(ground, sessions, wrapups)
    installs = _installs(ground)
    return Service(
        settings=settings,
        store=database,
        locations=locations,
        keeper=ground.keeper,
        contacts=ground.contacts,
        transport=ground.transport,
        metrics=metrics,
        worker=worker,
        intake=_intake(ground, worker, watch, live),
        watch=watch,
        upkeep=Upkeep(database, settings, now_ms),
        notifier=notifier,
        api=api,
        installs=installs,
        crm_events=_crm_events(ground, installs, wrapups),
        workflows=_workflows(ground, subscriptions, installed, worker, watch),
        pages=_pages(ground, api, sessions, live, installs),
    )


def _carrier(ground: Ground, notifier: Notify, subscriptions: Subscriptions) -> Carrier:
    catalogue = Catalogue(ground.crm)
    return Carrier(
        store=ground.database,
        crm=ground.crm,
        catalogue=catalogue,
        people=ground.contacts,
        planner=Planner(ground.crm, ground.zones, now_ms, ground.database.follow_up, catalogue),
        locations=ground.locations,
        now_ms=now_ms,
        notifier=notifier,
        triggers=subscriptions,
        grace_s=ground.settings.grace_s,
    )


def _worker(ground: Ground, carrier: Carrier) -> Worker:
    settings = ground.settings
    return Worker(
        store=ground.database,
        carrier=carrier,
        metrics=ground.metrics,
        timers=ground.database.follow_up,
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


def _intake(ground: Ground, worker: Worker, watch: Watch, live: Live) -> Intake:
    return Intake(
        store=ground.database,
        locations=ground.locations,
        seen=Seen(ground.settings.dedup_ids),
        metrics=ground.metrics,
        wake=worker.wake,
        full=watch.full,
        ended=live.ended,
    )


def _api(ground: Ground, sessions: Sessions, wrapups: Wrapups) -> Api:
    advice = DialAdvice(
        histories=ground.database.follow_up,
        zones=ground.zones,
        directory=ground.contacts,
        people=ground.crm,
        now_ms=now_ms,
    )
    return make_api(
        ground.settings,
        database=ground.database,
        vault=ground.vault,
        sessions=sessions,
        book=ground.locations,
        wrapups=wrapups,
        advice=advice,
        names=BookNames(ground.crm),
        now_ms=now_ms,
    )


def _installs(ground: Ground) -> Installs | None:
    return make_installs(
        ground.settings,
        database=ground.database,
        vault=ground.vault,
        keeper=ground.keeper,
        endpoint=ground.endpoint,
        crm=ground.crm,
        pace=ground.pace,
        now_ms=now_ms,
    )


def _crm_events(ground: Ground, installs: Installs | None, wrapups: Wrapups) -> CrmEvents:
    database = ground.database
    dispositions = Dispositions(
        locations=ground.locations, follow_up=database.follow_up, calls=database.calls, wrapups=wrapups, now_ms=now_ms
    )
    return make_crm_events(
        ground.settings,
        inbox=database.inbox,
        locations=ground.locations,
        contacts=ground.contacts,
        installs=installs,
        own_tags=ground.own_tags,
        metrics=ground.metrics,
        now_ms=now_ms,
        chance=random.random,
        on_disposed=dispositions.hear,
    )


def _workflows(
    ground: Ground, subscriptions: Subscriptions, installed: Installed, worker: Worker, watch: Watch
) -> Workflows:
    return make_workflows(
        ground.settings,
        subscriptions,
        store=ground.database,
        database=ground.database,
        installed=installed,
        crm=ground.crm,
        now_ms=now_ms,
        wake=worker.wake,
        full=watch.full,
    )


def _pages(ground: Ground, api: Api, sessions: Sessions, live: Live, installs: Installs | None) -> Pages:
    return make_pages(
        ground.settings,
        database=ground.database,
        locations=ground.locations,
        sessions=sessions,
        live=live,
        doors=api.doors,
        installs=installs,
        now_ms=now_ms,
    )
