"""The events of a call besides its end, in SQLite: kept beside it, merged by whoever delivers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import FIX, LEG, OpenCall, State, Written
from connector.store.queries import QUERIES

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

    from connector.store import ActionResult, NewEvent

_PARTS = QUERIES["parts"]
_CLOSE = QUERIES["close_parts"]


def keep(db: sqlite3.Connection, event: NewEvent, deliver: Callable[[str, str], None]) -> bool:
    """True if it is new. `deliver(event, lane)` makes a delivery that corrects what was written already."""
    values: dict[str, object] = {
        "location": event.location,
        "call_id": event.call_id,
        "event": event.event,
        "received_ms": event.received_ms,
        "trunk": event.trunk,
        "lane": event.lane,
        "call": event.call,
        "can_open": not event.event.startswith(LEG),
    }
    if not db.execute(QUERIES["keep_part"], values).rowcount:
        return False
    leg, _, told = event.event.removeprefix(LEG).rpartition(":")
    if leg and told == "completed":  # the leg will never end as a call of its own
        close(db, event.location, leg)
    end = db.execute(QUERIES["end_of_call"], values).fetchone()
    if end is None:
        return True
    number, state, leased, lane, _, contact_id = end
    if state == State.WAITING.value and not leased and contact_id is None:
        db.execute(QUERIES["hurry"], {"id": number, "now_ms": event.received_ms})
        db.execute(QUERIES["call_turn"], {"location": event.location, "next_ms": event.received_ms})
    else:
        deliver(FIX + event.event, lane)
    return True


def close(db: sqlite3.Connection, location: str, call_id: str) -> None:
    """The end of this call has come."""
    db.execute(_CLOSE, {"location": location, "call_id": call_id})


def of(db: sqlite3.Connection, location: str, call_id: str) -> tuple[bytes, ...]:
    """The call's parts so far."""
    return tuple(row[0] for row in db.execute(_PARTS, {"location": location, "call_id": call_id}))


def written(
    db: sqlite3.Connection,
    *,
    location: str,
    call_id: str,
    ledger: Callable[[sqlite3.Connection, int], list[ActionResult]],
) -> Written | None:
    """What became of the end of this call."""
    row = db.execute(QUERIES["end_of_call"], {"location": location, "call_id": call_id}).fetchone()
    if row is None:
        return None
    return Written(
        call=row[4],
        state=State(row[1]),
        contact_id=row[5],
        ledger={line.key: line for line in ledger(db, row[0])},
        parts=of(db, location, call_id),
    )


def open_calls(db: sqlite3.Connection, *, before_ms: int, limit: int) -> list[OpenCall]:
    """Calls that began before that time and have not ended."""
    rows = db.execute(QUERIES["open_calls"], {"before_ms": before_ms, "limit": limit}).fetchall()
    return [
        OpenCall(location=location, call_id=call_id, trunk=trunk, lane=lane, parts=of(db, location, call_id))
        for location, call_id, trunk, lane, _ in rows
    ]
