"""What is timed of a trunk is a whole call, believed and read."""

from __future__ import annotations

import gc
from dataclasses import replace

import pytest

from benchmarks.measures import QUICK
from benchmarks.trunks import composed, timed, trunks, typical
from mappings.payload.request import UnverifiedError
from mappings.trunks import names, read, trunk

SHORT = replace(QUICK, trunks_s=0.0)


@pytest.mark.parametrize("name", names())
def test_the_typical_call_is_believed_and_read_as_one_that_ended(name: str) -> None:
    assert timed(trunk(name), composed(name), 0.0)
    (call,) = read(trunk(name), composed(name))
    assert (call.call_id, call.event) == (typical(name).call_id, "completed")


def test_a_request_that_is_not_believed_is_not_timed() -> None:
    with pytest.raises(UnverifiedError):
        timed(trunk("generic"), replace(composed("generic"), body=b"{}"), 0.0)


def test_fifty_repeats_are_made_whatever_they_take() -> None:
    assert len(timed(trunk("generic"), composed("generic"), 0.0)) == 50


def test_every_registered_trunk_is_measured() -> None:
    runs = trunks(None, SHORT)
    assert {figure.split()[0] for figure in runs} == set(names())


def test_the_99th_is_no_faster_than_the_median() -> None:
    runs = trunks(None, SHORT)
    assert all(runs[f"{name} trunk p50 us"] <= runs[f"{name} trunk p99 us"] for name in names())


def test_the_collector_runs_again_afterwards() -> None:
    trunks(None, SHORT)
    assert gc.isenabled()
