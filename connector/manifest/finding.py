"""What is wrong in a manifest. PURE."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: where (a path such as `scopes[2].verbs.add_note`), what, and what to do about it."""

    where: str
    what: str
    do: str

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.what}\n  What to do: {self.do}"
