"""The CRM's webhooks: signed, posted in order, repeated while the receiver does not answer 2xx.

Source: the vendor's Webhook Integration Guide.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp
import orjson

from connector.sandbox.signing import Signer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp import web

    from connector.sandbox.state import Record

_KEPT: Final = 5_000
_WAITING: Final = 10_000
"""So many events may wait to be posted; more are dropped, and counted."""


@dataclass(slots=True)
class Event:
    """One delivery: `status` is the last answer's (None: no answer yet), `tries` counts the posts."""

    url: str
    body: bytes
    kind: str
    location_id: str | None
    webhook_id: str
    delivery_id: str
    tries: int = 0
    status: int | None = None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has said 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses

    def shown(self) -> Record:
        """As the control routes show it."""
        return {
            "type": self.kind,
            "locationId": self.location_id,
            "webhookId": self.webhook_id,
            "deliveryId": self.delivery_id,
            "tries": self.tries,
            "status": self.status,
        }


class Outbox:
    """Events on their way: each first try in the order of the changes, repetitions after `retry_s` seconds each."""

    def __init__(self, *, retry_s: Sequence[float], timeout_s: float) -> None:
        self.log: deque[Event] = deque(maxlen=_KEPT)
        self.dropped = 0
        self._signer = Signer()
        self._retry_s = tuple(retry_s)
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._queue: asyncio.Queue[Event] = asyncio.Queue(_WAITING)
        self._repeating: set[asyncio.Task[None]] = set()

    @property
    def public_key(self) -> str:
        """What the signatures are checked with, as PEM."""
        return self._signer.public_key

    @property
    def pending(self) -> int:
        """Events not tried yet, and those that are being repeated."""
        return self._queue.qsize() + len(self._repeating)

    def put(self, url: str, payload: Record, *, twice: bool = False) -> None:
        """Send this; `twice` delivers the very same event a second time, as the CRM sometimes does."""
        payload = payload | {"webhookId": str(uuid.uuid4())}
        body, delivery_id = orjson.dumps(payload), str(uuid.uuid4())
        for _ in range(2 if twice else 1):
            event = Event(url, body, payload["type"], payload.get("locationId"), payload["webhookId"], delivery_id)
            try:
                self._queue.put_nowait(event)
            except asyncio.QueueFull:
                self.dropped += 1
            else:
                self.log.append(event)

    async def tried(self) -> None:
        """Wait until each event has been posted once, whatever the answer was."""
        await self._queue.join()

    async def settled(self) -> None:
        """Wait until nothing is under way any more, repetitions included."""
        await self._queue.join()
        while self._repeating:
            await asyncio.wait(self._repeating)

    def forget(self) -> None:
        """Clear the log; what is under way arrives all the same."""
        self.log.clear()
        self.dropped = 0

    async def running(self, _app: web.Application) -> AsyncIterator[None]:
        """Post while the application serves (`cleanup_ctx`); what is left when it ends is not sent."""
        async with aiohttp.ClientSession(timeout=self._timeout) as session:
            worker = asyncio.create_task(self._work(session))
            yield
            for task in (worker, *self._repeating):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _work(self, session: aiohttp.ClientSession) -> None:
        while True:
            event = await self._queue.get()
            await self._post(session, event)
            if not event.arrived:
                task = asyncio.create_task(self._repeat(session, event))
                self._repeating.add(task)
                task.add_done_callback(self._repeating.discard)
            self._queue.task_done()

    async def _repeat(self, session: aiohttp.ClientSession, event: Event) -> None:
        for wait_s in self._retry_s:
            await asyncio.sleep(wait_s)
            await self._post(session, event)
            if event.arrived:
                return

    async def _post(self, session: aiohttp.ClientSession, event: Event) -> None:
        headers = {
            "Content-Type": "application/json",
            "X-GHL-Signature": self._signer.sign(event.body),
            "deliveryId": event.delivery_id,
        }
        event.tries += 1
        try:
            async with session.post(event.url, data=event.body, headers=headers, allow_redirects=False) as answer:
                event.status = answer.status
        except (aiohttp.ClientError, TimeoutError, ValueError):  # ValueError: no URL at all
            event.status = None
