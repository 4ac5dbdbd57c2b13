"""Calls as wholes: each with all its events and deliveries, for people and for what is added to a call afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from connector.store import FIX, TIMER

if TYPE_CHECKING:
    from connector.store import DeliveryRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One event of a call besides its end, as it is kept: the canonical call as JSON."""

    event: str
    received_ms: int
    call: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """What is kept of one call; `parts` and `deliveries` in the order in which they came."""

    location: str
    call_id: str
    trunk: str
    lane: str
    parts: tuple[Part, ...]
    deliveries: tuple[DeliveryRow, ...]

    @property
    def end(self) -> DeliveryRow | None:
        """The delivery of its end; None while that has not come."""
        return next((row for row in self.deliveries if not row.event.startswith((FIX, TIMER))), None)


class Calls(Protocol):
    """Looks calls up, each of one sub-account."""

    async def get(self, location: str, call_id: str) -> KeptCall | None:
        """The call; None where nothing of it is kept, or not any more."""

    async def page(
        self, location: str, *, limit: int, after: int | None = None, before: int | None = None
    ) -> list[KeptCall]:
        """Calls that ended, by the id of the delivery of their end, which is the only one they come with.

        Those after one id, ascending; or else the newest first, those before one id, if given.
        """
