"""`/deliveries` and `/quarantine`: what became of calls, and bringing parked ones back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.api.route import Answer, Asked, NotFoundError, Page, Refusal, Route, Shown, TextId
from connector.api.scope import Scope
from connector.store import Applied, State
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.api.access import Caller
    from connector.store import ActionResult, DeliveryRow, QuarantineRow, Repair


class DeliveryQuery(Page):
    """Which deliveries."""

    location: TextId | None = None
    """Of this sub-account only; an agency's key must name one."""
    state: State | None = None
    """In this state only."""


class QuarantineQuery(Page):
    """Which quarantined requests."""

    location: TextId | None = None
    """Of this sub-account only; an agency's key must name one."""


class Delivery(Shown):
    """One event's way to the CRM; times are ISO 8601 in UTC."""

    id: int
    location: str
    trunk: str
    call_id: str
    event: str
    state: State
    reason: str | None
    """Why it is where it is, in words."""
    tries: int
    in_flight: bool
    """Somebody works on it now."""
    next_try: str | None
    contact_id: str | None
    received: str | None
    finished: str | None


class LedgerLine(Shown):
    """What is known of one action."""

    key: str
    outcome: Applied
    crm_id: str | None
    reason: str | None


class DeliveryWithLedger(Delivery):
    """A delivery, and what became of each of its actions."""

    ledger: list[LedgerLine]


class DeliveryList(Shown):
    """Deliveries by id, ascending."""

    deliveries: list[Delivery]


class Replayed(Shown):
    """A delivery that waits again."""

    id: int
    state: State


class Quarantined(Shown):
    """An authentic request that was not understood; its body's size but not the body: it may hold anything."""

    id: int
    location: str
    trunk: str
    reason: str
    received: str | None
    bytes: int


class QuarantineList(Shown):
    """Quarantined requests by id, ascending."""

    quarantined: list[Quarantined]


def routes(store: Repair, now_ms: Callable[[], int]) -> tuple[Route, ...]:
    """The routes of deliveries and of the quarantine."""
    handlers = _Handlers(store, now_ms)
    read, write = Scope.DELIVERIES_READ, Scope.DELIVERIES_WRITE
    return (
        Route("GET", "/deliveries", read, "Deliveries", handlers.listed, DeliveryList, DeliveryQuery),
        Route("GET", "/deliveries/{id}", read, "One delivery", handlers.one, DeliveryWithLedger),
        Route(
            "POST",
            "/deliveries/{id}/replay",
            write,
            "Bring a parked delivery back",
            handlers.replay,
            Replayed,
            refusals=(409,),
        ),
        Route(
            "GET",
            "/quarantine",
            read,
            "Requests not understood",
            handlers.quarantine,
            QuarantineList,
            QuarantineQuery,
        ),
    )


class _Handlers:
    def __init__(self, store: Repair, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._now_ms = now_ms

    async def listed(self, asked: Asked) -> Answer:
        query = asked.query_as(DeliveryQuery)
        rows = await self._store.list_deliveries(
            location=whose(asked.access, query.location), state=query.state, limit=query.limit, after=query.after
        )
        return Answer(DeliveryList(deliveries=[Delivery.model_validate(delivery_json(row)) for row in rows]))

    async def one(self, asked: Asked) -> Answer:
        row = await self._row(asked)
        ledger = [ledger_json(line) for line in await self._store.ledger(row.id)]
        return Answer(DeliveryWithLedger.model_validate(delivery_json(row) | {"ledger": ledger}))

    async def replay(self, asked: Asked) -> Answer:
        row = await self._row(asked)
        if await self._store.replay(row.id, now_ms=self._now_ms()):
            return Answer(Replayed(id=row.id, state=State.WAITING))
        raise Refusal(409, "Not parked", f"Delivery {row.id} is not parked: there is nothing to replay.")

    async def quarantine(self, asked: Asked) -> Answer:
        query = asked.query_as(QuarantineQuery)
        rows = await self._store.list_quarantined(
            location=whose(asked.access, query.location), limit=query.limit, after=query.after
        )
        return Answer(QuarantineList(quarantined=[Quarantined.model_validate(quarantine_json(row)) for row in rows]))

    async def _row(self, asked: Asked) -> DeliveryRow:
        number = asked.number("id")
        missing = f"There is no delivery {number} that this key may see."
        rows = await self._store.list_deliveries(limit=1, after=number - 1)
        if not rows or rows[0].id != number:
            raise NotFoundError(missing)
        await asked.access.may_see(rows[0].location, missing)
        return rows[0]


def whose(caller: Caller, location: str | None) -> str | None:
    """The sub-account that a list is of; None for everybody's.

    Raises:
        Refusal: 400, an agency's key did not say which of its sub-accounts.
    """
    if location is not None or caller.kind == "operator":
        return location
    if caller.kind == "company":
        raise Refusal(400, "Bad request", "Say which sub-account by ?location=... (see /api/v1/locations).")
    return caller.owner


def delivery_json(row: DeliveryRow) -> dict[str, Any]:
    """A delivery as the API shows it: state, reason in words, tries, next try; times in ISO 8601 UTC."""
    waiting = row.state is State.WAITING
    return {
        "id": row.id,
        "location": row.location,
        "trunk": row.trunk,
        "call_id": row.call_id,
        "event": row.event,
        "state": row.state.value,
        "reason": row.reason,
        "tries": row.tries,
        "in_flight": row.leased,
        "next_try": iso(row.due_ms) if waiting and not row.leased else None,
        "contact_id": row.contact_id,
        "received": iso(row.received_ms),
        "finished": iso(row.finished_ms),
    }


def ledger_json(line: ActionResult) -> dict[str, Any]:
    """What is known of one action."""
    return {"key": line.key, "outcome": line.applied.value, "crm_id": line.crm_id, "reason": line.reason}


def quarantine_json(row: QuarantineRow) -> dict[str, Any]:
    """A quarantined request as the API shows it."""
    return {
        "id": row.id,
        "location": row.location,
        "trunk": row.trunk,
        "reason": row.reason,
        "received": iso(row.received_ms),
        "bytes": len(row.body),
    }
