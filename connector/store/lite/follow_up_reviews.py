"""The review queue in SQLite."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from connector.store.follow_up import UNSETTLED, ReviewCounts, ReviewRow, ReviewState
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping

    from connector.store.follow_up import PutReview, ResolveReview

_SQL: Final = statements("follow_up")


def put(db: sqlite3.Connection, place: Mapping[str, object], effect: PutReview) -> bool:
    """See `PutReview`. False where it was there before."""
    review = {
        "reason": effect.reason,
        "contact_id": effect.contact_id,
        "agent": effect.agent,
        "talk_s": effect.talk_s,
        "ended_ms": effect.ended_ms,
    }
    return db.execute(_SQL["put_review"], {**place, **review}).rowcount > 0


def resolve(db: sqlite3.Connection, place: Mapping[str, object], effect: ResolveReview) -> None:
    """See `ResolveReview`."""
    db.execute(_SQL["resolve_reviews"], {**place, "by": effect.by, "why": effect.reason})


def change(
    db: sqlite3.Connection,
    *,
    location: str,
    versions: Mapping[int, int],
    to: ReviewState,
    by: str,
    reason: str,
    now_ms: int,
) -> list[int]:
    """The ids of those that were changed."""
    values = {"location": location, "to": to.value, "by": by, "why": reason or None, "now_ms": now_ms}
    query = _SQL["change_review"]
    return [
        number
        for number, version in versions.items()
        if db.execute(query, {**values, "id": number, "version": version}).rowcount
    ]


def page(
    db: sqlite3.Connection, *, location: str, states: Collection[ReviewState], by: str | None, limit: int, after: int
) -> list[ReviewRow]:
    """By id."""
    query = "list_unsettled" if UNSETTLED.issuperset(states) else "list_reviews"
    wanted = json.dumps([state.value for state in states])
    values = {"location": location, "states": wanted, "by": by, "limit": limit, "after": after}
    return [_review(row) for row in db.execute(_SQL[query], values)]


def of_call(db: sqlite3.Connection, *, location: str, call_id: str) -> list[ReviewRow]:
    """By id."""
    values = {"location": location, "call_id": call_id}
    return [_review(row) for row in db.execute(_SQL["reviews_of_call"], values)]


def _review(row: tuple[Any, ...]) -> ReviewRow:
    return ReviewRow(
        id=row[0],
        location=row[1],
        call_id=row[2],
        lane=row[3],
        reason=row[4],
        contact_id=row[5],
        agent=row[6],
        talk_s=row[7],
        ended_ms=row[8],
        put_ms=row[9],
        state=ReviewState(row[10]),
        version=row[11],
        by=row[12],
        changed_ms=row[13],
        why=row[14],
    )


def counts(db: sqlite3.Connection, location: str | None) -> ReviewCounts:
    """Counted over what is unsettled."""
    query = "count_all_reviews" if location is None else "count_reviews"
    rows = db.execute(_SQL[query], {"location": location}).fetchall()
    return ReviewCounts(
        open=sum(count for holder, count, _ in rows if holder is None),
        claimed={holder: count for holder, count, _ in rows if holder is not None},
        oldest_ms=min((put_ms for _, _, put_ms in rows), default=None),
    )
