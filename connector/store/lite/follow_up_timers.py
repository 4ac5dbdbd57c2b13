"""Timers in SQLite: set and cancelled with the delivery that asks for it, made into deliveries when they are due."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.store import TIMER, NewEvent, work
from connector.store.follow_up import TimerRow
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

    from connector.store.follow_up import Cancel, Schedule

_SQL: Final = statements("follow_up")
_DUE: Final = _SQL["due_timers"]


def schedule(db: sqlite3.Connection, place: Mapping[str, object], effect: Schedule) -> None:
    """See `Schedule`."""
    timer = {"key": effect.key, "event": TIMER + effect.key, "due_ms": effect.due_ms, "document": effect.document}
    db.execute(_SQL["schedule"], {**place, **timer})


def cancel(db: sqlite3.Connection, place: Mapping[str, object], effect: Cancel) -> None:
    """See `Cancel`."""
    for number, key in db.execute(_SQL["timers_of_call"], place).fetchall():
        if effect.means(key):
            db.execute(_SQL["forget_timer"], {"id": number})
    for number, event in db.execute(_SQL["unbegun"], place).fetchall():
        if event.startswith(TIMER) and effect.means(event.removeprefix(TIMER)):
            work.withdraw(db, number)


def promote(db: sqlite3.Connection, *, now_ms: int, limit: int) -> int:
    """How many timers became deliveries."""
    due = db.execute(_DUE, {"now_ms": now_ms, "limit": limit}).fetchall()
    for number, location, trunk, call_id, key, lane, due_ms, document in due:
        db.execute(_SQL["forget_timer"], {"id": number})
        event = NewEvent(
            location=location,
            trunk=trunk,
            call_id=call_id,
            event=TIMER + key,
            lane=lane,
            call=document,
            received_ms=due_ms,
        )
        work.deliver(db, event, event.event, lane)
    return len(due)


def next_ms(db: sqlite3.Connection) -> int | None:
    """When the first one is due."""
    found: int | None = db.execute(_SQL["next_timer"]).fetchone()[0]
    return found


def page(db: sqlite3.Connection, *, location: str, call_id: str | None, limit: int, after: int) -> list[TimerRow]:
    """A sub-account's, or one call's."""
    values = {"location": location, "call_id": call_id, "limit": limit, "after": after}
    query = "list_timers" if call_id is None else "list_timers_of_call"
    return [
        TimerRow(
            id=row[0],
            location=row[1],
            call_id=row[2],
            key=row[3],
            trunk=row[4],
            lane=row[5],
            due_ms=row[6],
            document=row[7],
        )
        for row in db.execute(_SQL[query], values)
    ]


def cancel_one(db: sqlite3.Connection, *, location: str, timer: int) -> bool:
    """False where this sub-account has no such timer."""
    return db.execute(_SQL["cancel_timer"], {"location": location, "id": timer}).rowcount > 0
