"""Standard Webhooks signatures (github.com/standard-webhooks/standard-webhooks, "Signature scheme").

Headers `webhook-id`, `webhook-timestamp` (Unix seconds) and `webhook-signature`: signatures separated by
spaces, each `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Older senders say `svix-` instead
of `webhook-`.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING

from mappings.payload import signing
from mappings.payload.request import UnverifiedError

if TYPE_CHECKING:
    from mappings.payload.request import Credentials, Request

PREFIXES = ("webhook", "svix")


def is_signed(request: Request) -> bool:
    """Whether the request claims to be signed in this way."""
    return any(f"{prefix}-signature" in request.headers for prefix in PREFIXES)


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if one of the v1 signatures holds for one of the secrets; unknown versions are skipped.

    Raises:
        UnverifiedError: no signature holds, a header is missing, or the timestamp is outside the window.
    """
    prefix = next((prefix for prefix in PREFIXES if f"{prefix}-signature" in request.headers), PREFIXES[0])
    try:
        message_id, timestamp, given = (
            request.headers[f"{prefix}-{name}"] for name in ("id", "timestamp", "signature")
        )
    except KeyError as error:
        raise UnverifiedError(f"the header {error} is missing") from error
    signing.require_fresh(timestamp, request, credentials)
    message = signing.as_bytes(f"{message_id}.{timestamp}.") + request.body
    expected = [f"v1,{signing.hmac_base64(key(s), message)}" for s in signing.secrets(credentials)]
    proven = any(signing.same(one, right) for one in given.split(" ")[:20] for right in expected)
    signing.require(proven, "the Standard Webhooks signature")


def key(secret: bytes) -> bytes:
    """The HMAC key a secret stands for: base64 after `whsec_`, padded or not; else the secret as it is."""
    encoded = secret.removeprefix(b"whsec_")
    try:
        return b64decode(encoded + b"=" * (-len(encoded) % 4), validate=True)
    except binascii.Error:
        return encoded
