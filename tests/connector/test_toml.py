"""What is written as TOML is read again as it was."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.toml import to_toml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SCALARS = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | TEXTS
DOCUMENTS = st.dictionaries(
    TEXTS,
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
        max_leaves=12,
    ),
    max_size=5,
)


@given(DOCUMENTS)
def test_every_document_comes_back(document: dict[str, Any]) -> None:
    assert tomllib.loads(to_toml(document)) == document


@pytest.mark.parametrize("text", ["\x7f", "\x00", '"', "\\", "\n", "\u2028", "'''", "é", "a.b", ""])
def test_odd_texts_come_back_as_keys_and_as_values(text: str) -> None:
    assert tomllib.loads(to_toml({text: text})) == {text: text}


def test_no_value_is_written_as_a_word() -> None:
    assert to_toml({"a": None}) == 'a = "none"\n'


def test_it_reads_like_written_by_hand() -> None:
    document = {"a": 1, "t": {"x": {"w": 60}, "y": {}}, "list": ["b", 2.5, True], "rules": [{"n": 1}, {"n": 2}]}
    assert to_toml(document) == (
        'a = 1\nlist = ["b", 2.5, true]\n\n[t]\n\n[t.x]\nw = 60\n\n[t.y]\n\n[[rules]]\nn = 1\n\n[[rules]]\nn = 2\n'
    )
