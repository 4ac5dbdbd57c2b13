"""The request limits: exact, per sub-account, with a clock by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.sandbox.rate import DAY_MS, Pace, Rate
from connector.sandbox.state import Sandbox
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOME = f"/locations/{LOCATION}"


@given(st.lists(st.integers(0, 40), max_size=60))
def test_no_window_ever_admits_more_than_the_limit(gaps: list[int]) -> None:
    """Any window of 100 ms holds at most 5 admitted requests, and nothing is refused without need."""
    pace, now = Pace(Rate(5, 100), daily=1_000), 0
    admitted: list[int] = []
    for gap in gaps:
        now += gap
        recent = [time for time in admitted if time > now - 100]
        passed = pace.admit(now) is None
        assert passed == (len(recent) < 5)
        if passed:
            admitted.append(now)


@given(st.lists(st.integers(0, 40), max_size=60))
def test_the_peak_is_the_fullest_window(gaps: list[int]) -> None:
    pace, now, times = Pace(Rate(5, 100), daily=1_000), 0, []
    for gap in gaps:
        now += gap
        times.append(now)
        pace.arrive(now)
    assert pace.peak == max((sum(end - 100 < one <= end for one in times) for end in times), default=0)


def test_a_refusal_says_how_long_to_wait() -> None:
    pace = Pace(Rate(1, 10_000), daily=10)
    assert (pace.admit(1_000), pace.admit(4_000), pace.admit(11_000)) == (None, 7_000, None)


@pytest.mark.parametrize("text", ["", "100", "0/10s", "100/10", "ten/10s", "100/0s"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it as 100/10s, or off"):
        Rate.parse(text)


async def test_the_five_headers_have_uneven_names(crm: Crm) -> None:
    async with await crm.send("GET", HOME) as response:
        named = {name: value for name, value in response.headers.items() if name.startswith("X-RateLimit")}
    assert named == {
        "X-RateLimit-Limit-Daily": "200000",
        "X-RateLimit-Daily-Remaining": "199999",
        "X-RateLimit-Interval-Milliseconds": "10000",
        "X-RateLimit-Max": "100",
        "X-RateLimit-Remaining": "99",
    }


async def test_the_101st_request_waits_for_the_window_to_slide(crm: Crm) -> None:
    statuses = [(await crm.ask("GET", HOME))[0] for _ in range(101)]
    crm.clock.now_ms += 9_999
    late = await crm.ask("GET", HOME)
    crm.clock.now_ms += 1
    free = await crm.ask("GET", HOME)
    assert statuses == [200] * 100 + [429]
    assert (late[0], free[0]) == (429, 200)
    assert late[1] == {"statusCode": 429, "message": "Too Many Requests", "error": "Too Many Requests"}


async def test_one_sub_accounts_limit_is_no_others(crm: Crm) -> None:
    for _ in range(101):
        await crm.ask("GET", HOME)
    assert (await crm.ask("GET", "/locations/LocationTwo", Authorization="Bearer pit-two"))[0] == 200


@pytest.mark.parametrize(("tell", "said"), [(False, None), (True, "10")])
async def test_retry_after_is_a_setting(crm: Crm, tell: bool, said: str | None) -> None:  # noqa: FBT001 - a parameter of the test
    crm.sandbox.retry_after = tell
    for _ in range(100):
        await crm.ask("GET", HOME)
    async with await crm.send("GET", HOME) as response:
        assert (response.status, response.headers.get("Retry-After")) == (429, said)


async def test_the_state_tells_the_peak_and_the_refused(crm: Crm) -> None:
    for _ in range(103):
        await crm.ask("GET", HOME)
    async with crm.client.get(f"/_sandbox/state?location={LOCATION}") as response:
        rate = (await response.json())["locations"][0]["rate"]
    assert rate == {"limit": 100, "window_ms": 10_000, "peak": 103, "refused": 3, "today": 100}


def test_the_day_ends_at_midnight_utc() -> None:
    pace = Pace(Rate(100, 10_000), daily=2)
    eve = DAY_MS - 1_000
    assert [pace.admit(eve), pace.admit(eve), pace.admit(eve), pace.admit(DAY_MS)] == [
        None,
        None,
        1_000,
        None,
    ]


def test_off_means_no_limit_at_all() -> None:
    pace = Pace(Sandbox(rate="off").rate, daily=1)
    assert [pace.admit(0) for _ in range(500)] == [None] * 500
    assert pace.headers(0) == {}
