"""Sessions and tickets as texts that only we can make: sealed, for a short time, for one place.

A page of ours sits in a frame of the CRM's, where cookies of ours are another site's and often blocked. So it holds its
session itself and sends it as `Authorization: Bearer`. What cannot send headers (a stream of events) shows a ticket in
its address instead; addresses get into logs, so that one is good once and for seconds.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

import orjson

from connector.session.role import SCOPES, Role
from oauth.standing import Kind, Standing
from oauth.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.store.grants import Grants
    from connector.store.once import Once
    from oauth.vault import Vault

MARK: Final = "rbs_"
"""What a session's token begins with; API keys begin otherwise."""
SESSION_MS: Final = 30 * 60_000
TICKET_MS: Final = 20_000
CONNECTED: Final = frozenset({Standing.ACTIVE, Standing.PAUSED, Standing.NEEDS_RECONNECT})
"""How an installation may stand for its people to get in: they can wrap up calls while the CRM's token is refused."""
_TROUBLE: Final = {
    Standing.NEEDS_RECONNECT: (
        "The CRM no longer accepts our access to this sub-account. Calls are still taken and kept: they wait, and are "
        "written when it is connected again. An admin installs the app once more to connect it."
    ),
    Standing.PAUSED: (
        "The CRM says that this sub-account is not active. Calls are still taken and kept: they are written when it is."
    ),
}
_SESSION: Final = "session"
_LONGEST: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in: for one sub-account, or, where that is None, for all those of an agency."""

    user: str
    """The CRM's id."""
    role: Role
    location: str | None
    company: str | None
    until_ms: int
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)

    @property
    def who(self) -> str:
        """For histories."""
        return f"user:{self.user}"

    @property
    def kind(self) -> Literal["location", "company"]:
        """Whose things it opens."""
        return "company" if self.location is None else "location"

    @property
    def owner(self) -> str:
        """The sub-account, or the agency."""
        return self.location or self.company or ""

    @property
    def scopes(self) -> frozenset[str]:
        """What of the API it opens."""
        return frozenset(SCOPES[self.role])

    def content(self) -> list[Any]:
        """What is sealed of it."""
        return [self.user, self.role, self.location, self.company, self.until_ms, self.name, self.email]

    @classmethod
    def of(cls, content: list[Any]) -> Session:
        """The session that was sealed."""
        user, role, location, company, until_ms, name, email = content
        return cls(
            user=user,
            role=Role(role),
            location=location,
            company=company,
            until_ms=until_ms,
            name=name,
            email=email,
        )


class Sessions:
    """Gives out sessions and tickets, and knows its own.

    Args:
        vault: Seals them.
        once: Knows which tickets were used.
        grants: Knows which installations stand: a session ends with its installation.
        now_ms: Epoch milliseconds.
    """

    def __init__(self, vault: Vault, once: Once, grants: Grants, now_ms: Callable[[], int]) -> None:
        self._vault = vault
        self._once = once
        self._grants = grants
        self._now_ms = now_ms

    def issue(self, session: Session) -> str:
        """The session's token."""
        return MARK + self._sealed(_SESSION, session.content())

    async def opened(self, token: str) -> Session | None:
        """The session of a token; None where it is not ours, is over, or the app is installed there no more.

        Raises:
            StoreError: it cannot be known now.
        """
        content = self._content(_SESSION, token.removeprefix(MARK)) if token.startswith(MARK) else None
        if content is None:
            return None
        session = Session.of(content)
        return session if await self.stands(session) else None

    async def stands(self, session: Session) -> bool:
        """Whether a session of ours is good now.

        Raises:
            StoreError: it cannot be known now.
        """
        return session.until_ms > self._now_ms() and await self.installed(session.kind, session.owner)

    async def installed(self, kind: Literal["location", "company"], owner: str) -> bool:
        """Whether our app is installed there."""
        row = await self._grants.get(Kind.COMPANY if kind == "company" else Kind.LOCATION, owner)
        return row is not None and row.standing in CONNECTED

    async def trouble(self, location: str) -> str | None:
        """What its people should know of the sub-account's connection; None while it is well.

        Raises:
            StoreError: it cannot be known now.
        """
        row = await self._grants.get(Kind.LOCATION, location)
        return None if row is None else _TROUBLE.get(row.standing)

    def ticket(self, session: Session, purpose: str, location: str) -> str:
        """A ticket for one use, for one purpose, in one sub-account, which the session may see."""
        until_ms = self._now_ms() + TICKET_MS
        return self._sealed(_of(purpose), [secrets.token_urlsafe(16), until_ms, location, session.content()])

    async def redeem(self, ticket: str, purpose: str) -> tuple[Session, str] | None:
        """Whose ticket it is and for which sub-account; used up by this. None where it is not good.

        Raises:
            StoreError: it cannot be known now.
        """
        content = self._content(_of(purpose), ticket)
        if content is None:
            return None
        number, until_ms, location, holder = content
        now_ms = self._now_ms()
        if until_ms <= now_ms or not await self._once.first(f"ticket/{number}", now_ms=now_ms, until_ms=until_ms):
            return None
        return Session.of(holder), location

    def _sealed(self, place: str, content: list[Any]) -> str:
        return self._vault.seal(orjson.dumps(content).decode(), bound_to=place).decode()

    def _content(self, place: str, sealed: str) -> list[Any] | None:
        if len(sealed) > _LONGEST or not sealed.isascii():
            return None
        try:
            content: list[Any] = orjson.loads(self._vault.open(sealed.encode(), bound_to=place))
        except VaultError:
            return None
        return content


def _of(purpose: str) -> str:
    return f"ticket/{purpose}"
