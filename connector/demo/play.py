"""Plays the shift against a running connector: signed, some events sent again, one forged, one unreadable."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from connector.clock import now_ms
from mappings.trunks import trunk

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import aiohttp

    from connector.demo.shift import Played
    from mappings.payload.request import Request

PACE_S = 0.08
"""Between two calls: a shift in fast motion."""


@dataclass(slots=True)
class Tally:
    """What the connector answered, by status word or HTTP status, and what it did not take, with its reasons."""

    answers: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)


class Dialler:
    """Sends call events to `hooks`, the connector's address up to the sub-account."""

    def __init__(self, session: aiohttp.ClientSession, hooks: str, secrets: dict[str, str]) -> None:
        self._session = session
        self._hooks = hooks
        self._secrets = secrets
        self.tally = Tally()

    async def play(self, shift: Sequence[Played], *, sent: Callable[[int], None]) -> None:
        """The whole shift; a call that its trunk sends several times is sent so at once."""
        for number, one in enumerate(shift, 1):
            await asyncio.gather(*(self._send(self._event(one)) for _ in range(one.times)))
            sent(number)
            await asyncio.sleep(PACE_S)

    async def play_badly(self, one: Played) -> None:
        """A forged event and an unreadable one; both must leave no trace in the CRM."""
        url = f"{self._hooks}/generic"
        forged = trunk("generic").compose(one.call, "not the secret", url, now_ms())
        unreadable = replace(
            forged,
            headers={"authorization": f"Bearer {self._secrets['generic']}", "content-type": "application/json"},
            body=b'{"call_uuid": "demo-cut-off", "from": "+1415',
        )
        self.tally.refused.append(f"forged signature: {await self._send(forged)}, nothing kept")
        self.tally.refused.append(f"cut-off body: {await self._send(unreadable)}, kept for `ringback replay`")

    def _event(self, one: Played) -> Request:
        return trunk(one.trunk).compose(one.call, self._secrets[one.trunk], f"{self._hooks}/{one.trunk}", now_ms())

    async def _send(self, event: Request) -> str:
        headers = dict(event.headers)
        async with self._session.request(event.method, event.url, data=event.body, headers=headers) as answer:
            told = orjson.loads(await answer.read())
            status = told["status"] if answer.status == HTTPStatus.OK else str(answer.status)
            self.tally.answers[status] += 1
            return f"{answer.status} {told.get('title') or told['status']}"
