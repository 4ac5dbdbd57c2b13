"""Tags that we write ourselves: what comes back of them is no agent's word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from cachetools import TTLCache

from connector.crm_events.disposed import is_just_after, with_prefix

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.locations import LocationBook
    from connector.store.inbox import Inbox

_ECHO_WITHIN_MS: Final = 120_000
_REMEMBERED_MS: Final = 3_600_000
_CONTACTS: Final = 20_000


class OwnTags:
    """Remembers our own writes: those of tags that tell how a call went on disk, the others for an hour."""

    def __init__(self, inbox: Inbox, locations: LocationBook, now_ms: Callable[[], int]) -> None:
        self._inbox = inbox
        self._locations = locations
        self._now_ms = now_ms
        self._latest: TTLCache[tuple[str, str], tuple[int, frozenset[str]]] = TTLCache(
            _CONTACTS, _REMEMBERED_MS, lambda: float(now_ms())
        )

    async def writing(self, location: str, contact_id: str, tags: tuple[str, ...]) -> None:
        """We are about to put these tags on, or (none) to take some off: said before, for the echo may be faster.

        Raises:
            StoreError: it cannot be remembered; do not write.
        """
        now_ms = self._now_ms()
        self._latest[location, contact_id] = now_ms, frozenset(tag.strip().lower() for tag in tags)
        known = await self._locations.get(location)
        prefix = None if known is None else known.config.disposition_tag_prefix
        telling = frozenset() if prefix is None else with_prefix(tags, prefix)
        if telling:
            await self._inbox.wrote_tags(location, contact_id, telling, now_ms=now_ms)

    def may_be_echo(self, location: str, contact_id: str, tags: frozenset[str], at_ms: int) -> bool:
        """Whether this list of tags may be what our latest write to the contact led to."""
        wrote_ms, wrote = self._latest.get((location, contact_id), (None, frozenset()))
        return wrote_ms is not None and wrote <= tags and is_just_after(wrote_ms, at_ms, _ECHO_WITHIN_MS)
