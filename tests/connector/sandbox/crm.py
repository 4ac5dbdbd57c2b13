"""A sandbox on the loopback interface, a clock that stands still until told, and a plain-spoken client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import ClientResponse, web
    from aiohttp.test_utils import TestClient

    from connector.sandbox.state import Sandbox

LOCATION = "LocationOne"
TOKEN = "pit-one"
NOON_MS = 1_790_000_000_000  # within a UTC day: 13:33:20, so that a test's seconds do not cross midnight


@dataclass
class Clock:
    """Epoch milliseconds by hand."""

    now_ms: int = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Crm:
    """One sandbox and a real client to it; `ask` returns the status and the JSON body."""

    sandbox: Sandbox
    clock: Clock
    client: TestClient[web.Request, web.Application]
    headers: dict[str, str] = field(
        default_factory=lambda: {"Authorization": f"Bearer {TOKEN}", "Version": "2021-07-28"}
    )

    async def send(self, method: str, path: str, body: Any = None, **headers: str) -> ClientResponse:
        """With the usual headers; others are named with `_` for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.request(method, path, json=body, headers=self.headers | named)

    async def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """The answer's status, and its JSON without the trace id (None for an empty body)."""
        async with await self.send(method, path, body, **headers) as response:
            raw = await response.read()
            answer = await response.json() if raw else None
        if isinstance(answer, dict):
            answer.pop("traceId", None)
        return response.status, answer

    async def person(self, **fields: Any) -> str:
        """A new contact's id."""
        status, answer = await self.ask("POST", "/contacts/", {"locationId": LOCATION, **fields})
        assert status == 201, answer
        return str(answer["contact"]["id"])
