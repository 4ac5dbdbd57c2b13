"""The token endpoint against the sandbox's marketplace, over a real socket; and the client that lives on its tokens."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from connector.crm.client import Crm
from connector.crm.errors import InDoubtError, NotSentError, ScopeMissingError, ThrottledError, UnauthorizedError
from connector.crm.pace import Pace
from connector.crm.tokens import TokenDownError, TokenEndpoint, TokenThrottledError
from connector.crm.transport import AiohttpTransport
from connector.locations import StoredSecrets
from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.faults import Fault
from connector.sandbox.seed import furnish
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.store.sqlite import SqliteStore
from oauth.grant import Client, Grant
from oauth.keeper import Keeper, Market
from oauth.outcome import NeedsReconnectError
from oauth.refusal import InactiveError, LaterError, MisconfiguredError, RefusedGrantError
from oauth.standing import Kind
from oauth.vault import Vault, generate_key
from tests.oauth.issuer import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.crm.model import Request

CALLBACK = "http://127.0.0.1:8123/oauth/callback"
AGENCY = "SandboxAgency"


@dataclass
class Shop:
    """The marketplace, and our side of it."""

    sandbox: Sandbox
    transport: AiohttpTransport
    clock: Clock
    heard: list[tuple[str, int | None]]

    def endpoint(self, *, v3: bool = False, secret: str = DEFAULT_CLIENT_SECRET, timeout_s: float = 8) -> TokenEndpoint:
        def on_request(request: Request, status: int | None) -> None:
            self.heard.append((request.verb, status))

        client = Client(DEFAULT_CLIENT_ID, secret, v3=v3)
        return TokenEndpoint(self.transport, client, now_ms=self.clock, on_request=on_request, timeout_s=timeout_s)

    def code(self, *locations: str, **how: Any) -> str:
        return self.sandbox.market.consent(
            DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=locations or ["L1"], **how
        )

    async def installed(self, *locations: str, v3: bool = False, **how: Any) -> Grant:
        return await self.endpoint(v3=v3).exchange(self.code(*locations, **how), redirect_uri=CALLBACK)

    def fault(self, kind: str, **more: Any) -> None:
        self.sandbox.faults.arm(
            Fault.model_validate({"kind": kind, "match": {"path": "^/oauth/"}, **more}), now_ms=self.clock()
        )


@pytest_asyncio.fixture
async def shop() -> AsyncIterator[Shop]:
    clock = Clock()
    sandbox = Sandbox(clock_ms=clock, rate="off")
    for location in ("L1", "L2", "L3"):
        furnish(sandbox, location, token=f"pit-{location}")
    async with serving(sandbox) as url:
        transport = AiohttpTransport(url, timeout_s=5)
        yield Shop(sandbox, transport, clock, [])
        await transport.close()


@pytest.mark.parametrize("v3", [False, True], ids=["old", "v3"])
async def test_a_code_becomes_a_grant(shop: Shop, v3: bool) -> None:  # noqa: FBT001 - a parameter of the test
    grant = await shop.installed("L1", v3=v3)
    assert (grant.kind, grant.id, grant.company_id) == (Kind.LOCATION, "L1", AGENCY)
    assert set(grant.scopes) == set(DEFAULT_APP.scopes)
    assert grant.expires_ms == shop.clock() + 86_399_000
    assert shop.heard == [("exchange_code", 200)]


@pytest.mark.parametrize("v3", [False, True], ids=["old", "v3"])
async def test_a_refresh_brings_the_next_pair_and_a_repeat_the_same(shop: Shop, v3: bool) -> None:  # noqa: FBT001 - likewise
    endpoint, first = shop.endpoint(v3=v3), await shop.installed("L1", v3=v3)
    second, again = await endpoint.refresh(first), await endpoint.refresh(first)
    assert second.access_token != first.access_token
    assert (again.access_token, again.refresh_token) == (second.access_token, second.refresh_token)


@pytest.mark.parametrize("v3", [False, True], ids=["old", "v3"])
async def test_an_agencys_grant_lists_and_mints(shop: Shop, v3: bool) -> None:  # noqa: FBT001 - likewise
    endpoint, agency = shop.endpoint(v3=v3), await shop.installed("L1", "L2", v3=v3, bulk=True, future=True)
    assert (agency.kind, agency.is_bulk, agency.future) == (Kind.COMPANY, True, True)
    page = await endpoint.installed_locations(AGENCY, token=agency.access_token, limit=1)
    rest = await endpoint.installed_locations(AGENCY, token=agency.access_token, after=page.next, limit=1)
    assert [one.id for one in (*page.locations, *rest.locations)] == ["L1", "L2"]
    assert page.future
    minted = await endpoint.location_token(AGENCY, "L2", token=agency.access_token)
    assert (minted.kind, minted.id, minted.refresh_token is not None) == (Kind.LOCATION, "L2", v3)


async def test_a_code_works_once(shop: Shop) -> None:
    code = shop.code("L1")
    await shop.endpoint().exchange(code, redirect_uri=CALLBACK)
    with pytest.raises(RefusedGrantError, match="code"):
        await shop.endpoint().exchange(code, redirect_uri=CALLBACK)


async def test_a_wrong_redirect_or_secret_is_the_operators_to_mend(shop: Shop) -> None:
    with pytest.raises(MisconfiguredError, match="redirect"):
        await shop.endpoint().exchange(shop.code("L1"), redirect_uri="http://127.0.0.1:1/oauth/callback")
    with pytest.raises(MisconfiguredError, match="client"):
        await shop.endpoint(secret="wrong-secret").exchange(shop.code("L1"))


async def test_a_dead_refresh_token_is_refused_and_not_shown(shop: Shop) -> None:
    first = await shop.installed("L1")
    await shop.endpoint().refresh(first)
    shop.clock.pass_s(31)
    with pytest.raises(RefusedGrantError) as caught:
        await shop.endpoint().refresh(first)
    assert str(first.refresh_token) not in str(caught.value)


async def test_a_suspended_sub_account_is_not_active(shop: Shop) -> None:
    first = await shop.installed("L1")
    agency = await shop.installed("L2", "L3", bulk=True)
    for location in ("L1", "L2"):
        shop.sandbox.locations[location].active = False
    with pytest.raises(InactiveError):
        await shop.endpoint().refresh(first)
    with pytest.raises(InactiveError):
        await shop.endpoint().location_token(AGENCY, "L2", token=agency.access_token)


async def test_an_agency_token_that_expired_is_told_by_its_status(shop: Shop) -> None:
    agency = await shop.installed("L1", "L2", bulk=True)
    shop.sandbox.market.expire()
    with pytest.raises(RefusedGrantError) as caught:
        await shop.endpoint().location_token(AGENCY, "L1", token=agency.access_token)
    assert caught.value.status == 401


async def test_trouble_is_for_later_and_known_to_the_schedule(shop: Shop) -> None:
    grant = await shop.installed("L1")
    shop.fault("status", status=503, count=1)
    with pytest.raises(TokenDownError) as down:
        await shop.endpoint().refresh(grant)
    shop.fault("status", status=429, retry_after_s=7, count=1)
    with pytest.raises(TokenThrottledError) as slow:
        await shop.endpoint().refresh(grant)
    assert isinstance(down.value, NotSentError)
    assert not isinstance(down.value, InDoubtError)
    assert isinstance(slow.value, ThrottledError)
    assert slow.value.wait_s == slow.value.retry_after_s >= 7


async def test_an_answer_that_does_not_come_is_not_waited_for_long(shop: Shop) -> None:
    grant = await shop.installed("L1")
    shop.fault("hang")
    with pytest.raises(LaterError, match=r"no answer in 0\.05 s"):
        await shop.endpoint(timeout_s=0.05).refresh(grant)
    assert shop.heard[-1] == ("refresh_grant", None)


@dataclass
class Living:
    """The client on a kept grant."""

    crm: Crm
    keeper: Keeper
    database: SqliteStore


@pytest_asyncio.fixture
async def living(shop: Shop, tmp_path: Path) -> AsyncIterator[Living]:
    database = await SqliteStore.open(tmp_path / "ringback.db")
    market = Market(grants=database.grants, endpoint=shop.endpoint(), now_ms=shop.clock, sleep=shop.clock.sleep)
    keeper = Keeper(StoredSecrets(database), Vault([generate_key()]), market)
    assert await keeper.keep(await shop.installed("L1"), expected=0)
    shop.heard.clear()
    yield Living(Crm(shop.transport, keeper, Pace(None), sleep=shop.clock.sleep), keeper, database)
    await keeper.settle()
    await database.close()


async def test_a_request_whose_token_expired_is_repeated_with_a_new_one(shop: Shop, living: Living) -> None:
    shop.sandbox.market.expire()
    assert (await living.crm.get_location("L1")).id == "L1"
    assert shop.heard == [("refresh_grant", 200)]


async def test_a_write_whose_token_expired_is_done_once(shop: Shop, living: Living) -> None:
    contact = await living.crm.create_contact("L1", "+14155550111")
    shop.sandbox.market.expire()
    await living.crm.add_note("L1", contact.id, "a note\nCall ID: c1")
    assert len(await living.crm.list_notes("L1", contact.id)) == 1


async def test_many_requests_whose_token_expired_refresh_once(shop: Shop, living: Living) -> None:
    shop.sandbox.market.expire()
    await asyncio.gather(*(living.crm.get_location("L1") for _ in range(20)))
    assert shop.sandbox.market.counts["refreshes"] == 1


async def test_at_most_one_refresh_a_request(shop: Shop, living: Living) -> None:
    fault = {"kind": "status", "status": 401, "message": "Invalid JWT", "match": {"path": "^/locations/"}}
    shop.sandbox.faults.arm(Fault.model_validate(fault), now_ms=shop.clock())
    with pytest.raises(UnauthorizedError):
        await living.crm.get_location("L1")
    assert shop.heard == [("refresh_grant", 200)]


async def test_a_missing_scope_is_not_mended_by_a_refresh(shop: Shop, living: Living) -> None:
    grant = await shop.installed("L1", scope="contacts.readonly")
    assert await living.keeper.keep(grant, expected=1)
    shop.heard.clear()
    with pytest.raises(ScopeMissingError):
        await living.crm.get_location("L1")
    assert shop.heard == []


async def test_a_revoked_grant_needs_reconnect(shop: Shop, living: Living) -> None:
    shop.sandbox.market.revoke(DEFAULT_CLIENT_ID, location="L1")
    with pytest.raises(NeedsReconnectError):
        await living.crm.get_location("L1")
    assert await living.keeper.keep(await shop.installed("L1"), expected=1)
    assert (await living.crm.get_location("L1")).id == "L1"


async def test_a_life_of_refreshes_loses_nothing(shop: Shop, living: Living) -> None:
    shop.sandbox.market.register(replace(DEFAULT_APP, access_s=100))
    shop.sandbox.market.expire()
    for _ in range(50):
        shop.clock.pass_s(95)
        await living.crm.get_location("L1")
    assert shop.sandbox.market.counts["refreshes"] > 40
    assert shop.sandbox.market.counts["lost"] == 0
