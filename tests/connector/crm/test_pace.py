"""A sub-account's turns: exact windows, the CRM's own word, bounded waits and bounded memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.errors import HeldBackError, ThrottledError
from connector.crm.model import Limits
from connector.crm.pace import RESERVES, Pace, burst_rate
from connector.crm.wire import VERSIONS
from tests.connector.crm.clock import Clock


def paced(clock: Clock, burst: str = "3/10s", daily: int | None = None, patience_s: float = 60.0) -> Pace:
    return Pace(burst_rate(burst), daily, patience_s=patience_s, clock=clock, sleep=clock.sleep)


async def ask(pace: Pace, location: str, verb: str = "") -> None:
    """A request that ends at once."""
    await pace.turn(location, verb)
    pace.ended(location)


@pytest.mark.parametrize(
    ("text", "limit", "interval_ms"),
    [("100/10s", 100, 10_000), ("25/1m", 25, 60_000), ("1/2h", 1, 7_200_000)],
)
def test_reads_a_burst(text: str, limit: int, interval_ms: int) -> None:
    rate = burst_rate(text)
    assert rate is not None
    assert (rate.limit, rate.interval) == (limit, interval_ms)


def test_a_burst_can_be_off() -> None:
    assert burst_rate("off") is None


@pytest.mark.parametrize("text", ["", "100", "0/10s", "100/0s", "100/10", "100 / 10s", "OFF", "-1/1s", "1/1d"])
def test_refuses_what_is_no_burst(text: str) -> None:
    with pytest.raises(ValueError, match="100/10s"):
        burst_rate(text)


async def test_the_window_is_full_after_its_number() -> None:
    clock = Clock()
    pace = paced(clock)
    for _ in range(3):
        await ask(pace, "a")
    assert clock.slept == []
    assert pace.room_in_s("a") == pytest.approx(10, abs=0.002)


async def test_one_more_waits_until_the_first_has_left_the_window() -> None:
    clock = Clock()
    pace = paced(clock)
    await ask(pace, "a")
    clock.now += 4
    for _ in range(3):
        await ask(pace, "a")
    assert clock.slept == [pytest.approx(6, abs=0.002)]


async def test_a_full_sub_account_delays_no_other() -> None:
    clock = Clock()
    pace = paced(clock)
    for _ in range(3):
        await ask(pace, "a")
    assert pace.room_in_s("b") == 0


async def test_asking_for_room_takes_none() -> None:
    pace = paced(Clock())
    assert [pace.room_in_s("a") for _ in range(10)] == [0] * 10
    assert pace.tracked == 0


@given(st.lists(st.floats(0, 4), max_size=40), st.integers(1, 5))
async def test_no_window_ever_holds_more(gaps: list[float], limit: int) -> None:
    clock = Clock()
    pace = paced(clock, f"{limit}/10s")
    turns = []
    for gap in gaps:
        clock.now += gap
        await ask(pace, "a")
        turns.append(clock.now)
    # 5 ms for the clock's milliseconds: the window itself is exact to one of them.
    assert all(later - earlier > 9.995 for earlier, later in zip(turns, turns[limit:], strict=False))


async def test_many_at_once_share_the_window() -> None:
    clock = Clock()
    pace = paced(clock, "5/10s")
    turns: list[float] = []

    async def one() -> None:
        await ask(pace, "a")
        turns.append(clock.now)

    await asyncio.gather(*(one() for _ in range(12)))
    assert all(later - earlier > 9.995 for earlier, later in zip(turns, turns[5:], strict=False))


async def test_a_wait_beyond_patience_is_refused_with_its_length() -> None:
    clock = Clock()
    pace = paced(clock, patience_s=5)
    for _ in range(3):
        await ask(pace, "a")
    with pytest.raises(ThrottledError) as caught:
        await ask(pace, "a")
    assert caught.value.retry_after_s == pytest.approx(10, abs=0.002)
    assert clock.slept == []


async def test_the_day_has_its_own_number() -> None:
    clock = Clock()
    pace = paced(clock, "off", daily=2)
    await ask(pace, "a")
    await ask(pace, "a")
    assert (pace.room_in_s("a"), pace.room_in_s("b")) == (86_400, 0)


async def test_a_new_day_begins_anew() -> None:
    clock = Clock()
    pace = paced(clock, "off", daily=1)
    await ask(pace, "a")
    clock.now += 86_400
    assert pace.room_in_s("a") == 0


async def test_off_means_no_wait_of_ours() -> None:
    clock = Clock()
    pace = paced(clock, "off")
    for _ in range(1000):
        await ask(pace, "a")
    assert (clock.slept, pace.tracked) == ([], 0)


async def test_a_hold_is_waited_out() -> None:
    clock = Clock()
    pace = paced(clock)
    pace.hold("a", 7)
    await ask(pace, "a")
    assert clock.slept == [7]


def test_a_shorter_hold_does_not_end_a_longer_one() -> None:
    pace = paced(Clock())
    pace.hold("a", 7)
    pace.hold("a", 1)
    assert pace.room_in_s("a") == 7


async def test_nothing_left_means_until_the_oldest_request_leaves_the_window() -> None:
    clock = Clock()
    pace = paced(clock, "100/10s")
    await ask(pace, "a")
    clock.now += 4
    pace.learn("a", Limits(limit=25, remaining=0, interval_ms=10_000))
    assert pace.room_in_s("a") == pytest.approx(6.25)


@pytest.mark.parametrize(("interval_ms", "wait_s"), [(30_000, 30.25), (None, 10.25)])
def test_nothing_left_and_no_request_of_ours_means_the_whole_interval(interval_ms: int | None, wait_s: float) -> None:
    pace = paced(Clock(), "off")
    pace.learn("a", Limits(remaining=0, interval_ms=interval_ms))
    assert pace.room_in_s("a") == pytest.approx(wait_s)


def test_a_day_used_up_is_asked_about_again_in_a_quarter_of_an_hour() -> None:
    pace = paced(Clock())
    pace.learn("a", Limits(remaining=5, daily_remaining=0))
    assert pace.room_in_s("a") == 900


@pytest.mark.parametrize("told", [Limits(), Limits(remaining=1, daily_remaining=1)])
def test_something_left_holds_nobody(told: Limits) -> None:
    pace = paced(Clock())
    pace.learn("a", told)
    assert pace.room_in_s("a") == 0


async def test_idle_sub_accounts_are_dropped() -> None:
    clock = Clock()
    pace = paced(clock)
    for number in range(10_000):
        await ask(pace, f"loc{number}")
    assert pace.tracked == 10_000
    clock.now += 11
    await ask(pace, "a")
    assert pace.tracked == 1


async def test_a_busy_sub_account_is_not_dropped_with_the_idle_ones() -> None:
    clock = Clock()
    pace = paced(clock)
    clock.now += 9
    for _ in range(3):
        await ask(pace, "a")
    clock.now += 2
    assert pace.room_in_s("a") == pytest.approx(8, abs=0.002)


async def test_near_the_daily_limit_tags_wait_first_then_enrolments_and_notes_never() -> None:
    pace = paced(Clock(), burst="off", daily=100)
    for _ in range(90):
        await ask(pace, "loc", "add_note")
    with pytest.raises(HeldBackError, match="10 of 100"):
        await ask(pace, "loc", "add_tags")
    await ask(pace, "loc", "enrol")
    for _ in range(4):
        await ask(pace, "loc", "add_note")
    with pytest.raises(HeldBackError):
        await ask(pace, "loc", "enrol")
    await ask(pace, "loc", "add_note")
    await ask(pace, "other", "add_tags")


@pytest.mark.parametrize(("verb", "left"), [*((verb, round(share * 100)) for verb, share in RESERVES.items())])
async def test_a_verb_waits_from_its_share_of_the_day_on_and_not_before(verb: str, left: int) -> None:
    pace = paced(Clock(), burst="off", daily=100)
    for _ in range(100 - left - 1):
        await ask(pace, "loc", "add_note")
    await ask(pace, "loc", verb)
    with pytest.raises(HeldBackError, match=f"{verb} waits"):
        await ask(pace, "loc", verb)


def test_only_verbs_of_the_client_are_held_back() -> None:
    assert RESERVES.keys() <= VERSIONS.keys()


@pytest.mark.parametrize("verb", sorted(VERSIONS))
def test_the_papers_say_when_each_verb_waits(verb: str) -> None:
    """docs/reliability.md has one row for each verb, with its share."""
    page = (Path(__file__).parents[3] / "docs" / "reliability.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("|") and f"`{verb}`" in line.split("|")[1]]
    share = f"{RESERVES[verb]:.0%}".replace("%", " %") if verb in RESERVES else "never"
    assert [row.split("|")[2].strip() for row in rows] == [share]


async def test_the_crms_own_count_of_the_day_is_believed() -> None:
    pace = paced(Clock(), burst="off", daily=100)
    pace.learn("loc", Limits(daily_limit=100, daily_remaining=7))
    with pytest.raises(HeldBackError):
        await ask(pace, "loc", "add_tags")
    await ask(pace, "loc", "add_note")


async def test_a_request_counts_until_a_window_after_its_end() -> None:
    clock = Clock()
    pace = paced(clock, burst="1/10s")
    await pace.turn("loc")
    clock.now += 60
    assert pace.room_in_s("loc") > 0
    pace.ended("loc")
    assert pace.room_in_s("loc") == pytest.approx(10, abs=0.01)
    clock.now += 10.01
    assert pace.room_in_s("loc") == 0


async def test_what_is_on_the_way_of_an_idle_sub_account_is_not_kept() -> None:
    pace = paced(Clock())
    await ask(pace, "loc")
    assert not pace._on_the_way  # noqa: SLF001 - bounded memory is the claim
