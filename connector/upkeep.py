"""What has to be done now and then: calls that never ended are closed, what was finished long ago is forgotten."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from connector.intake import closed
from connector.locations import effective
from mappings.call import Call
from mappings.merge import stale_end

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.settings import Settings
    from connector.store import Store

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
STALE_PIECE: Final = 100
PRUNE_PIECE: Final = 500
LOCATIONS_PIECE: Final = 100


class Upkeep:
    """Rounds over the store, each in small pieces that nobody has to wait for. All raise StoreError."""

    def __init__(self, store: Store, settings: Settings, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._settings = settings
        self._now_ms = now_ms

    async def close_stale(self) -> int:
        """Close calls whose trunk never told their end: they reach the CRM like any other, and say so. How many."""
        hours = self._settings.stale_hours
        now_ms = self._now_ms()
        stale = await self._store.open_calls(before_ms=now_ms - int(hours * HOUR_MS), limit=STALE_PIECE)
        for call in stale:
            end = stale_end([Call.from_json(part) for part in call.parts], now_ms=now_ms, hours=hours)
            await self._store.record([closed(call, end, now_ms)])
        return len(stale)

    async def prune(self) -> bool:
        """Forget a piece of what was finished long ago; whether there is more."""
        settings, now_ms = self._settings, self._now_ms()
        quarantined = settings.keep_quarantined_days
        pruned = await self._store.prune(
            done_before_ms=now_ms - settings.keep_days * DAY_MS,
            quarantined_before_ms=None if quarantined is None else now_ms - quarantined * DAY_MS,
            limit=PRUNE_PIECE,
        )
        return pruned >= PRUNE_PIECE

    async def prune_locations(self) -> bool:
        """The same for sub-accounts that keep their calls for a shorter time; whether there is more."""
        more, after = False, ""
        while rows := await self._store.list_locations(limit=LOCATIONS_PIECE, after=after):
            for row in rows:
                days = (await asyncio.to_thread(effective, row)).retention_days
                if days is not None and days < self._settings.keep_days:
                    before_ms = self._now_ms() - days * DAY_MS
                    pruned = await self._store.prune_location(row.id, done_before_ms=before_ms, limit=PRUNE_PIECE)
                    more = more or pruned >= PRUNE_PIECE
            after = rows[-1].id
        return more
