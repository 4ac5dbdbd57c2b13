"""What is done to deliveries in SQLite: record, claim, write down, replay; inside the writer's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.store import PROBES, ActionResult, Applied, Delivery, Lease, State, parts
from connector.store.queries import QUERIES
from connector.store.turns import take_turns

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence

    from connector.store import Ending, NewEvent

_RECORD = QUERIES["record"]
_CALL_TURN = QUERIES["call_turn"]
_LEASE = QUERIES["lease"]
_LEASED = QUERIES["leased"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants how much; see `Deliveries.claim`.

    `turn` grows with each claim of this process. `anew` says that the last claim went by another `per_location`, or
    that there was none: the turns it left say nothing then.
    """

    owner: str
    now_ms: int
    lease_ms: int
    limit: int
    per_location: int
    turn: int
    anew: bool = False
    fresh_first: bool = False


def record(db: sqlite3.Connection, events: Sequence[NewEvent]) -> list[bool]:
    """True for each event that is new."""
    return [_record(db, event) for event in events]


def _record(db: sqlite3.Connection, event: NewEvent) -> bool:
    if event.part:
        return parts.keep(db, event, lambda kind, lane: _correct(db, event, kind, lane))
    if not deliver(db, event, event.event, event.lane):
        return False
    parts.close(db, event.location, event.call_id)
    return True


def _correct(db: sqlite3.Connection, event: NewEvent, kind: str, lane: str) -> None:
    deliver(db, event, kind, lane)


def deliver(db: sqlite3.Connection, event: NewEvent, kind: str, lane: str) -> bool:
    """Make a delivery of an event, as one of this kind and in this lane; False if there is one."""
    values = {
        "location": event.location,
        "lane": lane,
        "received_ms": event.received_ms,
        "trunk": event.trunk,
        "call_id": event.call_id,
        "event": kind,
        "call": event.call,
    }
    if not db.execute(_RECORD, values).rowcount:
        return False
    db.execute(_CALL_TURN, {"location": event.location, "next_ms": event.received_ms})
    return True


def claim(db: sqlite3.Connection, wanted: Claim) -> list[Delivery]:
    """Look at those whose turn it is until there is enough, or nobody is left."""
    claimed: list[Delivery] = []
    if wanted.anew:
        db.execute(QUERIES["call_all_turns"], {"next_ms": wanted.now_ms})
    while (room := wanted.limit - len(claimed)) > 0:
        turns = db.execute(QUERIES["turns"], {"now_ms": wanted.now_ms, "limit": room}).fetchall()
        claimed += _claim_from(db, wanted, turns, room)
        # Whoever was looked at in vain has its turn later: this comes to an end.
        if len(turns) < room:
            break
    return claimed


def _claim_from(
    db: sqlite3.Connection, wanted: Claim, turns: Sequence[tuple[str, int | None]], room: int
) -> list[Delivery]:
    queues = [_claimable(db, wanted, *turn) for turn in turns]
    claimed = [_lease(db, wanted, delivery) for delivery in take_turns(queues, room)]
    taken = {delivery.lease.delivery for delivery in claimed}
    for (location, until_ms), queue in zip(turns, queues, strict=True):
        _end_turn(db, wanted, location, until_ms, more=not taken.issuperset(queue))
    return claimed


def _claimable(db: sqlite3.Connection, wanted: Claim, location: str, paused_until_ms: int | None) -> list[int]:
    if _is_paused(wanted, paused_until_ms):
        return []
    most = wanted.per_location if paused_until_ms is None else PROBES
    values = {"location": location, "now_ms": wanted.now_ms, "per_location": most}
    query = "claimable_fresh" if wanted.fresh_first else "claimable"
    return [row[0] for row in db.execute(QUERIES[query], values)]


def _is_paused(wanted: Claim, until_ms: int | None) -> bool:
    return until_ms is not None and until_ms > wanted.now_ms


def _end_turn(db: sqlite3.Connection, wanted: Claim, location: str, paused_until_ms: int | None, *, more: bool) -> None:
    """Say when this sub-account is looked at next: at once if there is more, else when it has more."""
    next_ms: int | None
    if more:
        next_ms = wanted.now_ms
    elif _is_paused(wanted, paused_until_ms):
        next_ms = paused_until_ms
    else:
        next_ms = db.execute(QUERIES["next_wake"], {"location": location, "now_ms": wanted.now_ms}).fetchone()[0]
    if next_ms is None:
        db.execute(QUERIES["end_turns"], {"location": location})
    else:
        db.execute(QUERIES["set_turn"], {"location": location, "next_ms": next_ms, "turn": wanted.turn})


