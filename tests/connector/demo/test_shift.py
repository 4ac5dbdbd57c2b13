"""The shift that the demo plays shows what it is to show."""

from __future__ import annotations

import pytest

from connector.demo.follow_up import SUPPRESSED_MS
from connector.demo.shift import ENDINGS, Workflow, latest, shift
from connector.location_config import LocationConfig

NOW = 1_795_000_000_000


@pytest.mark.parametrize("calls", [10, 40])
def test_it_sets_off_every_workflow(calls: int) -> None:
    played = [*shift(calls, now_ms=NOW), latest(calls, now_ms=NOW)]
    assert len(played) == calls
    assert {one.workflow for one in played} >= set(Workflow)


def test_somebody_wraps_up_in_it() -> None:
    assert any(one.remarks for one in shift(40, now_ms=NOW))


@pytest.mark.parametrize("calls", [40, 2000])
def test_all_but_the_last_ended_before_now_and_within_two_days_in_their_order(calls: int) -> None:
    played = shift(calls, now_ms=NOW)
    assert max(one.call.end_ms or 0 for one in played) < NOW
    starts = [one.call.start_ms or 0 for one in played]
    assert starts == sorted(starts)
    assert starts[0] > NOW - SUPPRESSED_MS


def test_the_last_one_ends_now() -> None:
    last = latest(40, now_ms=NOW)
    assert last.call.end_ms == NOW
    assert last.workflow is Workflow.REVIEW


def test_its_trunks_take_turns_with_every_ending() -> None:
    trunks = {(one.disposition, one.trunk) for one in shift(200, now_ms=NOW)}
    assert {trunk for ending, trunk in trunks if ending is ENDINGS[1].disposition} == {
        "generic",
        "twilio",
        "freeswitch",
        "vobiz",
    }


def test_a_fast_dial_cycle_comes_by_a_trunk_that_tells_how_fast_it_was_answered() -> None:
    fast = [one for one in shift(200, now_ms=NOW) if one.workflow is Workflow.FAST_DIAL]
    assert fast
    assert "twilio" not in {one.trunk for one in fast}


def test_nobody_comes_near_the_cap_of_attempts() -> None:
    """The demo's check counts without it."""
    most: dict[str, int] = {}
    runs: dict[str, int] = {}
    for one in shift(1000, now_ms=NOW):
        phone = one.person.phone
        runs[phone] = runs.get(phone, 0) + 1 if one.workflow is Workflow.NO_ANSWER else runs.get(phone, 0)
        if one.call.answered and one.workflow in {None, Workflow.REVIEW}:
            runs[phone] = 0
        most[phone] = max(most.get(phone, 0), runs[phone])
    assert max(most.values()) < (LocationConfig().max_attempts or 0)
