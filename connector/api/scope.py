"""What a key may be for."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a key may be allowed; each route of the API asks for one of these."""

    DELIVERIES_READ = "deliveries:read"
    DELIVERIES_WRITE = "deliveries:write"
    LOCATIONS_READ = "locations:read"
    LOCATIONS_WRITE = "locations:write"
    KEYS_WRITE = "keys:write"
    CALLS_WRITE = "calls:write"
    DIAL_READ = "dial:read"
    REVIEW_READ = "review:read"
    REVIEW_WRITE = "review:write"
    EVENTS_READ = "events:read"


ALL = frozenset(Scope)
