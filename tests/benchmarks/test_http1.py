"""Where one HTTP message ends."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.http1 import answer, content_length, first_message


@given(st.binary(max_size=300), st.binary(max_size=50))
def test_the_first_of_two_messages_is_found(payload: bytes, rest: bytes) -> None:
    whole = answer(b"200 OK", payload)
    body, end = first_message(whole + rest)
    assert (whole + rest)[body:end] == payload


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_message_that_is_not_whole_is_not_found(payload: bytes, data: st.DataObject) -> None:
    whole = answer(b"200 OK", payload)
    cut = data.draw(st.integers(0, len(whole) - 1))
    assert first_message(whole[:cut]) == (0, 0)


def test_the_length_is_read_whatever_its_case() -> None:
    assert content_length(b"POST / HTTP/1.1\r\nHost: x\r\nCONTENT-length: 12\r\nA: b") == 12


def test_a_head_without_a_length_has_no_body() -> None:
    assert content_length(b"GET / HTTP/1.1\r\nHost: x") == 0
