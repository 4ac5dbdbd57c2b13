"""Kills this very process, with SIGKILL, at one named point between two steps of the connector.

A point is `<what>:before` or `<what>:after`: `store.record`, `store.claim`, `store.write_down`, `store.pause`,
`store.release_all`, `store.promote`, or a verb of the CRM such as `crm.add_note`. RINGBACK_MINE is `point#hit`.
"""

from __future__ import annotations

import inspect
import os
import signal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from connector.crm.model import Request, Response
    from connector.crm.seam import Transport

STORE_STEPS = ("record", "claim", "write_down", "pause", "release_all", "promote", "dial_histories")
CRM_VERBS = (
    "find_contact",
    "create_contact",
    "get_location",
    "add_note",
    "list_notes",
    "add_tags",
    "remove_tags",
    "get_contact",
    "enrol",
    "unenrol",
    "create_task",
    "list_tasks",
    "find_conversation",
    "create_conversation",
    "add_outbound_call",
    "list_calls",
)
POINTS = tuple(
    f"{step}:{side}"
    for step in (*(f"store.{name}" for name in STORE_STEPS), *(f"crm.{verb}" for verb in CRM_VERBS))
    for side in ("before", "after")
)
PARTS = frozenset({"follow_up"})
"""Parts of the database whose steps are mined like the store's own."""


class Mine:
    """Goes off at the given hit of its point; never, where none is given."""

    def __init__(self, armed: str | None) -> None:
        self._point, _, hit = (armed or "").partition("#")
        self._left = int(hit or 1)

    def step(self, point: str) -> None:
        """We are here."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MinedStore:
    """A store with a mine before and after each of its steps."""

    def __init__(self, store: Any, mine: Mine) -> None:
        self._store = store
        self._mine = mine

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name in PARTS:
            return MinedStore(found, self._mine)
        if not inspect.iscoroutinefunction(found):
            return found

        async def stepped(*args: Any, **more: Any) -> Any:
            self._mine.step(f"store.{name}:before")
            result = await found(*args, **more)
            self._mine.step(f"store.{name}:after")
            return result

        return stepped


class MinedTransport:
    """A transport with a mine before and after each verb."""

    def __init__(self, transport: Transport, mine: Mine) -> None:
        self._transport = transport
        self._mine = mine

    async def send(self, request: Request, *, token: str) -> Response:
        """As the transport does, if we live."""
        self._mine.step(f"crm.{request.verb}:before")
        answer = await self._transport.send(request, token=token)
        self._mine.step(f"crm.{request.verb}:after")
        return answer
