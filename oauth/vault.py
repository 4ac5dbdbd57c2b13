"""Secrets at rest: sealed with the newest key, opened with any, and each only in its own place.

Fernet: https://github.com/fernet/spec (AES-128-CBC, HMAC-SHA256). It authenticates no context of its own, so
what is sealed begins with the SHA-256 of its binding: a token copied to another tenant's row does not open.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import secrets
import stat
import time
from typing import TYPE_CHECKING, Final

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

RELOAD_S: Final = 1.0
"""How often keys are read again at most."""
_DIGEST_BYTES: Final = 32
_NEWEST_FIRST: Final = b"# Ringback's secret keys, newest first. Lose them and every stored token and secret is lost.\n"


class VaultError(Exception):
    """The secret cannot be opened: its key is not among the configured ones, or it was changed or moved."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or self.__doc__)


class Vault:
    """Seals and opens with Fernet keys, newest first.

    Args:
        keys: Newest first.
        reload: Reads the keys again: another process may have added one, and sealed with it, while this one runs. It is
            asked when something does not open, at most every `RELOAD_S` (what does not open may come from a stranger).
        timer: Seconds.

    Raises:
        VaultError: there is no key, or one is not a Fernet key.
    """

    def __init__(
        self,
        keys: Sequence[str],
        reload: Callable[[], Sequence[str]] | None = None,
        *,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._use(keys)
        self._reload = reload
        self._timer = timer
        self._reload_from = float("-inf")

    @property
    def key_count(self) -> int:
        """How many keys there are."""
        return len(self._keys)

    def seal(self, value: str, *, bound_to: str) -> bytes:
        """The value, sealed for one place (see `place`)."""
        return self._fernets.encrypt(_digest(bound_to) + value.encode())

    def open(self, sealed: bytes, *, bound_to: str) -> str:
        """The sealed value.

        Raises:
            VaultError: no key fits, or it was tampered with, or sealed for another place.
        """
        opened = self._decrypted(sealed)
        if not hmac.compare_digest(opened[:_DIGEST_BYTES], _digest(bound_to)):
            raise VaultError
        return opened[_DIGEST_BYTES:].decode()

    def rotate(self, sealed: bytes, *, bound_to: str) -> bytes:
        """The same secret, sealed with the newest key.

        Raises:
            VaultError: it does not open.
        """
        return self.seal(self.open(sealed, bound_to=bound_to), bound_to=bound_to)

    def sealed_with(self, sealed: bytes) -> int | None:
        """Which key it was sealed with: 1 is the newest; None where none of them."""
        for position, key in enumerate(self._keys, 1):
            try:
                Fernet(key).decrypt(sealed)
            except InvalidToken:
                continue
            return position
        return None

    def _use(self, keys: Sequence[str]) -> None:
        if not keys:
            raise VaultError("no secret key is configured")
        self._fernets = MultiFernet([_fernet(key, position) for position, key in enumerate(keys, 1)])
        self._keys = tuple(keys)

    def _decrypted(self, sealed: bytes) -> bytes:
        try:
            return self._fernets.decrypt(sealed)
        except InvalidToken:
            if not self._has_new_keys():
                raise VaultError from None
        try:
            return self._fernets.decrypt(sealed)
        except InvalidToken:
            raise VaultError from None

    def _has_new_keys(self) -> bool:
        if self._reload is None or self._timer() < self._reload_from:
            return False
        self._reload_from = self._timer() + RELOAD_S
        before = self._keys
        try:
            self._use(self._reload())
        except (VaultError, OSError):  # those at hand are better than none
            return False
        return self._keys != before


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


def add_key(path: Path) -> list[str]:
    """Put a new key in front of those in this file; all of them. Safe beside others that read it or do the same.

    Raises:
        VaultError: others may read the file, or it holds no key.
        OSError: it cannot be read or written.
    """
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two at once would lose the key of one, and what was sealed with it
        keys = [generate_key(), *_load(path)]
        with _drafted(path, keys) as draft:
            draft.replace(path)
        os.fsync(folder)
    finally:
        os.close(folder)
    return keys


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
    with _drafted(path, [generate_key()]) as draft, contextlib.suppress(FileExistsError):
        # Another process may have been first: its keys are the keys.
        os.link(draft, path)
        _sync_folder(path.parent)


@contextlib.contextmanager
def _drafted(path: Path, keys: Sequence[str]) -> Iterator[Path]:
    """A file beside it, on disk, with these keys; gone afterwards, if nobody moved it."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_NEWEST_FIRST + "".join(f"{key}\n" for key in keys).encode())
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)


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
