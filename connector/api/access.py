"""Who asks: the operator's key, or one of those handed out to agencies and sub-accounts."""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import secrets
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from connector.api.route import NotFoundError, Refusal
from connector.api.scope import ALL, Scope
from connector.store import StoreError
from connector.store.access import ApiKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from connector.api.rate import Buckets
    from connector.store.access import Access, KeyKind
    from connector.store.history import History

OPERATOR: Final = "operator"
_FORM: Final = re.compile(r"rbk_([0-9a-f]{16})_([0-9a-f]{48})")
_NOBODYS: Final = bytes(32)
"""Compared with where there is no such key: it takes the same time, and no secret has it as its digest."""
_USED_EVERY_MS: Final = 60_000
"""How exactly "last used" is kept: not every request should cost a write."""
_REMEMBERED: Final = 10_000
_UNAUTHORIZED: Final = (
    "The key is missing, wrong or revoked, or RINGBACK_API_KEY is not set on this installation. Nothing was read or "
    "changed. Send it as `Authorization: Bearer ...`; `ringback key add` makes one."
)


class SignedIn(Protocol):
    """Somebody who is signed in on one of our pages (connector/session)."""

    @property
    def who(self) -> str:
        """For histories."""

    @property
    def kind(self) -> KeyKind:
        """Whose things it opens."""

    @property
    def owner(self) -> str:
        """The agency or sub-account."""

    @property
    def scopes(self) -> frozenset[str]:
        """What for."""


class Sessions(Protocol):
    """Knows the sessions of people who are signed in."""

    async def opened(self, token: str) -> SignedIn | None:
        """The session of a token; None where it is none, or is over."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may see."""

    who: str
    """For histories: `operator`, `key:<id>`, or `user:<the CRM's id>` of somebody on one of our pages."""
    kind: KeyKind
    owner: str
    scopes: frozenset[str]
    history: History = field(repr=False)

    async def sees(self, location: str) -> bool:
        """Whether the sub-account is theirs, registered or not."""
        if self.kind == "location":
            return location == self.owner
        return self.kind == "operator" or await self.history.company_of(location) == self.owner

    def sees_company(self, company: str) -> bool:
        """Whether the agency is theirs."""
        return self.kind == "operator" or (self.kind == "company" and company == self.owner)

    async def may_see(self, location: str, what: str | None = None) -> None:
        """Make sure that the sub-account is theirs.

        Raises:
            NotFoundError: it is not; `what` says what there is not.
        """
        if not await self.sees(location):
            raise NotFoundError(what or no_location(location))

    def may_see_company(self, company: str) -> None:
        """Make sure that the agency is theirs.

        Raises:
            NotFoundError: it is not.
        """
        if not self.sees_company(company):
            raise NotFoundError(f"There is no agency {company} that this key may see.")


def no_location(location: str) -> str:
    """What is said of a sub-account that is not there, and of a neighbour's."""
    return f"There is no sub-account {location} that this key may see."


def new_key(
    kind: KeyKind, owner: str, scopes: Collection[str], *, label: str, made_by: str, now_ms: int
) -> tuple[ApiKey, str]:
    """A new key as it is kept, and as it is handed out, this once."""
    key_id, secret = secrets.token_hex(8), secrets.token_hex(24)
    kept = ApiKey(
        id=key_id,
        kind=kind,
        owner=owner,
        scopes=tuple(sorted(scopes)),
        digest=_digest(secret),
        label=label,
        made_ms=now_ms,
        made_by=made_by,
    )
    return kept, f"rbk_{key_id}_{secret}"


class Doors:
    """Lets in who has a key, as often as it may.

    Args:
        operator_key: RINGBACK_API_KEY; without it the operator has no entry.
        access: The keys that were handed out.
        history: Which agency a sub-account belongs to.
        buckets: How often a key may ask; the operator's own is not counted.
        now_ms: Epoch milliseconds.
        sessions: People who are signed in on our pages; None where nobody can be.
    """

    def __init__(
        self,
        operator_key: str | None,
        access: Access,
        history: History,
        buckets: Buckets,
        now_ms: Callable[[], int],
        *,
        sessions: Sessions | None = None,
    ) -> None:
        self._operator_key = operator_key
        self._access = access
        self._history = history
        self._buckets = buckets
        self._now_ms = now_ms
        self._sessions = sessions
        self._used: OrderedDict[str, int] = OrderedDict()

    async def caller(self, authorization: str) -> Caller:
        """Whose request this is, by its Authorization header ("" for none).

        Raises:
            Refusal: 401, nobody's; 429, it comes too often.
            StoreError: the keys cannot be read.
        """
        given = authorization.encode("utf-8", "surrogateescape")
        if self._operator_key and hmac.compare_digest(given, f"Bearer {self._operator_key}".encode()):
            return Caller(OPERATOR, "operator", "", frozenset(ALL), self._history)
        scheme, _, token = authorization.partition(" ")
        token = token.strip() if scheme.lower() == "bearer" else ""
        signed_in = await self._sessions.opened(token) if self._sessions is not None else None
        if signed_in is not None:
            self._count(signed_in.who)
            return Caller(signed_in.who, signed_in.kind, signed_in.owner, signed_in.scopes, self._history)
        key = await self._key(token)
        self._count(key.id)
        await self._note_use(key.id)
        return Caller(f"key:{key.id}", key.kind, key.owner, frozenset(key.scopes), self._history)

    def _count(self, who: str) -> None:
        if wait_s := self._buckets.take(who):
            raise Refusal(
                429,
                "Too many requests",
                "This key asks more often than RINGBACK_API_RATE allows. Nothing was read or changed: try later.",
                retry_after_s=math.ceil(wait_s),
            )

    async def _key(self, token: str) -> ApiKey:
        found = _FORM.fullmatch(token)
        if found is None:
            raise Refusal(401, "Unauthorized", _UNAUTHORIZED)
        key = await self._access.get(found[1])
        good = hmac.compare_digest(_digest(found[2]), _NOBODYS if key is None else key.digest)
        if key is None or not good or key.revoked_ms is not None:
            raise Refusal(401, "Unauthorized", _UNAUTHORIZED)
        return key

    async def _note_use(self, key_id: str) -> None:
        now = self._now_ms()
        if now - self._used.get(key_id, 0) < _USED_EVERY_MS:
            return
        self._used[key_id] = now
        if len(self._used) > _REMEMBERED:
            self._used.popitem(last=False)
        with suppress(StoreError):  # a full disk should not keep people from looking what is wrong
            await self._access.used(key_id, now_ms=now)


def _digest(secret: str) -> bytes:
    """48 random hex digits need no slow hash: there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def grantable(caller: Caller, scopes: Collection[Scope]) -> None:
    """Make sure that a key hands on no more than it has itself.

    Raises:
        Refusal: 403, it would.
    """
    beyond = sorted(set(scopes) - caller.scopes)
    if beyond:
        raise Refusal(
            403, "Forbidden", f"This key is not for {', '.join(beyond)} itself and cannot hand it on. Nothing was made."
        )
