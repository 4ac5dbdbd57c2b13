"""Memory says "seen" only for what it was told is committed, for a day, and never grows past its bound."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.dedup import DAY_S, Seen


class Timer:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_an_event_is_known_after_it_was_committed_and_not_before() -> None:
    seen = Seen(10)
    assert not seen.knows("loc", "call", "completed")
    seen.committed("loc", "call", "completed")
    assert seen.knows("loc", "call", "completed")


def test_sub_accounts_and_events_are_apart() -> None:
    seen = Seen(10)
    seen.committed("loc", "call", "completed")
    assert not seen.knows("other", "call", "completed")
    assert not seen.knows("loc", "call", "answered")


def test_an_event_is_forgotten_after_a_day() -> None:
    timer = Timer()
    seen = Seen(10, timer=timer)
    seen.committed("loc", "call", "completed")
    timer.now = DAY_S - 1
    assert seen.knows("loc", "call", "completed")
    timer.now = DAY_S + 1
    assert not seen.knows("loc", "call", "completed")


def test_memory_is_bounded() -> None:
    seen = Seen(3)
    for number in range(100):
        seen.committed("loc", str(number), "completed")
    assert len(seen) == 3
    assert seen.knows("loc", "99", "completed")


@given(st.text(), st.text(), st.text())
def test_any_text_is_an_id(location: str, call_id: str, event: str) -> None:
    seen = Seen(2)
    seen.committed(location, call_id, event)
    assert seen.knows(location, call_id, event)
