"""May this contact be dialled now, and from which caller ID: advice for a dialler, pure and cheap.

Prepare a `Pool` once for a batch of contacts, then ask `advise` for each: 1,000 of them take some milliseconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from datetime import tzinfo

HoldCode: TypeAlias = Literal["number", "dnd", "attempts", "suppressed", "callback", "quiet"]

_FAST_DROP_WEIGHT = 2
_TIRED_SHARE = 0.5
_NANP_AREA = 5
"""`+1` and the three digits of the area code, everywhere in the North American Numbering Plan."""


class QuietHours(Protocol):
    """When nobody may be dialled; `mappings.calendar.WorkingHours` is one."""

    def next_allowed(self, at_ms: int, zone: tzinfo) -> int:
        """The earliest time outside the quiet hours, `at_ms` or later; epoch milliseconds."""


@dataclass(frozen=True, slots=True)
class DialHistory:
    """What the calls with one contact so far mean for the next; times are epoch milliseconds."""

    attempts: int = 0
    """Unanswered attempts in the running sequence."""
    last_call_ms: int | None = None
    """When the last call ended."""
    last_disposition: str | None = None
    """How it ended, such as "No Answer"."""
    suppressed_until_ms: int | None = None
    """No redial before this moment; at it, dialling is allowed again."""
    suppressed_why: str | None = None
    """Why, for people: "voicemail left"."""
    callback_due_ms: int | None = None
    """When the callback task is due."""
    avoid: tuple[str, ...] = ()
    """Caller IDs (E.164) whose calls this contact took and dropped at once."""
    dnd: bool | None = None
    """The CRM's do-not-disturb for calls; None is not known, which forbids nothing."""


@dataclass(frozen=True, slots=True)
class CallerIdRecord:
    """One number of a sub-account's pool, with its outbound calls of a recent time (a month, say).

    Old calls should fall out of the counts: a number that was worn out recovers.
    """

    number: str
    """In E.164."""
    calls: int = 0
    answered: int = 0
    """Those that were answered, fast drops among them."""
    fast_drops: int = 0
    """Those answered and dropped at once (the rule book's fast dial cycle)."""
    last_used_ms: int | None = None
    """When it was last used, epoch milliseconds; None for never."""


@dataclass(frozen=True, slots=True)
class DialPolicy:
    """What a sub-account wants of its diallers. Its quiet hours are its `WorkingHours`' business."""

    max_attempts: int | None = 6
    """Unanswered attempts after which a contact is left alone; None is no limit."""
    hold_for_callback: bool = True
    """Whether a callback that is due later holds dialling until then."""
    local_presence: bool = True
    """Whether a caller ID of the contact's area code, or else of its country, goes before better ones."""
    min_calls: int = 20
    """Calls below which nothing is said of a caller ID's health: it counts as average."""

    def __post_init__(self) -> None:
        if self.min_calls < 1 or (self.max_attempts is not None and self.max_attempts < 1):
            raise ValueError("max_attempts and min_calls are at least 1")


@dataclass(frozen=True, slots=True)
class Scored:
    """A caller ID with its health. `score` is None where it has too few calls to tell."""

    record: CallerIdRecord
    score: float | None
    tired: bool
    """Whether its score is below half of the pool's average: used only where no other is left."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The caller ID to use, in E.164, and why, for people."""

    number: str
    why: str


