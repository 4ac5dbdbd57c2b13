"""The changes reach what they are for, and stay within what gets through the front door."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.trunks import trunk
from tests.fuzz import tree
from tests.fuzz.corpus import corpus
from tests.fuzz.mutations import MOST_BYTES, MOST_LETTERS, mutated
from tests.fuzz.odd import DEEP, LONG, VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from mappings.payload.request import Request

CORPUS = corpus(trunk("twilio")) + corpus(trunk("freeswitch"))
SEEDS = range(3_000)
seeds = st.integers(0, 2**64 - 1)


def chance(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - repeatable, not secret


@pytest.fixture(scope="module")
def changed() -> list[Request]:
    return [mutated(chance(seed).choice(CORPUS), CORPUS, chance(seed)) for seed in SEEDS]


REACHED: dict[str, Callable[[Request], bool]] = {
    "a GET": lambda request: request.method == "GET",
    "no body": lambda request: not request.body,
    "a body of a megabyte": lambda request: len(request.body) > 1_000_000,
    "gzip": lambda request: request.body.startswith(b"\x1f\x8b"),
    "deep nesting": lambda request: b"[" * 900 in request.body or b'{"data":' * 900 in request.body,
    "an endless number": lambda request: b"9" * 4_301 in request.body,
    "a lone surrogate": lambda request: b"\\ud800" in request.body or b"%ED%A0%80" in request.body,
    "a digit that is no number": lambda request: "²".encode() in request.body or b"%C2%B2" in request.body,
    "an odd header": lambda request: any(not value.isascii() for value in request.headers.values()),
    "no header at all": lambda request: not request.headers,
}


@pytest.mark.parametrize("what", REACHED)
def test_each_kind_of_oddity_is_reached(what: str, changed: list[Request]) -> None:
    assert any(map(REACHED[what], changed))


def test_nothing_is_larger_than_what_gets_through(changed: list[Request]) -> None:
    assert max(len(request.body) for request in changed) <= MOST_BYTES
    assert max(len(request.url) for request in changed) <= MOST_LETTERS
    assert max(len(value) for request in changed for value in request.headers.values()) <= MOST_LETTERS


@given(seeds)
def test_one_change_of_a_value_is_one_that_can_be_written(seed: int) -> None:
    value = {"a": [1, "2026-05-04T14:00:00Z", None], "b": {"c": "d"}, "cdr": '{"uuid": 1}', "e": "eyJhIjogMX0="}
    tree.change(value, chance(seed))
    assert tree.written(value, chance(seed))


@given(seeds)
def test_the_odd_values_are_not_changed_themselves(seed: int) -> None:
    before = repr(VALUES)
    value: dict[str, Any] = {"a": 1}
    for _ in range(20):
        tree.change(value, chance(seed))
    assert repr(VALUES) == before


def test_an_empty_value_stays_as_it_is() -> None:
    value: dict[str, Any] = {}
    tree.change(value, chance(1))
    assert value == {}


def test_documents_inside_texts_are_changed_too() -> None:
    found = set()
    for seed in range(300):
        value = {"cdr": '{"uuid": "u", "start": 1}'}
        tree.change(value, chance(seed))
        cdr = value.get("cdr")
        if isinstance(cdr, str) and cdr.startswith("{"):
            found.add(cdr)
    assert len(found) > 20


def test_the_marks_for_depth_and_length_are_put_in() -> None:
    raw = tree.written({"a": DEEP, "b": LONG}, chance(3))
    assert b"@" not in raw


def test_what_is_not_too_deep_or_endless_is_json() -> None:
    assert json.loads(tree.written({"a": ["é", 1]}, chance(3))) == {"a": ["é", 1]}
