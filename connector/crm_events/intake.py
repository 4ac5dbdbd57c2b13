"""Takes the CRM's events: verify, read, keep, answer. 200 only after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import structlog
from aiohttp import web

from connector.crm_events.read import CrmEvent, Installation, Noted, Unclear, UnreadableError, digest_key, read
from connector.crm_events.verify import verify
from connector.crm_events.worker import label
from connector.problem import problem
from connector.store import StoreError
from connector.store.inbox import Arrival, EventState, Put
from mappings.note import is_marked
from mappings.payload.request import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    from connector.observe import Metrics
    from connector.store.inbox import Inbox

log = structlog.get_logger()

WINDOW_MS: Final = 48 * 3_600_000
"""How far an event's own time may be from ours.

The CRM repeats an event for hours, with the time it first had: a narrow window would lose those. Repeats are known by
their key; the window only bounds for how long keys are remembered.
"""
RETRY_AFTER_S: Final = 60


class EventIntake:
    """Takes signed events.

    Args:
        keys: the CRM's; none of them, no entry.
        inbox: keeps events.
        app_id: our app's, so that another app's events (truly signed, by the same key) are none of ours; None where no
            marketplace app is set up.
        metrics: told of each event.
        wake: tells the worker that there is work.
        now_ms: epoch milliseconds.
    """

    def __init__(
        self,
        *,
        keys: Sequence[Ed25519PublicKey],
        inbox: Inbox,
        app_id: str | None,
        metrics: Metrics,
        wake: Callable[[], None],
        now_ms: Callable[[], int],
    ) -> None:
        self._keys = keys
        self._inbox = inbox
        self._app_id = app_id
        self._metrics = metrics
        self._wake = wake
        self._now_ms = now_ms

    async def answer(self, signature: str | None, body: bytes) -> web.Response:
        """The answer to one event; `signature` is what its header holds, `body` the raw bytes."""
        try:
            verify(self._keys, signature, body)
        except UnverifiedError as error:
            log.debug("unverified event", why=str(error))
            self._metrics.crm_events.labels("other", "refused").inc()
            return problem(401, "Unauthorized", _UNAUTHORIZED)
        try:
            event = read(body)
        except UnreadableError as error:
            arrival, status = self._unreadable(body, str(error)), "parked"
            return await self._keep(arrival, status)
        return await self._read(event, body)

    async def _read(self, event: CrmEvent, body: bytes) -> web.Response:
        now_ms = self._now_ms()
        if isinstance(event.what, Noted) and is_marked(event.what.body):
            return self._told(event.type, "echo")
        if _is_stale(event, now_ms):
            log.warning("an event of another time", type=event.type, location=event.location, at_ms=event.at_ms)
            return self._told(event.type, "stale")
        state, reason = self._sort(event)
        arrival = Arrival(
            key=event.key,
            type=event.type,
            location=event.location,
            state=state,
            at_ms=event.at_ms,
            received_ms=now_ms,
            body=body,
            reason=reason,
        )
        return await self._keep(arrival, "accepted" if state is EventState.WAITING else state.value)

    def _sort(self, event: CrmEvent) -> tuple[EventState, str | None]:
        if self._app_id is not None and event.app_id not in (None, self._app_id):
            return EventState.IGNORED, "it is another app's"
        if event.what is None:
            return EventState.IGNORED, "we do nothing with events of this type"
        if isinstance(event.what, Unclear):
            return EventState.PARKED, event.what.lacks
        return EventState.WAITING, None

    def _unreadable(self, body: bytes, reason: str) -> Arrival:
        log.error("an event cannot be read", why=reason)
        return Arrival(
            key=digest_key(body),
            type="?",
            location=None,
            state=EventState.PARKED,
            at_ms=None,
            received_ms=self._now_ms(),
            body=body,
            reason=reason,
        )

    async def _keep(self, arrival: Arrival, status: str) -> web.Response:
        try:
            put = await self._inbox.put(arrival)
        except StoreError as error:
            log.error("an event was not taken", type=arrival.type, why=str(error))
            return self._cannot_take(arrival.type, str(error))
        if put is Put.FULL:
            log.error("an event was not taken", type=arrival.type, why=_TOO_MANY)
            return self._cannot_take(arrival.type, _TOO_MANY)
        if put is Put.DUPLICATE:
            return self._told(arrival.type, "duplicate")
        if arrival.state is not EventState.IGNORED:
            self._wake()  # one that is parked is counted by the worker, too
        return self._told(arrival.type, status)

    def _told(self, kind: str, status: str) -> web.Response:
        self._metrics.crm_events.labels(label(kind), status).inc()
        return web.Response(body=orjson.dumps({"status": status}), content_type="application/json")

    def _cannot_take(self, kind: str, why: str) -> web.Response:
        """429: the one answer after which the CRM has always sent an event again; a 5xx lost it for years."""
        self._metrics.crm_events.labels(label(kind), "not_taken").inc()
        return problem(429, "Cannot take events", _CANNOT_TAKE.format(why=why), retry_after_s=RETRY_AFTER_S)


def _is_stale(event: CrmEvent, now_ms: int) -> bool:
    """Whether it is outside the window. An uninstallation never is: to let go late does no harm, to hold on would."""
    if event.at_ms is None or event.what == Installation(installed=False):
        return False
    return abs(now_ms - event.at_ms) > WINDOW_MS


_UNAUTHORIZED: Final = (
    "The request does not prove that it comes from the CRM: X-GHL-Signature must sign this very body with one of the "
    "keys in RINGBACK_CRM_EVENT_KEYS. Nothing was kept."
)
_CANNOT_TAKE: Final = "The event could not be kept just now ({why}). Nothing was acknowledged: send it again."
_TOO_MANY: Final = "too many events wait or are parked already"
