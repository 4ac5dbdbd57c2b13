"""May this number be dialled now, until when not and why, and from which caller ID: what is known, put together.

One number or a thousand: one look into the history, one at the caller IDs, and then arithmetic (mappings/dial.py).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from cachetools import LRUCache

from connector.crm.errors import ContactGoneError, CrmError
from connector.crm.zones import zone_named
from mappings.dial import CallerIdRecord, DialHistory, Pool, advise, no_number
from mappings.numbers import e164
from oauth.refusal import GrantError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from datetime import tzinfo

    from connector.crm.model import Contact
    from connector.locations import Location
    from connector.store.follow_up import DialRecord
    from mappings.dial import Advice, QuietHours

MOST: Final = 1000
"""Numbers in one question."""
LATELY_MS: Final = 30 * 86_400_000
"""Caller IDs are judged by their calls of so long."""
_SOON_S: Final = 5.0
"""How long the CRM may take to answer: a dialler waits."""
_ZONES: Final = 20_000
_UNKNOWN: Final = DialHistory()


class Histories(Protocol):
    """What is known of numbers (connector/store/follow_up.py)."""

    async def dial_histories(self, location: str, numbers: Collection[str]) -> dict[str, DialRecord]:
        """By number, where anything is known."""

    async def caller_ids(self, location: str, *, since_ms: int) -> list[CallerIdRecord]:
        """How the sub-account's own numbers fared since then."""

    async def tell_dnd(self, location: str, number: str, *, dnd: bool) -> bool:
        """The CRM tells whether a number is to be left alone."""


class Zones(Protocol):
    """Which time zone a sub-account lives in (connector/crm/zones.py)."""

    async def zone(self, location: str) -> tzinfo:
        """As the CRM has it set."""


class Directory(Protocol):
    """Who is behind a number (connector/crm/contacts.py)."""

    async def who(self, location: str, number: str) -> str | None:
        """The contact's id, or None where the CRM knows no such number."""

    def forget(self, location: str, number: str) -> None:
        """Drop what is remembered for the number."""


class People(Protocol):
    """Who knows contacts (connector/crm/client.py)."""

    async def get_contact(self, location: str, contact_id: str) -> Contact:
        """The contact; ContactGoneError if there is none."""


class CannotAskError(Exception):
    """The CRM did not tell what the advice needs of it: nothing can be advised now."""


class Advised(NamedTuple):
    """The advice about one number, and what it rests on."""

    advice: Advice
    history: DialHistory


