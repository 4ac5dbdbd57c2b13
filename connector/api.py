"""`/api/v1`: deliveries and the quarantine for the operator, as JSON. Without RINGBACK_API_KEY it has no entry."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from aiohttp import web

from connector.clock import now_ms
from connector.problem import problem
from connector.store import State
from mappings.call import iso

if TYPE_CHECKING:
    from connector.store import ActionResult, DeliveryRow, QuarantineRow, Repair

MOST = 500
_UNAUTHORIZED = (
    "The operator's key is missing, wrong, or not set on this installation. "
    "Nothing was read or changed. Set RINGBACK_API_KEY and send it as `Authorization: Bearer ...`."
)


class Api:
    """The handlers; lists are pages of at most MOST, by id, the next one `after` the last id."""

    def __init__(self, store: Repair, key: str | None) -> None:
        self._store = store
        self._key = key

    def routes(self) -> list[web.RouteDef]:
        """What it serves."""
        return [
            web.get("/api/v1/deliveries", self._deliveries),
            web.get("/api/v1/deliveries/{id:\\d{1,18}}", self._delivery),
            web.post("/api/v1/deliveries/{id:\\d{1,18}}/replay", self._replay),
            web.get("/api/v1/quarantine", self._quarantine),
        ]

    def _refused(self, request: web.Request) -> web.Response | None:
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        expected = f"Bearer {self._key}".encode()
        if self._key and hmac.compare_digest(given, expected):
            return None
        return problem(401, "Unauthorized", _UNAUTHORIZED)

    async def _deliveries(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        try:
            state = State(request.query["state"]) if "state" in request.query else None
            limit, after = _page(request)
        except ValueError as error:
            return problem(400, "Bad request", f"{error}. Nothing was read.")
        rows = await self._store.list_deliveries(
            location=request.query.get("location"), state=state, limit=limit, after=after
        )
        return web.json_response({"deliveries": [delivery_json(row) for row in rows]})

    async def _delivery(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        number = int(request.match_info["id"])
        rows = await self._store.list_deliveries(limit=1, after=number - 1)
        if not rows or rows[0].id != number:
            return problem(404, "Not found", f"There is no delivery {number}.")
        ledger = await self._store.ledger(number)
        return web.json_response(delivery_json(rows[0]) | {"ledger": [ledger_json(line) for line in ledger]})

    async def _replay(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        number = int(request.match_info["id"])
        if await self._store.replay(number, now_ms=now_ms()):
            return web.json_response({"id": number, "state": State.WAITING.value})
        return problem(409, "Not parked", f"Delivery {number} is not parked: there is nothing to replay.")

    async def _quarantine(self, request: web.Request) -> web.Response:
        if refused := self._refused(request):
            return refused
        try:
            limit, after = _page(request)
        except ValueError as error:
            return problem(400, "Bad request", f"{error}. Nothing was read.")
        rows = await self._store.list_quarantined(location=request.query.get("location"), limit=limit, after=after)
        return web.json_response({"quarantined": [quarantine_json(row) for row in rows]})


def _page(request: web.Request) -> tuple[int, int]:
    limit, after = int(request.query.get("limit", "100")), int(request.query.get("after", "0"))
    if not (1 <= limit <= MOST and 0 <= after < 2**63):
        raise ValueError(f"limit goes from 1 to {MOST}, after from 0")
    return limit, after


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
    """A quarantined request, its body's size but not the body: it may hold anything."""
    return {
        "id": row.id,
        "location": row.location,
        "trunk": row.trunk,
        "reason": row.reason,
        "received": iso(row.received_ms),
        "bytes": len(row.body),
    }
