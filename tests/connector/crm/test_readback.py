"""What counts as the same call, and as a line of a text."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm.model import CallMessage
from connector.crm.readback import has_line, same_call
from tests.connector.crm.contract import NUMBER
from tests.connector.crm.verbs_calls import AT, OURS, OUTBOUND

SHOWN = CallMessage("m", "outbound", AT, "busy", OURS, NUMBER, None)


def test_our_id_decides_where_it_is_shown() -> None:
    assert same_call(CallMessage("m", None, None, None, None, None, "call-1"), OUTBOUND)
    assert not same_call(replace(SHOWN, alt_id="call-9"), OUTBOUND)


@pytest.mark.parametrize(
    "shown",
    [
        SHOWN,
        replace(SHOWN, status="completed"),
        replace(SHOWN, date="2026-11-23T15:00:00Z"),
        replace(SHOWN, date="2026-11-23T15:00:00.999Z"),
        replace(SHOWN, date="2026-11-23T16:00:00+01:00"),
        replace(SHOWN, date="2026-11-23T15:00:00"),
        replace(SHOWN, from_number=None, to_number=None),
    ],
    ids=str,
)
def test_the_same_direction_second_and_numbers_are_the_same_call(shown: CallMessage) -> None:
    assert same_call(shown, OUTBOUND)


@pytest.mark.parametrize(
    "shown",
    [
        replace(SHOWN, direction="inbound"),
        replace(SHOWN, direction=None),
        replace(SHOWN, date="2026-11-23T15:00:01.000Z"),
        replace(SHOWN, date=None),
        replace(SHOWN, date="yesterday"),
        replace(SHOWN, to_number="+14155550199"),
        replace(SHOWN, from_number="+14155550199"),
    ],
    ids=str,
)
def test_anything_else_is_another_call(shown: CallMessage) -> None:
    assert not same_call(shown, OUTBOUND)


@pytest.mark.parametrize(
    "body",
    [
        "Call back\nCall ID: a&b",
        "Call ID: a&b\r\nand more",
        "  Call  ID: a&b  ",
        "<p>Call back</p><p>Call ID: a&amp;b</p>",
        "x<br/>Call ID: a&b",
    ],
)
def test_a_line_is_found_as_text_or_as_markup(body: str) -> None:
    assert has_line(body, "Call ID: a&b")


@pytest.mark.parametrize("body", [None, "", "Call ID: a&bc", "the Call ID: a&b", "Call ID:\na&b"])
def test_a_part_of_a_line_is_no_line(body: str | None) -> None:
    assert not has_line(body, "Call ID: a&b")


words = st.text(st.characters(categories=["L", "Nd"]), min_size=1)


@given(st.lists(words), words, st.lists(words))
def test_a_line_is_found_wherever_it_stands(before: list[str], line: str, after: list[str]) -> None:
    assert has_line("\n".join([*before, line, *after]), line)