class DialAdvice:
    """Advises diallers."""

    def __init__(
        self,
        *,
        histories: Histories,
        zones: Zones,
        directory: Directory,
        people: People,
        now_ms: Callable[[], int],
    ) -> None:
        self._histories = histories
        self._zones = zones
        self._directory = directory
        self._people = people
        self._now_ms = now_ms
        self._zones_told: LRUCache[str, tzinfo] = LRUCache(_ZONES)

    async def one(self, location: Location, number: str, *, check_dnd: bool = False) -> Advised:
        """The advice about one number in E.164.

        Args:
            location: whose dialler asks.
            number: whom it wants to call.
            check_dnd: ask the CRM for the contact's do-not-disturb (1 request, 2 for a number not dialled lately); the
                contact's own time zone then counts, too.

        Raises:
            CannotAskError: the CRM cannot be asked.
            StoreError: nothing is known without the database.
        """
        history = (await self._histories.dial_histories(location.id, [number])).get(number)
        zone = await self._zone(location)
        known: DialHistory = history or _UNKNOWN
        if check_dnd:
            contact = await self._contact(location.id, number, None if history is None else history.contact_id)
            if contact is not None:
                known = await self._told(location.id, number, known, contact.no_calls)
                zone = zone_named(contact.timezone) if contact.timezone else zone
        return self._advise(location, [number], {number: known}, await self._pool(location), zone)[0]

    async def many(self, location: Location, texts: Sequence[str]) -> list[Advised]:
        """The advice about many numbers, in their order; of do-not-disturb what is known without asking.

        Raises:
            CannotAskError: the sub-account's time zone is neither set nor known yet, and the CRM does not tell it.
            StoreError: nothing is known without the database.
        """
        country = location.config.country
        numbers = [e164(text, country) for text in texts]
        histories = await self._histories.dial_histories(location.id, {one for one in numbers if one is not None})
        pool, zone = await self._pool(location), await self._zone(location)
        advised = iter(self._advise(location, [one for one in numbers if one is not None], histories, pool, zone))
        policy = location.config.dial_policy
        return [
            Advised(no_number(text, policy), _UNKNOWN) if number is None else next(advised)
            for text, number in zip(texts, numbers, strict=True)
        ]

    def _advise(
        self,
        location: Location,
        numbers: Sequence[str],
        histories: Mapping[str, DialHistory],
        pool: Pool,
        zone: tzinfo,
    ) -> list[Advised]:
        config, now_ms = location.config, self._now_ms()
        policy, calendar = config.dial_policy, _Remembering(config.calendar)
        found = ((number, histories.get(number, _UNKNOWN)) for number in numbers)
        return [
            Advised(advise(known, policy, pool, to=number, now_ms=now_ms, zone=zone, calendar=calendar), known)
            for number, known in found
        ]

    async def _pool(self, location: Location) -> Pool:
        """The sub-account's caller IDs with their calls of late; those that made none, too."""
        config = location.config
        if not config.caller_ids:
            return Pool((), config.dial_policy)
        records = await self._histories.caller_ids(location.id, since_ms=self._now_ms() - LATELY_MS)
        return Pool(_of_pool(config.caller_ids, records), config.dial_policy)

    async def _zone(self, location: Location) -> tzinfo:
        config = location.config
        if config.time_zone:
            return ZoneInfo(config.time_zone)
        if config.hours.quiet_from is None:
            return UTC  # nothing depends on it
        try:
            async with asyncio.timeout(_SOON_S):
                zone = self._zones_told[location.id] = await self._zones.zone(location.id)
        except (CrmError, GrantError, LookupError, TimeoutError) as error:
            told = self._zones_told.get(location.id)
            if told is None:
                raise CannotAskError(f"the CRM does not tell the sub-account's time zone ({_words(error)})") from error
            return told
        return zone

    async def _contact(self, location: str, number: str, contact_id: str | None) -> Contact | None:
        """The contact as the CRM has it now; None where it has none of this number."""
        try:
            async with asyncio.timeout(_SOON_S):
                found = contact_id or await self._directory.who(location, number)
                return None if found is None else await self._people.get_contact(location, found)
        except ContactGoneError:
            self._directory.forget(location, number)
            return None
        except (CrmError, GrantError, LookupError, TimeoutError) as error:
            raise CannotAskError(f"the CRM does not tell the contact's do-not-disturb ({_words(error)})") from error

    async def _told(self, location: str, number: str, known: DialHistory, dnd: bool | None) -> DialHistory:  # noqa: FBT001 - it is the value itself
        """What is known once the CRM has said this: kept, so that a batch knows it, too."""
        if dnd is None or dnd is known.dnd:
            return known
        await self._histories.tell_dnd(location, number, dnd=dnd)
        return replace(known, dnd=dnd)


class _Remembering:
    """A calendar for one batch: most of it is asked about the same moments."""

    def __init__(self, calendar: QuietHours) -> None:
        self._calendar = calendar
        self._known: dict[tuple[int, int], int] = {}

    def next_allowed(self, at_ms: int, zone: tzinfo) -> int:
        """See `QuietHours.next_allowed`."""
        asked = at_ms, id(zone)
        if asked not in self._known:
            self._known[asked] = self._calendar.next_allowed(at_ms, zone)
        return self._known[asked]


def _of_pool(numbers: Sequence[str], records: Sequence[CallerIdRecord]) -> Iterator[CallerIdRecord]:
    known = {record.number: record for record in records}
    for number in numbers:
        yield known.get(number) or CallerIdRecord(number)


def _words(error: Exception) -> str:
    return str(error) or f"no answer within {_SOON_S:g} s"
