"""A trunk on a bad line: sends each call until it is acknowledged, and some again after that."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
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
TALKS_S = (20, 60)
"""A voicemail, and a conversation that is put up for review."""


@dataclass
class Trunk:
    """Many callers; `acked` holds what was acknowledged: call id to talk time in seconds."""

    session: aiohttp.ClientSession
    chance: random.Random
    url: str = ""
    again: float = AGAIN
    most: int = 1_000_000
    """How many calls at most."""
    acked: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    stopped: bool = False
    _sent: int = 0

    async def dial(self) -> None:
        """One caller, until stopped."""
        while not self.stopped and self.sent < self.most:
            self._sent += 1
            number = self._sent
            talk_s = self.chance.choice(TALKS_S) if self.chance.random() < 0.5 else 0
            raw = orjson.dumps(_call(number, talk_s=talk_s, ended=datetime.now(UTC)))
            for _ in range(MOST_TRIES):
                if await self._post(number, raw, talk_s) or self.stopped:
                    break
                await asyncio.sleep(GAP_S)
            if self.chance.random() < self.again and await self._post(number, raw, talk_s):
                self.duplicates += 1
            await asyncio.sleep(GAP_S)

    @property
    def sent(self) -> int:
        """How many calls were offered."""
        return self._sent

    async def _post(self, number: int, raw: bytes, talk_s: int) -> bool:
        try:
            async with self.session.post(f"{self.url}/hooks/LOC/generic", data=raw, headers=signed(raw)) as answer:
                kept = answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False
        if kept:
            self.acked[f"call-{number}"] = talk_s
        return kept


def _call(number: int, *, talk_s: int, ended: datetime) -> dict[str, object]:
    """A call that ended just now, so that what follows a while later follows in time."""
    call = payload(f"call-{number}", to=f"+1415555{number % CONTACTS:04d}", hangup_cause=NO_ANSWER)
    answered = ended - timedelta(seconds=talk_s)
    call |= {"start": (answered - timedelta(seconds=8)).isoformat(), "end": ended.isoformat()}
    if talk_s:
        call |= {"answer": answered.isoformat(), "duration": talk_s, "hangup_cause": CONNECTED}
    return call
