"""`ringback sandbox` as a command: what it prints, and how it ends."""

from __future__ import annotations

import asyncio
import json
import shlex
import signal
import socket
import sys
from typing import TYPE_CHECKING

import aiohttp
import pytest

from connector.cli import main

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine
    from typing import TypeAlias

    Start: TypeAlias = Callable[..., Coroutine[None, None, asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts the command, and ends it whatever becomes of the test."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(*words: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "connector", "sandbox", *words, stdout=pipe, stderr=pipe
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_ends_cleanly_on_a_signal(start: Start, number: signal.Signals) -> None:
    process = await start("--json")
    assert "url" in json.loads(await line(process))
    process.send_signal(number)
    _, complaints = await process.communicate()
    assert (process.returncode, complaints) == (0, b"")


async def test_what_it_prints_works(start: Start) -> None:
    words = ("--location", "A", "--location", "B", "--token", "t", "--rate", "off", "--seed-contacts", "3")
    process = await start("--json", *words)
    facts = json.loads(await line(process))
    second = facts["locations"][1]
    headers = {"Authorization": f"Bearer {second['token']}", "Version": "2021-07-28"}
    async with aiohttp.ClientSession(facts["url"], headers=headers) as session:
        async with session.get("/locations/B") as answer:
            assert answer.status == 200
            assert "X-RateLimit-Max" not in answer.headers
        async with session.get("/_sandbox/state") as answer:
            assert [len(one["contacts"]) for one in (await answer.json())["locations"]] == [3, 3]


async def test_its_marketplace_app_is_ready_to_be_installed(start: Start) -> None:
    process = await start("--json", "--webhook-url", "http://127.0.0.1:1/crm/events", "--access-seconds", "60")
    facts = json.loads(await line(process))
    async with aiohttp.ClientSession(facts["url"]) as session, session.get("/_sandbox/marketplace") as answer:
        told = await answer.json()
    app = told["apps"][0]
    assert facts["app"] == {
        "client_id": "sandbox-app-0001",
        "client_secret": "sandbox-client-secret",
        "app_id": app["appId"],
        "version_id": app["versionId"],
    }
    assert (app["webhookUrl"], app["accessSeconds"]) == ("http://127.0.0.1:1/crm/events", 60)
    assert facts["webhook_key"] == told["key"]


async def test_it_prints_a_line_that_registers_the_sub_account(start: Start) -> None:
    process = await start()
    lines = [await line(process) for _ in range(4)]
    words = shlex.split(lines[3])
    assert "export RINGBACK_CRM_URL=http://127.0.0.1:" in lines[2]
    assert words[:6] == ["ringback", "location", "add", "SandboxLocation00001", "--token", "pit-sandbox"]


@pytest.mark.parametrize(
    "words",
    [("--rate", "fast"), ("--port", "70000"), ("--port", "x"), ("--seed-contacts", "-1"), ("--access-seconds", "x")],
)
def test_a_wrong_option_is_a_usage_error(words: tuple[str, str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["sandbox", *words])
    assert end.value.code == 2


def test_a_port_that_is_taken_is_said_in_words(capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        status = main(["sandbox", "--port", str(holder.getsockname()[1])])
    assert (status, "cannot listen on 127.0.0.1" in capfd.readouterr().err) == (1, True)
