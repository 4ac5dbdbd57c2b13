"""Tells open pages what was recorded of calls, once that is on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.call import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.pages.live import Live
    from connector.store import NewEvent
    from connector.wrapup import Records


class Telling:
    """Records wrap-ups, and tells the pages of those that bring a disposition: the call wants nobody any more."""

    def __init__(self, records: Records, live: Live) -> None:
        self._records = records
        self._live = live

    async def record(self, events: Sequence[NewEvent]) -> list[bool]:
        """See `Records.record`."""
        kept = await self._records.record(events)
        for event in events:
            said = Call.from_json(event.call).wrapup
            if said is not None and said.disposition is not None:
                self._live.wrapped(event.location, event.call_id)
        return kept
