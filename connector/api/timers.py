"""`/locations/{location}/timers`: what is to be done about calls later, and taking it back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from connector.api.route import Answer, Asked, NotFoundError, Page, Route, Shown
from connector.api.scope import Scope
from mappings.call import iso

if TYPE_CHECKING:
    from connector.store.follow_up import FollowUp, TimerRow

log = structlog.get_logger()


class TimerQuery(Page):
    """Which timers."""

    call: str | None = None
    """Of this call only."""


class Timer(Shown):
    """An action that is to be done later, if the call then still asks for it."""

    id: int
    call_id: str
    key: str
    """The action's key in the call's plan: `review`, `remove_tags:suppression`, `enrol:nurture@3600`."""
    due: str | None


class TimerList(Shown):
    """Timers by id, ascending."""

    timers: list[Timer]


class Cancelled(Shown):
    """A timer that was taken back: its action will not be done."""

    id: int


def routes(follow_up: FollowUp) -> tuple[Route, ...]:
    """The routes of timers."""

    async def listed(asked: Asked) -> Answer:
        query = asked.query_as(TimerQuery)
        rows = await follow_up.list_timers(
            asked.path["location"], call_id=query.call, limit=query.limit, after=query.after
        )
        return Answer(TimerList(timers=list(map(shown_timer, rows))))

    async def cancelled(asked: Asked) -> Answer:
        location, number = asked.path["location"], asked.number("id")
        if not await follow_up.cancel_timer(location, number):
            raise NotFoundError(
                f"There is no timer {number} that waits: it fell due, or was taken back. Nothing was changed."
            )
        log.info("timer taken back", location=location, timer=number, by=asked.access.who)
        return Answer(Cancelled(id=number))

    path = "/locations/{location}/timers"
    return (
        Route("GET", path, Scope.DELIVERIES_READ, "What is to be done later", listed, TimerList, TimerQuery),
        Route(
            "DELETE", f"{path}/{{id}}", Scope.CALLS_WRITE, "Take back what is to be done later", cancelled, Cancelled
        ),
    )


def shown_timer(row: TimerRow) -> Timer:
    """A timer as the API shows it."""
    return Timer(id=row.id, call_id=row.call_id, key=row.key, due=iso(row.due_ms))
