"""The trunk's webhook: cap, verify, parse, claim, record, answer. 200 only after the commit."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Literal

import orjson
import structlog
from aiohttp import web

from connector.event_key import event_key, leg_key
from connector.locations import registered
from connector.problem import problem
from connector.store import NewEvent, NewQuarantine, StoreError
from mappings.disposition import disposition, standing
from mappings.numbers import lane
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.trunks import Trunk, read, trunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.dedup import Seen
    from connector.locations import Location, LocationBook
    from connector.observe import Metrics
    from connector.store import Events, OpenCall
    from mappings.call import Call

log = structlog.get_logger()

Status = Literal["accepted", "duplicate", "ignored", "quarantined"]

RETRY_AFTER_S = 5
"""When a sender should come back that we could not take: soon, most providers give up within a minute."""

CROWDED_RETRY_S = 60
"""Likewise where too much waits already: later, for that takes its time."""

_DECOY = Credentials(secrets=("a secret nobody has: it only takes the same time to check",))
_UNAUTHORIZED = (
    "The request does not prove that it comes from a trunk of this sub-account. Nothing was kept. "
    "Check the sub-account and trunk in the address, and the secret on both sides."
)
_CANNOT_TAKE = (
    "The call could not be kept just now ({why}). Nothing was acknowledged and nothing is lost: send it again."
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one call of a request."""

    call: Call
    status: Status
    reason: str | None = None


class TooMuchWaitsError(Exception):
    """The queue has reached its limit: nothing was kept, nothing was acknowledged."""


class Intake:
    """Takes trunk requests.

    `wake` tells the delivery worker that there is work; `full` says why no more may wait; `ended` is told of each call
    whose end is on disk now, once.
    """

    def __init__(
        self,
        *,
        store: Events,
        locations: LocationBook,
        seen: Seen,
        metrics: Metrics,
        wake: Callable[[], None],
        full: Callable[[str], str | None],
        ended: Callable[[Location, Call], None] | None = None,
    ) -> None:
        self._store = store
        self._ended = ended
        self._locations = locations
        self._seen = seen
        self._metrics = metrics
        self._wake = wake
        self._full = full

    async def answer(self, location_id: str, trunk_name: str, request: Request, key: str | None) -> web.Response:
        """The answer to one request; `key` is the last part of a secret path, if the address had one."""
        began = perf_counter()
        response = await self._answer(location_id, trunk_name, request, key)
        if response.status == web.HTTPOk.status_code:
            self._metrics.ack_s.observe(perf_counter() - began)
        else:
            self._metrics.refused.labels(str(response.status)).inc()
        return response

    async def _answer(self, location_id: str, trunk_name: str, request: Request, key: str | None) -> web.Response:
        try:
            location = await self._locations.get(location_id)
        except StoreError as error:
            return self._cannot_take(str(error))
        adapter = registered(trunk_name) if location is None else location.adapter(trunk_name)
        if not _verified(adapter, location, request, key):
            return problem(401, "Unauthorized", _UNAUTHORIZED)
        assert adapter is not None  # noqa: S101 - for the type checker: nothing unknown is ever verified
        assert location is not None  # noqa: S101 - likewise
        if request.method not in adapter.methods:
            return problem(405, "Method Not Allowed", f"{adapter.title} posts its events.")
        try:
            taken = await self._take(adapter, location, request)
        except TooMuchWaitsError as error:
            log.warning("call not taken", why=str(error), location=location.id)
            return problem(429, "Too much waits", _CANNOT_TAKE.format(why=error), retry_after_s=CROWDED_RETRY_S)
        except StoreError as error:
            return self._cannot_take(str(error))
        return _told(taken)

    def _cannot_take(self, why: str) -> web.Response:
        log.error("call not taken", why=why)
        return problem(503, "Cannot take calls", _CANNOT_TAKE.format(why=why), retry_after_s=RETRY_AFTER_S)

    async def _take(self, adapter: Trunk, location: Location, request: Request) -> list[Taken]:
        try:
            calls = read(adapter, request)
        except NotUnderstoodError as error:
            return await self._quarantine(adapter, location, request, str(error))
        except Exception as error:
            # A fault in an adapter must not lose an authentic call: it is kept and can be replayed after the fix.
            log.exception("adapter failed", trunk=adapter.name, location=location.id)
            return await self._quarantine(
                adapter, location, request, f"the adapter failed: {type(error).__name__}: {error}"
            )
        return await self._sort(adapter, location, request, calls)

    async def _sort(self, adapter: Trunk, location: Location, request: Request, calls: Sequence[Call]) -> list[Taken]:
        taken = [self._first_look(location, call) for call in calls]
        unclear = [one.reason for one in taken if one.status == "quarantined"]
        if unclear:
            await self._quarantine(adapter, location, request, "; ".join(filter(None, unclear)))
        legs = [one.call for one in taken if _is_leg(one.call)]
        if legs:
            await self._store.record([leg_of(location, leg, request.received_ms) for leg in legs])
        new = [one.call for one in taken if one.status == "accepted"]
        if new:
            kept = iter(await self._record(location, new, request.received_ms))
            taken = [one if one.status != "accepted" or next(kept) else Taken(one.call, "duplicate") for one in taken]
        for one in taken:
            self._metrics.received.labels(adapter.name, one.status).inc()
            if any(note.startswith("unknown ") for note in one.call.notes):
                self._metrics.unknown_causes.labels(adapter.name).inc()
        return taken

    def _first_look(self, location: Location, call: Call) -> Taken:
        stands = standing(call)
        if stands.status != "accepted":
            return Taken(call, stands.status, stands.reason)
        if self._seen.knows(location.id, call.call_id or "", event_key(call)):
            return Taken(call, "duplicate")
        return Taken(call, "accepted")

    async def _record(self, location: Location, calls: Sequence[Call], received_ms: int) -> list[bool]:
        reason = self._full(location.id)
        if reason is not None:
            raise TooMuchWaitsError(reason)
        kept = await self._store.record([new_event(location, call, received_ms) for call in calls])
        for call in calls:  # committed now, by us or by whoever was first
            self._seen.committed(location.id, call.call_id or "", event_key(call))
        if any(kept):
            self._wake()
            self._tell(location, calls, kept)
        return kept

    def _tell(self, location: Location, calls: Sequence[Call], kept: Sequence[bool]) -> None:
        if self._ended is None:
            return
        for call, new in zip(calls, kept, strict=True):
            if new and call.event == "completed":
                self._ended(location, call)

    async def _quarantine(self, adapter: Trunk, location: Location, request: Request, reason: str) -> list[Taken]:
        await self._store.quarantine(
            NewQuarantine(
                location=location.id,
                trunk=adapter.name,
                method=request.method,
                url=request.url,
                headers=_kept_headers(request),
                body=request.body,
                reason=reason,
                received_ms=request.received_ms,
            )
        )
        self._metrics.received.labels(adapter.name, "quarantined").inc()
        log.warning("quarantined", trunk=adapter.name, location=location.id, reason=reason)
        return []


