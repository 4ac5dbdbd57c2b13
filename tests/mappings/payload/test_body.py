"""Bodies are told apart by their first byte, and what cannot be read is not understood."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.payload import body
from mappings.payload.request import NotUnderstoodError, Request


def post(raw: bytes) -> Request:
    return Request(method="POST", url="https://crm.example.com/h", headers={}, body=raw, received_ms=0)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b'\xef\xbb\xbf {"a": 1}\n', {"a": 1}),
        (b'[{"a": 1}]', {"a": 1}),
        (b'[[{"a": 1}]]', {"a": 1}),
        (b'[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
        (b'{"a":nan, "b":[-nan,NaN]}', {"a": None, "b": [None, None]}),
        (b'{"a": [1, 2, ], }', {"a": [1, 2]}),
        (b'{"a": "nan, }", "b\\"": nan,}', {"a": "nan, }", 'b"': None}),
        (b"a=1&b=two%20words&c=a+b&d=&e", {"a": "1", "b": "two words", "c": "a b", "d": "", "e": ""}),
        (b"a=&a=1&a=2", {"a": "1"}),
        (b"To=+12025550101&Name=+x", {"To": "+12025550101", "Name": " x"}),
        (b"n=caf%C3%A9&bad=%FF", {"n": "caf\u00e9", "bad": "\ufffd"}),
        (b"a=1\nb=x=y\r\n", {"a": "1", "b": "x=y"}),
        (b"A-B: 1\nC: x=y\nD:\nA-B: 2\n", {"A-B": "1", "C": "x=y"}),
    ],
)
def test_a_body_is_read_as_what_it_is(raw: bytes, value: Any) -> None:
    assert body.value(post(raw)) == value


def test_a_get_is_read_from_its_query() -> None:
    request = Request(
        method="GET", url="https://crm.example.com/h?To=%2B1202&x=1#y", headers={}, body=b"{}", received_ms=0
    )
    assert body.value(request) == {"To": "+1202", "x": "1"}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b" \n",
        b"\xef\xbb\xbf",
        b"{",
        b'{"a": 1',
        b'{"a": nano}',
        b'{"a": Infinity}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"{'a': 1}",
        b'{"a": 1}\n{"a": 2}',
        b"<cdr/>",
        b"[" * 100_000,
        b'{"a":' * 2000 + b"1" + b"}" * 2000,
        b"&".join([b"a=1"] * 1001),
        b"no\nname\n",
    ],
)
def test_what_cannot_be_read_is_not_understood(raw: bytes) -> None:
    with pytest.raises(NotUnderstoodError):
        body.value(post(raw))


@pytest.mark.parametrize("raw", [b"[]", b"[1]", b"null", b"[{}, 1]", b'"text"'])
def test_what_holds_no_objects_is_not_understood(raw: bytes) -> None:
    with pytest.raises(NotUnderstoodError, match="not a JSON object"):
        body.objects(body.json_value(raw))


def test_several_objects_are_not_one_set_of_fields() -> None:
    with pytest.raises(NotUnderstoodError, match="not one set of fields"):
        body.fields(post(b"[{}, {}]"))


def test_a_form_keeps_repeated_and_empty_fields_for_signatures() -> None:
    assert body.pairs("b=2&a=&b=1&&c") == [("b", "2"), ("a", ""), ("b", "1"), ("c", "")]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=10),
    lambda inner: st.lists(inner, min_size=2, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=10,
)


@given(json_values)
def test_a_repair_leaves_sound_json_as_it_is(value: Any) -> None:
    raw = json.dumps({"whole": value}, ensure_ascii=False).encode()
    assert body.json_value(raw[:-1] + b",}") == {"whole": value}


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_not_understood(raw: bytes) -> None:
    try:
        body.value(post(raw))
    except NotUnderstoodError:
        return


@given(st.text(st.sampled_from("a%+2BfF\u00e9 0\ud8003cg"), max_size=12))
def test_a_forms_value_is_unescaped_as_forms_are(escaped: str) -> None:
    assert body.pairs(f"a={escaped}") == [("a", unquote_plus(escaped, errors="replace"))]


def test_a_body_of_very_many_lines_is_not_read() -> None:
    with pytest.raises(NotUnderstoodError, match="too many lines"):
        body.value(post(b"a=b\n" + b"a=b\r" * 2001 + b"a=b"))


def test_a_request_tells_of_a_bounded_number_of_calls() -> None:
    assert len(body.objects([{}] * 500)) == 500
    with pytest.raises(NotUnderstoodError, match="501 objects"):
        body.objects([{}] * 501)
