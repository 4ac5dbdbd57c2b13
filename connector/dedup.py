"""Memory in front of the database's unique key: says "seen" only for what is committed."""

from __future__ import annotations

import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from cachetools import TTLCache

if TYPE_CHECKING:
    from collections.abc import Callable

DAY_S = 86_400


class Seen:
    """Events known to be committed, for 24 hours and up to `max_ids`; the oldest are forgotten first.

    The database answers for those. An entry is a 16-byte digest: a long call id costs no more than a short one.
    """

    def __init__(self, max_ids: int, *, ttl_s: float = DAY_S, timer: Callable[[], float] = time.monotonic) -> None:
        self._ids: TTLCache[bytes, None] = TTLCache(maxsize=max_ids, ttl=ttl_s, timer=timer)

    def __len__(self) -> int:
        return len(self._ids)

    def knows(self, location: str, call_id: str, event: str) -> bool:
        """Whether this event was committed, as far as memory reaches; False means "ask the database"."""
        return _digest(location, call_id, event) in self._ids

    def committed(self, location: str, call_id: str, event: str) -> None:
        """Remember an event that is durable now."""
        self._ids[_digest(location, call_id, event)] = None


def _digest(location: str, call_id: str, event: str) -> bytes:
    text = f"{location}\0{call_id}\0{event}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
