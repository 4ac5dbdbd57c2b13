"""The latest call of a number that ended, as it is known by now: what people and workflows mean by "the call"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from mappings.call import Call
from mappings.merge import merge

if TYPE_CHECKING:
    from connector.store import Written
    from connector.store.follow_up import FollowUp


class WrittenCalls(Protocol):
    """What was made of calls (connector/store)."""

    async def written(self, location: str, call_id: str) -> Written | None:
        """What became of the end of this call; None where it has not come."""


async def latest_call(
    calls: WrittenCalls, follow_up: FollowUp, *, location: str, number: str, now_ms: int
) -> Call | None:
    """The call with all that its events tell, its agent's wrap-up among it; None where none is known.

    Known are calls that were written to a contact; of those of a number, the one that ended last.

    Args:
        calls: where calls are kept.
        follow_up: what is known of numbers.
        location: the sub-account.
        number: the contact's, in E.164.
        now_ms: the time, epoch milliseconds.
    """
    record = (await follow_up.dial_histories(location, [number])).get(number)
    if record is None or record.last_call_id is None:
        return None
    written = await calls.written(location, record.last_call_id)
    if written is None:
        return None
    return merge(Call.from_json(written.call), list(map(Call.from_json, written.parts)), received_ms=now_ms)
