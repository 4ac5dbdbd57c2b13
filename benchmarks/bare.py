"""What the same libraries do with nothing of Ringback in between: the measure for its figures.

    python -m benchmarks.bare plain   --secret S
    python -m benchmarks.bare durable --secret S --database FILE
    python -m benchmarks.bare spine   --secret S --database FILE --crm URL

`plain` reads the body, verifies one HMAC, parses the JSON and answers. `durable` also keeps it in SQLite, as
safely as Ringback does (WAL, synchronous = FULL, group commit), and answers after the commit. `spine` also
makes the CRM requests the call asks for and notes that they are done. None of them knows duplicates, order,
retries, tenants or rules.
"""

from __future__ import annotations

import argparse
import asyncio
import hmac
import sqlite3
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import orjson
import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector, web

_SHARE = 256
_WORKERS = 64
_INSERT = "INSERT INTO events (call_id, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
_DONE = "UPDATE events SET done = 1 WHERE call_id = ?"


class Outbox:
    """One writer thread; who asks while it commits shares the next commit."""

    def __init__(self, path: str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("CREATE TABLE events (call_id TEXT PRIMARY KEY, body BLOB, done INTEGER DEFAULT 0)")
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[tuple[str, tuple[Any, ...], asyncio.Future[None]]] = SimpleQueue()
        Thread(target=self._work, daemon=True).start()

    async def run(self, statement: str, *values: object) -> None:
        """Return once it is committed."""
        committed: asyncio.Future[None] = self._loop.create_future()
        self._jobs.put((statement, values, committed))
        await committed

    def _work(self) -> None:
        while True:
            batch = [self._jobs.get()]
            try:
                while len(batch) < _SHARE:
                    batch.append(self._jobs.get_nowait())
            except Empty:
                pass
            self._db.execute("BEGIN IMMEDIATE")
            for statement, values, _ in batch:
                self._db.execute(statement, values)
            self._db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_tell, [committed for *_, committed in batch])


class Crm:
    """Makes the CRM requests of a call, many calls at a time."""

    def __init__(self, url: str, outbox: Outbox) -> None:
        self._url = url
        self._outbox = outbox
        self._session = ClientSession(connector=TCPConnector(limit=100), cookie_jar=DummyCookieJar())
        self._contacts: dict[str, str] = {}
        self._calls: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._workers = [asyncio.create_task(self._work()) for _ in range(_WORKERS)]

    def take(self, call: dict[str, Any]) -> None:
        """Put a call in the queue."""
        self._calls.put_nowait(call)

    async def _work(self) -> None:
        while True:
            call = await self._calls.get()
            contact = self._contacts.get(call["to"]) or await self._look_up(call["to"])
            await self._post(f"{contact}/notes", {"body": f"A call\n\nCall ID: {call['call_uuid']}"})
            outcome = "connected" if call["answer"] else "no-answer"
            await self._post(f"{contact}/tags", {"tags": [f"call-{outcome}"]})
            if call["answer"] is None:
                await self._post(f"{contact}/workflow/W", {})
            await self._outbox.run(_DONE, call["call_uuid"])

    async def _look_up(self, number: str) -> str:
        url = f"{self._url}/contacts/search/duplicate?number=%2B{number[1:]}"
        async with self._session.get(url) as answer:
            contact = orjson.loads(await answer.read())["contact"]["id"]
        self._contacts[number] = contact
        return str(contact)

    async def _post(self, path: str, fields: dict[str, Any]) -> None:
        headers = {"Authorization": "Bearer T", "Version": "2021-07-28", "Content-Type": "application/json"}
        url = f"{self._url}/contacts/{path}"
        async with self._session.post(url, data=orjson.dumps(fields), headers=headers) as answer:
            orjson.loads(await answer.read())


class Handler:
    """The webhook: verify, parse, keep if there is an outbox, pass on if there is a CRM."""

    def __init__(self, secret: str, outbox: Outbox | None, crm: Crm | None) -> None:
        self._secret = secret.encode()
        self._outbox = outbox
        self._crm = crm

    async def __call__(self, request: web.Request) -> web.Response:
        """Answer one event."""
        body = await request.read()
        stamp, _, proof = request.headers["X-Ringback-Signature"].removeprefix("t=").partition(",v1=")
        right = hmac.digest(self._secret, b"%b.%b" % (stamp.encode(), body), "sha256").hex()
        if not hmac.compare_digest(proof, right):
            return web.Response(status=401)
        call = orjson.loads(body)
        if self._outbox is not None:
            await self._outbox.run(_INSERT, call["call_uuid"], body)
        if self._crm is not None:
            self._crm.take(call)
        return web.Response(body=b'{"status":"accepted"}', content_type="application/json")


def _tell(waiting: list[asyncio.Future[None]]) -> None:
    for committed in waiting:
        if not committed.done():
            committed.set_result(None)


async def _ready(_request: web.Request) -> web.Response:
    return web.Response()


async def _serve(given: argparse.Namespace) -> None:
    outbox = None if given.kind == "plain" else Outbox(given.database)
    crm = Crm(given.crm, outbox) if given.kind == "spine" and outbox else None
    app = web.Application()
    app.router.add_post("/hooks/{location}/{trunk}", Handler(given.secret, outbox, crm))
    app.router.add_get("/readyz", _ready)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    print(f"bare {given.kind} listens on http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("kind", choices=("plain", "durable", "spine"))
    arguments.add_argument("--secret", required=True)
    arguments.add_argument("--database")
    arguments.add_argument("--crm")
    uvloop.run(_serve(arguments.parse_args()))
