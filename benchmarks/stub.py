"""A CRM that costs next to nothing: answers the verbs, and counts what it saw.

    python -m benchmarks.stub [--delay-ms 50] [--broken TOKEN]

Prints its address, serves until it is ended. `GET /_count` tells the tally as JSON, `GET /_seen` when each call's
note came first. Whoever shows the broken token gets 500 and no answer at all, in turn.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from typing import Any, cast

import orjson
import uvloop

from benchmarks import http1

_MARKER = b"Call ID: "
_WRITES = ((b"/notes", "note"), (b"/tags", "tags"), (b"/workflow/", "workflow"))
_OK = b"200 OK"
_CREATED = b"201 Created"
_FAILED = http1.answer(b"500 Internal Server Error", b'{"message":"broken"}')


class Tally:
    """Requests by verb, notes by their marker, when each of them came first and the last write (monotonic seconds)."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()
        self.notes: Counter[bytes] = Counter()
        self.seen_s: dict[str, float] = {}
        self.last_write_s = 0.0

    def wrote(self, verb: str, body: bytes) -> None:
        """One write came."""
        self.last_write_s = time.monotonic()
        if verb == "note":
            call = marker(body)
            self.notes[call] += 1
            self.seen_s.setdefault(call.decode(), self.last_write_s)

    def facts(self) -> dict[str, Any]:
        """The tally as `/_count` tells it; `repeated_notes` are those written more than once."""
        return {
            "requests": dict(self.requests),
            "distinct_notes": len(self.notes),
            "repeated_notes": self.notes.total() - len(self.notes),
            "last_write_s": self.last_write_s,
        }


def marker(note: bytes) -> bytes:
    """The call's id in a note's JSON body; empty where it has none."""
    return note.rpartition(_MARKER)[2].partition(b'"')[0].partition(b"\\")[0] if _MARKER in note else b""


def token(head: bytes) -> bytes:
    """The bearer token in a request's head; empty where there is none."""
    return head.partition(b"\r\nAuthorization: Bearer ")[2].partition(b"\r\n")[0]


def verb(method: bytes, path: bytes) -> str:
    """Which verb a request is: lookup, note, tags, workflow, location, or other."""
    if method == b"GET":
        if path.startswith(b"/contacts/search/duplicate"):
            return "lookup"
        return "location" if path.startswith(b"/locations/") else "other"
    for part, name in _WRITES:
        if method == b"POST" and part in path:
            return name
    return "other"


class Crm(asyncio.Protocol):
    """One kept connection of a client that waits for each answer."""

    def __init__(self, tally: Tally, delay_s: float, broken: bytes) -> None:
        self._tally = tally
        self._delay_s = delay_s
        self._broken = broken
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        self._transport = cast("asyncio.Transport", transport)  # TCP has both directions; uvloop has its own class

    def data_received(self, data: bytes) -> None:
        """Answer each message that is whole."""
        self._buffer += data
        while (at := http1.first_message(self._buffer))[1]:
            head, body = self._buffer[: at[0]], self._buffer[at[0] : at[1]]
            self._buffer = self._buffer[at[1] :]
            self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path == b"/_count":
            self._send(http1.answer(_OK, orjson.dumps(self._tally.facts())))
            return
        if path == b"/_seen":
            self._send(http1.answer(_OK, orjson.dumps(self._tally.seen_s)))
            return
        if self._broken and token(head) == self._broken:
            self._fail()
            return
        reply = self._reply(verb(method, path), path, body)
        if self._delay_s:
            asyncio.get_running_loop().call_later(self._delay_s, self._send, reply)
        else:
            self._send(reply)

    def _fail(self) -> None:
        requests = self._tally.requests
        requests["failed"] += 1
        if requests["failed"] % 2:
            self._send(_FAILED)

    def _reply(self, what: str, path: bytes, body: bytes) -> bytes:
        tally = self._tally
        tally.requests[what] += 1
        match what:
            case "lookup":
                number = path.rpartition(b"%2B")[2].decode()
                contact = {"id": f"contact-{number}", "phone": f"+{number}"}
                return http1.answer(_OK, orjson.dumps({"contact": contact}))
            case "location":
                return http1.answer(_OK, b'{"location":{"id":"x","name":"x","timezone":"America/New_York"}}')
            case "other":
                return http1.answer(b"404 Not Found", b'{"message":"the stub does not know this"}')
        tally.wrote(what, body)
        match what:
            case "note":
                return http1.answer(_CREATED, b'{"note":{"id":"note-%d"}}' % tally.requests[what])
            case "tags":
                return http1.answer(_CREATED, b'{"tags":[]}')
        return http1.answer(_OK, b'{"succeded":true}')

    def _send(self, reply: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(reply)


async def _serve(delay_s: float, broken: bytes) -> None:
    tally = Tally()
    server = await asyncio.get_running_loop().create_server(lambda: Crm(tally, delay_s, broken), "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    print(f"stub listens on http://{host}:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--delay-ms", type=float, default=0.0, help="wait so long before each answer")
    arguments.add_argument("--broken", default="", metavar="TOKEN", help="whose requests fail")
    given = arguments.parse_args()
    uvloop.run(_serve(given.delay_ms / 1000, given.broken.encode()))
