"""What is known of numbers that were dialled, and of the caller IDs they were dialled from, in SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from connector.store.follow_up import DAY_MS, CallerIdRecord, DialRecord, dialled_on, suppressed_on
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from connector.store.follow_up import CallerIdUsed, Dialled

_SQL: Final = statements("follow_up")


def dialled(db: sqlite3.Connection, place: Mapping[str, object], effect: Dialled) -> None:
    """See `Dialled`."""
    _put(db, place["location"], dialled_on(_known(db, place["location"], effect.number), effect))


def suppress(db: sqlite3.Connection, *, location: str, number: str, until_ms: int, why: str) -> int | None:
    """When the suppression now ends."""
    known = _known(db, location, number)
    if known is None and until_ms == 0:
        return None
    now = suppressed_on(known, number, until_ms, why)
    _put(db, location, now)
    return now.suppressed_until_ms


def _known(db: sqlite3.Connection, location: object, number: str) -> DialRecord | None:
    row = db.execute(_SQL["dial"], {"location": location, "number": number}).fetchone()
    return None if row is None else _record(row)


def _put(db: sqlite3.Connection, location: object, now: DialRecord) -> None:
    times = (now.last_call_ms, now.suppressed_until_ms, now.callback_due_ms)
    values = (
        location,
        now.number,
        now.attempts,
        now.last_call_ms,
        now.last_disposition,
        now.suppressed_until_ms,
        now.suppressed_why,
        now.callback_due_ms,
        json.dumps(now.avoid),
        now.attempt_tag,
        now.last_call_id,
        now.contact_id,
        now.dnd,
        max((at_ms for at_ms in times if at_ms is not None), default=0),
    )
    db.execute(_SQL["put_dial"], values)


def caller_id_used(db: sqlite3.Connection, place: Mapping[str, object], effect: CallerIdUsed) -> None:
    """See `CallerIdUsed`."""
    values = {
        "location": place["location"],
        "day": effect.at_ms // DAY_MS,
        "number": effect.number,
        "answered": effect.answered,
        "fast_drop": effect.fast_drop,
        "at_ms": effect.at_ms,
    }
    db.execute(_SQL["use_caller_id"], values)


def histories(db: sqlite3.Connection, *, location: str, numbers: Collection[str]) -> dict[str, DialRecord]:
    """By number; those never called are left out."""
    values = {"location": location, "numbers": json.dumps(list(numbers))}
    return {row[0]: _record(row) for row in db.execute(_SQL["dials"], values)}


def latest_of_contact(db: sqlite3.Connection, *, location: str, contact_id: str) -> DialRecord | None:
    """The number of this contact that was called last."""
    values = {"location": location, "contact_id": contact_id, "limit": 1}
    row = db.execute(_SQL["dials_of_contact"], values).fetchone()
    return None if row is None else _record(row)


def tell_dnd(db: sqlite3.Connection, *, location: str, number: str, dnd: bool) -> bool:
    """False for a number that was never dialled."""
    return db.execute(_SQL["tell_dnd"], {"location": location, "number": number, "dnd": dnd}).rowcount > 0


def caller_ids(db: sqlite3.Connection, *, location: str, since_ms: int) -> list[CallerIdRecord]:
    """By number."""
    values = {"location": location, "day": since_ms // DAY_MS}
    return [CallerIdRecord(*row) for row in db.execute(_SQL["caller_ids"], values)]


def _record(row: tuple[Any, ...]) -> DialRecord:
    return DialRecord(
        number=row[0],
        attempts=row[1],
        last_call_ms=row[2],
        last_disposition=row[3],
        suppressed_until_ms=row[4],
        suppressed_why=row[5],
        callback_due_ms=row[6],
        avoid=() if row[7] == "[]" else tuple(json.loads(row[7])),
        attempt_tag=row[8],
        last_call_id=row[9],
        contact_id=row[10],
        dnd=None if row[11] is None else bool(row[11]),
    )
