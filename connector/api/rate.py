"""How often a key may ask: a token bucket each, in this process's memory."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_UNIT_S: Final = {"s": 1, "m": 60, "h": 3600}
_BUCKETS: Final = 10_000
"""Keys remembered: beyond that the one that asked longest ago begins anew."""


class Rate(NamedTuple):
    """So many requests in so many seconds; as many at once, after a rest."""

    requests: int
    seconds: int


def api_rate(text: str) -> Rate | None:
    """`RINGBACK_API_RATE` ("100/10s"; units s, m, h) as a rate; None for "off".

    Raises:
        ValueError: it is neither.
    """
    if text == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,4})(s|m|h)", text)
    if found is None:
        raise ValueError(f"{text!r} is no rate: write requests per window such as 100/10s, or off")
    return Rate(int(found[1]), int(found[2]) * _UNIT_S[found[3]])


class Buckets:
    """A bucket of tokens for each key, filled steadily.

    Args:
        rate: How fast and how full; None never refuses.
        clock: Seconds that only go forward.
    """

    def __init__(self, rate: Rate | None, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._clock = clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """0 if the key may ask now; else in how many seconds it may."""
        if self._rate is None:
            return 0.0
        now = self._clock()
        full = float(self._rate.requests)
        per_s = full / self._rate.seconds
        level, at = self._levels.pop(key, (full, now))
        level = min(full, level + (now - at) * per_s)
        wait = 0.0 if level >= 1 else (1 - level) / per_s
        self._levels[key] = (level if wait else level - 1, now)
        if len(self._levels) > _BUCKETS:
            self._levels.popitem(last=False)
        return wait
