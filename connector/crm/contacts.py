"""Who has which number: a bounded memory of contact ids, so that most events ask the CRM nothing.

In memory only, and for minutes: the CRM's own events keep it true, but some of them get lost (it gives up after some
tries, and pauses an app that fails often). A copy on disk that outlives a lost event would log calls with the wrong
person, and would hold the numbers of all contacts, most of whom never call; one lookup in ten minutes costs less.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from cachetools import TTLCache

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.model import Contact


class Directory(Protocol):
    """Whoever can look a number up and make a contact for it (client.py)."""

    async def find_contact(self, location: str, number: str) -> Contact | None:
        """The contact of this number (E.164), or None."""

    async def create_contact(self, location: str, phone: str) -> Contact:
        """A new contact of this number, or the one the CRM says has it already."""


class Contacts:
    """Contact ids by sub-account and number; at most `size` in all, each for `ttl_s` seconds.

    Only ids are kept: names and tags change under us. "Nobody" is not kept: a contact may be made any moment.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        size: int = 20_000,
        ttl_s: float = 600.0,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._directory = directory
        self._ids: TTLCache[tuple[str, str], str] = TTLCache(size, ttl_s, timer)
        # Which numbers a contact is remembered by, written whenever the above is: it lives as long or longer.
        self._numbers: TTLCache[tuple[str, str], frozenset[str]] = TTLCache(size, ttl_s, timer)

    async def who(self, location: str, number: str) -> str | None:
        """The id of the contact with this number (E.164), or None. Raises what the lookup raises."""
        known = self._ids.get((location, number))
        if known is not None:
            return known
        found = await self._directory.find_contact(location, number)
        if found is None:
            return None
        self._learn(location, number, found.id)
        return found.id

    async def add(self, location: str, number: str) -> str:
        """Make a contact for the number; its id, or that of the one the CRM says has it already.

        Raises what the creation raises; after an InDoubtError, ask `who` before adding again.
        """
        made = await self._directory.create_contact(location, number)
        self._learn(location, number, made.id)
        return made.id

    def forget(self, location: str, number: str) -> None:
        """The id turned out to be wrong (ContactGoneError): ask again next time."""
        self._ids.pop((location, number), None)

    def told(self, location: str, contact_id: str, number: str | None, *, fresh: bool) -> None:
        """The CRM told a contact's number (E.164; None: no number that could be read).

        What contradicts it is forgotten. It is believed only where it is `fresh` and nobody else was remembered: of two
        contacts with one number, the CRM itself must say which it finds.
        """
        for other in self._numbers.get((location, contact_id), frozenset()) - {number}:
            self._drop(location, other, contact_id)
        if number is None:
            return
        known = self._ids.get((location, number))
        if known is None and fresh:
            self._learn(location, number, contact_id)
        elif known is not None and known != contact_id:
            self.forget(location, number)

    def gone(self, location: str, contact_id: str) -> None:
        """The contact was deleted or merged: whoever has its number now must be asked for."""
        for number in self._numbers.pop((location, contact_id), frozenset()):
            self._drop(location, number, contact_id)

    def _learn(self, location: str, number: str, contact_id: str) -> None:
        self._ids[location, number] = contact_id
        numbers = self._numbers.get((location, contact_id), frozenset())
        self._numbers[location, contact_id] = numbers | {number}

    def _drop(self, location: str, number: str, contact_id: str) -> None:
        if self._ids.get((location, number)) == contact_id:
            self.forget(location, number)
