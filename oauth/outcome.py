"""PURE: what follows when no new pair of tokens was had, and when which grant is to be looked after."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Final

from oauth.refusal import GrantError, InactiveError, LaterError, MisconfiguredError, RefusedGrantError
from oauth.standing import Back, Standing

if TYPE_CHECKING:
    from oauth.grant import Grant
    from oauth.standing import GrantRow

CONNECT: Final = "an admin must connect it again (`ringback oauth install-url` prints the link)"
"""What people are to do."""
KEEP_ALIVE_MS: Final = 30 * 86_400_000
"""A refresh token dies when it is not used for a year: one that nobody asked for is used this often."""
LATER_MS: Final = (2_000, 5_000, 10_000, 30_000, 60_000, 300_000)
"""When to try again after no answer; the first ones while the CRM still repeats an answer that was lost."""
INACTIVE_MS: Final = (600_000, 1_800_000, 3_600_000, 10_800_000)
"""When to ask again for a sub-account that is not active."""
REFUSED_MS: Final = (3_600_000, 21_600_000, 86_400_000)
"""When to ask again with a grant that was refused: its words may have been misread."""
OURS_MS: Final = (600_000,)
"""When to try again after what only the operator can mend."""
_JITTER: Final = 0.2


class NoTokenError(LookupError):
    """The sub-account has no usable access token, and only a person can give one."""


class NeedsReconnectError(NoTokenError):
    """The CRM refuses the sub-account's grant: an admin must connect it again."""


class PausedError(NoTokenError):
    """The CRM says that the sub-account is not active: its grant is kept, and asked again now and then."""


class UnopenedError(NoTokenError):
    """What is kept cannot be opened with the secret keys at hand."""


class AppRefusedError(NoTokenError):
    """The CRM does not accept the app's own credentials: the operator must act, and no sub-account is to blame."""


class BusyError(LaterError, LookupError):
    """Other processes hold the grant, and nothing came of it in time."""


def after(error: GrantError | NoTokenError, row: GrantRow, *, now_ms: int) -> tuple[Back, Exception]:
    """PURE: how a lease is given back after this error, and what whoever wanted a token is told. Total.

    - not active: paused, asked again seldom;
    - refused: needs reconnect, asked again more seldom still;
    - no answer, or later: as it was, tried again soon;
    - our own credentials refused, or sealed with other keys: as it was, tried again when the operator may have acted;
    - its agency has no token: it waits for the agency; one that is wanted stays wanted.
    """
    why = str(error)
    if isinstance(error, InactiveError | PausedError):
        due_ms = _grown_ms(INACTIVE_MS, row, now_ms)
        meant = PausedError(f"{row.id} is not active in the CRM ({why}): it is asked again now and then")
        return Back(standing=Standing.PAUSED, reason=why, due_ms=due_ms, failed=True), meant
    if isinstance(error, RefusedGrantError):
        due_ms = _grown_ms(REFUSED_MS, row, now_ms)
        refused = NeedsReconnectError(f"the CRM refuses the grant of {row.id} ({why}): {CONNECT}")
        return Back(standing=Standing.NEEDS_RECONNECT, reason=why, due_ms=due_ms, failed=True), refused
    if isinstance(error, MisconfiguredError | AppRefusedError | UnopenedError):
        ours = AppRefusedError(f"the CRM does not accept this app ({why}): check RINGBACK_CLIENT_ID and its secret")
        told = ours if isinstance(error, MisconfiguredError) else error
        return Back(reason=why, due_ms=_grown_ms(OURS_MS, row, now_ms), failed=True), told
    if isinstance(error, NoTokenError):
        standing = None if row.standing is Standing.WANTED else Standing.NEEDS_RECONNECT
        return Back(standing=standing, reason=why, failed=True), error
    asked_ms = int((getattr(error, "wait_s", None) or 0) * 1000)
    return Back(reason=why, due_ms=max(_grown_ms(LATER_MS, row, now_ms), now_ms + asked_ms), failed=True), error


def _grown_ms(steps: tuple[int, ...], row: GrantRow, now_ms: int) -> int:
    return now_ms + int(steps[min(row.failures, len(steps) - 1)] * (1 + _JITTER * spread(row.id, now_ms)))


def alive_ms(grant: Grant) -> int | None:
    """When a pair is to be used lest it dies; one that is minted again anyway has no such time."""
    if grant.refresh_token is None:
        return None
    return grant.obtained_ms + int(KEEP_ALIVE_MS * (1 + _JITTER * spread(grant.id, grant.obtained_ms)))


def spread(grant_id: str, salt: int) -> float:
    """0..1, the same in all processes: so that many that came at once do not come again at once."""
    return zlib.crc32(f"{grant_id}/{salt}".encode()) / 0xFFFFFFFF
