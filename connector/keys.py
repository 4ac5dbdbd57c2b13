"""The keys of this installation, which open its sealed secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from connector.errors import UsageError
from connector.store.open import sqlite_path
from oauth.vault import Vault, VaultError, add_key, load_or_make_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.settings import Settings


ENVIRONMENT: Final = "RINGBACK_SECRET_KEYS"


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation; one with a key file notices keys that are added to it.

    Raises:
        UsageError: no keys are set where none can be made.
    """
    path = key_file(settings)
    if path is None:
        return _vault([key.get_secret_value() for key in settings.secret_keys], ENVIRONMENT)
    return _from_file(path, load_or_make_keys)


def add_new_key(settings: Settings) -> Vault:
    """The vault with a new key in front of those in the key file.

    Raises:
        UsageError: the keys come from the settings, or the file cannot be used.
    """
    path = key_file(settings)
    if path is None:
        raise UsageError(
            f"The keys come from {ENVIRONMENT}, which only you can change.",
            means="nothing was changed.",
            do="put a new Fernet key in front of the others there, restart what serves, then run this without --new.",
        )
    _from_file(path, load_or_make_keys)
    return _from_file(path, add_key)


def key_file(settings: Settings) -> Path | None:
    """The file that holds the keys, None where the settings do.

    Raises:
        UsageError: there is neither.
    """
    if settings.secret_keys:
        return None
    beside = sqlite_path(settings.database_url)
    if beside is None:
        raise UsageError(
            f"{ENVIRONMENT} is not set, and this database has no folder to keep keys in.",
            means="nothing was started; tokens and trunk secrets cannot be sealed or opened.",
            do=f"set {ENVIRONMENT} to one or more Fernet keys, the newest first.",
        )
    return Path(f"{beside}.keys")


def _from_file(path: Path, keys: Callable[[Path], Sequence[str]]) -> Vault:
    try:
        return _vault(keys(path), str(path), lambda: load_or_make_keys(path))
    except VaultError as error:
        raise UsageError(f"The key file {path} cannot be used: {error}", means=_MEANS, do=_DO) from None
    except OSError as error:
        raise UsageError(
            f"The key file {path} cannot be read or made: {error.strerror or error}.", means=_MEANS, do=_DO
        ) from None


def _vault(keys: Sequence[str], origin: str, reload: Callable[[], Sequence[str]] | None = None) -> Vault:
    try:
        return Vault(keys, reload)
    except VaultError as error:
        raise UsageError(f"The keys in {origin} cannot be used: {error}", means=_MEANS, do=_DO) from None


_MEANS = "nothing was started; tokens and trunk secrets stay sealed, nothing is lost."
_DO = "set RINGBACK_SECRET_KEYS, or restore the key file next to the database (mode 0600)."
