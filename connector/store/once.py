"""What may happen once only: an OAuth state, a signed-in user's first word, a token's id."""

from __future__ import annotations

from typing import Protocol


class Once(Protocol):
    """Remembers keys until their time is over, for all processes on this database."""

    async def first(self, key: str, *, now_ms: int, until_ms: int) -> bool:
        """True for the first who says this key; False for all others, until `until_ms`. On disk when it returns."""
