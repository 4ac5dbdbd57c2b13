"""The CRM's encrypted word on who is signed in: read as it was made, and nothing else is."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oauth.sso import LONGEST, CrmUser, SsoError, sealed_user
from tests.frame import SHARED, payload, sealed, told

# Made with: openssl enc -aes-256-cbc -md md5 -pass pass:shared-word-of-the-app -base64 -A -salt
BY_OPENSSL = (
    "U2FsdGVkX19KChfHrAxlsUWoOCA4ZO1WCHAe5kTd1U1G4CjYpjU0FIcqnwgR7LSr8XgeuTz/brHSZ4zD9SspbXLkbW0c7YAcUMmjNik+yVHf"
    "L3trxKC+sHjdTOaF3qqcrOCmRJoyucZQMHZwXLmcnsMRQ8S9kW+F6bH+qNUhNh6QPXFpa8pgJv0GkSJilo80gOhgSFk81YUBZjig0YLr/33G"
    "DEDMA0FJi7rVlfdj3cLle3TuM36RS3zBPXanUnOo"
)
CRYPTO_JS = Path(__file__).parents[2] / ".." / "shared" / "facts" / "gohighlevel-sso-vector.json"


def read(given: str, secret: str = SHARED) -> CrmUser:
    return sealed_user(given).open(secret)


def test_what_openssl_encrypted_is_read() -> None:
    assert read(BY_OPENSSL) == CrmUser(
        id="usr7Kq",
        role="user",
        level="location",
        company="agn3Lw",
        location="locPq9",
        name="Zoë Example",
        email="zoe@example.com",
    )


@pytest.mark.skipif(not CRYPTO_JS.exists(), reason="the vector of crypto-js lies beside the project; it is not here")
def test_what_crypto_js_encrypted_is_read() -> None:
    vector = json.loads(CRYPTO_JS.read_text())
    found, expected = read(vector["payload_b64"], vector["shared_secret"]), json.loads(vector["plaintext"])
    assert (found.id, found.company, found.location) == (
        expected["userId"],
        expected["companyId"],
        expected["activeLocation"],
    )


@pytest.mark.parametrize("name", ["companyId", "activeLocation", "userName", "email"])
@pytest.mark.parametrize("empty", ["", None])
def test_what_the_crm_leaves_empty_or_out_is_not_known(name: str, empty: str | None) -> None:
    field = {"companyId": "company", "activeLocation": "location", "userName": "name", "email": "email"}[name]
    assert getattr(read(payload(told(**{name: empty}))), field) is None


def test_fields_that_the_crm_adds_are_passed_over() -> None:
    assert read(payload(told(isAgencyOwner=True))).id == "user1"


@pytest.mark.parametrize(
    "user",
    [
        told(userId=None),
        told(userId=""),
        told(userId=7),
        told(userId="../x"),
        told(userId="u" * 65),
        told(role="owner"),
        told(role=None),
        told(type="account"),
        told(type=None),
        told(activeLocation={"$ne": ""}),
        told(activeLocation="LOC/../OTHER"),
        told(companyId=["AG"]),
        told(userName=1),
        [told()],
        "user1",
        b"null",
        b"{",
        b"",
        b"\xff\xfe",
    ],
    ids=repr,
)
def test_what_tells_nobody_is_refused(user: Any) -> None:
    with pytest.raises(SsoError):
        read(payload(user))


FORGED = {
    "empty": "",
    "no base64": "§",
    "blanks in it": BY_OPENSSL[:20] + " " + BY_OPENSSL[20:],
    "no salt": base64.b64encode(b"x" * 48).decode(),
    "nothing encrypted": base64.b64encode(b"Salted__12345678").decode(),
    "part of a block": base64.b64encode(b"Salted__12345678" + b"x" * 17).decode(),
    "too long": base64.b64encode(b"Salted__12345678" + b"x" * LONGEST).decode(),
    "another secret": payload(secret="another"),
    "no padding": sealed(b"x" * 32, padded=False),
}


@pytest.mark.parametrize("name", FORGED)
def test_all_that_is_wrong_with_one_reads_the_same(name: str) -> None:
    with pytest.raises(SsoError) as refused:
        read(FORGED[name])
    assert (str(refused.value), refused.value.__cause__) == (SsoError.__doc__, None)


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(b"Salted__" + raw).decode()))
def test_nothing_but_a_refusal_comes_of_anything_else(given: str) -> None:
    with pytest.raises(SsoError):
        read(given)


@given(st.binary(min_size=8, max_size=8), st.text(min_size=1, max_size=40))
def test_any_salt_and_any_secret_do(salt: bytes, secret: str) -> None:
    given = payload(salt=salt, secret=secret)
    assert (sealed_user(given).salt, read(given, secret).id) == (salt, "user1")


def test_no_bit_that_is_changed_on_the_way_makes_somebody_more() -> None:
    """CBC lets whoever has a payload change a character of the next block at the cost of one block of noise."""
    raw = base64.b64decode(payload(salt=b"12345678"))
    before = read(payload(salt=b"12345678"))
    for place in range(16 * 8, len(raw) * 8):
        changed = bytearray(raw)
        changed[place // 8] ^= 1 << place % 8
        try:
            after = read(base64.b64encode(changed).decode())
        except SsoError:
            continue
        assert (after.role, after.level, after.location, after.company) == (
            before.role,
            before.level,
            before.location,
            before.company,
        )


def test_what_is_encrypted_is_not_shown() -> None:
    assert "ciphertext" not in repr(sealed_user(BY_OPENSSL))
