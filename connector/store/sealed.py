"""All that is kept sealed, whatever it is: for sealing it anew with another key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

Spot: TypeAlias = tuple[str, str, str]
"""A table and its two key columns: where something sealed is kept, and the order in which it is listed."""
START: Spot = ("", "", "")


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One sealed value: where it is kept, and to what it is bound (see `oauth.vault.place`)."""

    table: Literal["grants", "secrets"]
    key: tuple[str, str]
    bound_to: str
    sealed: bytes = field(repr=False)

    @property
    def spot(self) -> Spot:
        """Where to go on after it."""
        return (self.table, *self.key)


class Sealed(Protocol):
    """Sealed values of all tables."""

    async def page(self, *, limit: int, after: Spot = START) -> list[SealedRow]:
        """Sealed values in the order of their spots, at most so many, perhaps fewer; empty at the end."""

    async def replace(self, rows: Sequence[tuple[SealedRow, bytes]]) -> int:
        """Put others in place of those that are still what was read; how many were. What changed meanwhile stays."""
