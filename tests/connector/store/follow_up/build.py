"""What the tests of follow-ups let follow, and from what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store.follow_up import CallerIdUsed, Dialled, PutReview, Schedule
from tests.connector.store.build import DONE, NOW, claim, event

if TYPE_CHECKING:
    from connector.store import Delivery
    from connector.store.database import Database
    from connector.store.follow_up import Effect

MINUTE_MS = 60_000
DAY_MS = 86_400_000
PHONE = "+14155550111"
OURS = "+14155550100"


async def held(
    database: Database, call_id: str = "call-1", *, kind: str = "completed", location: str = "loc-a"
) -> Delivery:
    """A delivery of this call that was claimed, and nothing else was due."""
    await database.record([event(call_id, kind=kind, location=location, lane=PHONE)])
    (delivery,) = await claim(database)
    return delivery


async def follows(
    database: Database, *effects: Effect, call_id: str = "call-1", kind: str = "completed", location: str = "loc-a"
) -> None:
    """An event of this call was delivered, and this followed from it."""
    delivery = await held(database, call_id, kind=kind, location=location)
    assert await database.write_down(delivery.lease, now_ms=NOW, effects=effects, ending=DONE)


def later(key: str = "review", *, ms: int = MINUTE_MS, document: bytes = b"later") -> Schedule:
    """A timer."""
    return Schedule(key=key, due_ms=NOW + ms, document=document)


def dialled(number: str = PHONE, *, ms: int = 0, disposition: str | None = "No Answer", **more: object) -> Dialled:
    """A call that ended `ms` after NOW."""
    return Dialled(number=number, last_call_ms=NOW + ms, disposition=disposition, **more)  # type: ignore[arg-type] # fields by name


def shown(number: str = OURS, *, ms: int = 0, answered: bool = True, fast_drop: bool = False) -> CallerIdUsed:
    """A call from one of our numbers."""
    return CallerIdUsed(number=number, answered=answered, fast_drop=fast_drop, at_ms=NOW + ms)


def review(reason: str = "nobody wrapped it up") -> PutReview:
    """A call for the manager."""
    return PutReview(reason=reason, contact_id="contact-1", agent="Kim", ended_ms=NOW - MINUTE_MS, talk_s=42.5)
