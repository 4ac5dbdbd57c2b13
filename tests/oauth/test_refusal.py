"""What the CRM's refusals mean, and that they show no secret."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.refusal import (
    GrantError,
    InactiveError,
    MisconfiguredError,
    RefusedGrantError,
    is_later,
    is_success,
    refusal,
    said,
)


@pytest.mark.parametrize(
    ("status", "body", "meaning"),
    [
        (400, {"message": "Location is not active"}, InactiveError),
        (400, {"statusCode": 400, "message": ["Location is not active"]}, InactiveError),
        (400, {"error": "invalid_grant", "error_description": "This refresh token is invalid"}, RefusedGrantError),
        (401, {"message": "Invalid JWT", "error": "Unauthorized"}, RefusedGrantError),
        (422, {"message": ["code has been used"]}, RefusedGrantError),
        (400, {"message": "words nobody has seen"}, RefusedGrantError),
        (400, None, RefusedGrantError),
        (400, {"error": {"code": 400, "message": "Refresh token expired"}}, RefusedGrantError),
        (401, {"error": "invalid_client"}, MisconfiguredError),
        (401, {"message": "Invalid client: client credentials are invalid"}, MisconfiguredError),
        (401, {"message": "version header was not found."}, MisconfiguredError),
        (422, {"message": ["property foo should not exist"]}, MisconfiguredError),
        (400, {"message": "Invalid grant: redirect URI does not match"}, MisconfiguredError),
        (400, {"message": "Missing parameter: clientId"}, MisconfiguredError),
        (404, {"message": "Cannot POST /oauth/token"}, MisconfiguredError),
        (415, {}, MisconfiguredError),
    ],
)
def test_a_refusal_is_of_one_kind(status: int, body: object, meaning: type[GrantError]) -> None:
    error = refusal(status, b"" if body is None else orjson.dumps(body))
    assert type(error) is meaning
    assert error.status == status


@pytest.mark.parametrize("status", [200, 201, 204])
def test_only_a_2xx_may_hold_a_grant(status: int) -> None:
    assert is_success(status)


@pytest.mark.parametrize("status", [301, 302, 408, 429, 500, 502, 503, 504, 599])
def test_what_says_nothing_about_the_grant_is_for_later(status: int) -> None:
    assert is_later(status)
    assert not is_success(status)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_not_for_later(status: int) -> None:
    assert not is_later(status)


def test_what_was_sent_is_not_repeated() -> None:
    body = orjson.dumps({"message": "refresh token rt-secret-1 of client abcd is unknown"})
    assert said(body, hide=("rt-secret-1", "")) == "refresh token *** of client abcd is unknown"


def test_what_looks_like_a_token_is_not_shown_whoever_sent_it() -> None:
    body = orjson.dumps(
        {"message": "token eyJhbGciOiJI.eyJhdXRoQ2xhc3Mi.PCuaCF4BFHoOTwacYC4Q49 of 3f0c9a52-6f7d-4b6e-9a3c"}
    )
    assert said(body) == "token *** of 3f0c9a52-6f7d-4b6e-9a3c"


def test_words_are_one_line_and_not_too_long() -> None:
    words = said(orjson.dumps({"message": "a\n b\r\n" + "c " * 1000}))
    assert words.startswith("a b c c")
    assert len(words) == 300


@given(st.integers(400, 499), st.binary(max_size=40) | st.builds(orjson.dumps, st.dictionaries(st.text(), st.text())))
def test_every_refusal_has_a_meaning(status: int, body: bytes) -> None:
    assert isinstance(refusal(status, body), InactiveError | RefusedGrantError | MisconfiguredError)
