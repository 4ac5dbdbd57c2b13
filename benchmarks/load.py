"""The load generator: N kept connections, closed loop for throughput or open loop at a rate for latency.

    python -m benchmarks.load URL --secret S --run NAME --locations A,B --calls 6000 [--rate 500]

Prints its figures as JSON. In the open loop an event's time runs from when its turn came, the wait for a free
connection included: a server that stalls is charged for all that piled up meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections import deque
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import orjson
import uvloop

from benchmarks import http1
from benchmarks.figures import latencies
from benchmarks.payloads import Mix, requests

if TYPE_CHECKING:
    from collections.abc import Sequence

_OK = b"HTTP/1.1 200"


class Load:
    """Sends each request once, over whichever connection is free."""

    def __init__(self, wires: Sequence[bytes]) -> None:
        self._wires = wires
        self._waiting: deque[tuple[int, float]] = deque()
        self._free: list[Connection] = []
        self._next = 0
        self.done = asyncio.get_running_loop().create_future()
        self.took_s: list[float] = []
        self.refused = 0
        self.closed_loop = False

    def joined(self, connection: Connection) -> None:
        """A connection is there."""
        self._free.append(connection)

    def start(self) -> None:
        """Closed loop: every connection sends its next as soon as the last is answered."""
        self.closed_loop = True
        free, self._free = self._free, []
        for connection in free:
            self._go_on(connection)

    async def run_at(self, rate: float) -> None:
        """Open loop: `rate` events a second, whatever the server does."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        for number in range(len(self._wires)):
            wait_s = began + number / rate - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._due(number)
        self._next = len(self._wires)

    def answered(self, connection: Connection, due_s: float, *, ok: bool) -> None:
        """One answer came: count it, and go on with this connection."""
        self.took_s.append(time.monotonic() - due_s)
        self.refused += not ok
        self._go_on(connection)
        if len(self.took_s) == len(self._wires) and not self.done.done():
            self.done.set_result(None)

    def lost(self) -> None:
        """A connection broke off: the run says nothing then."""
        if not self.done.done():
            self.done.set_exception(ConnectionError("the server closed a connection"))

    def _due(self, number: int) -> None:
        now = time.monotonic()
        if self._free:
            self._free.pop().send(self._wires[number], now)
        else:
            self._waiting.append((number, now))

    def _go_on(self, connection: Connection) -> None:
        if self._waiting:
            number, due_s = self._waiting.popleft()
            connection.send(self._wires[number], due_s)
        elif self.closed_loop and self._next < len(self._wires):
            self._next += 1
            connection.send(self._wires[self._next - 1], time.monotonic())
        else:
            self._free.append(connection)


class Connection(asyncio.Protocol):
    """One kept connection with at most one request under way."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._buffer = b""
        self._due_s = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ready to send."""
        self._transport = cast("asyncio.Transport", transport)  # TCP has both directions; uvloop has its own class
        self._load.joined(self)

    def send(self, wire: bytes, due_s: float) -> None:
        """Send one request whose turn came then."""
        self._due_s = due_s
        assert self._transport is not None  # noqa: S101 - for the type checker: only connected ones are asked
        self._transport.write(wire)

    def data_received(self, data: bytes) -> None:
        """The answer, or a part of it."""
        self._buffer += data
        end = http1.first_message(self._buffer)[1]
        if end:
            ok = self._buffer.startswith(_OK)
            self._buffer = self._buffer[end:]
            self._load.answered(self, self._due_s, ok=ok)

    def connection_lost(self, _error: Exception | None) -> None:
        """The server went away."""
        self._load.lost()


async def run(
    url: str, wires: Sequence[bytes], *, connections: int, rate: float | None, limit_s: float
) -> dict[str, Any]:
    """The figures of one run; `began_s` and `ended_s` are monotonic, `rate` None means closed loop."""
    where, loop = urlsplit(url), asyncio.get_running_loop()
    host, port = where.hostname or "", where.port or 80
    load = Load(wires)
    opened = [(await loop.create_connection(lambda: Connection(load), host, port))[0] for _ in range(connections)]
    began_s = time.monotonic()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            if rate is None:
                load.start()
            else:
                await load.run_at(rate)
            await load.done
    ended_s = time.monotonic()
    load.done.cancel()
    for transport in opened:
        transport.abort()
    return _told(load, began_s, ended_s)


def _told(load: Load, began_s: float, ended_s: float) -> dict[str, Any]:
    acked = len(load.took_s) - load.refused
    return {
        "acked": acked,
        "refused": load.refused,
        "per_s": acked / (ended_s - began_s),
        "began_s": began_s,
        "ended_s": ended_s,
        **latencies(load.took_s),
    }


def _arguments() -> argparse.Namespace:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("url")
    arguments.add_argument("--secret", required=True)
    arguments.add_argument("--run", required=True, help="part of every call id")
    arguments.add_argument("--locations", required=True, help="sub-accounts, separated by commas")
    arguments.add_argument("--calls", type=int, required=True)
    arguments.add_argument("--warm", type=int, default=0, help="calls sent before, not counted")
    arguments.add_argument("--contacts", type=int, default=400)
    arguments.add_argument("--connections", type=int, default=32)
    arguments.add_argument("--rate", type=float, help="events a second; none: as fast as answered")
    arguments.add_argument("--limit-s", type=float, default=20.0, help="stop after so long")
    return arguments.parse_args()


def main() -> None:
    """Run once, print the figures."""
    given = _arguments()
    mix = Mix(
        calls=given.warm + given.calls,
        contacts=given.contacts,
        locations=tuple(given.locations.split(",")),
        secret=given.secret,
        run=given.run,
    )
    wires = requests(mix, now_ms=int(time.time() * 1000))
    print(orjson.dumps({"run": given.run} | uvloop.run(_both(given, wires))).decode())


async def _both(given: argparse.Namespace, wires: Sequence[bytes]) -> dict[str, Any]:
    """The figures of the run after the warm-up."""
    how = {"connections": given.connections, "limit_s": given.limit_s}
    if given.warm:
        await run(given.url, wires[: given.warm], rate=None, **how)
    return await run(given.url, wires[given.warm :], rate=given.rate, **how)


if __name__ == "__main__":
    main()
