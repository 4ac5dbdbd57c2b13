"""Configurations with their versions: who changed what when, and what it was before; the agencies' defaults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.store import LocationRow

KEPT = 100
"""How many changes of one configuration are remembered."""

SERVICE = "the service"
"""Who changed what nobody in particular changed."""

Kind: TypeAlias = Literal["location", "company"]


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose configuration: a sub-account's, or an agency's defaults for all its sub-accounts."""

    kind: Kind
    id: str


@dataclass(frozen=True, slots=True)
class Change:
    """One change: it made `version`; `before` is the document until then, None where there was none."""

    version: int
    at_ms: int
    who: str
    what: str
    before: bytes | None


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an agency chose for all its sub-accounts, as JSON."""

    company: str
    document: bytes
    version: int
    updated_ms: int


class History(Protocol):
    """What changes configurations on purpose. Each change is noted together with it; the last KEPT can be seen."""

    async def put(
        self,
        owner: Owner,
        *,
        document: bytes | None,
        who: str,
        what: str,
        now_ms: int,
        secrets: Mapping[str, bytes | None] | None = None,
        expected: int | None = None,
    ) -> int | None:
        """Change a configuration: the new version, or None where `expected` is not the newest one any more.

        Args:
            owner: Whose.
            document: The new document; None leaves it, and only `secrets` change.
            who: Who did it: a key's id, a person at the command line, the install.
            what: What was done, in words.
            now_ms: The time.
            secrets: A sub-account's sealed secrets to replace, or to remove (None); others stay.
            expected: The version the change was made from; 0 for one never configured; None changes whatever is there.
        """

    async def remove(self, owner: Owner, *, who: str, now_ms: int) -> bool:
        """Forget a configuration, its secrets, and a sub-account's API keys. False if there was none."""

    async def assign(self, location: str, company: str | None, *, who: str, now_ms: int) -> bool:
        """Say which agency a sub-account belongs to. False where it is so already, or never was configured."""

    async def company_of(self, location: str) -> str | None:
        """The agency that a sub-account belongs to, also after its configuration was removed."""

    async def locations_of(self, company: str, *, limit: int = 100, after: str = "") -> list[LocationRow]:
        """An agency's sub-accounts by id, ascending, those with an id greater than `after`."""

    async def defaults(self, company: str) -> Defaults | None:
        """What an agency chose for all its sub-accounts."""

    async def version(self, owner: Owner) -> int:
        """The newest version, also of what was removed; 0 for what never was configured."""

    async def changes(self, owner: Owner, *, limit: int = 100, before: int | None = None) -> list[Change]:
        """The changes that made versions below `before` (None: all), the newest first."""
