"""Standard Webhooks signatures."""

from __future__ import annotations

import hmac
from base64 import b64encode

import pytest

from mappings.payload import standard_webhooks
from mappings.payload.request import Credentials, Request, UnverifiedError
from tests.mappings.shared import ABSENT, vectors

PUBLISHED = vectors("standardwebhooks__vectors.json")
published = pytest.mark.skipif(not PUBLISHED, reason=ABSENT)

# Made with the scheme's own steps: HMAC-SHA256 over "msg_1.1777896000.{}" with the 24 bytes 0..23 as its key.
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
SIGNED_S = 1_777_896_000


def sign(message_id: str = "msg_1", body: bytes = b"{}") -> str:
    mac = hmac.digest(bytes(range(24)), f"{message_id}.{SIGNED_S}.".encode() + body, "sha256")
    return f"v1,{b64encode(mac).decode()}"


def request(signature: str, *, prefix: str = "webhook", at_s: int = SIGNED_S, without: str = "") -> Request:
    headers = {f"{prefix}-id": "msg_1", f"{prefix}-timestamp": str(SIGNED_S), f"{prefix}-signature": signature}
    headers.pop(f"{prefix}-{without}", None)
    return Request(method="POST", url="https://crm.example.com/h", headers=headers, body=b"{}", received_ms=at_s * 1000)


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_a_signature_holds_under_either_prefix(prefix: str) -> None:
    standard_webhooks.verify(request(sign(), prefix=prefix), Credentials((SECRET,)))


def test_one_good_signature_among_others_is_enough() -> None:
    standard_webhooks.verify(request(f"v1a,x v2,y v1,AAAA {sign()}"), Credentials(("old", SECRET)))


@pytest.mark.parametrize("secret", [SECRET, SECRET.removeprefix("whsec_")])
def test_a_secret_may_lack_its_prefix(secret: str) -> None:
    standard_webhooks.verify(request(sign()), Credentials((secret,)))


@pytest.mark.parametrize(
    "signature", ["", "v1", "v1,", "v1,a,b", "v2" + sign()[2:], sign()[:-1], sign("msg_2"), "\ud800", "v1,\u00e9"]
)
def test_any_other_signature_is_refused(signature: str) -> None:
    with pytest.raises(UnverifiedError):
        standard_webhooks.verify(request(signature), Credentials((SECRET,)))


@pytest.mark.parametrize("at_s", [SIGNED_S - 301, SIGNED_S + 301])
def test_a_signature_outside_the_window_is_refused(at_s: int) -> None:
    with pytest.raises(UnverifiedError, match="window"):
        standard_webhooks.verify(request(sign(), at_s=at_s), Credentials((SECRET,)))


@pytest.mark.parametrize("name", ["id", "timestamp"])
def test_a_missing_header_is_refused(name: str) -> None:
    with pytest.raises(UnverifiedError, match="missing"):
        standard_webhooks.verify(request(sign(), without=name), Credentials((SECRET,)))


def test_a_secret_that_is_no_base64_is_the_key_itself() -> None:
    assert standard_webhooks.key(b"whsec_not base64!") == b"not base64!"


def test_nothing_configured_refuses_all() -> None:
    with pytest.raises(UnverifiedError):
        standard_webhooks.verify(request(sign()), Credentials(("",)))


@published
def test_the_published_signature_holds() -> None:
    first = PUBLISHED[0]
    given = Request(
        method="POST",
        url="https://crm.example.com/h",
        headers=first["headers"],
        body=first["raw_body"].encode(),
        received_ms=int(first["headers"]["webhook-timestamp"]) * 1000,
    )
    standard_webhooks.verify(given, Credentials((first["secret"],)))


@published
@pytest.mark.parametrize("vector", PUBLISHED[1:-1], ids=lambda vector: vector["name"])
def test_the_published_variants_hold_or_do_not(vector: dict[str, object]) -> None:
    first = PUBLISHED[0]
    changed = vector["headers"]
    assert isinstance(changed, dict)
    given = Request(
        method="POST",
        url="https://crm.example.com/h",
        headers=first["headers"] | changed,
        body=first["raw_body"].encode(),
        received_ms=int(first["headers"]["webhook-timestamp"]) * 1000,
    )
    if vector["expect_valid"]:
        standard_webhooks.verify(given, Credentials((first["secret"],)))
    else:
        with pytest.raises(UnverifiedError):
            standard_webhooks.verify(given, Credentials((first["secret"],)))


@published
def test_published_secrets_without_padding_are_read() -> None:
    keys = [standard_webhooks.key(secret.encode()) for secret in PUBLISHED[-1]["secrets"]]
    assert [len(key) for key in keys] == [24, 23, 25]
