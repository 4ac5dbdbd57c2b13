"""The embedded engine: one SQLite file, one process that serves, any number of commands beside it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import ExitStack, closing
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from connector.store import StoreError, StoreFullError, lists, locations, parts, work
from connector.store.failures import meaning
from connector.store.lite import follow_up
from connector.store.lite.access import SqliteAccess
from connector.store.lite.calls import SqliteCalls
from connector.store.lite.follow_up import SqliteFollowUp
from connector.store.lite.grants import SqliteGrants
from connector.store.lite.history import SqliteHistory
from connector.store.lite.inbox import SqliteInbox
from connector.store.lite.once import SqliteOnce
from connector.store.lite.sealed import SqliteSealed
from connector.store.lite.triggers import SqliteTriggers
from connector.store.lock import hold
from connector.store.migrate import migrate
from connector.store.queries import QUERIES
from connector.store.reader import Reader
from connector.store.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from connector.store import (
        ActionResult,
        Delivery,
        DeliveryRow,
        Depth,
        Ending,
        Lease,
        LocationRow,
        NewEvent,
        NewQuarantine,
        OpenCall,
        Pause,
        QuarantineRow,
        State,
        Written,
    )
    from connector.store.follow_up import Effect

T = TypeVar("T")

_BUSY_S: Final = 5.0
_OLDEST: Final = (3, 37, 0)
"""SQLite's first version with STRICT tables; RETURNING is older."""
_INTAKE: Final = 10_000
"""How many writes may wait before intake is turned away: memory stays bounded when the disk is slow."""