class Pool:
    """A sub-account's caller IDs, best first: made once for a batch.

    The score of a number is (answered - 2 x fast drops) / calls, from -1 to 1: the share of its calls that
    somebody took, where a call dropped at once does not count and costs another, as it tells of a number that
    people know as spam. One with fewer than `min_calls` calls ranks as the average of the others (0 where
    there are none). Equal ones rank by when they were last used, longest ago first, then by number.
    """

    def __init__(self, records: Iterable[CallerIdRecord], policy: DialPolicy) -> None:
        records = sorted(records, key=lambda record: record.number)
        scores = [_score(record, policy.min_calls) for record in records]
        told = [score for score in scores if score is not None]
        average = sum(told) / len(told) if told else 0.0
        scored = [
            Scored(record, score, tired=score is not None and score < average * _TIRED_SHARE)
            for record, score in zip(records, scores, strict=True)
        ]
        scored.sort(key=lambda one: _rank(one, average))
        self.ranked: tuple[Scored, ...] = tuple(scored)
        self._groups = tuple(
            _Group([one for one in scored if one.tired is tired], local=policy.local_presence)
            for tired in (False, True)
        )

    def choose(self, to: str, avoid: Collection[str] = ()) -> Choice | None:
        """The caller ID for a call to this number; None if the pool is empty.

        In this order: none of `avoid`, as long as there is another; none that is tired; if the policy wants
        local presence one of the same area code, then one of the same country; the best by rank.
        """
        least_bad: Choice | None = None
        for choice in chain.from_iterable(group.candidates(to) for group in self._groups):
            if choice.number not in avoid:
                return choice
            least_bad = least_bad or choice
        if least_bad is None:
            return None
        return Choice(least_bad.number, f"{least_bad.why}; the contact dropped calls from every caller ID there is")


class _Group:
    """Caller IDs by the prefixes they may share with a contact's number, best first under each."""

    def __init__(self, scored: list[Scored], *, local: bool) -> None:
        self._choices: dict[str, list[Choice]] = {"": []}
        for one in scored:
            for prefix in (*(_prefixes(one.record.number) if local else ()), ""):
                choice = Choice(one.record.number, _why(one, prefix))
                self._choices.setdefault(prefix, []).append(choice)
        self._lengths = sorted({len(prefix) for prefix in self._choices}, reverse=True)

    def candidates(self, to: str) -> Iterator[Choice]:
        """All choices, those that share the longest prefix first; some come again."""
        for length in self._lengths:
            yield from self._choices.get(to[:length], ())


