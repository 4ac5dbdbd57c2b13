"""What follows from each kind of trouble."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm import errors
from connector.schedule import BACKOFF_S, OUTAGE_PAUSE_S, Trouble, after
from connector.store import State

NOW = 1_700_000_000_000

ERRORS = st.sampled_from(
    [
        errors.NotSentError(),
        errors.InDoubtError(),
        errors.MalformedError(),
        errors.RefusedError("no such field"),
        errors.ContactGoneError(),
        errors.WrongVersionError(),
        errors.UnauthorizedError(),
        errors.ScopeMissingError(),
        errors.WrongLocationError(),
        errors.ThrottledError(retry_after_s=10),
        errors.HeldBackError(retry_after_s=900),
        LookupError("no token"),
        KeyError("a bug"),
    ]
)


def trouble(*, tries: int = 1, failures: int = 0, chance: float = 0.0) -> Trouble:
    return Trouble(tries=tries, failures=failures, chance=chance, now_ms=NOW, settle_s=10, max_tries=12)


def test_a_throttled_sub_account_waits_as_long_as_the_crm_asks() -> None:
    decision = after(errors.ThrottledError(retry_after_s=7), trouble())
    assert decision.pause is not None
    assert decision.pause.until_ms == NOW + 7_000
    assert decision.ending.state is State.WAITING
    assert not decision.ending.counts


@pytest.mark.parametrize(
    "error", [errors.UnauthorizedError("expired"), errors.ScopeMissingError(), LookupError("none")]
)
def test_a_refused_or_missing_token_pauses_the_sub_account_and_does_not_count(error: Exception) -> None:
    decision = after(error, trouble())
    assert decision.pause is not None
    assert decision.pause.until_ms > NOW
    assert not decision.ending.counts


def test_what_is_held_back_waits_without_pausing_its_sub_account() -> None:
    decision = after(errors.HeldBackError(retry_after_s=900), trouble(tries=12))
    assert decision.pause is None
    assert decision.ending.due_ms == NOW + 900_000
    assert not decision.ending.counts


def test_a_single_failure_delays_only_its_delivery() -> None:
    decision = after(errors.NotSentError(), trouble())
    assert decision.pause is None
    assert decision.ending.due_ms == NOW + BACKOFF_S[0] * 1000
    assert decision.ending.counts


def test_a_write_in_doubt_is_left_to_settle_before_it_is_read_back() -> None:
    decision = after(errors.InDoubtError(), trouble())
    assert decision.ending.due_ms is not None
    assert decision.ending.due_ms >= NOW + 10_000


def test_the_third_failure_in_a_row_pauses_the_sub_account() -> None:
    decision = after(errors.NotSentError(), trouble(failures=2))
    assert decision.pause is not None
    assert decision.pause.failures == 3
    assert not decision.ending.counts


def test_a_long_outage_is_probed_less_than_once_a_minute() -> None:
    decision = after(errors.NotSentError(), trouble(failures=500))
    assert decision.pause is not None
    assert decision.pause.until_ms - NOW >= OUTAGE_PAUSE_S[-1] * 1000 > 60_000


def test_out_of_tries_is_parked_with_the_reason() -> None:
    decision = after(errors.NotSentError("connection refused"), trouble(tries=12))
    assert decision.ending.state is State.PARKED
    assert "connection refused" in (decision.ending.reason or "")


def test_a_refusal_is_parked() -> None:
    assert after(errors.RefusedError("no"), trouble()).ending.state is State.PARKED


@given(ERRORS, st.integers(1, 50), st.integers(0, 1000), st.floats(0, 1))
def test_every_error_has_an_answer_that_moves_on(error: Exception, tries: int, failures: int, chance: float) -> None:
    decision = after(error, trouble(tries=tries, failures=failures, chance=chance))
    ending = decision.ending
    assert ending.reason
    assert ending.state is not State.DONE
    assert (ending.state is State.WAITING) == (ending.due_ms is not None)
    assert ending.due_ms is None or ending.due_ms > NOW
