"""Keeps the sub-accounts' access tokens: one method hands out a token that is valid now.

It comes from the grant of an install, renewed when it needs it (renewal.py), or is a private integration token, given
once by a person, which does not expire. Where a sub-account has both, the grant wins: it brings the CRM's events with
it, and can be taken back in the CRM; a private token is what one begins with.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

from cachetools import TTLCache

from oauth.grant import is_token
from oauth.outcome import NoTokenError
from oauth.renewal import NO_GRANT, Held, Market, Renewal
from oauth.standing import Kind, Standing
from oauth.vault import VaultError, place

if TYPE_CHECKING:
    from collections.abc import Callable

    from oauth.grant import Grant
    from oauth.standing import GrantRow, Leased
    from oauth.vault import Vault

__all__ = ["TOKEN", "Keeper", "Market", "NoTokenError", "SecretSource"]

TOKEN: Final = "token"  # noqa: S105 - the secret's name, not the secret
"""The name under which a sub-account's private integration token is kept."""
_FOR_EVER: Final = 1 << 62


def _no_time() -> int:
    """Private tokens do not expire."""
    return 0


class SecretSource(Protocol):
    """Wherever sealed secrets are kept."""

    async def secret(self, location: str, name: str) -> bytes | None:
        """The sealed secret of that name, or None."""


class Keeper:
    """Access tokens by sub-account, opened at most every `ttl_s` seconds, at most `size` of them in memory.

    A token given anew by another process is seen when `ttl_s` is over, or when the CRM does not accept the old one; one
    given by this one, after `forget`. Without a `market` there are private tokens only.
    """

    def __init__(
        self,
        source: SecretSource,
        vault: Vault,
        market: Market | None = None,
        *,
        ttl_s: float = 30.0,
        size: int = 20_000,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._vault = vault
        self._market = market
        self._renewal = None if market is None else Renewal(market, vault)
        self._now_ms = _no_time if market is None else market.now_ms
        self._held: TTLCache[str, Held] = TTLCache(size, ttl_s, timer)

    async def access_token(self, location: str) -> str:
        """An access token for this sub-account.

        Raises:
            NoTokenError: there is none, or it cannot be used; the words say what to do.
            LaterError: none can be had now.
        """
        known = self._held.get(location)
        if known is not None and self._now_ms() < known.good_until_ms:
            return known.token
        row = await self._row(location)
        held = await self._private(location, row) if row is None or row.standing in NO_GRANT else await self._of(row)
        self._held[location] = held
        return held.token

    async def newer_than(self, location: str, token: str) -> str | None:
        """A token that is newer than this one, which the CRM did not accept; None where there is none.

        Raises:
            NoTokenError: there is none, and only a person can give one.
            LaterError: none can be had now.
        """
        known = self._held.pop(location, None)
        if known is not None and known.token != token:
            self._held[location] = known
            return known.token
        row = await self._row(location)
        if self._renewal is None or row is None or row.standing in NO_GRANT:
            held = await self._private(location, row)
        else:
            held = await self._renewal.newer(row, token)
        self._held[location] = held
        return None if held.token == token else held.token

    async def company_token(self, company_id: str) -> str:
        """An agency's access token, read from the store each time: it is for few requests. Raises as `access_token`."""
        return (await self._with_grants().company_token(company_id)).token

    async def company_newer_than(self, company_id: str, token: str) -> str | None:
        """Likewise one that is newer than this one, which the CRM did not accept. Raises as `access_token`."""
        newer = (await self._with_grants().company_token(company_id, refused=token)).token
        return None if newer == token else newer

    async def keep(self, grant: Grant, *, standing: Standing = Standing.ACTIVE, expected: int) -> bool:
        """Seal and keep what was installed, before its first use.

        Args:
            grant: As the CRM gave it.
            standing: `ACTIVE`, or `UNCONFIRMED` where it is not known who installed it.
            expected: The version of the row last read, 0 where there was none (compare-and-set).

        Returns:
            False where the row is another by now: nothing was kept; read again, and decide again.
        """
        kept = await self._with_grants().keep(grant, standing=standing, expected=expected)
        self.forget(grant.id)
        return kept

    async def renew(self, leased: Leased) -> None:
        """Mint or refresh what was taken from the store with a lease; what came of it is in the store.

        Raises nothing: a lease that could not be given back runs out.
        """
        await self._with_grants().renew(leased)
        if leased.row.kind is Kind.LOCATION:
            self.forget(leased.row.id)

    async def take_over(self) -> int:
        """At a start: look after what the last process was at when it died, while the CRM still repeats its answers.

        Returns:
            How many renewals it had under way.
        """
        return 0 if self._renewal is None else await self._renewal.take_over()

    async def tend(self, limit: int = 20) -> int:
        """Look after grants that are due: refreshes cut off by a crash, paused and refused ones, unused ones.

        Returns:
            How many there were.
        """
        looked_after = [] if self._renewal is None else await self._renewal.tend(limit)
        for grant_id in looked_after:
            self.forget(grant_id)
        return len(looked_after)

    async def settle(self) -> None:
        """Wait until no renewal is under way: call it before the store is closed."""
        if self._renewal is not None:
            await self._renewal.settle()

    def forget(self, location: str) -> None:
        """Read the token anew next time: it was replaced."""
        self._held.pop(location, None)

    def forget_all(self) -> None:
        """Read every token anew next time: some sub-account was changed, by whichever process."""
        self._held.clear()

    def _with_grants(self) -> Renewal:
        if self._renewal is None:
            raise NoTokenError("grants are not kept here")
        return self._renewal

    async def _row(self, location: str) -> GrantRow | None:
        return None if self._market is None else await self._market.grants.get(Kind.LOCATION, location)

    async def _of(self, row: GrantRow) -> Held:
        return await self._with_grants().held(row)

    async def _private(self, location: str, row: GrantRow | None) -> Held:
        sealed = await self._source.secret(location, TOKEN)
        if sealed is None:
            raise NoTokenError(_none(location, row))
        try:
            token = self._vault.open(sealed, bound_to=place(location, TOKEN)).strip()
        except VaultError as error:
            raise NoTokenError(
                f"the access token of {location} cannot be opened with the configured secret keys: "
                f"restore the key it was sealed with, or {_GIVE_ONE.format(location)}"
            ) from error
        if not is_token(token):
            raise NoTokenError(f"what is kept as the token of {location} is none: {_GIVE_ONE.format(location)}")
        return Held(token, _FOR_EVER)


def _none(location: str, row: GrantRow | None) -> str:
    if row is not None and row.standing is Standing.UNCONFIRMED:
        return f"the install of {location} is not confirmed: confirm it with `ringback oauth confirm {location}`"
    if row is not None:
        return f"{location} was uninstalled in the CRM: install it again, or {_GIVE_ONE.format(location)}"
    return f"{location} has no access token: {_GIVE_ONE.format(location)}"


_GIVE_ONE: Final = "give it one with `ringback location set {} --token ...`"
