"""Keys to the API: whose, what for, when last used; never the secret itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

MOST_KEYS = 100
"""How many keys one owner may have, those revoked lately included."""

KeyKind: TypeAlias = Literal["operator", "company", "location"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key as it is kept."""

    id: str
    kind: KeyKind
    """Whose things it opens: everybody's, an agency's, or one sub-account's."""
    owner: str
    """The agency's or sub-account's id; empty for the operator."""
    scopes: tuple[str, ...]
    digest: bytes = field(repr=False)
    """SHA-256 of the secret."""
    label: str
    """What people call it."""
    made_ms: int
    made_by: str
    used_ms: int | None = None
    revoked_ms: int | None = None


class Access(Protocol):
    """The keys to the API."""

    async def add(self, key: ApiKey) -> bool:
        """Keep a new key. False where its owner has MOST_KEYS: nothing was kept."""

    async def get(self, key_id: str) -> ApiKey | None:
        """The key, revoked or not; None where there is none."""

    async def page(
        self, *, owner: tuple[KeyKind, str] | None = None, limit: int = 100, after: str = ""
    ) -> list[ApiKey]:
        """One owner's keys or (None) everybody's, by id, ascending, those with an id greater than `after`."""

    async def revoke(self, key_id: str, *, now_ms: int) -> bool:
        """Let a key open nothing any more. False where there is none that does."""

    async def used(self, key_id: str, *, now_ms: int) -> None:
        """Note when a key was used last."""
