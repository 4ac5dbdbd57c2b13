"""The CRM's events in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from connector.store import StoreFullError
from connector.store.inbox import KEEP_MS, UNFINISHED, EventState, InboxRow, KnownTags, Put, Taken
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence

    from connector.store.inbox import Arrival, TagsSeen
    from connector.store.reader import Reader
    from connector.store.writer import Writer

_SQL: Final = statements("inbox")
_FORGOTTEN_AT_A_TIME: Final = 20
"""A few with each new one: the tables stay as large as what is still to be remembered."""
_IN_MEMORY: Final = 1_000
"""How many writes may wait before events are turned away: each may be large."""


class SqliteInbox:
    """See `Inbox`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def put(self, arrival: Arrival, *, most: int = UNFINISHED) -> Put:
        """See `Inbox.put`."""
        if self._writer.waiting >= _IN_MEMORY:
            raise StoreFullError("more waits to be written than memory should hold; nothing was kept")
        return await self._writer.run(partial(_put, arrival=arrival, most=most))

    async def take(self, *, now_ms: int, until_ms: int, limit: int) -> list[Taken]:
        """See `Inbox.take`."""
        return await self._writer.run(partial(_take, now_ms=now_ms, until_ms=until_ms, limit=limit))

    async def lapse(self, *, now_ms: int) -> int:
        """See `Inbox.lapse`: one process serves from a file."""
        return await self._changed("lapse", {"now_ms": now_ms})

    async def finish(
        self, taken: Taken, state: EventState, *, reason: str | None = None, seen: TagsSeen | None = None, now_ms: int
    ) -> bool:
        """See `Inbox.finish`."""
        values = {"id": taken.id, "lease": taken.lease, "state": state, "reason": reason, "keep_ms": KEEP_MS}
        return await self._writer.run(partial(_finish, values=values, seen=seen, now_ms=now_ms))

    async def retry(self, taken: Taken, *, reason: str, due_ms: int) -> bool:
        """See `Inbox.retry`."""
        values = {"id": taken.id, "lease": taken.lease, "reason": reason, "due_ms": due_ms}
        return await self._changed("retry", values) > 0

    async def next_due_ms(self) -> int | None:
        """See `Inbox.next_due_ms`."""
        return await self._reader.run(_next_due_ms)

    async def page(
        self, *, state: EventState | None = None, location: str | None = None, limit: int = 100, after: int = 0
    ) -> list[InboxRow]:
        """See `Inbox.page`."""
        states = list(EventState) if state is None else [state]
        values = {"location": location, "limit": limit, "after": after}
        return await self._reader.run(partial(_page, states=states, values=values))

    async def replay(self, event: int, *, now_ms: int) -> bool:
        """See `Inbox.replay`."""
        return await self._changed("replay", {"id": event, "now_ms": now_ms}) > 0

    async def dismiss(self, event: int, *, now_ms: int) -> bool:
        """See `Inbox.dismiss`."""
        return await self._changed("dismiss", {"id": event, "now_ms": now_ms, "keep_ms": KEEP_MS}) > 0

    async def counts(self) -> Mapping[EventState, int]:
        """See `Inbox.counts`."""
        return await self._reader.run(_counts)

    async def tags(self, location: str, contact_id: str) -> KnownTags:
        """See `Inbox.tags`."""
        return await self._reader.run(partial(_tags, place={"location": location, "contact_id": contact_id}))

    async def wrote_tags(self, location: str, contact_id: str, tags: Collection[str], *, now_ms: int) -> None:
        """See `Inbox.wrote_tags`."""
        place = {"location": location, "contact_id": contact_id}
        await self._writer.run(partial(_wrote_tags, place=place, tags=tags, now_ms=now_ms))

    async def _changed(self, query: str, values: Mapping[str, Any]) -> int:
        return await self._writer.run(partial(_change, query=query, values=values))


def _change(db: sqlite3.Connection, query: str, values: Mapping[str, Any]) -> int:
    return db.execute(_SQL[query], values).rowcount


