"""PURE: how a grant stands, as its row in the store tells. A grant is what the CRM gave when somebody installed us."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

LEASE_MS: Final = 20_000
"""How long a refresh may hold its grant.

The CRM repeats the answer to a refresh for 30 s. Whoever dies between the answer and the commit leaves the lease:
the next one must find it over, and ask again, within those 30 s.
"""


class Kind(StrEnum):
    """Whom a token speaks for, in the CRM's own words (`userType`): an agency or a sub-account."""

    COMPANY = "Company"
    LOCATION = "Location"


class Standing(StrEnum):
    """What can be had from a grant.

    - wanted: a sub-account of an agency's install; its token is yet to be minted from the agency's;
    - active: it hands out tokens;
    - unconfirmed: installed by we do not know whom: kept, but hands out nothing until it is confirmed;
    - paused: the CRM says that the sub-account is not active: kept, and asked again seldom;
    - needs_reconnect: the CRM refuses it: only a person can give a new one;
    - removed: uninstalled; the tokens are gone, the row tells when.
    """

    WANTED = "wanted"
    ACTIVE = "active"
    UNCONFIRMED = "unconfirmed"
    PAUSED = "paused"
    NEEDS_RECONNECT = "needs_reconnect"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewGrant:
    """A grant to be kept as it was installed; `sealed` and its facts are None where there is no token yet."""

    kind: Kind
    id: str
    company_id: str | None
    standing: Standing
    sealed: bytes | None = field(default=None, repr=False)
    scope: str | None = None
    expires_ms: int | None = None
    due_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantRow:
    """A grant as it is kept; times are epoch milliseconds."""

    kind: Kind
    id: str
    company_id: str | None
    """The agency; None while it is not known (an INSTALL event may not tell)."""
    standing: Standing
    standing_ms: int
    """Since when; for one that was removed, when the CRM says it was."""
    installed_ms: int
    """When it was installed; a refresh does not change it."""
    reason: str | None
    """Why it stands as it does, for people."""
    version: int
    """Grows with each new pair of tokens, and when they go: what compare-and-set compares. From 1."""
    sealed: bytes | None = field(repr=False)
    """The grant with its tokens, sealed (`Grant.to_json`)."""
    scope: str | None
    """The scopes granted, separated by spaces."""
    expires_ms: int | None
    """When the access token does."""
    due_ms: int | None
    """When to look after it; None: not before somebody acts."""
    failures: int
    """Tries in a row that failed."""
    updated_ms: int


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to ask the CRM for a new pair; `version` is that of the pair it was taken for."""

    kind: Kind
    id: str
    token: int
    version: int


@dataclass(frozen=True, slots=True)
class Leased:
    """A grant, read under its lease."""

    row: GrantRow
    lease: Lease


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPair:
    """What a refresh or a minting brought."""

    sealed: bytes = field(repr=False)
    scope: str
    expires_ms: int
    due_ms: int | None
    company_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """How a lease is given back without a new pair; `standing` None: as it was."""

    standing: Standing | None = None
    reason: str | None = None
    due_ms: int | None = None
    failed: bool = False


def grant_name(kind: Kind) -> str:
    """The name under which a grant is sealed (see `oauth.vault.place`)."""
    return f"grant/{kind.value}"
