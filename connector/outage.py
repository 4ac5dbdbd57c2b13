"""PURE: when all sub-accounts fail alike, it is the CRM that is away, and it is asked by one probe at a time."""

from __future__ import annotations

from connector.schedule import OUTAGE_PAUSE_S, grown_ms
from connector.store import Pause

ALIKE = 3
"""So many different sub-accounts failing, with nobody's success in between, are no coincidence."""
EVERYBODY = "*"
"""The name under which the CRM's own pause is kept: no sub-account has it."""


class Outage:
    """What the worker knows of the CRM as a whole."""

    def __init__(self, kept: Pause | None = None) -> None:
        self._failing: set[str] = set()
        self._pause = kept

    @property
    def until_ms(self) -> int | None:
        """The time of the next probe; None while the CRM is not away."""
        return None if self._pause is None else self._pause.until_ms

    def failed(self, location: str, reason: str, *, now_ms: int, chance: float) -> Pause | None:
        """A sub-account could not reach the CRM, or had no sense from it; the pause that follows for all, if any."""
        self._failing.add(location)
        if self._pause is None and len(self._failing) < ALIKE:
            return None
        rounds = 0 if self._pause is None else self._pause.failures
        if self._pause is None or now_ms >= self._pause.until_ms:
            until_ms = grown_ms(OUTAGE_PAUSE_S, rounds, now_ms=now_ms, chance=chance)
            self._pause = Pause(until_ms, reason, rounds + 1)
            return self._pause
        return None

    def worked(self) -> bool:
        """Somebody's request came through; True if that ends an outage."""
        self._failing.clear()
        ended = self._pause is not None
        self._pause = None
        return ended

    def room(self, wanted: int, *, in_flight: int, now_ms: int) -> int:
        """How many deliveries may be claimed now: none before the probe's time, then one, else as many as wanted."""
        if self._pause is None:
            return wanted
        return int(now_ms >= self._pause.until_ms and not in_flight and wanted > 0)
