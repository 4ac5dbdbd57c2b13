"""Proofs hold for who knows the secret, and for nobody else."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.payload import signing
from mappings.payload.request import Credentials, Request, UnverifiedError

SECRET = "correct horse"


def request(**headers: str) -> Request:
    return Request(method="POST", url="https://crm.example.com/h", headers=headers, body=b"{}", received_ms=1_000_000)


def login(text: str) -> str:
    return f"Basic {b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("authorization", "secrets"),
    [
        (f"Bearer {SECRET}", (SECRET,)),
        (f"bearer   {SECRET}", ("new", SECRET)),
        (login(f"anyone:{SECRET}"), (SECRET,)),
        (login("user:pass"), ("user:pass",)),
        (login("user:pa:ss"), ("pa:ss",)),
        ("Bearer \u00e9t\u00e9", ("\u00e9t\u00e9",)),
    ],
)
def test_who_knows_a_secret_gets_in(authorization: str, secrets: tuple[str, ...]) -> None:
    signing.verify_unsigned(request(authorization=authorization), Credentials(secrets))


def test_the_key_of_the_secret_path_is_a_proof() -> None:
    signing.verify_unsigned(request(), Credentials(("old", SECRET), path_key=SECRET))


@pytest.mark.parametrize(
    ("authorization", "secrets", "path_key"),
    [
        (None, (SECRET,), None),
        (None, (SECRET,), ""),
        (None, (SECRET,), "wrong"),
        (None, ("",), ""),
        (None, (), "anything"),
        ("Bearer ", ("",), None),
        ("Bearer", (SECRET,), None),
        ("", (SECRET,), SECRET),
        ("Bearer wrong", (SECRET,), SECRET),
        ("Digest " + SECRET, (SECRET,), None),
        (login("user:other"), ("user:pass",), None),
        (login(":"), ("",), None),
        (login("user"), ("pass",), None),
        ("Basic %%%", (SECRET,), None),
        ("Basic \u00e9", (SECRET,), None),
        ("Bearer \ud800", (SECRET,), None),
    ],
)
def test_who_does_not_is_refused(authorization: str | None, secrets: tuple[str, ...], path_key: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    with pytest.raises(UnverifiedError):
        signing.verify_unsigned(request(**headers), Credentials(secrets, path_key=path_key))


def test_the_header_made_of_a_secret_is_accepted() -> None:
    signing.verify_unsigned(request(authorization=signing.basic(SECRET)), Credentials((SECRET,)))


@pytest.mark.parametrize("timestamp", ["700", "1000", "1300"])
def test_a_timestamp_within_the_window_is_fresh(timestamp: str) -> None:
    signing.require_fresh(timestamp, request(), Credentials((SECRET,)))


@pytest.mark.parametrize(
    "timestamp", ["699", "1301", "", "x", "-1000", "1e3", "\u0661\u0660\u0660\u0660", "9" * 13, "\ud800"]
)
def test_any_other_timestamp_is_refused(timestamp: str) -> None:
    with pytest.raises(UnverifiedError):
        signing.require_fresh(timestamp, request(), Credentials((SECRET,)))


def test_the_window_is_configurable() -> None:
    signing.require_fresh("1", request(), Credentials((SECRET,), window_s=999))


@given(st.text(), st.text())
def test_same_is_equality(one: str, other: str) -> None:
    assert signing.same(one, other) is (one == other)


@given(st.text(st.characters(), max_size=40))
def test_no_header_raises_anything_else(header: str) -> None:
    with pytest.raises(UnverifiedError):
        signing.verify_unsigned(request(authorization=header), Credentials((SECRET,)))
