"""Quantiles, ratios, columns."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.figures import latencies, quantile, ratio, table


@given(st.lists(st.floats(0, 10), min_size=1), st.floats(0, 1))
def test_no_smaller_share_than_asked_for_is_within_the_quantile(values: list[float], share: float) -> None:
    found = quantile(sorted(values), share)
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6


def test_the_99th_of_a_hundred_is_p99() -> None:
    assert quantile(range(1, 101), 0.99) == 99


def test_the_greatest_is_the_whole_share() -> None:
    assert quantile([1, 2, 3], 1.0) == 3


def test_nothing_has_the_quantile_zero() -> None:
    assert quantile([], 0.5) == 0


def test_a_ratio_is_taken_in_pairs_so_that_a_slow_spell_does_not_count() -> None:
    assert ratio([10, 20, 1], [20, 40, 2]) == 0.5


def test_runs_that_were_not_made_in_turn_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="longer"):
        ratio([1], [1, 2])


def test_latencies_are_milliseconds() -> None:
    assert latencies([0.001, 0.003, 0.002]) == {"p50_ms": 2.0, "p99_ms": 3.0, "max_ms": 3.0}


def test_columns_line_up_and_a_missing_cell_is_empty() -> None:
    assert table([{"a": "x", "b": 10}, {"a": "yy"}], ["a", "b"]) == "a    b\nx   10\nyy"
