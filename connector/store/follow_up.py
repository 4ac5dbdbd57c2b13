"""What follows a call: timers, the history of dialling a contact, how caller IDs fare, the review queue.

A delivery asks for it by effects, written down with its ledger (`Deliveries.write_down`); people and the dial advice
look it up here. Times are epoch milliseconds. Each row belongs to one sub-account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from mappings.dial import CallerIdRecord, DialHistory

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

__all__ = ["CallerIdRecord"]

DAY_MS: Final = 86_400_000
_AVOIDED: Final = 20
"""How many caller IDs to avoid are kept for one contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A timer of this delivery's call: at `due_ms`, `document` becomes a delivery `timer:<key>` of it, once.

    It replaces a pending one of the same key. Where that key's delivery is recorded already, nothing is set: a key
    fires once for each call.
    """

    key: str
    due_ms: int
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel:
    """This call's timers whose key begins so ("" for all), also those that fell due if nobody began with them."""

    key_prefix: str
    exact: bool = False
    """Only the one whose key is that: `add_tags@60` then leaves `add_tags@600`."""

    def means(self, key: str) -> bool:
        """Whether the timer of this key is cancelled."""
        return key == self.key_prefix if self.exact else key.startswith(self.key_prefix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """A call with this number ended.

    None leaves a field as it was; 0 or "" clears it. A call that ended before the last one known changes neither that
    time nor the disposition. Of two suppressions the one that ends later holds. `avoid` is added to what is known.
    """

    number: str
    last_call_ms: int
    disposition: str | None
    attempts: int | None = None
    suppressed_until_ms: int | None = None
    suppressed_why: str | None = None
    callback_due_ms: int | None = None
    avoid: tuple[str, ...] = ()
    attempt_tag: str | None = None
    call_id: str | None = None
    """The call's own id: goes with its time and disposition."""
    contact_id: str | None = None
    """Whose number it is."""
    dnd: bool | None = None
    """Whether it is to be left alone from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerIdUsed:
    """One of the sub-account's own numbers was shown to somebody; counted into the UTC day of `at_ms`."""

    number: str
    answered: bool
    fast_drop: bool
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PutReview:
    """A manager should look at this call. One of the same call and reason is there once, also after it was settled."""

    reason: str
    contact_id: str | None
    agent: str | None
    ended_ms: int
    talk_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolveReview:
    """What a manager was to look at in this call is answered, by `by`, because of `reason`."""

    by: str
    reason: str


Effect: TypeAlias = Schedule | Cancel | Dialled | CallerIdUsed | PutReview | ResolveReview


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerRow:
    """A timer that has not fallen due, or not been seen to."""

    id: int
    location: str
    call_id: str
    key: str
    trunk: str
    lane: str
    due_ms: int
    document: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class DialRecord(DialHistory):
    """The dialling history of one number, the tag that tells its attempts in the CRM, and whose number it was."""

    number: str
    attempt_tag: str | None = None
    last_call_id: str | None = None
    contact_id: str | None = None


class ReviewState(StrEnum):
    """Where an entry of the review queue stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


UNSETTLED: Final = frozenset({ReviewState.OPEN, ReviewState.CLAIMED})
"""What still wants somebody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRow:
    """An entry of the review queue; `by`, `changed_ms` and `why` tell of its last change, None while there was none."""

    id: int
    location: str
    call_id: str
    lane: str
    reason: str
    contact_id: str | None
    agent: str | None
    talk_s: float | None
    ended_ms: int
    put_ms: int
    state: ReviewState
    version: int
    """Grows with each change: what `change_reviews` compares."""
    by: str | None
    changed_ms: int | None
    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewCounts:
    """How much of the review queue is open, how much is claimed by whom, since when the oldest of both is there."""

    open: int
    claimed: Mapping[str, int]
    oldest_ms: int | None


class Timers(Protocol):
    """What the delivery worker needs."""

    async def promote(self, *, now_ms: int, limit: int) -> int:
        """Make up to `limit` timers that are due into deliveries, the longest due first; how many there were.

        Timer and delivery change places in one transaction: each fires once, by whichever process.
        """

    async def next_timer_ms(self) -> int | None:
        """When the first timer is due, also where that is over; None where there is none."""


class FollowUp(Timers, Protocol):
    """What people and the dial advice look up, and what people change."""

    async def list_timers(
        self, location: str, *, call_id: str | None = None, limit: int = 100, after: int = 0
    ) -> list[TimerRow]:
        """A sub-account's pending timers, or one call's: by id, ascending, those with an id greater than `after`."""

    async def cancel_timer(self, location: str, timer: int) -> bool:
        """Forget a pending timer. False if this sub-account has none of that id."""

    async def dial_histories(self, location: str, numbers: Collection[str]) -> dict[str, DialRecord]:
        """What is known of each of these numbers; those never called are left out."""

    async def latest_of_contact(self, location: str, contact_id: str) -> DialRecord | None:
        """What is known of that number of this contact that was called last; None where none was."""

    async def tell_dnd(self, location: str, number: str, *, dnd: bool) -> bool:
        """The CRM tells whether a number is to be left alone. False for one that was never dialled: it is not kept."""

    async def suppress(self, location: str, number: str, *, until_ms: int, why: str) -> int | None:
        """Ask not to dial a number until then, or at all events no longer (0); when that now ends, if it holds.

        Of two suppressions the one that ends later holds, as for those that follow from a call.
        """

    async def put_review(self, location: str, call_id: str, review: PutReview, *, lane: str, now_ms: int) -> bool:
        """Put a call on review outside of its delivery. False if it was for that reason before: nothing is changed."""

    async def caller_ids(self, location: str, *, since_ms: int) -> list[CallerIdRecord]:
        """How the sub-account's own numbers fared since then (whole UTC days), by number; unused ones are left out."""

    async def list_reviews(
        self,
        location: str,
        *,
        states: Collection[ReviewState] = UNSETTLED,
        by: str | None = None,
        limit: int = 100,
        after: int = 0,
    ) -> list[ReviewRow]:
        """Entries in these states, last changed by `by` (None: whoever): by id, those greater than `after`."""

    async def reviews_of_call(self, location: str, call_id: str) -> list[ReviewRow]:
        """One call's entries, whatever their state, by id."""

    async def change_reviews(
        self, location: str, versions: Mapping[int, int], *, to: ReviewState, by: str, reason: str = "", now_ms: int
    ) -> list[int]:
        """Claim, put back, resolve or dismiss entries, one or many; the ids of those that were changed.

        Args:
            location: Whose entries.
            versions: For each entry's id, its version as `by` saw it. One changed since by somebody else stays, as does
                one that is settled.
            to: CLAIMED also takes over from whoever has it; OPEN puts it back. RESOLVED and DISMISSED are for good.
            by: Who changes it.
            reason: Why; a dismissal needs one.
            now_ms: When.

        Raises:
            ValueError: a dismissal without a reason.
        """

    async def review_counts(self, location: str | None = None) -> ReviewCounts:
        """How much wants a look, of one sub-account or of all (None)."""


def dialled_on(known: DialRecord | None, dialled: Dialled) -> DialRecord:
    """What is known of a number once this call is known, too."""
    known = known or DialRecord(number=dialled.number)
    newest = known.last_call_ms is None or dialled.last_call_ms >= known.last_call_ms
    until_ms, why = _suppression(known, dialled.suppressed_until_ms, dialled.suppressed_why)
    return DialRecord(
        number=dialled.number,
        attempts=known.attempts if dialled.attempts is None else dialled.attempts,
        attempt_tag=(known.attempt_tag if dialled.attempt_tag is None else dialled.attempt_tag) or None,
        last_call_ms=dialled.last_call_ms if newest else known.last_call_ms,
        last_disposition=dialled.disposition if newest else known.last_disposition,
        last_call_id=dialled.call_id if newest else known.last_call_id,
        suppressed_until_ms=until_ms,
        suppressed_why=why,
        callback_due_ms=(known.callback_due_ms if dialled.callback_due_ms is None else dialled.callback_due_ms) or None,
        avoid=_avoided(known.avoid, dialled.avoid),
        contact_id=(dialled.contact_id if newest else None) or known.contact_id,
        dnd=known.dnd if dialled.dnd is None else dialled.dnd,
    )


def suppressed_on(known: DialRecord | None, number: str, until_ms: int, why: str) -> DialRecord:
    """What is known of a number once somebody asked not to dial it until then; 0 lifts that."""
    known = known or DialRecord(number=number)
    end_ms, because = _suppression(known, until_ms, why)
    return replace(known, suppressed_until_ms=end_ms, suppressed_why=because)


def _suppression(known: DialRecord, until_ms: int | None, why: str | None) -> tuple[int | None, str | None]:
    if until_ms == 0:
        return None, None
    if until_ms is None or until_ms < (known.suppressed_until_ms or 0):
        return known.suppressed_until_ms, known.suppressed_why
    return until_ms, why


def _avoided(known: tuple[str, ...], added: tuple[str, ...]) -> tuple[str, ...]:
    """The latest last, each once."""
    return (*(one for one in known if one not in added), *dict.fromkeys(added))[-_AVOIDED:]