def _lease(db: sqlite3.Connection, wanted: Claim, delivery: int) -> Delivery:
    until_ms = wanted.now_ms + wanted.lease_ms
    values = {"id": delivery, "owner": wanted.owner, "until_ms": until_ms}
    db.execute(_LEASE, values)
    row = db.execute(_LEASED, values).fetchone()
    token = row[0]
    return Delivery(
        lease=Lease(delivery, wanted.owner, token),
        location=row[1],
        trunk=row[2],
        call_id=row[3],
        event=row[4],
        lane=row[5],
        call=row[6],
        received_ms=row[7],
        tries=row[8],
        in_doubt=bool(row[9]),
        contact_id=row[10],
        plan=row[11],
        # Tries can start again at 0, claims cannot: only the first of all finds nothing written.
        ledger={line.key: line for line in ledger(db, delivery)} if token > 1 else {},
        parts=parts.of(db, row[1], row[3]),
    )


def ledger(db: sqlite3.Connection, delivery: int) -> list[ActionResult]:
    """The ledger of a delivery, by key."""
    rows = db.execute(QUERIES["ledger"], {"id": delivery})
    return [ActionResult(key, Applied(applied), crm_id, reason) for key, applied, crm_id, reason in rows]


def write_down(
    db: sqlite3.Connection,
    lease: Lease,
    *,
    now_ms: int,
    contact_id: str | None,
    plan: bytes | None,
    results: Sequence[ActionResult],
    ending: Ending | None,
) -> bool:
    """False where the lease is not its holder's any more."""
    values: dict[str, object] = {
        "id": lease.delivery,
        "token": lease.token,
        "owner": lease.owner,
        "now_ms": now_ms,
        "contact_id": contact_id,
        "plan": plan,
    }
    if ending is not None:
        held = _end(db, values, ending, now_ms)
    elif contact_id is None and plan is None:
        held = db.execute(QUERIES["holds"], values).fetchone() is not None
    else:
        held = db.execute(QUERIES["write_down"], values).rowcount > 0
    if held and results:
        lines = [(lease.delivery, line.key, line.applied.value, line.crm_id, line.reason) for line in results]
        db.executemany(QUERIES["put_result"], lines)
    return held


def _end(db: sqlite3.Connection, values: dict[str, object], ending: Ending, now_ms: int) -> bool:
    waits = ending.state is State.WAITING
    values["state"] = ending.state.value
    values["reason"] = ending.reason
    values["uncounted"] = not ending.counts
    values["finished_ms"] = None if waits else now_ms
    values["due_ms"] = (now_ms if ending.due_ms is None else ending.due_ms) if waits else None
    if not db.execute(QUERIES["end_lease"], values).rowcount:
        return False
    _let_next(db, _lane(db, values), now_ms)
    return True


def withdraw(db: sqlite3.Connection, delivery: int) -> None:
    """Forget a waiting delivery that was never claimed."""
    values: dict[str, object] = {"id": delivery}
    lane = _lane(db, values)
    db.execute(QUERIES["prune_delivery"], (delivery,))
    _let_next(db, lane, 0)


def replay(db: sqlite3.Connection, delivery: int, now_ms: int) -> bool:
    """False where no parked delivery has that id."""
    values: dict[str, object] = {"id": delivery, "now_ms": now_ms}
    if not db.execute(QUERIES["replay"], values).rowcount:
        return False
    db.execute(QUERIES["forget_refused"], values)
    lane = _lane(db, values)
    db.execute(QUERIES["step_back"], lane)
    _let_next(db, lane, now_ms)
    return True


def _lane(db: sqlite3.Connection, values: dict[str, object]) -> dict[str, object]:
    location, lane = db.execute(QUERIES["lane"], values).fetchone()
    return {"location": location, "lane": lane}


def _let_next(db: sqlite3.Connection, lane: dict[str, object], now_ms: int) -> None:
    """Fill the front of the lane, and have the next claim look at this sub-account."""
    db.execute(QUERIES["promote"], lane)
    db.execute(_CALL_TURN, {"location": lane["location"], "next_ms": now_ms})


def release_all(db: sqlite3.Connection, *, now_ms: int, due_ms: int) -> int:
    """How many leases there were."""
    ended = db.execute(QUERIES["release_all"], {"due_ms": due_ms}).rowcount
    db.execute(QUERIES["call_all_turns"], {"next_ms": now_ms})
    return ended
