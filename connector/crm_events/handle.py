"""What follows from an event. Each may come again, late, or out of order: doing it twice is as good as once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from connector.crm_events.disposed import Disposed, new_tags, plain, with_prefix
from connector.crm_events.read import (
    ContactGone,
    ContactTold,
    CrmEvent,
    Installation,
    Noted,
    Tagged,
    TaskDone,
    Unclear,
)
from connector.store.inbox import EventState, TagsSeen
from mappings.note import is_marked
from mappings.numbers import e164

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.contacts import Contacts
    from connector.crm_events.disposed import OnDisposed
    from connector.crm_events.own import OwnTags
    from connector.locations import Location, LocationBook
    from connector.store.inbox import Inbox

_FRESH_MS: Final = 120_000
"""A contact's number is believed for so long after it was told: later it may be somebody else's by now."""


class Installing(Protocol):
    """Whoever looks after installations (connector/install/service.py); both say whether the event was for us."""

    async def on_install(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        """The app was installed."""

    async def on_uninstall(self, *, app_id: str | None, location: str | None, company: str | None, at_ms: int) -> bool:
        """It was uninstalled."""


@dataclass(frozen=True, slots=True)
class Handled:
    """How an event ends, why, and what it showed of a contact's tags."""

    state: EventState = EventState.DONE
    reason: str | None = None
    seen: TagsSeen | None = None


class Handler:
    """Acts on events. `installs` is None where no marketplace app is set up."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        locations: LocationBook,
        contacts: Contacts,
        installs: Installing | None,
        own_tags: OwnTags,
        on_disposed: OnDisposed,
        now_ms: Callable[[], int],
    ) -> None:
        self._inbox = inbox
        self._locations = locations
        self._contacts = contacts
        self._installs = installs
        self._own_tags = own_tags
        self._on_disposed = on_disposed
        self._now_ms = now_ms

    async def handle(self, event: CrmEvent, received_ms: int) -> Handled:
        """Do what follows from it; `received_ms` is when it came first. Raises whatever it cannot do now."""
        match event.what:
            case None:
                return _ignored("we do nothing with events of this type")
            case Unclear(lacks):
                return Handled(EventState.PARKED, lacks)
            case Installation(installed):
                return await self._installation(event, received_ms, installed=installed)
        location = await self._locations.get(event.location or "")
        if location is None:
            return _ignored("the sub-account is not registered")
        return await self._of_location(location, event, received_ms if event.at_ms is None else event.at_ms)

    async def _installation(self, event: CrmEvent, received_ms: int, *, installed: bool) -> Handled:
        if self._installs is None:
            return _ignored("no marketplace app is set up here (RINGBACK_CLIENT_ID)")
        do = self._installs.on_install if installed else self._installs.on_uninstall
        at_ms = received_ms if event.at_ms is None else event.at_ms
        ours = await do(app_id=event.app_id, location=event.location, company=event.company, at_ms=at_ms)
        return Handled() if ours else _ignored("it is another app's, or names neither sub-account nor agency")

    async def _of_location(self, location: Location, event: CrmEvent, at_ms: int) -> Handled:
        match event.what:
            case ContactTold(contact_id, phone):
                number = e164(phone, location.config.country) if phone else None
                fresh = self._now_ms() - at_ms <= _FRESH_MS
                self._contacts.told(location.id, contact_id, number, fresh=fresh)
                return Handled()
            case ContactGone(contact_id):
                self._contacts.gone(location.id, contact_id)
                return Handled(
                    seen=TagsSeen(location=location.id, contact_id=contact_id, tags=frozenset(), at_ms=at_ms)
                )
            case Tagged():
                return await self._tagged(location, event.key, event.what, at_ms)
            case Noted():
                return await self._noted(location, event.what, at_ms)
            case TaskDone(contact_id, task_id, title):
                return await self._said("task", location, contact_id, title, at_ms, ref=task_id)
        raise AssertionError(event.type)

    async def _tagged(self, location: Location, key: str, tagged: Tagged, at_ms: int) -> Handled:
        prefix = location.config.disposition_tag_prefix
        if prefix is None:
            return _ignored("tags are no dispositions in this sub-account (disposition_tag_prefix)")
        contact_id, telling = tagged.contact_id, with_prefix(tagged.tags, prefix)
        known = await self._inbox.tags(location.id, contact_id)
        echo = self._own_tags.may_be_echo(location.id, contact_id, tagged.tags, at_ms)
        for tag in new_tags(telling, known, at_ms=at_ms, echo=echo):
            await self._on_disposed(
                Disposed(
                    key=f"tag:{key}:{tag}",
                    location=location.id,
                    contact_id=contact_id,
                    source="tag",
                    text=tag[len(prefix.strip()) :].strip(),
                    at_ms=at_ms,
                )
            )
        return Handled(seen=TagsSeen(location=location.id, contact_id=contact_id, tags=telling, at_ms=at_ms))

    async def _noted(self, location: Location, noted: Noted, at_ms: int) -> Handled:
        if is_marked(noted.body):
            return _ignored("the note is our own")
        return await self._said("note", location, noted.contact_id, plain(noted.body), at_ms, ref=noted.note_id)

    async def _said(
        self,
        source: Literal["note", "task"],
        location: Location,
        contact_id: str | None,
        text: str,
        at_ms: int,
        *,
        ref: str,
    ) -> Handled:
        if not text.strip():
            return _ignored(f"the {source} is empty")
        await self._on_disposed(
            Disposed(
                key=f"{source}:{ref}",
                location=location.id,
                contact_id=contact_id,
                source=source,
                text=text,
                at_ms=at_ms,
                ref=ref,
            )
        )
        return Handled()


def _ignored(reason: str) -> Handled:
    return Handled(EventState.IGNORED, reason)
