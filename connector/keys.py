"""The keys of this installation, which open its sealed secrets."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import UsageError
from connector.store.open import sqlite_path
from oauth.vault import Vault, VaultError, load_or_make_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.settings import Settings


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation.

    Raises:
        UsageError: no keys are set where none can be made.
    """
    keys = [key.get_secret_value() for key in settings.secret_keys]
    if not keys:
        beside = sqlite_path(settings.database_url)
        if beside is None:
            raise UsageError(
                "RINGBACK_SECRET_KEYS is not set, and this database has no folder to keep keys in.",
                means="nothing was started; tokens and trunk secrets cannot be sealed or opened.",
                do="set RINGBACK_SECRET_KEYS to one or more Fernet keys, the newest first.",
            )
        return _from_file(Path(f"{beside}.keys"))
    return _vault(keys, "RINGBACK_SECRET_KEYS")


def _from_file(path: Path) -> Vault:
    try:
        return _vault(load_or_make_keys(path), str(path))
    except VaultError as error:
        raise UsageError(f"The key file {path} cannot be used: {error}", means=_MEANS, do=_DO) from None
    except OSError as error:
        raise UsageError(
            f"The key file {path} cannot be read or made: {error.strerror or error}.", means=_MEANS, do=_DO
        ) from None


def _vault(keys: Sequence[str], origin: str) -> Vault:
    try:
        return Vault(keys)
    except VaultError as error:
        raise UsageError(f"The keys in {origin} cannot be used: {error}", means=_MEANS, do=_DO) from None


_MEANS = "nothing was started; tokens and trunk secrets stay sealed, nothing is lost."
_DO = "set RINGBACK_SECRET_KEYS, or restore the key file next to the database (mode 0600)."
