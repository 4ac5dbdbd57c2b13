"""Keeps the sub-accounts' access tokens: one method hands out a token that is valid now.

A private integration token is given once by a person and does not expire.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from cachetools import TTLCache

from oauth.vault import VaultError, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from oauth.vault import Vault

TOKEN: Final = "token"  # noqa: S105 - the secret's name, not the secret
"""The name under which a sub-account's private integration token is kept."""


class NoTokenError(LookupError):
    """The sub-account has no usable access token, and only a person can give one."""


class SecretSource(Protocol):
    """Wherever sealed secrets are kept."""

    async def secret(self, location: str, name: str) -> bytes | None:
        """The sealed secret of that name, or None."""


class Keeper:
    """Access tokens by sub-account, opened at most every `ttl_s` seconds, at most `size` of them in memory.

    A token given anew by another process is seen when `ttl_s` is over; one given by this one, after `forget`.
    """

    def __init__(
        self,
        source: SecretSource,
        vault: Vault,
        *,
        ttl_s: float = 30.0,
        size: int = 20_000,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._vault = vault
        self._opened: TTLCache[str, str] = TTLCache(size, ttl_s, timer)

    async def access_token(self, location: str) -> str:
        """An access token for this sub-account.

        Raises:
            NoTokenError: there is none, or it cannot be used; the words say what to do.
        """
        known = self._opened.get(location)
        if known is not None:
            return known
        sealed = await self._source.secret(location, TOKEN)
        if sealed is None:
            raise NoTokenError(f"{location} has no access token: {_GIVE_ONE.format(location)}")
        token = self._open(location, sealed)
        self._opened[location] = token
        return token

    def forget(self, location: str) -> None:
        """Read the token anew next time: it was replaced, or the CRM did not accept it."""
        self._opened.pop(location, None)

    def forget_all(self) -> None:
        """Read every token anew next time: some sub-account was changed, by whichever process."""
        self._opened.clear()

    def _open(self, location: str, sealed: bytes) -> str:
        try:
            token = self._vault.open(sealed, bound_to=place(location, TOKEN)).strip()
        except VaultError as error:
            raise NoTokenError(
                f"the access token of {location} cannot be opened with the configured secret keys: "
                f"restore the key it was sealed with, or {_GIVE_ONE.format(location)}"
            ) from error
        # Anything else could end the header that carries it, or begin another (RFC 6750, section 2.1).
        if not (token.isascii() and token.isprintable() and token and " " not in token):
            raise NoTokenError(f"what is kept as the token of {location} is none: {_GIVE_ONE.format(location)}")
        return token


_GIVE_ONE: Final = "give it one with `ringback location set {} --token ...`"
