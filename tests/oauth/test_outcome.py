"""What follows from each kind of trouble with a grant: how it stands, and when it is looked at again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.outcome import AppRefusedError, NeedsReconnectError, NoTokenError, PausedError, UnopenedError, after
from oauth.refusal import (
    GrantError,
    InactiveError,
    LaterError,
    MalformedGrantError,
    MisconfiguredError,
    RefusedGrantError,
)
from oauth.standing import GrantRow, Kind, Standing

NOW = 1_790_000_000_000
MINUTE, HOUR = 60_000, 3_600_000


def row(standing: Standing = Standing.ACTIVE, failures: int = 0) -> GrantRow:
    return GrantRow(
        kind=Kind.LOCATION,
        id="L1",
        company_id="C1",
        standing=standing,
        standing_ms=NOW,
        installed_ms=NOW,
        reason=None,
        version=1,
        sealed=b"",
        scope=None,
        expires_ms=None,
        due_ms=None,
        failures=failures,
        updated_ms=NOW,
    )


@pytest.mark.parametrize(
    ("error", "standing", "told"),
    [
        (InactiveError("x"), Standing.PAUSED, PausedError),
        (PausedError("its agency"), Standing.PAUSED, PausedError),
        (RefusedGrantError("x"), Standing.NEEDS_RECONNECT, NeedsReconnectError),
        (NoTokenError("its agency has none"), Standing.NEEDS_RECONNECT, NoTokenError),
        (MisconfiguredError("x"), None, AppRefusedError),
        (AppRefusedError("its agency's"), None, AppRefusedError),
        (LaterError("x"), None, LaterError),
        (MalformedGrantError("x"), None, MalformedGrantError),
        (UnopenedError("x"), None, UnopenedError),
    ],
)
def test_each_trouble_has_its_standing(
    error: GrantError | NoTokenError, standing: Standing | None, told: type[Exception]
) -> None:
    back, meant = after(error, row(), now_ms=NOW)
    assert (back.standing, type(meant)) == (standing, told)


def test_one_that_is_wanted_waits_for_its_agency() -> None:
    back, _ = after(NoTokenError("its agency has none"), row(Standing.WANTED), now_ms=NOW)
    assert (back.standing, back.due_ms) == (None, None)


@pytest.mark.parametrize(
    ("error", "first_ms", "last_ms"),
    [
        (LaterError("x"), 2_000, 5 * MINUTE),
        (InactiveError("x"), 10 * MINUTE, 3 * HOUR),
        (RefusedGrantError("x"), HOUR, 24 * HOUR),
        (MisconfiguredError("x"), 10 * MINUTE, 10 * MINUTE),
        (UnopenedError("x"), 10 * MINUTE, 10 * MINUTE),
    ],
)
def test_it_is_looked_at_again_later_and_later(error: GrantError | NoTokenError, first_ms: int, last_ms: int) -> None:
    for failures, step_ms in ((0, first_ms), (50, last_ms)):
        back, _ = after(error, row(failures=failures), now_ms=NOW)
        assert back.due_ms is not None
        assert step_ms <= back.due_ms - NOW <= 1.2 * step_ms


def test_an_endpoint_that_says_when_is_believed() -> None:
    later = LaterError("x")
    later.wait_s = 3600
    back, _ = after(later, row(), now_ms=NOW)
    assert back.due_ms == NOW + HOUR


errors = st.sampled_from(
    [InactiveError, RefusedGrantError, MisconfiguredError, LaterError, NoTokenError, PausedError, UnopenedError]
)


@given(errors, st.sampled_from(Standing), st.integers(0, 10**6))
def test_nothing_makes_a_grant_removed_or_unconfirmed(
    error: type[GrantError | NoTokenError], standing: Standing, failures: int
) -> None:
    back, _ = after(error("x"), row(standing, failures), now_ms=NOW)
    assert back.standing in {None, Standing.PAUSED, Standing.NEEDS_RECONNECT}
