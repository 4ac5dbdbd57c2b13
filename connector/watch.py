"""Looks at the store now and then: how much waits, and whether it can be written at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.clock import now_ms
from connector.store import Depth, StoreError

if TYPE_CHECKING:
    from connector.observe import Metrics
    from connector.store import Store
    from connector.store.grants import Grants

PROVE_EVERY = 10
"""At how many looks it proves that the store can be written, with a write that needs room."""


class Watch:
    """What intake and the health routes need to know of the store, as of the last look."""

    def __init__(
        self, store: Store, metrics: Metrics, queue_limit: int, per_location: int, grants: Grants | None = None
    ) -> None:
        self._store = store
        self._grants = grants
        self._metrics = metrics
        self._limit = queue_limit
        self._per_location = per_location
        self._crowded: frozenset[str] = frozenset()
        self._depth = Depth(0, 0, 0, None)
        self._sick: str | None = None
        self._looks = 0

    def full(self, location: str | None = None) -> str | None:
        """Why no more calls may wait, at all or for one sub-account; None while they may."""
        if self._depth.waiting >= self._limit:
            return f"{self._depth.waiting} deliveries are waiting already (RINGBACK_QUEUE_LIMIT)"
        if location in self._crowded:
            return "too many deliveries of this sub-account are waiting already (RINGBACK_QUEUE_LIMIT_PER_LOCATION)"
        return None

    @property
    def sick(self) -> str | None:
        """Why calls cannot be taken now; None while they can."""
        return self._sick or self.full()

    async def look(self) -> None:
        """Refresh what is known; now and then, prove it by a write."""
        self._looks += 1
        try:
            if self._sick or self._looks % PROVE_EVERY == 1:
                await self._store.check()
            self._depth = await self._store.depth()
            some = self._depth.waiting >= self._per_location
            self._crowded = await self._store.crowded(self._per_location) if some else frozenset()
            grants = {} if self._grants is None else await self._grants.counts()
            paused = sum(pause.until_ms > now_ms() for pause in (await self._store.pauses()).values())
        except StoreError as error:
            self._sick = str(error)
            return
        self._sick = None
        depth, metrics = self._depth, self._metrics
        metrics.queue_depth.set(depth.waiting)
        metrics.parked.set(depth.parked)
        metrics.quarantined.set(depth.quarantined)
        oldest = depth.oldest_waiting_ms
        metrics.oldest_waiting_s.set(0 if oldest is None else max(0, now_ms() - oldest) / 1000)
        metrics.paused.set(paused)
        for standing, number in grants.items():
            metrics.grants.labels(standing.value).set(number)
