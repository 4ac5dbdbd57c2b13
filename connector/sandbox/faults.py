"""Faults on demand: which request fails how, decided without I/O and the same way for the same seed.

And the middleware that carries a decision out.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import socket
import struct
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, field_validator

from connector.sandbox.journal import ENTRY

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler, Middleware

STOPPING: Final = web.AppKey("stopping", asyncio.Event)
"""Set when the server ends: nobody hangs longer than that."""

_GATEWAY_PAGE: Final = "<html><head><title>503 Service Temporarily Unavailable</title></head></html>\n"
"""In front of the API stands a gateway, and a gateway does not speak JSON."""

Kind = Literal["latency", "status", "reset_before", "applied_then_closed", "applied_then_500", "hang", "outage"]


class Match(BaseModel):
    """Which requests: an HTTP method, a regular expression found in the path, a sub-account's id.

    None: any.
    """

    model_config = ConfigDict(extra="forbid")
    method: str | None = None
    path: str | None = None
    location: str | None = None

    @field_validator("path")
    @classmethod
    def _compiles(cls, path: str | None) -> str | None:
        try:
            re.compile(path or "")
        except re.error as error:
            raise ValueError(f"must be a regular expression: {error}") from None
        return path

    def hits(self, method: str, path: str, location: str | None) -> bool:
        """Whether this is such a request."""
        return (
            (self.method is None or self.method.upper() == method)
            and (self.path is None or re.search(self.path, path) is not None)
            and (self.location is None or self.location == location)
        )


class Fault(BaseModel):
    """One order for trouble.

    `probability` is drawn for each request that matches, from `seed`; `count` ends the fault after so many
    hits. `ms` is the latency, how long to hang (None: until the server ends) or how long an outage lasts
    (None: until it is lifted). `status`, `message` and `retry_after_s` shape the answer of the kind
    `status`.
    """

    model_config = ConfigDict(extra="forbid")
    kind: Kind
    match: Match = Match()
    probability: float = Field(1.0, ge=0, le=1)
    count: int | None = Field(None, ge=1)
    seed: int = 0
    ms: int | None = Field(None, ge=0)
    status: int = Field(503, ge=400, le=599)
    message: str | None = None
    retry_after_s: int | None = Field(None, ge=0)


@dataclass(slots=True)
class Armed:
    """A fault and what it has done so far."""

    fault: Fault
    since_ms: int
    hits: int = 0
    _random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._random = random.Random(self.fault.seed)  # noqa: S311 - repeatable faults, not secrets

    def strikes(self, now_ms: int) -> bool:
        """Whether it strikes a request that matches; a strike counts."""
        fault = self.fault
        if fault.count is not None and self.hits >= fault.count:
            return False
        if fault.kind == "outage" and fault.ms is not None and now_ms >= self.since_ms + fault.ms:
            return False
        if self._random.random() >= fault.probability:
            return False
        self.hits += 1
        return True


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one request: it waits first, then meets `fault`, if any."""

    delay_ms: int = 0
    fault: Fault | None = None


@dataclass(slots=True)
class Faults:
    """The faults that are armed, in the order in which they were ordered."""

    armed: list[Armed] = field(default_factory=list)

    def arm(self, fault: Fault, *, now_ms: int) -> None:
        """From now on."""
        self.armed.append(Armed(fault, now_ms))

    def clear(self) -> None:
        """No more faults."""
        self.armed.clear()

    def decide(self, method: str, path: str, location: str | None, *, now_ms: int) -> Decision:
        """Latencies add up; the first other fault that strikes is the request's fate."""
        delay_ms = 0
        for armed in self.armed:
            if not armed.fault.match.hits(method, path, location) or not armed.strikes(now_ms):
                continue
            if armed.fault.kind != "latency":
                return Decision(delay_ms, armed.fault)
            delay_ms += armed.fault.ms or 0
        return Decision(delay_ms)


def faulty(faults: Faults, clock_ms: Callable[[], int]) -> Middleware:
    """The middleware that carries out what `faults` decides for each request that has a journal entry."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        entry = request.get(ENTRY)
        if entry is None or not faults.armed:
            return await handler(request)
        decision = faults.decide(entry.method, entry.path, entry.location, now_ms=clock_ms())
        if decision.delay_ms:
            entry.faults.append("latency")
            await request.read()  # kept by the request: a caller who leaves now has still sent it
            await _pause(request, decision.delay_ms)
        if decision.fault is None:
            return await handler(request)
        entry.faults.append(decision.fault.kind)
        return await _suffer(request, handler, decision.fault)

    return middleware


async def _suffer(request: web.Request, handler: Handler, fault: Fault) -> web.StreamResponse:
    match fault.kind:
        case "status":
            return _status(fault)
        case "outage":
            return web.Response(status=503, text=_GATEWAY_PAGE, content_type="text/html")
        case "applied_then_500":
            await handler(request)
            return web.json_response({"statusCode": 500, "message": "Internal server error"}, status=500)
        case "applied_then_closed":
            await handler(request)
        case "hang":
            await _pause(request, fault.ms)
        case "reset_before":
            _reset_on_close(request)
    return _hang_up(request)


def _status(fault: Fault) -> web.Response:
    status = HTTPStatus(fault.status)
    headers = {} if fault.retry_after_s is None else {"Retry-After": str(fault.retry_after_s)}
    payload = {"statusCode": fault.status, "message": fault.message or status.phrase}
    if fault.status != HTTPStatus.BAD_REQUEST:
        payload["error"] = status.phrase
    return web.json_response(payload, status=fault.status, headers=headers)


async def _pause(request: web.Request, ms: int | None) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(request.app[STOPPING].wait(), None if ms is None else ms / 1000)


def _reset_on_close(request: web.Request) -> None:
    """Make closing send RST instead of FIN (SO_LINGER on, zero seconds; socket(7))."""
    sock = request.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang_up(request: web.Request) -> web.Response:
    request[ENTRY].unanswered = True
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # never leaves: there is no connection any more
