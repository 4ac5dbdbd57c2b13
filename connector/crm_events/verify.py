"""PURE: whether the CRM itself said this: Ed25519 over the raw body, before a byte of it is read.

Source: HighLevel's Webhook Integration Guide. Its older header, `X-WH-Signature` (RSA), was retired on 2026-09-01 and
proves nothing here.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from mappings.payload.request import UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEADER: Final = "X-GHL-Signature"
_ABSENT: Final = frozenset({"", "N/A"})
"""What the CRM writes where there is no signature."""
_RAW_KEY: Final = 32
_SIGNATURE: Final = 64


def public_keys(texts: Iterable[str]) -> tuple[Ed25519PublicKey, ...]:
    """Ed25519 keys, each as PEM (its line ends may be escaped) or in base64: its 32 raw bytes, or the PEM's body.

    Raises:
        ValueError: one is none; says which.
    """
    return tuple(_key(text, number) for number, text in enumerate(texts, start=1))


def verify(keys: Sequence[Ed25519PublicKey], signature: str | None, body: bytes) -> None:
    """Whether one of the keys signed this body. No key, no entry.

    Args:
        keys: the accepted ones; two while the CRM changes from one to the other.
        signature: what `X-GHL-Signature` holds; None where there is none.
        body: as received, byte for byte.

    Raises:
        UnverifiedError: none did.
    """
    if signature is None or signature.strip() in _ABSENT:
        raise UnverifiedError(f"there is no {HEADER}")
    try:
        raw = base64.b64decode(signature.strip(), validate=True)
    except ValueError:  # binascii's, and that of characters that are no ASCII
        raise UnverifiedError(f"{HEADER} is no base64") from None
    if len(raw) != _SIGNATURE or not any(_signed(key, raw, body) for key in keys):
        raise UnverifiedError(f"{HEADER} does not fit the body")


def _signed(key: Ed25519PublicKey, signature: bytes, body: bytes) -> bool:
    try:
        key.verify(signature, body)
    except InvalidSignature:
        return False
    return True


def _key(text: str, number: int) -> Ed25519PublicKey:
    try:
        key = _loaded(text.replace("\\n", "\n").strip())
    except (ValueError, UnsupportedAlgorithm, binascii.Error):
        key = None
    if isinstance(key, Ed25519PublicKey):
        return key
    raise ValueError(f"key {number} is no Ed25519 public key: PEM, or base64 of its 32 bytes or of the PEM's body")


def _loaded(text: str) -> object:
    if text.startswith("-----"):
        return load_pem_public_key(text.encode())
    raw = base64.b64decode("".join(text.split()), validate=True)
    return Ed25519PublicKey.from_public_bytes(raw) if len(raw) == _RAW_KEY else load_der_public_key(raw)
