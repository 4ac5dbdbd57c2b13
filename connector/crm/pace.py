"""Each sub-account's turns: never more requests in a window than the CRM grants, and its own word above ours.

The CRM counts per app and sub-account (100 in 10 s, 200,000 a day) when a request arrives: somewhere between its
leaving and its end, so we count it from the one until a window after the other. Its headers and its 429 correct what
we cannot see: other processes, other limits, its day's start.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

from pyrate_limiter import InMemoryBucket, Rate, RateItem

from connector.crm.errors import HeldBackError, ThrottledError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.crm.model import Limits

_DAY_S: Final = 86_400.0
_DAY_OVER_S: Final = 900.0
"""The wait when the CRM says that the day's requests are used up; when its day begins is not documented."""
_SWEEP_S: Final = 10.0
_MARGIN_S: Final = 0.25
"""For the way to the CRM, when the wait is until our oldest request leaves its window."""
_UNIT_MS: Final = {"s": 1_000, "m": 60_000, "h": 3_600_000}


def burst_rate(text: str) -> Rate | None:
    """`RINGBACK_CRM_BURST` ("100/10s"; units s, m, h) as a rate; None for "off".

    Raises:
        ValueError: it is neither.
    """
    if text == "off":
        return None
    found = re.fullmatch(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,4})(s|m|h)", text)
    if found is None:
        raise ValueError(f"{text!r} is no pace: write requests per window such as 100/10s, or off")
    return Rate(int(found[1]), int(found[2]) * _UNIT_MS[found[3]])


_FIRST: Final = 0.10
_SECOND: Final = 0.05
RESERVES: Final = {
    # What people choose from on a page: they can look again tomorrow.
    "list_users": _FIRST,
    "list_tags": _FIRST,
    # What describes a call beside its note.
    "add_tags": _FIRST,
    "remove_tags": _FIRST,
    "update_note": _FIRST,
    "set_attachments": _FIRST,
    "list_custom_fields": _FIRST,
    "create_custom_field": _FIRST,
    "set_fields": _FIRST,
    "list_pipelines": _FIRST,
    "find_opportunities": _FIRST,
    "create_opportunity": _FIRST,
    "update_opportunity": _FIRST,
    "update_task": _FIRST,
    "complete_task": _FIRST,
    # What starts something, or is the call's own record.
    "enrol": _SECOND,
    "unenrol": _SECOND,
    "fire_trigger": _SECOND,
    "create_task": _SECOND,
    "find_conversation": _SECOND,
    "create_conversation": _SECOND,
    "add_outbound_call": _SECOND,
    "add_inbound_call": _SECOND,
}
"""Verbs that wait when no more than this share of the day's requests is left.

What remains is for notes, for finding their contacts, for the wish not to be called (write_dnd), and for reading back
what is in doubt (list_notes, list_tasks, list_calls, get_contact). The table with its reasons: docs/reliability.md.
"""
_HELD_BACK_S: Final = 900.0
_CROWDED_S: Final = 0.05
"""When to look again where all of a window's requests are on the way at once."""


