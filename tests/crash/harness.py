"""Kills the connector, at named points and at random, then compares the CRM with what was acknowledged."""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from connector.demo.processes import Server, ringback
from connector.errors import RingbackError
from connector.sandbox.faults import Fault
from connector.sandbox.seed import workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from tests.connector.door import SECRET
from tests.crash.compare import Report, compare, until_nothing_waits
from tests.crash.mine import POINTS
from tests.crash.trunk import Trunk

if TYPE_CHECKING:
    from collections.abc import Callable

CALLERS = 8
LIVE_S = (0.1, 0.7)
"""How long a connector lives before it is killed at random; one with a mine is killed after twice the longest."""
FAULTS = (
    {"kind": "latency", "ms": 10},
    {"kind": "status", "status": 503, "probability": 0.05},
    {"kind": "applied_then_closed", "probability": 0.03, "match": {"method": "POST"}},
    {"kind": "applied_then_500", "probability": 0.02, "match": {"method": "POST"}},
)


REVIEW_AFTER_S = 2
MORE = f"""
call_record = "both"
provider_id = "provider1"
max_attempts = "none"
review_after_s = {REVIEW_AFTER_S}

[trunks.generic]

[workflows]
no_answer = "WF"
"""
"""Of the sub-account: every call is a note and a record, and a review is due while kills go on."""


async def crash(kills: int, *, seed: int, say: Callable[[str], None] = lambda _line: None) -> Report:
    """Kill so many connectors, one after another on one database, and look at what the CRM holds in the end."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    report = Report()
    with tempfile.TemporaryDirectory(prefix="ringback-crash-") as folder:
        sandbox = Sandbox(rate="off")
        sandbox.register("LOC", workflows=[workflow("LOC", "WF", "SMS", "published", sandbox.now())])
        sandbox.grant("pit-LOC", "LOC")
        for number, fault in enumerate(FAULTS):
            sandbox.faults.arm(Fault.model_validate({**fault, "seed": seed + number}), now_ms=sandbox.clock_ms())
        async with serving(sandbox) as crm, aiohttp.ClientSession() as session:
            env = await _installed(Path(folder), crm)
            trunk = Trunk(session, chance)
            await _Killer(chance, Path(folder), env, trunk, report).kill(kills, say)
            sandbox.faults.clear()
            async with Server(["serve", "--port", "0"], env=env, log=Path(folder) / "last.log") as server:
                await until_nothing_waits(session, server.url)
                await asyncio.sleep(REVIEW_AFTER_S + 1)  # the last timers have become deliveries by then
                await until_nothing_waits(session, server.url)
            await compare(sandbox, trunk, report, Path(folder) / "ringback.db")
    return report


async def _installed(folder: Path, crm: str) -> dict[str, str]:
    env = {
        "RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}",
        "RINGBACK_CRM_URL": crm,
        "RINGBACK_CRM_BURST": "off",
        "RINGBACK_SETTLE_S": "0.3",
        "RINGBACK_LOG_LEVEL": "error",
    }
    words = ["location", "add", "LOC", "--token", "pit-LOC", "--trunk", "generic", "--secret", SECRET]
    await ringback([*words, "--no-answer-workflow", "WF"], env=env)
    (folder / "more.toml").write_text(MORE, encoding="utf-8")
    await ringback(["location", "set", "LOC", "--file", str(folder / "more.toml")], env=env)
    return env


@dataclass
class _Killer:
    """Starts connectors and ends them, every other one at a named point."""

    chance: random.Random
    folder: Path
    env: dict[str, str]
    trunk: Trunk
    report: Report

    async def kill(self, kills: int, say: Callable[[str], None]) -> None:
        points = list(POINTS)
        self.chance.shuffle(points)
        dialling: list[asyncio.Task[None]] = []
        while self.report.kills < kills:
            number = self.report.kills
            await self._one(points[number // 2 % len(points)] if number % 2 else None)
            dialling = dialling or [asyncio.create_task(self.trunk.dial()) for _ in range(CALLERS)]
            if self.report.kills % 20 == 0:
                say(f"  {self.report.kills} kills, {len(self.trunk.acked)} calls acknowledged")
        self.trunk.stopped = True
        await asyncio.gather(*dialling)

    async def _one(self, point: str | None) -> None:
        armed = {} if point is None else {"RINGBACK_MINE": f"{point}#{self.chance.randint(1, 12)}"}
        server = Server([], env=self.env | armed, log=self.folder / "serve.log", module="tests.crash.serve")
        self.report.kills += 1
        try:
            async with server:
                self.trunk.url = server.url
                life_s = self.chance.uniform(*LIVE_S) if point is None else 2 * LIVE_S[1]
                if await server.ended(within_s=life_s) and point is not None:
                    self.report.mined[point] += 1
                await server.kill()
        except RingbackError:
            if point is None:
                raise
            self.report.mined[point] += 1  # it went off before the connector could listen


if __name__ == "__main__":
    sys.exit("run it as: python -m tests.crash")