class SqliteStore:
    """A `Database` on one file. Make it with `open`; other subjects have their own parts (lite/)."""

    def __init__(self, writer: Writer, reader: Reader, lock: int | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = lock
        self._claims = 0
        self._per_location: int | None = None
        self.once = SqliteOnce(writer)
        self.calls = SqliteCalls(reader)
        self.follow_up = SqliteFollowUp(writer, reader)
        self.grants = SqliteGrants(writer, reader)
        self.sealed = SqliteSealed(writer, reader)
        self.history = SqliteHistory(writer, reader)
        self.access = SqliteAccess(writer, reader)
        self.inbox = SqliteInbox(writer, reader)
        self.triggers = SqliteTriggers(writer, reader)

    @classmethod
    async def open(cls, path: Path, *, exclusive: bool = False, max_pages: int | None = None) -> SqliteStore:
        """Open the file, made (mode 0600) and brought up to date if need be.

        Args:
            path: The database; its folder must exist.
            exclusive: Be the only one that serves from it (flock on `<path>.lock`).
            max_pages: How many pages of 4 KiB the file may have: a small disk, for tests.

        Raises:
            StoreError: it cannot be opened, is damaged, is newer than this version, or another one serves it.
        """
        lock = hold(path) if exclusive else None
        try:
            writing, reading = await asyncio.to_thread(_connect, path, max_pages)
        except BaseException:
            if lock is not None:
                os.close(lock)
            raise
        return cls(Writer(writing, path=str(path)), Reader(reading, path=str(path)), lock)

    async def record(self, events: Sequence[NewEvent]) -> list[bool]:
        """See `Events.record`."""
        self._admit()
        return await self._writer.run(partial(work.record, events=events))

    async def quarantine(self, request: NewQuarantine) -> int:
        """See `Events.quarantine`."""
        self._admit()
        return await self._writer.run(partial(lists.quarantine, request=request))

    async def claim(
        self, owner: str, *, now_ms: int, lease_ms: int, limit: int, per_location: int, fresh_first: bool = False
    ) -> list[Delivery]:
        """See `Deliveries.claim`."""
        if per_location < 1:
            return []
        self._claims += 1
        wanted = work.Claim(
            owner=owner,
            now_ms=now_ms,
            lease_ms=lease_ms,
            limit=limit,
            per_location=per_location,
            turn=self._claims,
            anew=per_location != self._per_location,
            fresh_first=fresh_first,
        )
        claimed = await self._writer.run(partial(work.claim, wanted=wanted))
        self._per_location = per_location
        return claimed

    async def write_down(
        self,
        lease: Lease,
        *,
        now_ms: int,
        contact_id: str | None = None,
        plan: bytes | None = None,
        results: Sequence[ActionResult] = (),
        ending: Ending | None = None,
        effects: Sequence[Effect] = (),
    ) -> bool:
        """See `Deliveries.write_down`."""
        write = partial(
            work.write_down,
            lease=lease,
            now_ms=now_ms,
            contact_id=contact_id,
            plan=plan,
            results=results,
            ending=ending,
        )
        if effects:
            write = partial(follow_up.write_down, write=write, delivery=lease.delivery, effects=effects, now_ms=now_ms)
        return await self._writer.run(write)

    async def written(self, location: str, call_id: str) -> Written | None:
        """See `Deliveries.written`."""
        look_up = partial(parts.written, location=location, call_id=call_id, ledger=work.ledger)
        return await self._reader.run(look_up)

    async def open_calls(self, *, before_ms: int, limit: int) -> list[OpenCall]:
        """See `Deliveries.open_calls`."""
        return await self._reader.run(partial(parts.open_calls, before_ms=before_ms, limit=limit))

    async def pause(self, location: str, pause: Pause | None) -> None:
        """See `Deliveries.pause`."""
        await self._writer.run(partial(lists.pause, location=location, pause=pause))

    async def pauses(self) -> dict[str, Pause]:
        """See `Deliveries.pauses`."""
        return await self._reader.run(lists.pauses)

    async def next_due_ms(self, *, now_ms: int) -> int | None:
        """See `Deliveries.next_due_ms`."""
        return await self._reader.run(partial(lists.next_due_ms, now_ms=now_ms))

    async def release_all(self, *, now_ms: int, due_ms: int) -> int:
        """See `Deliveries.release_all`."""
        return await self._writer.run(partial(work.release_all, now_ms=now_ms, due_ms=due_ms))

    async def list_deliveries(
        self, *, location: str | None = None, state: State | None = None, limit: int = 100, after: int = 0
    ) -> list[DeliveryRow]:
        """See `Repair.list_deliveries`."""
        look_up = partial(lists.deliveries, location=location, state=state, limit=limit, after=after)
        return await self._reader.run(look_up)

    async def ledger(self, delivery: int) -> list[ActionResult]:
        """See `Repair.ledger`."""
        return await self._reader.run(partial(work.ledger, delivery=delivery))

    async def replay(self, delivery: int, *, now_ms: int) -> bool:
        """See `Repair.replay`."""
        return await self._writer.run(partial(work.replay, delivery=delivery, now_ms=now_ms))

    async def list_quarantined(
        self, *, location: str | None = None, limit: int = 100, after: int = 0
    ) -> list[QuarantineRow]:
        """See `Repair.list_quarantined`."""
        look_up = partial(lists.quarantined, location=location, limit=limit, after=after)
        return await self._reader.run(look_up)

    async def release(self, quarantined: int) -> bool:
        """See `Repair.release`."""
        return await self._writer.run(partial(lists.release, quarantined=quarantined))

    async def depth(self) -> Depth:
        """See `Repair.depth`."""
        return await self._reader.run(lists.depth)

    async def crowded(self, at_least: int) -> frozenset[str]:
        """See `Repair.crowded`."""
        return await self._reader.run(partial(lists.crowded, at_least=at_least))

    async def prune(self, *, done_before_ms: int, quarantined_before_ms: int | None, limit: int) -> int:
        """See `Repair.prune`."""
        return await self._writer.run(
            partial(
                lists.prune, done_before_ms=done_before_ms, quarantined_before_ms=quarantined_before_ms, limit=limit
            )
        )

    async def prune_location(self, location: str, *, done_before_ms: int, limit: int) -> int:
        """See `Repair.prune_location`."""
        prune = partial(lists.prune_location, location=location, done_before_ms=done_before_ms, limit=limit)
        return await self._writer.run(prune)

    async def put_location(
        self, location: str, *, document: bytes, secrets: Mapping[str, bytes | None], now_ms: int
    ) -> None:
        """See `Locations.put_location`."""
        put = partial(locations.put, location=location, document=document, secrets=secrets, now_ms=now_ms)
        await self._writer.run(put)

    async def get_location(self, location: str) -> LocationRow | None:
        """See `Locations.get_location`."""
        return await self._reader.run(partial(locations.get, location=location))

    async def list_locations(self, *, limit: int = 100, after: str = "") -> list[LocationRow]:
        """See `Locations.list_locations`."""
        return await self._reader.run(partial(locations.page, limit=limit, after=after))

    async def remove_location(self, location: str) -> bool:
        """See `Locations.remove_location`."""
        return await self._writer.run(partial(locations.remove, location=location))

    async def locations_revision(self) -> int:
        """See `Locations.locations_revision`."""
        return await self._reader.run(locations.revision)

    async def check(self) -> None:
        """See `Store.check`: a real write, committed, that needs room."""
        await self._writer.run(_probe)

    async def close(self) -> None:
        """See `Store.close`."""
        await self._reader.close()
        await self._writer.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _admit(self) -> None:
        if self._writer.waiting >= _INTAKE:
            raise StoreFullError("more events wait to be written than memory should hold; nothing was kept")


def _probe(db: sqlite3.Connection) -> None:
    db.execute(QUERIES["fill_probe"])
    db.execute(QUERIES["clear_probe"])


def _connect(path: Path, max_pages: int | None) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """A connection to write and one to read, on a file that is there and up to date."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed")
    with ExitStack() as failed:
        try:
            # It will hold phone numbers: for its owner's eyes. SQLite gives the files beside it the same mode.
            path.touch(mode=0o600)
            writing = failed.enter_context(closing(_connection(path)))
            if max_pages is not None:
                writing.execute(f"PRAGMA max_page_count = {max_pages}")
            migrate(writing)
            reading = failed.enter_context(closing(_connection(path)))
            reading.execute("PRAGMA query_only = ON")
        except OSError as error:
            raise StoreError(f"{path} cannot be opened: {error.strerror}") from error
        except sqlite3.Error as error:
            raise meaning(error, str(path)) from error
        failed.pop_all()
    return writing, reading


def _connection(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        # FULL: a commit is on disk (fsync of the write-ahead log) when it returns; NORMAL would not wait for it.
        db.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        db.close()
        raise
    return db
