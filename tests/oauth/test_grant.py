"""Requests for grants have the CRM's two forms; only what is wholly a grant becomes one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.grant import (
    Client,
    Grant,
    authorization_code,
    decode_installed,
    decode_minted,
    decode_refreshed,
    location_token,
    missing,
    refresh,
)
from oauth.refusal import MalformedGrantError
from oauth.standing import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = 1_790_000_000_000
OLD, V3 = Client("app-1", "s3cret"), Client("app-1", "s3cret", v3=True)
ANSWER: dict[str, Any] = {
    "access_token": "at-1",
    "token_type": "Bearer",
    "expires_in": 86399,
    "refresh_token": "rt-1",
    "scope": "contacts.readonly contacts.write",
    "userType": "Location",
    "companyId": "C1",
    "locationId": "L1",
    "userId": "U1",
    "planId": "P1",
}
SPELT_ANEW = {
    "accessToken": "at-1",
    "tokenType": "Bearer",
    "expiresIn": 86399,
    "refreshToken": "rt-1",
    **{name: ANSWER[name] for name in ("scope", "userType", "companyId", "locationId", "userId", "planId")},
}
BEFORE = decode_installed(orjson.dumps(ANSWER), now_ms=NOW - 1000)


def answer(*without: str, **other: Any) -> bytes:
    return orjson.dumps({name: value for name, value in {**ANSWER, **other}.items() if name not in without})


def test_a_code_is_exchanged_in_the_old_form_without_a_version() -> None:
    request = authorization_code(OLD, "c0de", redirect_uri="https://r/oauth/callback")
    assert (request.path, request.version) == ("/oauth/token", None)
    assert dict(parse_qsl(request.body.decode())) == {
        "client_id": "app-1",
        "client_secret": "s3cret",
        "grant_type": "authorization_code",
        "code": "c0de",
        "redirect_uri": "https://r/oauth/callback",
    }


def test_a_refresh_in_the_new_form_is_spelt_anew_and_says_its_version() -> None:
    request = refresh(V3, "rt+/=", kind=Kind.LOCATION)
    assert (request.path, request.version) == ("/oauth/token", "v3")
    assert dict(parse_qsl(request.body.decode())) == {
        "clientId": "app-1",
        "clientSecret": "s3cret",
        "grantType": "refresh_token",
        "refreshToken": "rt+/=",
        "userType": "Location",
    }


@pytest.mark.parametrize(
    ("v3", "path", "version"),
    [(False, "/oauth/locationToken", "2021-07-28"), (True, "/oauth/location-token", "v3")],
)
def test_a_sub_accounts_token_is_minted_where_its_version_has_it(v3: bool, path: str, version: str) -> None:  # noqa: FBT001 - a parameter of the test
    request = location_token("C1", "L1", v3=v3)
    assert (request.path, request.version) == (path, version)
    assert request.form == {"companyId": "C1", "locationId": "L1"}


def test_no_request_and_no_grant_shows_its_secrets() -> None:
    shown = repr([OLD, authorization_code(OLD, "c0de"), refresh(OLD, "rt-1", kind=Kind.LOCATION), BEFORE])
    assert not [secret for secret in ("s3cret", "c0de", "rt-1", "at-1") if secret in shown]


@pytest.mark.parametrize("spelt", [ANSWER, SPELT_ANEW], ids=["old", "v3"])
def test_either_spelling_is_read(spelt: dict[str, Any]) -> None:
    grant = decode_installed(orjson.dumps(spelt), now_ms=NOW)
    assert grant == Grant(
        kind=Kind.LOCATION,
        company_id="C1",
        location_id="L1",
        access_token="at-1",
        refresh_token="rt-1",
        obtained_ms=NOW,
        expires_ms=NOW + 86_399_000,
        scopes=("contacts.readonly", "contacts.write"),
        user_id="U1",
        extra={"planId": "P1"},
    )


def test_an_agencys_grant_speaks_for_the_agency() -> None:
    body = answer("locationId", userType="Company", isBulkInstallation=True, installToFutureLocations=True)
    grant = decode_installed(body, now_ms=NOW)
    assert (grant.kind, grant.id, grant.is_bulk, grant.future) == (Kind.COMPANY, "C1", True, True)


@pytest.mark.parametrize(
    "field",
    ["access_token", "token_type", "expires_in", "refresh_token", "scope", "userType", "companyId", "locationId"],
)
def test_an_installed_grant_lacks_nothing(field: str) -> None:
    with pytest.raises(MalformedGrantError):
        decode_installed(answer(field), now_ms=NOW)


@pytest.mark.parametrize(
    "other",
    [
        {"access_token": ""},
        {"access_token": "two words"},
        {"access_token": "line\nbreak"},
        {"access_token": "smörgås"},
        {"access_token": 7},
        {"access_token": "x" * 20_000},
        {"refresh_token": None},
        {"token_type": "mac"},
        {"expires_in": True},
        {"expires_in": "soon"},
        {"expires_in": []},
        {"userType": "User"},
        {"companyId": " "},
        {"scope": ["contacts.readonly"]},
        {"error": "invalid_grant"},
        {"statusCode": 429},
        {"statusCode": [429]},
    ],
    ids=str,
)
def test_a_field_that_cannot_be_what_it_is_makes_no_grant(other: dict[str, Any]) -> None:
    with pytest.raises(MalformedGrantError) as caught:
        decode_installed(answer(**other), now_ms=NOW)
    assert "at-1" not in str(caught.value)


@pytest.mark.parametrize(
    ("said", "life_s"), [(60, 60), (59.9, 59), ("3600", 3600), (0, 0), (-5, 0), (10**30, 366 * 86_400)]
)
def test_the_answer_says_how_long_it_is_good(said: object, life_s: int) -> None:
    body = orjson.dumps({**ANSWER, "expires_in": 1}).replace(b'"expires_in":1', b'"expires_in":' + _json(said))
    assert decode_installed(body, now_ms=NOW).expires_ms == NOW + life_s * 1000


def _json(value: object) -> bytes:
    return f'"{value}"'.encode() if isinstance(value, str) else str(value).encode()


def test_a_refresh_may_leave_out_what_does_not_change() -> None:
    body = orjson.dumps({"access_token": "at-2", "refresh_token": "rt-2"})
    grant = decode_refreshed(body, before=BEFORE, now_ms=NOW)
    assert (grant.kind, grant.id, grant.scopes, grant.extra) == (Kind.LOCATION, "L1", BEFORE.scopes, {"planId": "P1"})
    assert (grant.access_token, grant.refresh_token) == ("at-2", "rt-2")
    assert grant.expires_ms - NOW == BEFORE.expires_ms - BEFORE.obtained_ms


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_refresh_never_goes_on_with_the_old_tokens(name: str) -> None:
    with pytest.raises(MalformedGrantError):
        decode_refreshed(answer(name), before=BEFORE, now_ms=NOW)


@pytest.mark.parametrize("other", [{"locationId": "L2"}, {"companyId": "C2"}, {"userType": "Company"}], ids=str)
def test_a_grant_for_somebody_else_is_refused(other: dict[str, Any]) -> None:
    with pytest.raises(MalformedGrantError, match="another"):
        decode_refreshed(answer(**other), before=BEFORE, now_ms=NOW)
    with pytest.raises(MalformedGrantError, match="another"):
        decode_minted(answer(**other), company_id="C1", location_id="L1", now_ms=NOW)


def test_a_minted_grant_needs_no_refresh_token() -> None:
    body = answer("refresh_token", "userType", "companyId")
    grant = decode_minted(body, company_id="C1", location_id="L1", now_ms=NOW)
    assert (grant.kind, grant.company_id, grant.id, grant.refresh_token) == (Kind.LOCATION, "C1", "L1", None)


def test_a_grant_comes_back_from_where_it_was_kept() -> None:
    assert Grant.from_json(BEFORE.to_json()) == BEFORE


json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ANSWER, "error", "x"]), inner),
    max_leaves=12,
)


@given(json)
def test_whatever_json_comes_it_is_a_grant_or_malformed(body: object) -> None:
    raw = orjson.dumps(body)
    decoders: tuple[Callable[[], Grant], ...] = (
        partial(decode_installed, raw, now_ms=NOW),
        partial(decode_refreshed, raw, before=BEFORE, now_ms=NOW),
        partial(decode_minted, raw, company_id="C1", location_id="L1", now_ms=NOW),
    )
    for decode in decoders:
        try:
            grant = decode()
        except MalformedGrantError:
            continue
        assert isinstance(body, dict)
        assert grant.access_token == body["access_token"]


@given(st.binary(max_size=60))
def test_whatever_bytes_come_they_are_no_grant(body: bytes) -> None:
    with pytest.raises(MalformedGrantError):
        decode_installed(body, now_ms=NOW)


@given(st.floats(0, 1), st.integers(1, 10**9))
def test_it_is_refreshed_before_it_ends_and_after_most_of_its_life(spread: float, life_ms: int) -> None:
    grant = Grant.from_json(BEFORE.to_json().replace(str(BEFORE.expires_ms), str(BEFORE.obtained_ms + life_ms)))
    ahead_ms = grant.refresh_from_ms(spread) - grant.obtained_ms
    assert 0.74 * life_ms - 1 <= ahead_ms <= 0.9 * life_ms
    assert grant.usable_until_ms <= grant.expires_ms


def test_what_is_missing_is_said_by_feature() -> None:
    needed = {"contacts.readonly": "find the contact", "workflows.readonly": "list workflows"}
    assert missing(("contacts.readonly", "other"), needed) == {"workflows.readonly": "list workflows"}
