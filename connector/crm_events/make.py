"""Puts together what takes the CRM's events and acts on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.crm_events.disposed import nobody_listens
from connector.crm_events.handle import Handler
from connector.crm_events.intake import EventIntake
from connector.crm_events.verify import public_keys
from connector.crm_events.worker import EventWorker
from oauth.install import app_id

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.contacts import Contacts
    from connector.crm_events.disposed import OnDisposed
    from connector.crm_events.handle import Installing
    from connector.crm_events.own import OwnTags
    from connector.locations import LocationBook
    from connector.observe import Metrics
    from connector.settings import Settings
    from connector.store.inbox import Inbox


@dataclass(frozen=True, slots=True)
class CrmEvents:
    """Both ends of the inbox."""

    intake: EventIntake
    worker: EventWorker


def make_crm_events(
    settings: Settings,
    *,
    inbox: Inbox,
    locations: LocationBook,
    contacts: Contacts,
    installs: Installing | None,
    own_tags: OwnTags,
    metrics: Metrics,
    now_ms: Callable[[], int],
    chance: Callable[[], float],
    on_disposed: OnDisposed = nobody_listens,
) -> CrmEvents:
    """The intake and the worker; `on_disposed` hears what agents say of their calls in the CRM."""
    handler = Handler(
        inbox=inbox,
        locations=locations,
        contacts=contacts,
        installs=installs,
        own_tags=own_tags,
        on_disposed=on_disposed,
        now_ms=now_ms,
    )
    worker = EventWorker(inbox=inbox, handler=handler, metrics=metrics, now_ms=now_ms, chance=chance)
    intake = EventIntake(
        keys=public_keys(settings.crm_event_keys),
        inbox=inbox,
        app_id=app_id(settings.client_id) if settings.client_id else None,
        metrics=metrics,
        wake=worker.wake,
        now_ms=now_ms,
    )
    return CrmEvents(intake, worker)
