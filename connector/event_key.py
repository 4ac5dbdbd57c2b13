"""What tells the events of one call apart."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from connector.store import LEG

if TYPE_CHECKING:
    from mappings.call import Call

_SEVERAL = frozenset({"extra", "wrapup"})


def event_key(call: Call) -> str:
    """The event's kind; where a call may have several of one kind, what it says besides."""
    if call.event not in _SEVERAL:
        return call.event
    return f"{call.event}:{blake2b(call.to_json(), digest_size=8).hexdigest()}"


def leg_key(leg: Call) -> str:
    """The event of a call that one of another leg of it is."""
    return f"{LEG}{leg.call_id}:{leg.event}"


def part_key(part: Call, call_id: str) -> str:
    """The event as which a part of this call was kept."""
    return event_key(part) if part.call_id == call_id else leg_key(part)
