"""What an agent says of a call in the CRM itself (a tag, a note, a task's title) becomes its call's wrap-up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import structlog

from connector.wrapup import UnknownCallError, as_known
from mappings.call import Wrapup
from mappings.disposition import worded

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm_events.disposed import Disposed
    from connector.locations import LocationBook
    from connector.store.calls import Calls
    from connector.store.follow_up import FollowUp
    from connector.wrapup import Wrapups
    from mappings.call import Call
    from mappings.words import Words

log = structlog.get_logger()

WITHIN_MS: Final = 86_400_000
"""How long after a call's end something said of the contact is said of that call."""
_SKEW_MS: Final = 60_000
"""By how much the CRM's clock may be behind the trunk's."""


class Dispositions:
    """Hears what agents say in the CRM (`OnDisposed`): short and local, no request to the CRM."""

    def __init__(
        self,
        *,
        locations: LocationBook,
        follow_up: FollowUp,
        calls: Calls,
        wrapups: Wrapups,
        now_ms: Callable[[], int],
    ) -> None:
        self._locations = locations
        self._follow_up = follow_up
        self._calls = calls
        self._wrapups = wrapups
        self._now_ms = now_ms

    async def hear(self, disposed: Disposed) -> None:
        """Add it to the contact's latest call, if that has no agent's disposition yet and ended within a day.

        Hearing it again changes nothing: then that call has one.

        Raises:
            TooMuchWaitsError, StoreError: it is to be told again later.
        """
        location = await self._locations.get(disposed.location)
        if location is None or disposed.contact_id is None:
            return
        said = stated(disposed, location.config.words, location.config.disposition_tag_prefix)
        if said is None:
            return
        call = await self._latest(disposed.location, disposed.contact_id)
        if call is None or call.call_id is None or not _is_meant(call, disposed.at_ms):
            return
        if call.agent is not None or (call.wrapup is not None and call.wrapup.agent is not None):
            said = replace(said, agent=None)  # who had the call is known by a better name
        try:
            await self._wrapups.add(disposed.location, call.call_id, said)
        except UnknownCallError:  # forgotten meanwhile
            return
        log.info("disposition taken from the CRM", location=disposed.location, source=disposed.source)

    async def _latest(self, location: str, contact_id: str) -> Call | None:
        """The contact's latest call that ended, with all that is known of it."""
        record = await self._follow_up.latest_of_contact(location, contact_id)
        if record is None or record.last_call_id is None:
            return None
        kept = await self._calls.get(location, record.last_call_id)
        return None if kept is None else as_known(kept, now_ms=self._now_ms())


def _is_meant(call: Call, at_ms: int) -> bool:
    """Whether what was said then is said of this call: it had begun, is not long over, and nothing was said of it."""
    if call.wrapup is not None and call.wrapup.disposition is not None:
        return False
    began = (ms for ms in (call.start_ms, call.answer_ms, call.end_ms) if ms is not None)
    began_ms = next(began, at_ms)
    ended_ms = began_ms if call.end_ms is None else call.end_ms
    return began_ms - _SKEW_MS <= at_ms <= ended_ms + WITHIN_MS


def stated(disposed: Disposed, words: Words, prefix: str | None) -> Wrapup | None:
    """The disposition that a text states; None where it states none.

    A tag states one (in it, hyphens stand for blanks). Of a note or a task it is the first line, if that begins with
    the tags' prefix or is one of the dispositions' names; what follows in a note is the agent's. All other notes are
    about something else, or about the call without saying how it went.
    """
    if disposed.source == "tag":
        return _wrapup(disposed, disposed.text.replace("-", " "))
    line, _, rest = disposed.text.strip().partition("\n")
    start = (prefix or "").strip().casefold()
    if start and line.casefold().startswith(start):
        return _wrapup(disposed, line[len(start) :], rest)
    named = worded(line) is not None or line.casefold() in {name.casefold() for name in words.names.values()}
    return _wrapup(disposed, line, rest) if named else None


def _wrapup(disposed: Disposed, text: str, notes: str = "") -> Wrapup | None:
    said = Wrapup(disposition=text, notes=notes, agent=f"CRM {disposed.source}", at_ms=max(1, disposed.at_ms))
    return None if said.disposition is None else said
