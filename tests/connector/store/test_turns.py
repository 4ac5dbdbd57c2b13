"""Taking turns."""

from __future__ import annotations

from connector.store.turns import take_turns


def test_each_queue_gives_one_before_any_gives_two() -> None:
    assert take_turns(["abc", "d", "ef"], 10) == ["a", "d", "e", "b", "f", "c"]


def test_no_more_than_the_limit() -> None:
    assert take_turns(["abc", "def"], 3) == ["a", "d", "b"]


def test_no_queues_give_nothing() -> None:
    assert take_turns([], 3) == []
