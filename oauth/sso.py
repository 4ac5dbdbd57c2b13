"""PURE: who is signed in to the CRM, as its frame tells a page of ours inside it.

The CRM encrypts a JSON object the way CryptoJS does with a passphrase, which is OpenSSL's salted form: base64 of
`Salted__`, 8 bytes of salt, AES-256-CBC with PKCS#7 padding; key and IV from EVP_BytesToKey (MD5, one round), the
app's shared secret being the passphrase. https://docs.openssl.org/3.0/man3/EVP_BytesToKey/

It carries no MAC, no time, no nonce and no audience: it can be replayed for ever, and be changed by trial and error by
whoever may try often. So whoever reads it lets each `salt` be tried once only: key and IV come from the salt, and so
nothing that is learnt from one trial helps with the next.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

LONGEST: Final = 8192
"""Characters of a payload; real ones have some 400."""
_MAGIC: Final = b"Salted__"
_SALT_BYTES: Final = 8
_KEY_BYTES: Final = 32
_IV_BYTES: Final = 16
_BLOCK_BITS: Final = 128
_ID: Final = re.compile("[A-Za-z0-9_-]{1,64}")
_LONGEST_TEXT: Final = 256

Role: TypeAlias = Literal["admin", "user"]
Level: TypeAlias = Literal["agency", "location"]


class SsoError(Exception):
    """This does not tell who is signed in."""

    def __init__(self) -> None:
        # One text for every cause: what is wrong with it would help somebody who forges.
        super().__init__(self.__doc__)


@dataclass(frozen=True, slots=True)
class CrmUser:
    """Somebody who is signed in to the CRM. What the CRM leaves out or empty is None."""

    id: str
    role: Role
    level: Level
    """Whose user this is: an agency's user keeps that level while in a sub-account."""
    company: str | None
    location: str | None
    """The sub-account whose pages are open; None on the agency's own."""
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True, slots=True)
class SealedUser:
    """A payload whose form is right; what is in it is not known yet."""

    salt: bytes
    _ciphertext: bytes = field(repr=False)

    def open(self, secret: str) -> CrmUser:
        """Who it is, by the app's shared secret.

        Raises:
            SsoError: it was not made with this secret, was changed, or tells nobody.
        """
        key, iv = _key_and_iv(secret.encode(), self.salt)
        decryptor = Cipher(AES256(key), CBC(iv)).decryptor()
        unpadder = PKCS7(_BLOCK_BITS).unpadder()
        try:
            padded = decryptor.update(self._ciphertext) + decryptor.finalize()
            return _user(orjson.loads(unpadder.update(padded) + unpadder.finalize()))
        except ValueError:  # padding, UTF-8, JSON
            raise SsoError from None


def sealed_user(payload: str) -> SealedUser:
    """The payload of the CRM's answer, taken apart.

    Raises:
        SsoError: it has not the form of one.
    """
    if len(payload) > LONGEST:
        raise SsoError
    try:
        raw = base64.b64decode(payload.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise SsoError from None
    start = len(_MAGIC) + _SALT_BYTES
    if not raw.startswith(_MAGIC) or len(raw) <= start or len(raw) % _IV_BYTES:
        raise SsoError
    return SealedUser(raw[len(_MAGIC) : start], raw[start:])


def _key_and_iv(secret: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """EVP_BytesToKey with MD5 and one round."""
    derived = digest = b""
    while len(derived) < _KEY_BYTES + _IV_BYTES:
        digest = hashlib.md5(digest + secret + salt, usedforsecurity=False).digest()
        derived += digest
    return derived[:_KEY_BYTES], derived[_KEY_BYTES:]


def _user(told: Any) -> CrmUser:
    if not isinstance(told, dict):
        raise SsoError
    role, level, user = told.get("role"), told.get("type"), _id(told, "userId")
    if user is None or role not in ("admin", "user") or level not in ("agency", "location"):
        raise SsoError
    return CrmUser(
        id=user,
        role=role,
        level=level,
        company=_id(told, "companyId"),
        location=_id(told, "activeLocation"),
        name=_text(told, "userName"),
        email=_text(told, "email"),
    )


def _id(told: dict[str, Any], name: str) -> str | None:
    found = told.get(name)
    if found is None or found == "":
        return None
    if not isinstance(found, str) or _ID.fullmatch(found) is None:
        raise SsoError
    return found


def _text(told: dict[str, Any], name: str) -> str | None:
    found = told.get(name)
    if found is not None and not isinstance(found, str):
        raise SsoError
    return " ".join((found or "").split())[:_LONGEST_TEXT] or None
