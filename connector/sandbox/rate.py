"""The CRM's request limits for one sub-account: an exact sliding window and a daily counter.

Source: "Rate Limits" in the vendor's Authorization page: 100 requests in 10 seconds and 200 000 a day,
counted by app and sub-account.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from math import ceil
from typing import Final

DAY_MS: Final = 86_400_000
_RATE: Final = re.compile(r"([1-9][0-9]*)/([1-9][0-9]*)s")


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests in any window of so many milliseconds.

    `limit` None means no limit (also none a day).
    """

    limit: int | None = 100
    window_ms: int = 10_000

    @classmethod
    def parse(cls, text: str) -> Rate:
        """`100/10s` or `off`.

        Raises:
            ValueError: it is neither.
        """
        if text == "off":
            return cls(limit=None)
        found = _RATE.fullmatch(text)
        if not found:
            raise ValueError(f"{text!r} is not a rate: write it as 100/10s, or off")
        return cls(limit=int(found[1]), window_ms=int(found[2]) * 1000)


@dataclass(slots=True)
class Pace:
    """What one sub-account has asked for, and what it may still ask.

    `peak` is the highest number of requests seen in any window, refused ones included; `refused` counts the
    429s.
    """

    rate: Rate
    daily: int
    peak: int = 0
    refused: int = 0
    _day: int = 0
    _today: int = 0
    _seen: deque[int] = field(default_factory=deque)
    _admitted: deque[int] = field(default_factory=deque)

    def arrive(self, now_ms: int) -> None:
        """Count a request, whatever becomes of it."""
        self._slide(self._seen, now_ms)
        self._seen.append(now_ms)
        self.peak = max(self.peak, len(self._seen))

    def admit(self, now_ms: int) -> int | None:
        """None if the request may pass (it then counts), else the milliseconds until one may."""
        if self.rate.limit is None:
            return None
        self._slide(self._admitted, now_ms)
        wait_ms = self._wait_ms(self.rate.limit, now_ms)
        if wait_ms is not None:
            self.refused += 1
            return wait_ms
        self._admitted.append(now_ms)
        self._today += 1
        return None

    def headers(self, now_ms: int) -> dict[str, str]:
        """The five headers, by their uneven names; none where there is no limit."""
        if self.rate.limit is None:
            return {}
        self._slide(self._admitted, now_ms)
        return {
            "X-RateLimit-Limit-Daily": str(self.daily),
            "X-RateLimit-Daily-Remaining": str(self.daily - self._today),
            "X-RateLimit-Interval-Milliseconds": str(self.rate.window_ms),
            "X-RateLimit-Max": str(self.rate.limit),
            "X-RateLimit-Remaining": str(self.rate.limit - len(self._admitted)),
        }

    @property
    def today(self) -> int:
        """Requests that passed since midnight UTC."""
        return self._today

    def _wait_ms(self, limit: int, now_ms: int) -> int | None:
        day = now_ms // DAY_MS
        if day != self._day:
            self._day, self._today = day, 0
        if self._today >= self.daily:
            return (day + 1) * DAY_MS - now_ms
        if len(self._admitted) >= limit:
            return self._admitted[0] + self.rate.window_ms - now_ms
        return None

    def _slide(self, times: deque[int], now_ms: int) -> None:
        while times and times[0] <= now_ms - self.rate.window_ms:
            times.popleft()


def retry_after_s(wait_ms: int) -> str:
    """A wait as the Retry-After header writes it: whole seconds, never too few (RFC 9110, 10.2.3)."""
    return str(ceil(wait_ms / 1000))
