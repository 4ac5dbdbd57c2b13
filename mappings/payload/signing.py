"""Proofs that a request knows a secret: HMACs, bearer tokens, basic auth, secret paths.

All comparisons are in constant time and over bytes, so that no header can raise anything but
UnverifiedError. Empty secrets prove nothing: without a configured secret nobody gets in.
"""

from __future__ import annotations

import binascii
import hmac
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from mappings.payload.request import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.payload.request import Credentials, Request


_MOST_ITEMS = 20


def as_bytes(text: str) -> bytes:
    """UTF-8 of any text, lone surrogates (bytes of a header that were no UTF-8) included."""
    return text.encode("utf-8", "surrogatepass")


def same(given: str, expected: str) -> bool:
    """Whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(as_bytes(given), as_bytes(expected))


def secrets(credentials: Credentials) -> Iterator[bytes]:
    """The configured secrets as bytes, newest first, empty ones left out."""
    return (as_bytes(secret) for secret in credentials.secrets if secret)


def hmac_hex(secret: bytes, message: bytes, algorithm: str = "sha256") -> str:
    """HMAC in lower-case hexadecimal."""
    return hmac.digest(secret, message, algorithm).hex()


def hmac_base64(secret: bytes, message: bytes, algorithm: str = "sha256") -> str:
    """HMAC in base64, padded."""
    return b64encode(hmac.digest(secret, message, algorithm)).decode("ascii")


def require(proven: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence: require(same(a, b), "the signature")
    """Nothing if proven.

    Raises:
        UnverifiedError: it is not.
    """
    if not proven:
        raise UnverifiedError(f"{what} does not hold")


def require_fresh(timestamp: str, request: Request, credentials: Credentials) -> None:
    """Nothing if a signed timestamp (Unix seconds, decimal) is within the replay window, either way.

    Raises:
        UnverifiedError: it is not a number, or outside the window.
    """
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):  # noqa: PLR2004 - 30 000 years
        raise UnverifiedError("the timestamp is not a number of seconds")
    if abs(request.received_ms - int(timestamp) * 1000) > credentials.window_s * 1000:
        raise UnverifiedError("the timestamp is outside the window")


def verify_stamped(header: str, request: Request, credentials: Credentials) -> None:
    """Nothing if `t=<unix seconds>,v1=<hex>[,v1=<hex>]` holds: HMAC-SHA256 over `<t>.<raw body>`, within the window.

    Items of other names are skipped.

    Raises:
        UnverifiedError: it does not, or has no timestamp, or several.
    """
    items = [item.strip().partition("=") for item in header.split(",")[:_MOST_ITEMS]]
    stamps = [value for name, _, value in items if name == "t"]
    if len(stamps) != 1:
        raise UnverifiedError("the signature has no timestamp, or several")
    require_fresh(stamps[0], request, credentials)
    message = b"%b.%b" % (stamps[0].encode("ascii"), request.body)
    given = [as_bytes(value) for name, _, value in items if name == "v1"]
    expected = [hmac_hex(secret, message).encode() for secret in secrets(credentials)]
    require(any(hmac.compare_digest(one, right) for one in given for right in expected), "the signature")


def verify_unsigned(request: Request, credentials: Credentials) -> None:
    """The proof of a trunk that cannot sign: a bearer token, basic auth, or the secret in the path.

    An Authorization header that is present must hold; the path is not asked then.

    Raises:
        UnverifiedError: none of these proves a configured secret.
    """
    authorization = request.headers.get("authorization")
    if authorization is None:
        key = credentials.path_key
        require(bool(key) and _is_secret(credentials, key or ""), "the secret path")
        return
    scheme, _, given = authorization.strip().partition(" ")
    match scheme.lower():
        case "bearer":
            require(_is_secret(credentials, given.strip()), "the bearer token")
        case "basic":
            require(_is_login(credentials, given.strip()), "basic auth")
        case _:
            raise UnverifiedError("the Authorization header is neither bearer nor basic")


def _is_secret(credentials: Credentials, given: str) -> bool:
    found = False
    for secret in secrets(credentials):  # all of them, so that the time does not tell which one it was
        found |= hmac.compare_digest(as_bytes(given), secret)
    return found


def _is_login(credentials: Credentials, given: str) -> bool:
    """Whether `user:password` in base64 is a secret, which may be written whole or as the password alone."""
    try:
        login = b64decode(as_bytes(given), validate=True)
    except binascii.Error:
        return False
    password = login.partition(b":")[2]
    found = False
    for secret in secrets(credentials):
        found |= hmac.compare_digest(login, secret) | hmac.compare_digest(password, secret)
    return found


def basic(secret: str) -> str:
    """The Authorization header for a secret written as `user:password` or as the password alone."""
    login = secret if ":" in secret else f"ringback:{secret}"
    return f"Basic {b64encode(as_bytes(login)).decode('ascii')}"
