"""Whose calls count, and from when."""

from __future__ import annotations

from benchmarks.fair import BROKEN, CONTACTS, FLOODED, RATE, TENANTS, due
from benchmarks.payloads import call_id, home

LOAD = {"run": "r1", "began_s": 50.0}
NUMBERS = range(CONTACTS)


def test_the_calls_of_the_two_in_trouble_are_left_out() -> None:
    counted = due(LOAD, NUMBERS)
    others = {number for number in NUMBERS if home(number, CONTACTS, TENANTS) not in (BROKEN, FLOODED)}
    assert counted.keys() == {call_id("r1", number) for number in others}


def test_98_of_100_sub_accounts_are_counted() -> None:
    assert len(due(LOAD, NUMBERS)) / len(NUMBERS) == 0.98


def test_time_runs_from_when_a_calls_turn_came() -> None:
    assert due(LOAD, range(RATE, 2 * RATE))[call_id("r1", RATE + RATE // 2)] == 51.5