@dataclass(frozen=True, slots=True)
class Hold:
    """One thing that stands in the way of dialling now.

    `until_ms` (epoch milliseconds) is when it ends by itself; None where something must change first.
    """

    code: HoldCode
    why: str
    until_ms: int | None


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether to dial a contact now, and how. Times are epoch milliseconds."""

    to: str
    allowed: bool
    until_ms: int | None
    """If not allowed: the first moment at which it will be, as things stand; None if none is known."""
    holds: tuple[Hold, ...]
    """All that stands in the way now, what weighs most first; empty if allowed."""
    attempts: int
    attempts_left: int | None
    """None where the policy has no limit."""
    dnd: bool | None
    """None: not known."""
    avoid: tuple[str, ...]
    """Caller IDs not to use for this contact."""
    caller_id: str | None
    """The caller ID to use for the next call, allowed now or not; None if the pool is empty."""
    caller_id_why: str | None

    def surface(self) -> dict[str, Any]:
        """The advice as the API shows it: fit for JSON, times in ISO 8601 UTC."""
        return {
            "to": self.to,
            "allowed": self.allowed,
            "until": iso(self.until_ms),
            "holds": [{"code": hold.code, "why": hold.why, "until": iso(hold.until_ms)} for hold in self.holds],
            "attempts": self.attempts,
            "attempts_left": self.attempts_left,
            "dnd": self.dnd,
            "avoid": list(self.avoid),
            "caller_id": self.caller_id,
            "caller_id_why": self.caller_id_why,
        }


def advise(
    history: DialHistory,
    policy: DialPolicy,
    pool: Pool,
    *,
    to: str,
    now_ms: int,
    zone: tzinfo,
    calendar: QuietHours,
) -> Advice:
    """What a dialler should do about one contact. Deterministic; never an exception for times that `calendar` knows.

    Args:
        history: what is known of the contact.
        policy: what the sub-account wants.
        pool: its caller IDs, prepared for the batch.
        to: the contact's number in E.164; one of another form has no caller ID near it.
        now_ms: epoch milliseconds.
        zone: the contact's time zone, or the sub-account's where that is not known.
        calendar: its quiet hours.
    """
    holds = tuple(_holds(history, policy, now_ms, calendar.next_allowed(now_ms, zone)))
    choice = pool.choose(to, history.avoid)
    return Advice(
        to=to,
        allowed=not holds,
        until_ms=_until_ms(holds, zone, calendar),
        holds=holds,
        attempts=history.attempts,
        attempts_left=None if policy.max_attempts is None else max(0, policy.max_attempts - history.attempts),
        dnd=history.dnd,
        avoid=history.avoid,
        caller_id=choice.number if choice else None,
        caller_id_why=choice.why if choice else None,
    )


def no_number(text: str, policy: DialPolicy) -> Advice:
    """The advice about a text that is no full phone number: it cannot be dialled, and nothing is known of it."""
    why = "this is no full phone number: write it in E.164, such as +14155550100, or set the sub-account's country"
    return Advice(
        to=text,
        allowed=False,
        until_ms=None,
        holds=(Hold("number", why, None),),
        attempts=0,
        attempts_left=policy.max_attempts,
        dnd=None,
        avoid=(),
        caller_id=None,
        caller_id_why=None,
    )


def _holds(history: DialHistory, policy: DialPolicy, now_ms: int, loud_ms: int) -> Iterator[Hold]:
    """All that stands in the way now; `loud_ms` is when the quiet hours are over."""
    if history.dnd:
        yield Hold("dnd", "the CRM says do not disturb", None)
    if policy.max_attempts is not None and history.attempts >= policy.max_attempts:
        yield Hold(
            "attempts", f"{history.attempts} attempts without an answer; {policy.max_attempts} are allowed", None
        )
    if history.suppressed_until_ms is not None and history.suppressed_until_ms > now_ms:
        yield Hold("suppressed", history.suppressed_why or "redial is suppressed", history.suppressed_until_ms)
    if policy.hold_for_callback and history.callback_due_ms is not None and history.callback_due_ms > now_ms:
        yield Hold("callback", "a callback is due later", history.callback_due_ms)
    if loud_ms > now_ms:
        yield Hold("quiet", "quiet hours where the contact lives", loud_ms)


def _until_ms(holds: tuple[Hold, ...], zone: tzinfo, calendar: QuietHours) -> int | None:
    """When the last hold is over and it is not quiet; None if there is no hold, or one without an end."""
    ends = [hold.until_ms for hold in holds if hold.until_ms is not None]
    return calendar.next_allowed(max(ends), zone) if ends and len(ends) == len(holds) else None


def _score(record: CallerIdRecord, min_calls: int) -> float | None:
    if record.calls < min_calls:
        return None
    return (record.answered - _FAST_DROP_WEIGHT * record.fast_drops) / record.calls


def _rank(one: Scored, average: float) -> tuple[float, bool, int]:
    """The best first; then what was never used, then what was used longest ago."""
    score, used_ms = one.score, one.record.last_used_ms
    return -(average if score is None else score), used_ms is not None, used_ms or 0


def _why(one: Scored, prefix: str) -> str:
    near = f"shares {prefix} with the contact; " if prefix else ""
    if one.score is None:
        return f"{near}too few calls to judge ({one.record.calls})"
    tired = ", below half of the pool's average" if one.tired else ""
    return f"{near}score {one.score:.2f} of {one.record.calls} calls{tired}"


@lru_cache(maxsize=4096)  # the same pool comes again with every batch, and parsing is slow
def _prefixes(number: str) -> tuple[str, ...]:
    """The number's area code and country calling code as prefixes in E.164, the longer one first.

    A number that belongs to no place (a mobile one in most countries) has its country only, no number none.
    """
    if number.startswith("+1"):
        return number[:_NANP_AREA], "+1"
    # Imported where a number needs it: 0.1 s and some MB that a North American pool never pays.
    import phonenumbers  # noqa: PLC0415 - see above

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    country = f"+{parsed.country_code}"
    area = phonenumbers.length_of_geographical_area_code(parsed)
    return (number[: len(country) + area], country) if area else (country,)
