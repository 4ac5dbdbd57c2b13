"""What the sandbox was asked, in order, and what it answered.

Bounded, with counts that go on past the bound.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler, Middleware


@dataclass(slots=True)
class Entry:
    """One API request: `verb` is the method and the route's pattern, `path` holds the query.

    `status` is None while there is no answer, `applied` whether a write took effect, `faults` the kinds that
    struck it.
    """

    time_ms: int
    method: str
    verb: str
    path: str
    location: str | None
    status: int | None = None
    applied: bool = False
    unanswered: bool = False
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Journal:
    """The newest `size` requests, and the number of all of them by sub-account and verb."""

    size: int
    entries: deque[Entry] = field(init=False)
    counts: dict[str | None, Counter[str]] = field(default_factory=dict)
    total: int = 0

    def __post_init__(self) -> None:
        self.entries = deque(maxlen=self.size)

    def write(self, entry: Entry) -> None:
        """A request has arrived."""
        self.total += 1
        self.entries.append(entry)
        self.counts.setdefault(entry.location, Counter())[entry.verb] += 1

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()
        self.counts.clear()
        self.total = 0

    def by_verb(self) -> dict[str, int]:
        """All sub-accounts together."""
        return dict(sum(self.counts.values(), Counter[str]()))

    def by_location(self) -> dict[str, dict[str, int]]:
        """Verb counts of each sub-account; `unknown` for requests without a known token."""
        return {location or "unknown": dict(verbs) for location, verbs in self.counts.items()}

    def log(self) -> list[dict[str, Any]]:
        """The entries, oldest first, as the control API shows them."""
        return [
            {
                "time": entry.time_ms,
                "method": entry.method,
                "path": entry.path,
                "verb": entry.verb,
                "location": entry.location,
                "status": entry.status,
                "applied": entry.applied,
                "faults": entry.faults,
            }
            for entry in self.entries
        ]


ENTRY: Final = web.RequestKey("entry", Entry)


def recorded(journal: Journal, arrive: Callable[[web.Request], Entry | None]) -> Middleware:
    """The outermost middleware.

    `arrive` makes an API request's entry, or None for what is none of the API's.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        entry = arrive(request)
        if entry is None:
            return await handler(request)
        journal.write(entry)
        request[ENTRY] = entry
        response = await handler(request)
        entry.status = None if entry.unanswered else response.status
        return response

    return middleware
