"""Makes plans: gathers what they need besides the call (configuration, zone, the contact and its history)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from connector.crm.catalogue import Catalogue
from mappings.books import default_book
from mappings.plan import ContactState, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import tzinfo

    from connector.crm.client import Crm
    from connector.crm.model import Contact
    from connector.locations import Location
    from connector.store.follow_up import DialRecord
    from mappings.call import Call
    from mappings.plan import Plan


class Zones(Protocol):
    """Which time zone a sub-account lives in."""

    async def zone(self, location: str) -> tzinfo:
        """As the CRM has it set."""


class Histories(Protocol):
    """What is known of earlier calls with a number (connector/store/follow_up.py)."""

    async def dial_histories(self, location: str, numbers: Collection[str]) -> Mapping[str, DialRecord]:
        """By number, where anything is known."""


class Planner:
    """Makes plans. Without `histories`, every call is the first one."""

    def __init__(
        self,
        crm: Crm,
        zones: Zones,
        now_ms: Callable[[], int],
        histories: Histories | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        self._crm = crm
        self._catalogue = catalogue or Catalogue(crm)
        self._zones = zones
        self._now_ms = now_ms
        self._histories = histories

    async def history(self, location: Location, number: str | None) -> DialRecord | None:
        """What is known of earlier calls with this number."""
        if self._histories is None or number is None:
            return None
        return (await self._histories.dial_histories(location.id, [number])).get(number)

    async def contact(self, location: Location, contact_id: str | None, *, attempts: int, tag: str) -> ContactState:
        """The contact as rules see it; the CRM is asked only where the book looks at what only the CRM knows."""
        book = location.config.book or default_book()
        if contact_id is None or not book.needs_contact:
            return ContactState(known=contact_id is not None, attempts=attempts, attempt_tag=tag or None)
        contact = await self._crm.get_contact(location.id, contact_id)
        return ContactState(
            tags=frozenset(contact.tags),
            fields=await self._fields(location.id, contact),
            attempts=attempts,
            attempt_tag=tag or None,
            dnd=contact.no_calls,
            assigned_to=contact.assigned_to,
        )

    async def _fields(self, location: str, contact: Contact) -> dict[str, str]:
        """The contact's custom fields by id, and by whatever else a book may call them."""
        found = {id_: str(value) for id_, value in contact.fields.items()}
        if found:
            for field in await self._catalogue.fields(location):
                if field.id in found:
                    found |= {name: found[field.id] for name in (field.name, field.key) if name}
        return found

    async def plan(self, location: Location, call: Call, contact: ContactState) -> Plan:
        """The plan of the sub-account's book for this call."""
        config = location.config
        zone = ZoneInfo(config.time_zone) if config.time_zone else await self._zones.zone(location.id)
        return plan(
            call,
            contact,
            config.book or default_book(),
            now_ms=self._now_ms(),
            zone=zone,
            workflows=config.workflows,
            words=config.words,
            calendar=config.calendar,
            settings=config.numbers,
            country=config.country,
            timeline=config.call_record,
            fields=config.fields,
            agents=config.agents,
            explain=False,
        )
