"""What people's workflows in the CRM ask of us: the calls they wait for, and what their actions were answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

MOST_SUBSCRIPTIONS: Final = 200
"""How many subscriptions one sub-account may have: each is looked at for each of its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRow:
    """A workflow that waits for calls, as the CRM told us of it."""

    location: str
    id: str
    """The trigger's id within the sub-account."""
    workflow_id: str | None
    target_url: str
    filters: bytes
    """A JSON list."""
    updated_ms: int


class Triggers(Protocol):
    """Kept for all processes on this database. Times are epoch milliseconds; what a method did is on disk.

    Each change of the subscriptions makes the revision of the sub-accounts grow (`Locations.locations_revision`).
    """

    async def put(self, subscription: SubscriptionRow) -> bool:
        """Keep a subscription, in place of an older one of its id. False where there are as many as there may be."""

    async def forget(self, location: str, subscription: str) -> bool:
        """Forget a subscription. False where this sub-account has none of that id."""

    async def of(self, location: str) -> list[SubscriptionRow]:
        """A sub-account's subscriptions, by id."""

    async def answered(self, location: str, request: bytes, *, now_ms: int) -> bytes | None:
        """What this request of a workflow was answered, as long as that is remembered."""

    async def answer(self, location: str, request: bytes, answer: bytes, *, now_ms: int, until_ms: int) -> bytes:
        """Remember until then what a request was answered; where it was answered already, that stays: what stands."""
