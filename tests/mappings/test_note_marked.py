"""Whether a note is one of ours, whichever call's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.note import has_marker, is_marked, marker


@pytest.mark.parametrize(
    "body",
    [
        "Outbound call · Connected\nCall ID: 4f1c",
        "Call ID: 4f1c\n\n",
        "<p>Outbound call</p><p>Call ID: 4f1c</p>",
        "Callback\nCall ID: 4f1c (task:callback#1)",
    ],
)
def test_a_note_that_ends_in_a_marker_is_ours(body: str) -> None:
    assert is_marked(body)


@pytest.mark.parametrize("body", ["", "Call ID:", "Call ID: 4f1c\nWants a quote", "See Call ID: 4f1c", "call id: 4f1c"])
def test_all_others_are_a_persons(body: str) -> None:
    assert not is_marked(body)


@given(st.text(min_size=1), st.text())
def test_what_has_a_calls_marker_is_marked(call_id: str, text: str) -> None:
    body = f"{text}\n{marker(call_id)}"
    assert is_marked(body) or not has_marker(body, call_id) or marker(call_id) == marker("")
