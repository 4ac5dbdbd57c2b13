"""Requests as tests change them: one byte of the body or of a header at a time."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from mappings.payload.request import Credentials, Request, UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mappings.trunks import Trunk

_SEED = bytes(range(32))
_PUBLIC = Ed25519PrivateKey.from_private_bytes(_SEED).public_key().public_bytes_raw()
PUBLIC_KEY = b64encode(_PUBLIC).decode()
KEY_PAIR = b64encode(_SEED + _PUBLIC).decode()
"""A key pair as `compose` of a trunk that signs with Ed25519 takes it: seed and public key."""


def flipped(request: Request, header: str) -> Iterator[Request]:
    """The request with the lowest bit of one byte changed: each of the body, then each of that header."""
    for at, byte in enumerate(request.body):
        yield replace(request, body=request.body[:at] + bytes([byte ^ 1]) + request.body[at + 1 :])
    value = request.headers[header]
    for at, letter in enumerate(value):
        changed = value[:at] + chr(ord(letter) ^ 1) + value[at + 1 :]
        yield replace(request, headers={**request.headers, header: changed})


def holds(adapter: Trunk, request: Request, *secrets: str, path_key: str | None = None) -> bool:
    """Whether the request proves one of the secrets."""
    try:
        adapter.verify(request, Credentials(secrets, path_key=path_key))
    except UnverifiedError:
        return False
    return True
