"""What an agent adds to a call becomes one more event of it: kept beside it, and written with it or as a correction.

One door for all who bring it: the API, the pages, the CRM's events.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Final, Protocol
from weakref import WeakValueDictionary

from connector.event_key import event_key
from connector.store import NewEvent
from mappings.call import Call, Wrapup
from mappings.merge import merge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.store.calls import Calls, KeptCall

_WORDS: Final = tuple(field.name for field in fields(Wrapup) if field.name != "at_ms")


class Records(Protocol):
    """Where events are kept (connector/store)."""

    async def record(self, events: Sequence[NewEvent]) -> list[bool]:
        """Keep events: True for each that is new."""


class UnknownCallError(Exception):
    """Nothing of such a call is kept, or not any more. Nothing was added."""


class TooMuchWaitsError(Exception):
    """The queue has reached its limit. Nothing was added; try later."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of it: the event's key, whether it is new, and the call as it is known with it."""

    event: str
    new: bool
    call: Call


class Wrapups:
    """Adds to calls. `wake` tells the delivery worker that there is work; `full` says why no more may wait."""

    def __init__(
        self,
        *,
        calls: Calls,
        records: Records,
        now_ms: Callable[[], int],
        wake: Callable[[], None],
        full: Callable[[str], str | None],
    ) -> None:
        self._calls = calls
        self._records = records
        self._now_ms = now_ms
        self._wake = wake
        self._full = full
        self._busy: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def add(self, location: str, call_id: str, said: Wrapup) -> Added:
        """Keep what is said of a call, before its end or after it. What stands already is not kept again.

        Args:
            location: the sub-account.
            call_id: the trunk's id of the call.
            said: None in a field leaves what was said of it before. Without a time it counts as said now.

        Raises:
            UnknownCallError, TooMuchWaitsError: nothing was added.
            StoreError: it could not be kept.
        """
        # A form sent twice is two requests at once: the second is to see what the first one kept.
        lock = self._busy.setdefault((location, call_id), asyncio.Lock())
        async with lock:
            return await self._add(location, call_id, said)

    async def _add(self, location: str, call_id: str, said: Wrapup) -> Added:
        kept = await self._calls.get(location, call_id)
        if kept is None:
            raise UnknownCallError(call_id)
        now_ms = self._now_ms()
        call = as_known(kept, now_ms=now_ms)
        if call.wrapup is not None and _stands(said, call.wrapup):
            return Added(_latest_of(kept), new=False, call=call)
        before_ms = 0 if call.wrapup is None else call.wrapup.at_ms
        # The latest counts, whatever the clock of whoever spoke before.
        at_ms = said.at_ms or max(now_ms, before_ms + 1)
        event = Call(trunk=kept.trunk, call_id=call_id, event="wrapup", wrapup=replace(said, at_ms=at_ms))
        await self._keep(kept, event, now_ms)
        return Added(event_key(event), new=True, call=merge(call, [event], received_ms=now_ms))

    async def _keep(self, kept: KeptCall, event: Call, now_ms: int) -> None:
        reason = self._full(kept.location)
        if reason is not None:
            raise TooMuchWaitsError(reason)
        await self._records.record(
            [
                NewEvent(
                    location=kept.location,
                    trunk=kept.trunk,
                    call_id=kept.call_id,
                    event=event_key(event),
                    lane=kept.lane,
                    call=event.to_json(),
                    received_ms=now_ms,
                    part=True,
                )
            ]
        )
        self._wake()


def as_known(kept: KeptCall, *, now_ms: int) -> Call:
    """The call with all that its events tell so far; before its end, its first event with what the others add."""
    parts = [Call.from_json(part.call) for part in kept.parts]
    end = kept.end
    if end is not None:
        whole = Call.from_json(end.call)
        return merge(whole, parts, received_ms=end.received_ms) if parts else whole
    own = [part for part in parts if part.call_id == kept.call_id and part.event != "wrapup"]
    first = own[0] if own else Call(trunk=kept.trunk, call_id=kept.call_id, event="initiated")
    return merge(first, [part for part in parts if part is not first], received_ms=now_ms)


def _stands(said: Wrapup, before: Wrapup) -> bool:
    """Whether nothing in it is new."""
    given = [name for name in _WORDS if getattr(said, name) is not None]
    if said.next_step is not None:  # which comes with its time and its workflow, or without
        given += ["due_ms", "workflow"]
    return all(getattr(said, name) == getattr(before, name) for name in given)


def _latest_of(kept: KeptCall) -> str:
    """The key of the wrap-up that stands."""
    events = (Call.from_json(part.call) for part in kept.parts)
    said = [(call.wrapup.at_ms, event_key(call)) for call in events if call.wrapup is not None]
    return max(said)[1]
