"""Who signed a body."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from connector.crm_events.key import CRM_KEY
from connector.crm_events.verify import public_keys, verify
from mappings.payload.request import UnverifiedError

BODY = b'{"type": "INSTALL"}'
SECRET = Ed25519PrivateKey.generate()
PUBLIC = SECRET.public_key()
OTHER = Ed25519PrivateKey.generate()


def signed(body: bytes = BODY, key: Ed25519PrivateKey = SECRET) -> str:
    return base64.b64encode(key.sign(body)).decode()


def written(form: str) -> str:
    """The public key as an operator may have it."""
    pem = PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    der = base64.b64encode(PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode()
    raw = base64.b64encode(PUBLIC.public_bytes_raw()).decode()
    return {"pem": pem, "escaped": pem.replace("\n", "\\n"), "der": der, "raw": raw, "spaced": f" {raw}\n"}[form]


@pytest.mark.parametrize("form", ["pem", "escaped", "der", "raw", "spaced"])
def test_a_key_can_be_written_in_each_usual_form(form: str) -> None:
    verify(public_keys([written(form)]), signed(), BODY)


def test_the_crms_own_key_is_the_one_of_the_facts() -> None:
    (key,) = public_keys([CRM_KEY])
    assert key.public_bytes_raw().hex() == "8b61d1d6cacbe28d7c3bc0516bb815258ec6edbba96cddc7f40c09ac708388e8"


@pytest.mark.parametrize(
    "text", ["", "no key", "AAAA", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "é"]
)
def test_what_is_no_key_is_refused_by_its_number(text: str) -> None:
    with pytest.raises(ValueError, match="key 2 is no Ed25519 public key"):
        public_keys([CRM_KEY, text])


def test_an_rsa_key_is_none() -> None:
    rsa = generate_private_key(65537, 2048).public_key()
    with pytest.raises(ValueError, match="Ed25519"):
        public_keys([rsa.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()])


def test_any_of_the_keys_will_do() -> None:
    verify([OTHER.public_key(), PUBLIC], signed(), BODY)


def test_no_key_no_entry() -> None:
    with pytest.raises(UnverifiedError):
        verify([], signed(), BODY)


@pytest.mark.parametrize("absent", [None, "", "N/A", " N/A "])
def test_no_signature_is_no_entry(absent: str | None) -> None:
    with pytest.raises(UnverifiedError, match="there is no X-GHL-Signature"):
        verify([PUBLIC], absent, BODY)


@pytest.mark.parametrize(
    "wrong",
    [
        signed(key=OTHER),
        signed(BODY + b" "),
        signed()[:-4],
        f"{signed()}, {signed()}",
        signed().replace("=", ""),
        base64.b64encode(b"short").decode(),
    ],
    ids=["of another key", "of another body", "cut", "twice", "without padding", "short"],
)
def test_a_wrong_signature_is_no_entry(wrong: str) -> None:
    with pytest.raises(UnverifiedError):
        verify([PUBLIC], wrong, BODY)


@given(st.text(), st.binary())
def test_no_header_breaks_it(header: str, body: bytes) -> None:
    with pytest.raises(UnverifiedError):
        verify([PUBLIC], header, body)


@given(st.binary(min_size=1), st.data())
def test_every_byte_counts(body: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(body) - 1))
    other = bytes([body[at] ^ data.draw(st.integers(1, 255))])
    with pytest.raises(UnverifiedError):
        verify([PUBLIC], signed(body), body[:at] + other + body[at + 1 :])
