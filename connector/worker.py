"""The delivery worker: claims what is due, carries many at a time, and acts on what `schedule` decides."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from connector.crm.errors import CrmError, InDoubtError, NotSentError
from connector.ledger import LeaseLostError
from connector.outage import EVERYBODY, Outage
from connector.schedule import Decision, Trouble, after
from connector.store import Delivery, Ending, Pause, State, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.delivery import Carrier
    from connector.observe import Metrics
    from connector.store import Deliveries
    from connector.store.follow_up import Timers

log = structlog.get_logger()

_PROMOTED: Final = 50
"""How many timers become deliveries in one transaction: intake does not wait long behind it."""
_PROMOTE_EVERY_MS: Final = 1000
"""How often a worker that has enough to do looks for timers; one that found nothing to do looks each time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much at a time, and how long: times in seconds.

    A try is cancelled after `lease_s`; its lease runs out `settle_s` later, when what it sent has taken effect or never
    will.
    """

    concurrency: int = 64
    per_location: int = 8
    lease_s: float = 120.0
    settle_s: float = 10.0
    max_tries: int = 12
    fresh_first: bool = False


class Worker:
    """Claims due deliveries and carries them, many at a time, few for one sub-account."""

    def __init__(
        self,
        *,
        store: Deliveries,
        carrier: Carrier,
        metrics: Metrics,
        owner: str,
        limits: Limits,
        now_ms: Callable[[], int],
        chance: Callable[[], float],
        timers: Timers | None = None,
    ) -> None:
        self._store = store
        self._timers = timers
        self._carrier = carrier
        self._metrics = metrics
        self._owner = owner
        self._limits = limits
        self._now_ms = now_ms
        self._chance = chance
        self._due = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: Counter[str] = Counter()
        self._outage = Outage()
        self._promote_at_ms = 0

    def wake(self) -> None:
        """There may be something due."""
        self._due.set()

    @property
    def in_flight(self) -> int:
        """Deliveries being carried now."""
        return len(self._tasks)

    async def start(self) -> None:
        """Take up where the last process stopped: its pauses and failures."""
        pauses = await self._store.pauses()
        self._outage = Outage(pauses.pop(EVERYBODY, None))
        for location, pause in pauses.items():
            self._failures[location] = pause.failures

    async def run(self) -> None:
        """Work until cancelled; what is in flight then goes on (see `drain`)."""
        while True:
            self._due.clear()
            try:
                claimed = await self.claim()
                wait_s = None if claimed else await self._wait_s()
            except StoreError as error:
                log.error("the store cannot be read", why=str(error))
                claimed, wait_s = 0, 1.0
            if not claimed or self.in_flight >= self._limits.concurrency:
                await self._until_due(wait_s)

    async def claim(self) -> int:
        """Make deliveries of timers that are due, claim what is due and start to carry it; how many were claimed."""
        await self._promote()
        claimed = await self._claim()
        if not claimed:
            self._promote_at_ms = 0
        return claimed

    async def _promote(self) -> None:
        # Whether or not there is room to claim: `next_due_ms` calls for it until it is done.
        now_ms = self._now_ms()
        if self._timers is None or now_ms < self._promote_at_ms:
            return
        promoted = await self._timers.promote(now_ms=now_ms, limit=_PROMOTED)
        self._promote_at_ms = now_ms if promoted == _PROMOTED else now_ms + _PROMOTE_EVERY_MS

    async def _claim(self) -> int:
        room = self._limits.concurrency - self.in_flight
        room = self._outage.room(room, in_flight=self.in_flight, now_ms=self._now_ms())
        if room <= 0:
            return 0
        claimed = await self._store.claim(
            self._owner,
            now_ms=self._now_ms(),
            lease_ms=int((self._limits.lease_s + self._limits.settle_s) * 1000),
            limit=room,
            per_location=self._limits.per_location,
            fresh_first=self._limits.fresh_first,
        )
        for delivery in claimed:
            task = asyncio.create_task(self._carry(delivery))
            self._tasks.add(task)
            task.add_done_callback(self._ended)
        return len(claimed)

    async def settle(self) -> None:
        """Wait until nothing is in flight."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def drain(self, within_s: float) -> int:
        """Let what is in flight end, for so long; cancel the rest, their writes in doubt. How many were cancelled."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)
        rest = list(self._tasks)
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        return len(rest)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._due.set()

    async def _wait_s(self) -> float | None:
        due = await self._store.next_due_ms(now_ms=self._now_ms())
        if self._outage.until_ms is not None and (due is None or due < self._outage.until_ms):
            due = self._outage.until_ms
        return None if due is None else max(0.0, (due - self._now_ms()) / 1000)

    async def _until_due(self, wait_s: float | None) -> None:
        try:
            async with asyncio.timeout(wait_s):
                await self._due.wait()
        except TimeoutError:
            pass

    async def _carry(self, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(self._limits.lease_s):
                ending = await self._carrier.carry(delivery)
        except LeaseLostError:
            log.warning("lease lost", delivery=delivery.lease.delivery)
            return
        except StoreError as error:
            log.error("not written down", delivery=delivery.lease.delivery, why=str(error))
            return  # the lease runs out, and the delivery is taken up again, in doubt
        except TimeoutError:
            log.warning("cancelled: its lease is about to run out", delivery=delivery.lease.delivery)
            return  # likewise
        except Exception as error:  # noqa: BLE001 - whatever it was, the delivery must not be lost: `after` decides
            await self._troubled(delivery, error)
            return
        await self._came_through(delivery, ending)

    async def _came_through(self, delivery: Delivery, ending: Ending) -> None:
        if ending.state is State.WAITING:  # for the call's other events: nothing was asked of the CRM
            return
        self._metrics.delivered.labels(ending.state.value).inc()
        self._metrics.sync_s.observe((self._now_ms() - delivery.received_ms) / 1000)
        if self._outage.worked() and await self._lifted(EVERYBODY):
            log.warning("the CRM works again")
        failures = self._failures.pop(delivery.location, 0)
        if not failures:
            return
        if await self._lifted(delivery.location):
            log.info("sub-account works again", location=delivery.location)
        else:
            self._failures[delivery.location] += failures  # whoever comes through next lifts it

    async def _lifted(self, location: str) -> bool:
        try:
            await self._store.pause(location, None)
        except StoreError as error:
            log.error("the pause is not lifted", location=location, why=str(error))
            return False
        return True

    async def _troubled(self, delivery: Delivery, error: Exception) -> None:
        trouble = Trouble(
            tries=delivery.tries,
            failures=self._failures[delivery.location],
            chance=self._chance(),
            now_ms=self._now_ms(),
            settle_s=self._limits.settle_s,
            max_tries=self._limits.max_tries,
        )
        decision = after(error, trouble)
        if not isinstance(error, CrmError | LookupError):
            log.error("delivery failed", delivery=delivery.lease.delivery, error=type(error).__name__, exc_info=error)
        try:
            if isinstance(error, NotSentError | InDoubtError):
                await self._crm_failed(delivery.location, str(error))
            await self._give_back(delivery, decision)
        except StoreError as trouble_too:
            log.error("not written down", delivery=delivery.lease.delivery, why=str(trouble_too))

    async def _crm_failed(self, location: str, reason: str) -> None:
        pause = self._outage.failed(location, reason, now_ms=self._now_ms(), chance=self._chance())
        if pause is not None:
            await self._store.pause(EVERYBODY, pause)
            log.error("the CRM is away for all", why=reason, until_ms=pause.until_ms)

    async def _give_back(self, delivery: Delivery, decision: Decision) -> None:
        location, pause = delivery.location, decision.pause
        if decision.ending.state is State.PARKED:
            self._metrics.delivered.labels("parked").inc()
        elif decision.pause is not None or decision.ending.counts:
            self._failures[location] += 1
        if pause is not None:
            await self._store.pause(location, Pause(pause.until_ms, pause.reason, self._failures[location]))
            log.warning("sub-account paused", location=location, why=pause.reason, until_ms=pause.until_ms)
        await self._store.write_down(delivery.lease, now_ms=self._now_ms(), ending=decision.ending)
