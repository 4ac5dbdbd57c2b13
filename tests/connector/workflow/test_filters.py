"""Filters mean what the author of a workflow would expect, and one that is not understood never holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.workflow.filters import EQUALS, Filter, read_filters
from connector.workflow.payload import SAMPLE
from tests.connector.workflow.bench import equals

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=5)
FIELDS = st.sampled_from(sorted(SAMPLE))


def holds(field: str, known: object, wanted: object) -> bool:
    """Whether `field == wanted` holds for a call of which that is known."""
    return Filter(field, EQUALS, wanted).holds({field: known})


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ("No Answer", "no answer"),
        ("No Answer", " NO ANSWER "),
        ("No Answer", ["Busy", "No Answer"]),
        (16, 16),
        (16, "16"),
        (65.0, 65),
        (65.0, "65.0"),
        (0.5, "0.50"),
        ("101", 101),
        ("3", 3.0),
        (True, True),
        (True, "True"),
        (False, "false"),
        (None, None),
        (None, ""),
        (None, " "),
        (None, ["Busy", None]),
    ],
)
def test_what_is_equal(known: object, wanted: object) -> None:
    assert holds("agent", known, wanted)


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ("No Answer", "Answer"),
        ("No Answer", None),
        ("No Answer", ""),
        ("No Answer", []),
        ("007", 7),
        (16, "16 normal"),
        (16, "1_6"),
        (16, None),
        (16, ""),
        (1, True),
        (True, 1),
        (True, "yes"),
        (False, None),
        (None, 0),
        (None, False),
        (None, "None"),
        (None, []),
        ("none", None),
    ],
)
def test_what_is_not(known: object, wanted: object) -> None:
    assert not holds("agent", known, wanted)


@given(field=FIELDS)
def test_a_call_is_what_it_is(field: str) -> None:
    assert Filter(field, EQUALS, SAMPLE[field]).holds(SAMPLE)


@given(known=SCALARS, wanted=st.lists(SCALARS))
def test_a_list_is_any_of_its_values(known: object, wanted: list[Any]) -> None:
    assert holds("agent", known, wanted) == any(holds("agent", known, one) for one in wanted)


@given(known=st.text(alphabet=st.characters(max_codepoint=0xFF)))
def test_case_does_not_matter(known: str) -> None:
    assert holds("agent", known, known.upper()) == holds("agent", known, known.lower()) is True


@given(field=st.text(), operator=st.text(), value=JSON, known=SCALARS)
def test_whatever_is_asked_there_is_an_answer_and_it_is_no_unless_understood(
    field: str, operator: str, value: Any, known: object
) -> None:
    one = Filter(field, operator, value)
    assert one.holds({field: known}) in ((True, False) if one.problem is None else (False,))


@given(operator=st.text().filter(lambda text: text != EQUALS), field=FIELDS)
def test_an_operator_that_is_not_documented_never_holds(operator: str, field: str) -> None:
    one = Filter(field, operator, SAMPLE[field])
    assert (one.holds(SAMPLE), "operator" in str(one.problem)) == (False, True)


@pytest.mark.parametrize("value", [{"label": "Busy"}, [["Busy"]], [{"value": "Busy"}]])
def test_a_value_of_another_form_is_not_understood(value: Any) -> None:
    assert "value" in str(Filter("disposition", EQUALS, value).problem)


def test_a_field_that_no_call_has_is_named() -> None:
    assert "'colour'" in str(Filter("colour", EQUALS, "red").problem)


def test_filters_are_read_as_the_crm_tells_them() -> None:
    assert read_filters([equals("direction", "inbound"), {}]) == (
        Filter("direction", "==", "inbound"),
        Filter("None", "None", None),
    )
