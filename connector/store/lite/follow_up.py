"""What follows a call, in SQLite: the effects of a delivery, the look-ups, what people change."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from connector.store.follow_up import (
    DAY_MS,
    UNSETTLED,
    CallerIdUsed,
    Cancel,
    Dialled,
    PutReview,
    ResolveReview,
    ReviewState,
    Schedule,
)
from connector.store.lite import follow_up_dialling as dialling
from connector.store.lite import follow_up_reviews as reviews
from connector.store.lite import follow_up_timers as timers
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Collection, Mapping, Sequence

    from connector.store.follow_up import CallerIdRecord, DialRecord, Effect, ReviewCounts, ReviewRow, TimerRow
    from connector.store.reader import Reader
    from connector.store.writer import Writer

_SQL: Final = statements("follow_up")


def write_down(
    db: sqlite3.Connection,
    *,
    write: Callable[[sqlite3.Connection], bool],
    delivery: int,
    effects: Sequence[Effect],
    now_ms: int,
) -> bool:
    """What `write` writes down and, if the lease was its holder's, the effects: all or nothing."""
    if not write(db):
        return False
    location, call_id, trunk, lane = db.execute(_SQL["place"], {"delivery": delivery}).fetchone()
    place = {"location": location, "call_id": call_id, "trunk": trunk, "lane": lane, "now_ms": now_ms}
    for effect in effects:
        _apply(db, place, effect)
    return True


def _apply(db: sqlite3.Connection, place: Mapping[str, object], effect: Effect) -> None:
    match effect:
        case Schedule():
            timers.schedule(db, place, effect)
        case Cancel():
            timers.cancel(db, place, effect)
        case Dialled():
            dialling.dialled(db, place, effect)
        case CallerIdUsed():
            dialling.caller_id_used(db, place, effect)
        case PutReview():
            reviews.put(db, place, effect)
        case ResolveReview():
            reviews.resolve(db, place, effect)


def prune(db: sqlite3.Connection, *, before_ms: int, limit: int) -> int:
    """Forget what was settled, or mattered last, before that time: up to `limit` of each. What waits stays."""
    values = {"before_ms": before_ms, "day": before_ms // DAY_MS, "limit": limit}
    return sum(db.execute(_SQL[f"prune_{what}"], values).rowcount for what in ("reviews", "dials", "caller_ids"))


class SqliteFollowUp:
    """See `FollowUp`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def promote(self, *, now_ms: int, limit: int) -> int:
        """See `Timers.promote`."""
        return await self._writer.run(partial(timers.promote, now_ms=now_ms, limit=limit))

    async def next_timer_ms(self) -> int | None:
        """See `Timers.next_timer_ms`."""
        return await self._reader.run(timers.next_ms)

    async def list_timers(
        self, location: str, *, call_id: str | None = None, limit: int = 100, after: int = 0
    ) -> list[TimerRow]:
        """See `FollowUp.list_timers`."""
        look_up = partial(timers.page, location=location, call_id=call_id, limit=limit, after=after)
        return await self._reader.run(look_up)

    async def cancel_timer(self, location: str, timer: int) -> bool:
        """See `FollowUp.cancel_timer`."""
        return await self._writer.run(partial(timers.cancel_one, location=location, timer=timer))

    async def dial_histories(self, location: str, numbers: Collection[str]) -> dict[str, DialRecord]:
        """See `FollowUp.dial_histories`."""
        return await self._reader.run(partial(dialling.histories, location=location, numbers=numbers))

    async def latest_of_contact(self, location: str, contact_id: str) -> DialRecord | None:
        """See `FollowUp.latest_of_contact`."""
        return await self._reader.run(partial(dialling.latest_of_contact, location=location, contact_id=contact_id))

    async def tell_dnd(self, location: str, number: str, *, dnd: bool) -> bool:
        """See `FollowUp.tell_dnd`."""
        return await self._writer.run(partial(dialling.tell_dnd, location=location, number=number, dnd=dnd))

    async def suppress(self, location: str, number: str, *, until_ms: int, why: str) -> int | None:
        """See `FollowUp.suppress`."""
        suppress = partial(dialling.suppress, location=location, number=number, until_ms=until_ms, why=why)
        return await self._writer.run(suppress)

    async def put_review(self, location: str, call_id: str, review: PutReview, *, lane: str, now_ms: int) -> bool:
        """See `FollowUp.put_review`."""
        place = {"location": location, "call_id": call_id, "lane": lane, "now_ms": now_ms}
        return await self._writer.run(partial(reviews.put, place=place, effect=review))

    async def caller_ids(self, location: str, *, since_ms: int) -> list[CallerIdRecord]:
        """See `FollowUp.caller_ids`."""
        return await self._reader.run(partial(dialling.caller_ids, location=location, since_ms=since_ms))

    async def list_reviews(
        self,
        location: str,
        *,
        states: Collection[ReviewState] = UNSETTLED,
        by: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[ReviewRow]:
        """See `FollowUp.list_reviews`."""
        look_up = partial(reviews.page, location=location, states=states, by=by, limit=limit, after=after)
        return await self._reader.run(look_up)

    async def reviews_of_call(self, location: str, call_id: str) -> list[ReviewRow]:
        """See `FollowUp.reviews_of_call`."""
        return await self._reader.run(partial(reviews.of_call, location=location, call_id=call_id))

    async def change_reviews(
        self, location: str, versions: Mapping[int, int], *, to: ReviewState, by: str, reason: str = "", now_ms: int
    ) -> list[int]:
        """See `FollowUp.change_reviews`."""
        if to is ReviewState.DISMISSED and not reason.strip():
            raise ValueError("a review is dismissed with a reason")
        change = partial(
            reviews.change, location=location, versions=versions, to=to, by=by, reason=reason, now_ms=now_ms
        )
        return await self._writer.run(change)

    async def review_counts(self, location: str | None = None) -> ReviewCounts:
        """See `FollowUp.review_counts`."""
        return await self._reader.run(partial(reviews.counts, location=location))
