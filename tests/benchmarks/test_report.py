"""The table's rows."""

from __future__ import annotations

from benchmarks.report import rows, text, trunks


def test_a_row_holds_both_medians_and_the_ratio_of_pairs() -> None:
    runs = {"ringback CPU ms/event": [0.5, 1.0, 0.6], "spine CPU ms/event": [0.25, 0.5, 0.3]}
    (row,) = rows(runs)
    assert (row["ringback"], row["bare"], row["ratio"]) == (0.6, 0.3, 2.0)


def test_the_peak_is_the_highest_of_all_runs() -> None:
    (row,) = rows({"ringback peak MB": [60.0, 75.0, 61.0]})
    assert row["ringback"] == 75


def test_what_was_not_measured_has_no_row() -> None:
    assert rows({"spine events/s": [1.0]}) == []


def test_a_ratio_to_nothing_is_left_out() -> None:
    (row,) = rows({"ringback repeated notes": [0.0], "spine repeated notes": [0.0]})
    assert "ratio" not in row or row["ratio"] is None


def test_starts_are_compared_by_their_medians_where_one_kind_had_more() -> None:
    (row,) = rows({"ringback ready s": [0.6, 0.6, 0.6], "durable ready s": [0.2, 0.3]})
    assert row["ratio"] == 2.4


def test_the_table_names_the_target() -> None:
    assert "<= 90" in text(rows({"ringback peak MB": [60.0]}))


def test_nothing_measured_is_no_table() -> None:
    assert (text([]), trunks({})) == ("", "")


RUNS = {
    f"{name} trunk {figure}": [61.0] for name in ("generic", "telnyx") for figure in ("p50 us", "p99 us", "repeats")
}


def test_each_trunk_measured_has_a_line() -> None:
    assert [line.split()[0] for line in trunks(RUNS).splitlines()] == ["trunk", "generic", "telnyx"]


def test_who_signs_with_ed25519_may_take_longer() -> None:
    assert [line.split()[-1] for line in trunks(RUNS).splitlines()[1:]] == ["150", "300"]


def test_troubled_is_compared_with_healthy() -> None:
    (row,) = rows({"ringback sync p50_ms": [11.0, 12.0], "healthy sync p50_ms": [10.0, 10.0]})
    assert row["ratio"] == 1.15