def new_event(location: Location, call: Call, received_ms: int) -> NewEvent:
    """The event as the store keeps it, in the lane of its contact."""
    return NewEvent(
        location=location.id,
        trunk=call.trunk,
        call_id=call.call_id or "",
        event=event_key(call),
        part=call.event != "completed" and disposition(call) is None,
        lane=lane(call, location.config.country),
        call=call.to_json(),
        received_ms=received_ms,
    )


def leg_of(location: Location, leg: Call, received_ms: int) -> NewEvent:
    """A leg that is no call of its own, as a part of the call whose session it belongs to (of its own, if to none)."""
    return NewEvent(
        location=location.id,
        trunk=leg.trunk,
        call_id=leg.session_id or leg.call_id or "",
        event=leg_key(leg),
        part=True,
        lane=lane(leg, location.config.country),
        call=leg.to_json(),
        received_ms=received_ms,
    )


def _is_leg(call: Call) -> bool:
    """A leg that was set aside: linked to its call; one that belongs to none is kept only for having ended."""
    if call.aside is None or not call.call_id:
        return False
    return call.session_id is not None or call.event == "completed"


def closed(call: OpenCall, end: Call, now_ms: int) -> NewEvent:
    """The end of a call that its trunk never told, as the store keeps it."""
    return NewEvent(
        location=call.location,
        trunk=call.trunk,
        call_id=call.call_id,
        event=end.event,
        lane=call.lane,
        call=end.to_json(),
        received_ms=now_ms,
    )


def _verified(adapter: Trunk | None, location: Location | None, request: Request, key: str | None) -> bool:
    """Unknown sub-account, trunk not configured and bad signature take the same way, and so the same time."""
    configured = None
    if adapter is not None and location is not None:
        configured = location.credentials.get(adapter.name)
    real = configured or _DECOY
    credentials = Credentials(secrets=real.secrets, window_s=real.window_s, path_key=key)
    try:
        (adapter or trunk("generic")).verify(request, credentials)
    except UnverifiedError as error:
        log.debug("unverified", trunk=adapter.name if adapter else None, why=str(error))
        return False
    return configured is not None


_HEADERS_TO_KEEP = frozenset({"content-type", "content-encoding", "user-agent"})


def _kept_headers(request: Request) -> dict[str, str]:
    """What reading the body again may need; never what proves the sender."""
    return {name: value for name, value in request.headers.items() if name in _HEADERS_TO_KEEP or name[:3] == "ce-"}


_RANK: dict[Status, int] = {"accepted": 0, "duplicate": 1, "quarantined": 2, "ignored": 3}


def _told(taken: Sequence[Taken]) -> web.Response:
    """The answer in whole: the status of the call that matters most; no call at all means quarantined."""
    status = min((one.status for one in taken), key=_RANK.__getitem__, default="quarantined")
    calls = [
        {"call_id": one.call.call_id, "event": one.call.event, "status": one.status}
        | ({} if one.reason is None else {"reason": one.reason})
        for one in taken
    ]
    return web.Response(body=orjson.dumps({"status": status, "calls": calls}), content_type="application/json")


def as_seen(request: web.Request, *, public_url: str | None, trust_proxy: bool) -> str:
    """The address as the provider wrote it: signatures over the URL (Twilio and others) are over that one."""
    if public_url is not None:
        return public_url + request.raw_path
    scheme, host = request.scheme, request.host
    if trust_proxy:
        scheme = request.headers.get("X-Forwarded-Proto", scheme).split(",")[0].strip()
        host = request.headers.get("X-Forwarded-Host", host).split(",")[0].strip()
    return f"{scheme}://{host}{request.raw_path}"
