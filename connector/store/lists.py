"""What people and the worker look up in SQLite: deliveries, the quarantine, pauses, how much there is."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from connector.store import DeliveryRow, Depth, Pause, QuarantineRow, State
from connector.store.lite import follow_up
from connector.store.queries import QUERIES

if TYPE_CHECKING:
    import sqlite3

    from connector.store import NewQuarantine


def deliveries(
    db: sqlite3.Connection, *, location: str | None, state: State | None, limit: int, after: int
) -> list[DeliveryRow]:
    """A page of deliveries, each question by the index that answers it."""
    if state in {State.WAITING, State.PARKED}:
        query = "list_unfinished"
    else:
        query = "list_all" if location is None else "list_of_location"
    values = {"location": location, "state": state and state.value, "limit": limit, "after": after}
    return [delivery(row) for row in db.execute(QUERIES[query], values)]


def delivery(row: tuple[Any, ...]) -> DeliveryRow:
    """A delivery as all lists read it."""
    return DeliveryRow(
        id=row[0],
        location=row[1],
        trunk=row[2],
        call_id=row[3],
        event=row[4],
        lane=row[5],
        call=row[6],
        state=State(row[7]),
        tries=row[8],
        due_ms=row[9],
        leased=bool(row[10]),
        reason=row[11],
        contact_id=row[12],
        received_ms=row[13],
        finished_ms=row[14],
    )


def quarantine(db: sqlite3.Connection, request: NewQuarantine) -> int:
    """The id under which the request is kept, now or since it first came."""
    values: dict[str, object] = {
        "location": request.location,
        "trunk": request.trunk,
        "digest": hashlib.sha256(request.body).digest(),
    }
    kept = db.execute(QUERIES["quarantined"], values).fetchone()
    if kept is None:
        values["method"] = request.method
        values["url"] = request.url
        values["headers"] = json.dumps(dict(request.headers))
        values["reason"] = request.reason
        values["received_ms"] = request.received_ms
        values["body"] = request.body
        kept = db.execute(QUERIES["quarantine"], values).fetchone()
    number: int = kept[0]
    return number


def quarantined(db: sqlite3.Connection, *, location: str | None, limit: int, after: int) -> list[QuarantineRow]:
    """A page of the quarantine."""
    values = {"location": location, "limit": limit, "after": after}
    return [
        QuarantineRow(
            id=row[0],
            location=row[1],
            trunk=row[2],
            method=row[3],
            url=row[4],
            headers=json.loads(row[5]),
            body=row[6],
            reason=row[7],
            received_ms=row[8],
        )
        for row in db.execute(QUERIES["list_quarantined"], values)
    ]


def release(db: sqlite3.Connection, quarantined: int) -> bool:
    """False where nothing of that id is in quarantine."""
    return db.execute(QUERIES["release"], {"id": quarantined}).rowcount > 0


def pause(db: sqlite3.Connection, location: str, pause: Pause | None) -> None:
    """Set or lift a pause, and have the next claim look at this sub-account again."""
    if pause is None:
        db.execute(QUERIES["lift_pause"], {"location": location})
    else:
        values = {"until_ms": pause.until_ms, "reason": pause.reason, "failures": pause.failures}
        db.execute(QUERIES["put_pause"], {"location": location, **values})
    db.execute(QUERIES["call_turn"], {"location": location, "next_ms": 0})


def pauses(db: sqlite3.Connection) -> dict[str, Pause]:
    """By sub-account."""
    return {location: Pause(*rest) for location, *rest in db.execute(QUERIES["pauses"])}


def next_due_ms(db: sqlite3.Connection, now_ms: int) -> int | None:
    """None where nothing is to come."""
    found: int | None = db.execute(QUERIES["next_due"], {"now_ms": now_ms}).fetchone()[0]
    return found


def depth(db: sqlite3.Connection) -> Depth:
    """Counted, not estimated."""
    return Depth(*db.execute(QUERIES["depth"]).fetchone())


def crowded(db: sqlite3.Connection, at_least: int) -> frozenset[str]:
    """Counted over what waits."""
    return frozenset(row[0] for row in db.execute(QUERIES["crowded"], {"at_least": at_least}))


def prune(db: sqlite3.Connection, *, done_before_ms: int, quarantined_before_ms: int | None, limit: int) -> int:
    """A bounded piece, so that intake does not wait behind it."""
    ids = db.execute(QUERIES["prunable"], {"before_ms": done_before_ms, "limit": limit}).fetchall()
    _forget(db, ids)
    db.execute(QUERIES["prune_old_parts"], {"before_ms": done_before_ms})
    pruned = len(ids) + follow_up.prune(db, before_ms=done_before_ms, limit=limit)
    if quarantined_before_ms is None:
        return pruned
    values = {"before_ms": quarantined_before_ms, "limit": limit}
    return pruned + db.execute(QUERIES["prune_quarantine"], values).rowcount


def prune_location(db: sqlite3.Connection, *, location: str, done_before_ms: int, limit: int) -> int:
    """A bounded piece of one sub-account's."""
    values = {"location": location, "before_ms": done_before_ms, "limit": limit}
    ids = db.execute(QUERIES["prunable_of_location"], values).fetchall()
    _forget(db, ids)
    return len(ids)


def _forget(db: sqlite3.Connection, rows: list[tuple[int, str, str]]) -> None:
    db.executemany(QUERIES["prune_ledger"], [row[:1] for row in rows])
    db.executemany(QUERIES["prune_delivery"], [row[:1] for row in rows])
    db.executemany(QUERIES["prune_parts"], [row[1:] for row in rows])
