"""Secrets at rest: sealed with the newest key, opened with any, and each only in its own place.

Fernet: https://github.com/fernet/spec (AES-128-CBC, HMAC-SHA256). It authenticates no context of its own, so
what is sealed begins with the SHA-256 of its binding: a token copied to another tenant's row does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from typing import TYPE_CHECKING, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_DIGEST_BYTES: Final = 32
_NEWEST_FIRST: Final = b"# Ringback's secret keys, newest first. Lose them and every stored token and secret is lost.\n"


class VaultError(Exception):
    """The secret cannot be opened: its key is not among the configured ones, or it was changed or moved."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class Vault:
    """Seals and opens with Fernet keys, newest first.

    Raises:
        VaultError: there is no key, or one is not a Fernet key.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise VaultError("no secret key is configured")
        self._fernets = MultiFernet([_fernet(key, position) for position, key in enumerate(keys, 1)])

    def seal(self, value: str, *, bound_to: str) -> bytes:
        """The value, sealed for one place (see `place`)."""
        return self._fernets.encrypt(_digest(bound_to) + value.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> str:
        """The sealed value.

        Raises:
            VaultError: no key fits, or it was tampered with, or sealed for another place.
        """
        try:
            opened = self._fernets.decrypt(sealed)
        except InvalidToken:
            raise VaultError from None
        if not hmac.compare_digest(opened[:_DIGEST_BYTES], _digest(bound_to)):
            raise VaultError
        return opened[_DIGEST_BYTES:].decode()

    def rotate(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The same secret, sealed with the newest key.

        Raises:
            VaultError: it does not open.
        """
        return self.seal(self.open(sealed, bound_to=bound_to), bound_to=bound_to)


def place(location: str, name: str) -> str:
    """What a sub-account's secret of that name is bound to."""
    return f"{location}/{name}"


def generate_key() -> str:
    """A new key (32 random bytes, URL-safe base64)."""
    return Fernet.generate_key().decode()


def load_or_make_keys(path: Path) -> list[str]:
    """The keys in this file, newest first; on first start the file is made, readable by its owner only.

    Raises:
        VaultError: others may read the file, or it holds no key.
        OSError: it cannot be read or made.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        _make(path)
    return _load(path)


def _load(path: Path) -> list[str]:
    with path.open(encoding="ascii", errors="replace") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        lines = [line.strip() for line in file]
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise VaultError(f"others than its owner may use the key file {path} (mode {mode:04o}): chmod 600 it")
    keys = [line for line in lines if line and not line.startswith("#")]
    if not keys:
        raise VaultError(f"the key file {path} holds no key: put it back from a copy, or remove it to begin anew")
    return keys


def _make(path: Path) -> None:
    """Write beside it, then link: the name appears with its content, for the first of two processes only."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_NEWEST_FIRST + generate_key().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(draft, path)
        _sync_folder(path.parent)
    except FileExistsError:
        pass  # another process was first: its keys are the keys
    finally:
        draft.unlink()


def _sync_folder(folder: Path) -> None:
    """A new name is durable only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _fernet(key: str, position: int) -> Fernet:
    try:
        return Fernet(key)
    except ValueError:
        # The cause would be shown with it, and with it perhaps the key.
        raise VaultError(f"secret key number {position} is no Fernet key (32 bytes in URL-safe base64)") from None


def _digest(bound_to: str) -> bytes:
    return hashlib.sha256(bound_to.encode()).digest()
