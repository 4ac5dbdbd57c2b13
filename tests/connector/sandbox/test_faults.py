"""Faults on demand: each kind over a real connection, and the choice of whom they strike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from connector.sandbox.faults import Decision, Fault, Faults
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOME = f"/locations/{LOCATION}"


async def order(crm: Crm, kind: str, **more: Any) -> None:
    async with crm.client.post("/_sandbox/faults", json={"kind": kind, **more}) as response:
        assert response.status == 201, await response.text()


async def newest(crm: Crm) -> dict[str, Any]:
    async with crm.client.get("/_sandbox/state") as response:
        entry: dict[str, Any] = (await response.json())["log"][-1]
    return entry


@pytest.fixture
async def notes(crm: Crm) -> str:
    return f"/contacts/{await crm.person(name='Ada')}/notes"


async def test_a_write_can_be_applied_and_the_answer_lost(crm: Crm, notes: str) -> None:
    await order(crm, "applied_then_closed", count=1, match={"method": "POST", "path": "/notes$"})
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.ask("POST", notes, {"body": "kept"})
    assert [note["body"] for note in (await crm.ask("GET", notes))[1]["notes"]] == ["kept"]


async def test_a_write_can_be_applied_and_answered_with_500(crm: Crm, notes: str) -> None:
    await order(crm, "applied_then_500", count=1)
    assert (await crm.ask("POST", notes, {"body": "kept"}))[0] == 500
    entry = await newest(crm)
    assert (entry["status"], entry["applied"], entry["faults"]) == (500, True, ["applied_then_500"])
    assert len((await crm.ask("GET", notes))[1]["notes"]) == 1


async def test_a_reset_before_applies_nothing(crm: Crm, notes: str) -> None:
    await order(crm, "reset_before", count=1)
    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await crm.ask("POST", notes, {"body": "lost"})
    entry = await newest(crm)
    assert (entry["status"], entry["applied"]) == (None, False)
    assert (await crm.ask("GET", notes))[1]["notes"] == []


async def test_a_status_is_what_was_ordered(crm: Crm, notes: str) -> None:
    await order(crm, "status", status=401, message="Invalid JWT", retry_after_s=7)
    async with await crm.send("POST", notes, {"body": "lost"}) as response:
        assert (response.status, response.headers["Retry-After"]) == (401, "7")
        assert await response.json() == {"statusCode": 401, "message": "Invalid JWT", "error": "Unauthorized"}


async def test_an_outage_is_a_gateway_that_speaks_html(crm: Crm) -> None:
    await order(crm, "outage", ms=5_000)
    async with await crm.send("GET", HOME) as response:
        assert (response.status, response.content_type) == (503, "text/html")
    crm.clock.now_ms += 5_000
    assert (await crm.ask("GET", HOME))[0] == 200


async def test_a_request_that_hangs_is_seen_and_not_applied(crm: Crm, notes: str) -> None:
    await order(crm, "hang", ms=1, count=1)
    with pytest.raises(aiohttp.ServerDisconnectedError):
        await crm.ask("POST", notes, {"body": "lost"})
    assert (await crm.ask("GET", notes))[1]["notes"] == []


class Doorbell:
    """A clock that stands at 0 and tells that it was read, which the sandbox does when a request comes in."""

    def __init__(self) -> None:
        self.rung = asyncio.Event()

    def __call__(self) -> int:
        self.rung.set()
        return 0


async def test_who_hangs_is_let_go_when_the_server_ends() -> None:
    sandbox = Sandbox(clock_ms=(doorbell := Doorbell()))
    sandbox.faults.arm(Fault(kind="hang"), now_ms=0)
    async with aiohttp.ClientSession() as session:
        async with serving(sandbox) as url:
            hanging = asyncio.create_task(session.post(f"{url}/contacts/", json={}))
            await doorbell.rung.wait()
        with pytest.raises(aiohttp.ClientError):
            await hanging


async def test_a_slow_write_is_applied_though_the_caller_has_gone() -> None:
    sandbox = Sandbox(clock_ms=(doorbell := Doorbell()))
    location = sandbox.register(LOCATION)
    sandbox.grant("pit", LOCATION)
    sandbox.faults.arm(Fault(kind="latency", ms=600_000), now_ms=0)
    headers = {"Authorization": "Bearer pit", "Version": "v3"}
    async with serving(sandbox) as url:
        async with aiohttp.ClientSession(url, headers=headers) as session:
            waiting = asyncio.create_task(session.post("/contacts/", json={"locationId": LOCATION}))
            await doorbell.rung.wait()
        waiting.cancel()
        assert not location.contacts
    assert len(location.contacts) == 1  # the end of the server cut the wait short


async def test_latency_comes_before_whatever_else(crm: Crm) -> None:
    await order(crm, "latency", ms=1)
    await order(crm, "status", status=500)
    assert (await crm.ask("GET", HOME))[0] == 500
    assert (await newest(crm))["faults"] == ["latency", "status"]


async def test_a_slow_request_is_still_answered(crm: Crm) -> None:
    await order(crm, "latency", ms=1)
    assert (await crm.ask("GET", HOME))[0] == 200


async def test_faults_are_lifted_by_delete(crm: Crm) -> None:
    await order(crm, "outage")
    async with crm.client.delete("/_sandbox/faults") as response:
        assert response.status == 204
    assert (await crm.ask("GET", HOME))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "flood"},
        {"kind": "hang", "match": {"path": "("}},
        {"kind": "hang", "probability": 2},
        {"oops": 1},
    ],
)
async def test_an_order_that_makes_no_sense_is_a_422(crm: Crm, body: Any) -> None:
    async with crm.client.post("/_sandbox/faults", json=body) as response:
        assert response.status == 422


@pytest.mark.parametrize(
    ("match", "struck"),
    [
        ({}, True),
        ({"method": "post"}, True),
        ({"method": "GET"}, False),
        ({"path": "^/contacts/.*/notes$"}, True),
        ({"path": "tasks"}, False),
        ({"location": "A"}, True),
        ({"location": "B"}, False),
    ],
)
def test_whom_a_fault_strikes(match: dict[str, str], struck: bool) -> None:  # noqa: FBT001 - a parameter of the test
    faults = Faults()
    faults.arm(Fault.model_validate({"kind": "status", "match": match}), now_ms=0)
    assert (faults.decide("POST", "/contacts/1/notes", "A", now_ms=0).fault is not None) == struck


def test_a_fault_ends_after_its_count() -> None:
    faults = Faults()
    faults.arm(Fault(kind="status", count=2), now_ms=0)
    assert [faults.decide("GET", "/", None, now_ms=0).fault is not None for _ in range(4)] == [
        True,
        True,
        False,
        False,
    ]


def strikes(seed: int) -> list[Decision]:
    faults = Faults()
    faults.arm(Fault(kind="latency", ms=1, probability=0.5, seed=seed), now_ms=0)
    return [faults.decide("GET", "/", None, now_ms=0) for _ in range(64)]


def test_the_same_seed_strikes_the_same_requests() -> None:
    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
