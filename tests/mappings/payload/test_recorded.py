"""A file's bytes as a request."""

from __future__ import annotations

import pytest

from mappings.payload.recorded import recorded


@pytest.mark.parametrize("raw", [b"/hook?a=1&b=2", b"/hook?a=1&b=2\n", b"GET /hook?a=1&b=2 HTTP/1.1\r\n"])
def test_a_request_target_is_a_get(raw: bytes) -> None:
    request = recorded(raw, 5)
    assert (request.method, request.query, request.body, request.received_ms) == ("GET", "a=1&b=2", b"", 5)


@pytest.mark.parametrize("raw", [b'{"a": "/b"}', b"a=/b", b"Event: x\n/y?z\n", b"", b"\xff"])
def test_anything_else_is_a_post_of_those_bytes(raw: bytes) -> None:
    request = recorded(raw, 5)
    assert (request.method, request.body, dict(request.headers)) == ("POST", raw, {})


@pytest.mark.parametrize("raw", [b"/hook?a=1", b"{}"])
def test_a_recorded_request_says_that_it_was_read_from_a_file(raw: bytes) -> None:
    assert recorded(raw, 5).recorded