class Pace:
    """The turns of all sub-accounts; what it knows of an idle one is dropped.

    `burst` None means no window of ours, `daily` None no daily count; what the CRM itself says holds always.
    `turn` waits `patience_s` at most: longer waits belong to the scheduler, not to the holder of a lease.
    """

    def __init__(
        self,
        burst: Rate | None,
        daily: int | None = None,
        *,
        patience_s: float = 15.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._burst = burst
        self._daily = daily
        self._patience_s = patience_s
        self._clock = clock
        self._sleep = sleep
        self._windows: dict[str, InMemoryBucket] = {}
        self._on_the_way: Counter[str] = Counter()
        self._held_until: dict[str, float] = {}
        self._today: dict[str, int] = {}
        self._day_ends = clock() + _DAY_S
        self._sweep_at = clock() + _SWEEP_S

    @property
    def tracked(self) -> int:
        """Of how many sub-accounts it keeps a window."""
        return len(self._windows)

    def room_in_s(self, location: str) -> float:
        """Seconds until the sub-account may send its next request; 0 means now."""
        now = self._clock()
        if now >= self._sweep_at:
            self._sweep(now)
        wait_s = self._held_until.get(location, 0.0) - now
        if self._daily is not None and self._today.get(location, 0) >= self._daily:
            wait_s = max(wait_s, self._day_ends - now)
        if self._burst is not None:
            wait_s = max(wait_s, self._window_wait_s(location, self._burst, now))
        return max(wait_s, 0.0)

    def _window_wait_s(self, location: str, rate: Rate, now: float) -> float:
        """Seconds until one more fits beside those on the way and those that ended within the window."""
        room = rate.limit - self._on_the_way[location]
        if room <= 0:
            return _CROWDED_S
        window = self._windows.get(location)
        return 0.0 if window is None else _wait_s(window, room, rate, now)

    async def turn(self, location: str, verb: str = "") -> None:
        """Wait for the sub-account's next turn, and take it; `ended` must follow when the request has ended.

        A request counts from its turn until a window after its end: when the CRM saw it is somewhere between.

        Raises:
            ThrottledError: it would take longer than `patience_s`; nothing was taken.
            HeldBackError: the daily limit is near, and the verb is one that then waits (RESERVES).
        """
        if verb in RESERVES:
            self._hold_back(location, verb)
        patience_ends = None
        while wait_s := self.room_in_s(location):
            now = self._clock()
            patience_ends = now + self._patience_s if patience_ends is None else patience_ends
            if now + wait_s > patience_ends:
                raise ThrottledError("the sub-account's request limit is used up", retry_after_s=wait_s)
            await self._sleep(wait_s)
        if self._daily is not None:
            self._today[location] = self._today.get(location, 0) + 1
        self._on_the_way[location] += 1

    def learn(self, location: str, limits: Limits) -> None:
        """Heed the CRM's own count: nothing left means to wait until its window has moved on."""
        if limits.daily_remaining is not None:
            if limits.daily_remaining <= 0:
                self.hold(location, _DAY_OVER_S)
            if self._daily is not None:  # others may use the same app's limit: the CRM's count is the true one
                self._today[location] = max(self._today.get(location, 0), self._daily - limits.daily_remaining)
        if limits.remaining is not None and limits.remaining <= 0:
            interval_ms = limits.interval_ms or (self._burst.interval if self._burst else 10_000)
            self.hold(location, interval_ms / 1000 - self._oldest_age_s(location, interval_ms) + _MARGIN_S)

    def hold(self, location: str, wait_s: float) -> None:
        """No request of this sub-account for `wait_s` seconds (the CRM said 429)."""
        until = self._clock() + wait_s
        self._held_until[location] = max(until, self._held_until.get(location, 0.0))

    def _hold_back(self, location: str, verb: str) -> None:
        if self._daily is None:
            return
        left = self._daily - self._today.get(location, 0)
        if left <= self._daily * RESERVES[verb]:
            wait_s = min(_HELD_BACK_S, max(1.0, self._day_ends - self._clock()))
            raise HeldBackError(f"{verb} waits: {left} of {self._daily} requests are left today", retry_after_s=wait_s)

    def ended(self, location: str) -> None:
        """The request that took this turn was answered, or given up."""
        self._on_the_way[location] -= 1
        if not self._on_the_way[location]:
            del self._on_the_way[location]
        if self._burst is None:
            return
        window = self._windows.get(location)
        if window is None:
            window = self._windows[location] = InMemoryBucket([self._burst])
        now_ms = int(self._clock() * 1000)
        if window.count() >= self._burst.limit:
            window.leak(now_ms)
        window.put(RateItem("", now_ms))

    def _oldest_age_s(self, location: str, interval_ms: int) -> float:
        """How long ago the oldest of our requests within the CRM's interval left; 0 where we do not know."""
        window = self._windows.get(location)
        if window is None:
            return 0.0
        now_ms = int(self._clock() * 1000)
        ages_ms = [now_ms - item.timestamp for item in window.items]
        return max((age for age in ages_ms if age <= interval_ms), default=0) / 1000

    def _sweep(self, now: float) -> None:
        """Drop windows and holds that are over, and the day's counts when the day is."""
        self._sweep_at = now + _SWEEP_S
        if now >= self._day_ends:
            self._day_ends = now + _DAY_S
            self._today.clear()
        self._held_until = {key: until for key, until in self._held_until.items() if until > now}
        if self._burst is not None:
            oldest_ms = int(now * 1000) - self._burst.interval
            self._windows = {
                key: window for key, window in self._windows.items() if window.items[-1].timestamp >= oldest_ms
            }


def _wait_s(window: InMemoryBucket, room: int, rate: Rate, now: float) -> float:
    """Seconds until one more fits: the request that is `room` turns back must have left the window."""
    blocking = window.peek(room - 1)
    # One millisecond more: the window's lower bound belongs to it.
    return 0.0 if blocking is None else (blocking.timestamp + rate.interval + 1 - int(now * 1000)) / 1000
