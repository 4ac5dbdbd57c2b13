"""PURE: what to do next when a delivery did not come through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.crm.errors import (
    CrmError,
    HeldBackError,
    InDoubtError,
    NotSentError,
    RefusedError,
    ScopeMissingError,
    ThrottledError,
    UnauthorizedError,
    WrongLocationError,
)
from connector.store import Ending, Pause, State

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKOFF_S: Sequence[int] = (2, 10, 30, 120, 300, 900, 1800, 3600)
"""Waits between tries of one delivery, in seconds; the last one repeats."""
OUTAGE_PAUSE_S: Sequence[int] = (5, 15, 30, 60, 120)
"""Pauses of a sub-account while its CRM does not answer; the last one repeats: less than one probe a minute."""
REFUSED_TOKEN_PAUSE_S: Sequence[int] = (30, 120, 600, 1800)
"""Pauses of a sub-account whose token is refused; a person must act, so we ask seldom."""
OUTAGE_AFTER = 3
"""Failures in a row, over all deliveries of a sub-account, that make an outage of a bad moment."""
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Decision:
    """How the delivery ends this try, and the pause its sub-account takes (None: no change)."""

    ending: Ending
    pause: Pause | None = None


@dataclass(frozen=True, slots=True)
class Trouble:
    """What the decision depends on.

    The try's number (from 1), failures in a row of the sub-account before this one, a random number 0..1 for jitter,
    the time, and the operator's limits.
    """

    tries: int
    failures: int
    chance: float
    now_ms: int
    settle_s: float
    max_tries: int


def after(error: Exception, trouble: Trouble) -> Decision:
    """What follows from an error that ended a try. Total: every exception has an answer.

    - throttled: the sub-account pauses for as long as the CRM asks; the try does not count;
    - held back, the daily limit being near: this delivery waits, the sub-account goes on; the try does not count;
    - token refused or missing: the sub-account pauses, growing; the try does not count;
    - not sent, in doubt, 5xx: the delivery waits, growing, and is parked when out of tries; from the third failure
      in a row the whole sub-account pauses and the tries no longer count;
    - refused for good: parked.
    """
    if isinstance(error, ThrottledError):
        until = trouble.now_ms + int(error.retry_after_s * 1000)
        return _paused(trouble, until, str(error))
    if isinstance(error, HeldBackError):
        due = trouble.now_ms + int(error.retry_after_s * 1000)
        return Decision(Ending(State.WAITING, str(error), due_ms=due, counts=False))
    if isinstance(error, LookupError | UnauthorizedError | ScopeMissingError | WrongLocationError):
        return _paused(trouble, _grown(REFUSED_TOKEN_PAUSE_S, trouble.failures, trouble), str(error))
    if isinstance(error, NotSentError | InDoubtError):
        return _outage(error, trouble)
    if isinstance(error, RefusedError | CrmError):
        return Decision(Ending(State.PARKED, str(error)))
    return _again(f"{type(error).__name__} in the connector: {error}", trouble)


def _outage(error: CrmError, trouble: Trouble) -> Decision:
    wait_s = trouble.settle_s if isinstance(error, InDoubtError) else 0.0
    if trouble.failures + 1 < OUTAGE_AFTER:
        return _again(str(error), trouble, at_least_s=wait_s)
    until = _grown(OUTAGE_PAUSE_S, trouble.failures + 1 - OUTAGE_AFTER, trouble)
    return _paused(trouble, max(until, trouble.now_ms + int(wait_s * 1000)), str(error))


def _again(reason: str, trouble: Trouble, *, at_least_s: float = 0.0) -> Decision:
    if trouble.tries >= trouble.max_tries:
        return Decision(Ending(State.PARKED, f"out of tries ({trouble.tries}): {reason}"))
    due = max(_grown(BACKOFF_S, trouble.tries - 1, trouble), trouble.now_ms + int(at_least_s * 1000))
    return Decision(Ending(State.WAITING, reason, due_ms=due))


def _paused(trouble: Trouble, until_ms: int, reason: str) -> Decision:
    ending = Ending(State.WAITING, reason, due_ms=until_ms, counts=False)
    return Decision(ending, Pause(until_ms, reason, trouble.failures + 1))


def _grown(steps: Sequence[int], index: int, trouble: Trouble) -> int:
    return grown_ms(steps, index, now_ms=trouble.now_ms, chance=trouble.chance)


def grown_ms(steps: Sequence[int], index: int, *, now_ms: int, chance: float) -> int:
    """The time at which the wait number `index` (from 0) ends, with jitter so that not all come back at once."""
    step = steps[min(index, len(steps) - 1)]
    return now_ms + int(step * 1000 * (1 + JITTER * chance))
