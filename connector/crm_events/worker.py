"""Acts on the events that were kept: many contacts' at a time, one contact's in the order in which they came."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import TYPE_CHECKING, Final

import structlog

from connector.crm_events.read import EVENTS, UnreadableError, read
from connector.schedule import grown_ms
from connector.store import StoreError
from connector.store.inbox import EventState

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

    from connector.crm_events.handle import Handler
    from connector.crm_events.read import CrmEvent
    from connector.observe import Metrics
    from connector.store.inbox import Inbox, Taken

log = structlog.get_logger()

BACKOFF_S: Final[Sequence[int]] = (5, 30, 120, 600, 1800, 3600)
"""Waits between tries of one event, in seconds; the last one repeats."""
MAX_TRIES: Final = 8
LEASE_MS: Final = 120_000
WITHIN_S: Final = 30.0
"""How long one event may take: what follows from events is short, and waits for nobody else's servers."""
_AT_A_TIME: Final = 64


class EventWorker:
    """Takes what is due, acts on it, and says how it ended."""

    def __init__(
        self,
        *,
        inbox: Inbox,
        handler: Handler,
        metrics: Metrics,
        now_ms: Callable[[], int],
        chance: Callable[[], float],
        within_s: float = WITHIN_S,
    ) -> None:
        self._inbox = inbox
        self._handler = handler
        self._metrics = metrics
        self._now_ms = now_ms
        self._chance = chance
        self._within_s = within_s
        self._due = asyncio.Event()

    def wake(self) -> None:
        """There may be something due."""
        self._due.set()

    async def start(self) -> None:
        """Take up what the last process held when it ended."""
        await self._inbox.lapse(now_ms=self._now_ms())

    async def run(self) -> None:
        """Work until cancelled; what is under way then is taken up again at the next start."""
        while True:
            self._due.clear()
            try:
                worked = await self.work()
                wait_s = None if worked else await self._wait_s()
            except StoreError as error:
                log.error("events cannot be read", why=str(error))
                worked, wait_s = 0, 1.0
            if not worked:
                await self._until_due(wait_s)

    async def work(self) -> int:
        """Act once on some of what is due; how many there were."""
        now_ms = self._now_ms()
        taken = await self._inbox.take(now_ms=now_ms, until_ms=now_ms + LEASE_MS, limit=_AT_A_TIME)
        lanes: defaultdict[Hashable, list[tuple[Taken, CrmEvent]]] = defaultdict(list)
        for one in taken:
            try:
                event = read(one.body)
            except UnreadableError as error:
                await self._finish(one, EventState.PARKED, str(error))
            else:
                lanes[_lane(event)].append((one, event))
        await asyncio.gather(*map(self._in_order, lanes.values()))
        await self._count()
        return len(taken)

    async def _in_order(self, lane: Sequence[tuple[Taken, CrmEvent]]) -> None:
        for taken, event in lane:
            try:
                async with asyncio.timeout(self._within_s):
                    handled = await self._handler.handle(event, taken.received_ms)
                await self._inbox.finish(
                    taken, handled.state, reason=handled.reason, seen=handled.seen, now_ms=self._now_ms()
                )
            except Exception as error:  # noqa: BLE001 - whatever it was, the event must not be lost
                await self._troubled(taken, event, error)
            else:
                self._said(event.type, handled.state)

    async def _troubled(self, taken: Taken, event: CrmEvent, error: Exception) -> None:
        if not isinstance(error, StoreError | TimeoutError):
            log.error("an event could not be acted on", id=taken.id, type=event.type, exc_info=error)
        why = f"took longer than {self._within_s:.0f} s" if isinstance(error, TimeoutError) else str(error)
        reason = f"{type(error).__name__}: {why}"
        try:
            if taken.tries >= MAX_TRIES:
                await self._finish(taken, EventState.PARKED, f"out of tries ({taken.tries}): {reason}", event.type)
            else:
                due_ms = grown_ms(BACKOFF_S, taken.tries - 1, now_ms=self._now_ms(), chance=self._chance())
                await self._inbox.retry(taken, reason=reason, due_ms=due_ms)
                self._metrics.crm_events.labels(label(event.type), "retried").inc()
        except StoreError as trouble:  # its lease runs out, and it is taken up again
            log.error("an event's end is not written down", id=taken.id, why=str(trouble))

    async def _finish(self, taken: Taken, state: EventState, reason: str, kind: str = "") -> None:
        await self._inbox.finish(taken, state, reason=reason, now_ms=self._now_ms())
        self._said(kind, state)
        log.error("an event is parked", id=taken.id, type=kind, why=reason)

    def _said(self, kind: str, state: EventState) -> None:
        self._metrics.crm_events.labels(label(kind), state.value).inc()

    async def _count(self) -> None:
        counts = await self._inbox.counts()
        for state in (EventState.WAITING, EventState.PARKED):
            self._metrics.crm_events_unfinished.labels(state.value).set(counts[state])

    async def _wait_s(self) -> float | None:
        due_ms = await self._inbox.next_due_ms()
        return None if due_ms is None else max(0.0, (due_ms - self._now_ms()) / 1000)

    async def _until_due(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._due.wait()
        except TimeoutError:
            pass


def label(kind: str) -> str:
    """The type as metrics name it: few, whatever the CRM sends."""
    return kind if kind in EVENTS else "other"


def _lane(event: CrmEvent) -> Hashable:
    """What keeps order: the contact, else the sub-account, else the agency."""
    return event.location or event.company, getattr(event.what, "contact_id", None)
