"""All that one database keeps: the store of events and deliveries, and beside it a part for each other subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from connector.store import Store

if TYPE_CHECKING:
    from connector.store.once import Once


class Database(Store, Protocol):
    """One engine's whole (sqlite.py)."""

    @property
    def once(self) -> Once:
        """Keys that count once."""
