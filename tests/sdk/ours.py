"""Our own client, asked for the same."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import orjson

from connector.clock import now_ms
from connector.crm.client import Crm
from connector.crm.pace import Pace
from connector.crm.tokens import TokenEndpoint
from connector.crm.transport import AiohttpTransport
from oauth.grant import Client, Grant
from oauth.standing import Kind
from tests.sdk.scenario import LOCATION, PRIVATE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Private:
    """The sub-account's private token."""

    async def access_token(self, _location: str) -> str:
        return PRIVATE

    async def newer_than(self, _location: str, _token: str) -> str | None:
        return None


class Ours:
    """The connector's client."""

    def __init__(self, transport: AiohttpTransport, *, v3: bool) -> None:
        self._transport = transport
        self._crm = Crm(transport, Private(), Pace(None))
        self._v3 = v3
        self._grant: Grant | None = None

    async def do(self, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Do it; of a grant, the tokens."""
        if verb in {"exchange", "refresh", "location_token", "installed_locations"}:
            await self._oauth(verb, asked)
        else:
            await self._contact(verb, asked)
        return {} if self._grant is None else orjson.loads(self._grant.to_json())

    async def _contact(self, verb: str, asked: dict[str, Any]) -> None:
        crm = self._crm
        match verb:
            case "find_contact":
                found = await crm.find_contact(LOCATION, asked["number"])
                assert found is not None
            case "create_contact":
                await crm.create_contact(LOCATION, asked["phone"], asked["name"])
            case "create_task":
                due_ms, body = asked["due_ms"], asked["body"]
                await crm.create_task(LOCATION, asked["contact"], asked["title"], due_ms=due_ms, body=body)
            case "get_contact":
                await crm.get_contact(LOCATION, asked["contact"])
            case _:
                what = asked.get("body") or asked.get("tags") or asked["workflow"]
                await getattr(crm, verb)(LOCATION, asked["contact"], what)

    async def _oauth(self, verb: str, asked: dict[str, Any]) -> None:
        client = Client(asked["client_id"], asked["client_secret"], v3=self._v3)
        endpoint = TokenEndpoint(self._transport, client, now_ms=now_ms)
        match verb:
            case "exchange":
                redirect_uri, kind = asked["redirect_uri"], Kind(asked["kind"])
                self._grant = await endpoint.exchange(asked["code"], redirect_uri=redirect_uri, kind=kind)
            case "refresh":
                assert self._grant is not None
                self._grant = await endpoint.refresh(self._grant)
            case "location_token":
                await endpoint.location_token(asked["company"], asked["location"], token=asked["token"])
            case _:
                await endpoint.installed_locations(asked["company"], token=asked["token"], limit=asked["limit"])


def ours(*, v3: bool) -> Any:
    """Makes our client; `v3`: with the token endpoint's new form."""

    @contextlib.asynccontextmanager
    async def made(url: str) -> AsyncIterator[Ours]:
        transport = AiohttpTransport(url)
        try:
            yield Ours(transport, v3=v3)
        finally:
            await transport.close()

    return made
