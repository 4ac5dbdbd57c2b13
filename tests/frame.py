"""The CRM's side of signing in: encrypts who its user is, as its frame does for a page inside it."""

from __future__ import annotations

import base64
import hashlib
import os
from typing import Any

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

SHARED = "shared-word-of-the-app"


def told(**changed: Any) -> dict[str, Any]:
    """A user of LOC, which is a sub-account of AG; None leaves a field out."""
    user = {
        "userId": "user1",
        "companyId": "AG",
        "role": "user",
        "type": "location",
        "activeLocation": "LOC",
        "userName": "Ada Example",
        "email": "ada@example.com",
    } | changed
    return {name: value for name, value in user.items() if value is not None}


def payload(user: Any = None, *, secret: str = SHARED, salt: bytes | None = None) -> str:
    """The encrypted word on that user, of another salt each time; bytes are encrypted as they are."""
    user = told() if user is None else user
    return sealed(user if isinstance(user, bytes) else orjson.dumps(user), secret=secret, salt=salt)


def sealed(plain: bytes, *, secret: str = SHARED, salt: bytes | None = None, padded: bool = True) -> str:
    """OpenSSL's salted form of AES-256-CBC, key and IV by MD5 from the passphrase."""
    salt = os.urandom(8) if salt is None else salt
    first = hashlib.md5(secret.encode() + salt, usedforsecurity=False).digest()
    second = hashlib.md5(first + secret.encode() + salt, usedforsecurity=False).digest()
    third = hashlib.md5(second + secret.encode() + salt, usedforsecurity=False).digest()
    if padded:
        missing = 16 - len(plain) % 16
        plain += bytes([missing]) * missing
    encryptor = Cipher(AES256(first + second), CBC(third)).encryptor()
    return base64.b64encode(b"Salted__" + salt + encryptor.update(plain) + encryptor.finalize()).decode()
