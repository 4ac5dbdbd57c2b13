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
    from collections.abc import Awaitable, Callable, Sequence

    import aiohttp

    from connector.demo.shift import Played
    from mappings.call import Call
    from mappings.payload.request import Request

PACE_S = 0.08
"""Between two calls: a shift in fast motion."""


@dataclass(slots=True)
class Tally:
    """What the connector answered, by status word or HTTP status, and what it did not take, with its reasons."""

    answers: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    done: bool = False
    """Whether everything was sent."""


class Dialler:
    """Sends call events to `hooks`, the connector's address up to the sub-account; `wrap_up(call id, remarks)`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        hooks: str,
        secrets: dict[str, str],
        wrap_up: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self._session = session
        self._hooks = hooks
        self._secrets = secrets
        self._wrap_up = wrap_up
        self.tally = Tally()

    async def is_known(self, name: str, call: Call) -> bool:
        """Whether the connector knows this trunk by now, asked without telling it of the call.

        It refuses a PUT: as nobody's (401) until the trunk's proof counts, then for its method (405).
        """
        event = self._event(call, name)
        async with self._session.request("PUT", event.url, data=event.body, headers=dict(event.headers)) as answer:
            return answer.status == HTTPStatus.METHOD_NOT_ALLOWED

    async def play(self, shift: Sequence[Played]) -> None:
        """The whole shift: a call that is sent several times is sent so at once; then its agent may add to it."""
        for one in shift:
            await asyncio.gather(*(self._send(self._event(one.call, one.trunk)) for _ in range(one.times)))
            if one.remarks is not None:
                await self._wrap_up(str(one.call.call_id), one.remarks)
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
        self.tally.done = True

    def _event(self, call: Call, name: str) -> Request:
        return trunk(name).compose(call, self._secrets[name], f"{self._hooks}/{name}", now_ms())

    async def _send(self, event: Request) -> str:
        headers = dict(event.headers)
        async with self._session.request(event.method, event.url, data=event.body, headers=headers) as answer:
            told = orjson.loads(await answer.read())
            status = told["status"] if answer.status == HTTPStatus.OK else str(answer.status)
            self.tally.answers[status] += 1
            return f"{answer.status} {told.get('title') or told['status']}"
