"""The sandbox's own signature under its events: Ed25519 over the raw body, as the CRM signs."""

from __future__ import annotations

from base64 import b64encode

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class Signer:
    """A key of its own for every sandbox: nobody takes its events for the real CRM's."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()

    @property
    def public_key(self) -> str:
        """As PEM (SubjectPublicKeyInfo), for the receiver's settings."""
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, body: bytes) -> str:
        """The value of `X-GHL-Signature`: 64 bytes in base64."""
        return b64encode(self._key.sign(body)).decode()
