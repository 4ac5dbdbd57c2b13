"""The marketplace's tokens: access tokens that expire, refresh tokens that open once.

A refresh kills the old pair; only within 30 seconds does the same refresh token give the same new pair again.
Source: the vendor's OAuth page and changelog ("smarter refresh token handling").
"""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

import jwt

from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.marketplace import Install

GRACE_MS: Final = 30_000
REFRESH_LIFE_MS: Final = 365 * 86_400_000
"""A refresh token nobody uses lives a year."""
_KEPT: Final = 100_000
"""So many tokens of each kind are remembered, dead ones included; then the oldest are forgotten."""

KeptT = TypeVar("KeptT")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a bearer token may do: where (None: an agency's token), with which scopes (None: all), until when.

    A private integration token has neither `install` nor `expires_ms`.
    """

    location_id: str | None
    scopes: frozenset[str] | None = None
    company_id: str = ""
    expires_ms: int | None = None
    install: Install | None = None

    @property
    def resource(self) -> str:
        """Whom its requests count for: a sub-account or an agency."""
        return self.location_id or self.company_id


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of one answer; `refresh` is empty where none is given."""

    grant: Grant
    access: str
    refresh: str
    refresh_id: str


class Spent(Refusal):
    """A refresh token that was used before, and not just now: whoever sends it has lost the new one."""

    def __init__(self) -> None:
        super().__init__(400, "Invalid grant: refresh token is invalid")


@dataclass(slots=True)
class _Refresh:
    pair: Pair
    expires_ms: int
    spent_ms: int = 0
    successor: Pair | None = None


class Tokens:
    """Every token the marketplace has given out. `clock_ms` gives epoch milliseconds."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._key = secrets.token_bytes(32)
        self._access: OrderedDict[str, Grant] = OrderedDict()
        self._refresh: OrderedDict[str, _Refresh] = OrderedDict()

    def grant(self, access: str) -> Grant | None:
        """What an access token may do; None: unknown, revoked or expired."""
        grant = self._access.get(access)
        if grant is None or grant.expires_ms is None or self._clock_ms() >= grant.expires_ms:
            return None
        return grant

    def issue(self, grant: Grant, *, life_s: int, refreshable: bool = True) -> Pair:
        """New tokens for what `grant` says; its expiry is set here, `life_s` seconds from now."""
        now_ms = self._clock_ms()
        grant = replace(grant, expires_ms=now_ms + life_s * 1000)
        refresh = secrets.token_urlsafe(48) if refreshable else ""
        pair = Pair(grant, self._jwt(grant, now_ms), refresh, secrets.token_hex(12))
        _keep(self._access, pair.access, grant)
        if refreshable:
            _keep(self._refresh, refresh, _Refresh(pair, now_ms + REFRESH_LIFE_MS))
        return pair

    def holder(self, refresh: str) -> Grant | None:
        """Whom a refresh token was given for; None: unknown, revoked, or a year old."""
        held = self._refresh.get(refresh)
        return held.pair.grant if held is not None and self._clock_ms() < held.expires_ms else None

    def rotate(self, refresh: str, *, life_s: int) -> tuple[Pair, bool]:
        """The pair that follows, and whether it was given out before (a repetition within the grace).

        Raises:
            Spent: it was used longer ago than that.
        """
        held, now_ms = self._refresh[refresh], self._clock_ms()
        if held.successor is not None:
            if now_ms - held.spent_ms >= GRACE_MS:
                raise Spent
            return held.successor, True
        self._access.pop(held.pair.access, None)
        held.successor, held.spent_ms = self.issue(held.pair.grant, life_s=life_s), now_ms
        return held.successor, False

    def drop(self, which: Callable[[Grant], bool]) -> None:
        """These are revoked: access and refresh tokens."""
        for access in [token for token, grant in self._access.items() if which(grant)]:
            del self._access[access]
        for refresh in [token for token, held in self._refresh.items() if which(held.pair.grant)]:
            del self._refresh[refresh]

    def expire(self, which: Callable[[Grant], bool]) -> int:
        """These access tokens expire now; how many they were. Their refresh tokens live on."""
        expired = [token for token in self._access if (grant := self.grant(token)) is not None and which(grant)]
        for token in expired:
            del self._access[token]
        return len(expired)

    def _jwt(self, grant: Grant, now_ms: int) -> str:
        """In form a JWT, as the vendor's; the sandbox knows it by its text."""
        claims = {
            "authClass": "Location" if grant.location_id else "Company",
            "authClassId": grant.resource,
            "iat": now_ms // 1000,
            "exp": (grant.expires_ms or now_ms) // 1000,
            "jti": secrets.token_hex(12),
        }
        return jwt.encode(claims, self._key, algorithm="HS256")


def _keep(kept: OrderedDict[str, KeptT], key: str, value: KeptT) -> None:
    kept[key] = value
    if len(kept) > _KEPT:
        kept.popitem(last=False)