def _put(db: sqlite3.Connection, arrival: Arrival, most: int) -> Put:
    over = {"now_ms": arrival.received_ms, "limit": _FORGOTTEN_AT_A_TIME}
    db.execute(_SQL["forget"], over)
    db.execute(_SQL["forget_tags"], over)
    if db.execute(_SQL["known"], {"key": arrival.key}).fetchone():
        return Put.DUPLICATE
    remembered = arrival.state in {EventState.IGNORED, EventState.DONE}
    if not remembered and db.execute(_SQL["unfinished"]).fetchone()[0] >= most:
        return Put.FULL
    values = {
        "key": arrival.key,
        "type": arrival.type,
        "location": arrival.location,
        "state": arrival.state,
        "due_ms": arrival.received_ms if arrival.state is EventState.WAITING else None,
        "reason": arrival.reason,
        "at_ms": arrival.at_ms,
        "received_ms": arrival.received_ms,
        "forget_ms": arrival.received_ms + KEEP_MS if remembered else None,
        "body": b"" if remembered else arrival.body,
    }
    db.execute(_SQL["put"], values)
    return Put.KEPT


def _take(db: sqlite3.Connection, now_ms: int, until_ms: int, limit: int) -> list[Taken]:
    due = db.execute(_SQL["due"], {"now_ms": now_ms, "limit": limit}).fetchall()
    return [_lease(db, event, until_ms) for (event,) in due]


def _lease(db: sqlite3.Connection, event: int, until_ms: int) -> Taken:
    row = db.execute(_SQL["lease"], {"id": event, "until_ms": until_ms}).fetchall()[0]
    return Taken(id=row[0], lease=row[1], tries=row[2], received_ms=row[3], body=row[4])


def _finish(db: sqlite3.Connection, values: Mapping[str, Any], seen: TagsSeen | None, now_ms: int) -> bool:
    if not db.execute(_SQL["finish"], values).rowcount:
        return False
    if seen is not None:
        _see_tags(db, seen, now_ms)
    return True


def _see_tags(db: sqlite3.Connection, seen: TagsSeen, now_ms: int) -> None:
    place = {"location": seen.location, "contact_id": seen.contact_id}
    before = _tags(db, place)
    if before.at_ms is None or before.at_ms < seen.at_ms:
        _put_tags(db, place, KnownTags(seen.tags, seen.at_ms, before.ours), now_ms)


def _wrote_tags(db: sqlite3.Connection, place: Mapping[str, str], tags: Collection[str], now_ms: int) -> None:
    before = _tags(db, place)
    ours = {**before.ours, **dict.fromkeys(tags, now_ms)}
    _put_tags(db, place, KnownTags(before.tags, before.at_ms, ours), now_ms)


def _put_tags(db: sqlite3.Connection, place: Mapping[str, str], known: KnownTags, now_ms: int) -> None:
    values = {
        **place,
        "tags": orjson.dumps(sorted(known.tags)).decode(),
        "at_ms": known.at_ms,
        "ours": orjson.dumps({tag: at for tag, at in known.ours.items() if at > now_ms - KEEP_MS}).decode(),
        "forget_ms": None if known.tags else now_ms + KEEP_MS,
    }
    db.execute(_SQL["put_tags"], values)


def _tags(db: sqlite3.Connection, place: Mapping[str, str]) -> KnownTags:
    row = db.execute(_SQL["tags"], place).fetchone()
    return KnownTags() if row is None else KnownTags(frozenset(orjson.loads(row[0])), row[1], orjson.loads(row[2]))


def _next_due_ms(db: sqlite3.Connection) -> int | None:
    found: int | None = db.execute(_SQL["next_due"]).fetchone()[0]
    return found


def _page(db: sqlite3.Connection, states: Sequence[EventState], values: Mapping[str, Any]) -> list[InboxRow]:
    """A page of each state, then of all: each is found by its index."""
    query = _SQL["page" if values["location"] is None else "page_of_location"]
    found = [_row(row) for state in states for row in db.execute(query, {**values, "state": state})]
    return sorted(found, key=lambda row: row.id)[: values["limit"]]


def _row(row: Sequence[Any]) -> InboxRow:
    return InboxRow(
        id=row[0],
        key=row[1],
        type=row[2],
        location=row[3],
        state=EventState(row[4]),
        tries=row[5],
        due_ms=row[6],
        reason=row[7],
        at_ms=row[8],
        received_ms=row[9],
        body=row[10],
    )


def _counts(db: sqlite3.Connection) -> dict[EventState, int]:
    return {EventState(state): number for state, number in db.execute(_SQL["counts"])}
