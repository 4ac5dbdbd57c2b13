"""How many rounds there are."""

from __future__ import annotations

from itertools import count

from benchmarks.measures import FULL, rounds, size_of


def test_all_rounds_are_made_while_there_is_time() -> None:
    assert list(rounds(3, 100, clock=count().__next__)) == [0, 1, 2]


def test_one_round_is_made_whatever_it_takes() -> None:
    assert list(rounds(3, 0, clock=count().__next__)) == [0]


def test_no_round_is_begun_that_would_end_too_late() -> None:
    # The clock is looked at once at first and twice a round: the third would begin at 5 and end at 6.
    assert list(rounds(9, 5, clock=count().__next__)) == [0, 1]


def test_what_is_short_in_the_whole_run_is_longer_alone() -> None:
    assert size_of(["fair"]).fair_rounds > FULL.fair_rounds


def test_with_other_measures_it_stays_short() -> None:
    assert (size_of(None), size_of(["fair", "acks"])) == (FULL, FULL)
