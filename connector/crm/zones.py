"""The time zone of each sub-account, as the CRM has it set."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cachetools import TTLCache

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from connector.crm.model import LocationInfo

HOUR_S = 3600


class AsksLocation(Protocol):
    """The one verb needed here."""

    async def get_location(self, location: str) -> LocationInfo:
        """The sub-account as the CRM has it."""


class CrmZones:
    """Remembers each sub-account's zone for an hour; an unknown or missing zone name is UTC."""

    def __init__(
        self, crm: AsksLocation, *, max_locations: int = 20_000, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._crm = crm
        self._known: TTLCache[str, tzinfo] = TTLCache(max_locations, HOUR_S, timer=timer)

    async def zone(self, location: str) -> tzinfo:
        """The zone, asked for once an hour.

        Raises:
            CrmError, LookupError: the CRM could not be asked.
        """
        known = self._known.get(location)
        if known is None:
            info = await self._crm.get_location(location)
            known = self._known[location] = zone_named(info.timezone)
        return known


def zone_named(name: str | None) -> tzinfo:
    """The IANA zone of that name, old aliases such as US/Central included; UTC where there is none."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
