"""A trunk on a bad line: sends each call until it is acknowledged, and some again after that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import aiohttp
import orjson

from tests.connector.door import payload, signed

if TYPE_CHECKING:
    import random

CONTACTS = 40
GAP_S = 0.06
AGAIN = 0.2
MOST_TRIES = 10_000
CONNECTED, NO_ANSWER = 16, 19


@dataclass
class Trunk:
    """Many callers; `acked` holds what was acknowledged: call id to whether the call was answered."""

    session: aiohttp.ClientSession
    chance: random.Random
    url: str = ""
    again: float = AGAIN
    most: int = 1_000_000
    """How many calls at most."""
    acked: dict[str, bool] = field(default_factory=dict)
    duplicates: int = 0
    stopped: bool = False
    _sent: int = 0

    async def dial(self) -> None:
        """One caller, until stopped."""
        while not self.stopped and self.sent < self.most:
            self._sent += 1
            number, answered = self._sent, self.chance.random() < 0.5
            for _ in range(MOST_TRIES):
                if await self._post(number, answered) or self.stopped:
                    break
                await asyncio.sleep(GAP_S)
            if self.chance.random() < self.again and await self._post(number, answered):
                self.duplicates += 1
            await asyncio.sleep(GAP_S)

    @property
    def sent(self) -> int:
        """How many calls were offered."""
        return self._sent

    async def _post(self, number: int, answered: bool) -> bool:  # noqa: FBT001 - private
        raw = orjson.dumps(_call(number, answered=answered))
        try:
            async with self.session.post(f"{self.url}/hooks/LOC/generic", data=raw, headers=signed(raw)) as answer:
                kept = answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
        if kept:
            self.acked[f"call-{number}"] = answered
        return kept


def _call(number: int, *, answered: bool) -> dict[str, object]:
    call = payload(f"call-{number}", to=f"+1415555{number % CONTACTS:04d}", hangup_cause=NO_ANSWER)
    if answered:
        call |= {"answer": "2026-11-23T10:00:05Z", "duration": 20, "hangup_cause": CONNECTED}
    return call
