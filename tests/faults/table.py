"""The faults, one row each: what is done to the CRM or to us while calls come in, and what must hold all the same."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp

from connector.demo.processes import Server, ringback
from connector.sandbox.faults import Fault
from connector.sandbox.seed import workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from tests.connector.door import SECRET
from tests.crash.compare import Report, compare, until_nothing_waits
from tests.crash.trunk import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

CALLERS = 10
POST = {"method": "POST"}


@dataclass(frozen=True)
class Row:
    """One fault. `faults` are armed in the sandbox for `fault_s` seconds (None: to the end of the calls)."""

    name: str
    calls: int = 200
    faults: tuple[Mapping[str, Any], ...] = ()
    fault_s: float | None = None
    rate: str = "off"
    kills: int = 0
    again: float = 0.0
    env: Mapping[str, str] = field(default_factory=dict)


ROWS = (
    Row("none"),
    Row("kill -9", kills=4),
    Row("5 % 503", faults=({"kind": "status", "status": 503, "probability": 0.05},)),
    Row("applied, then closed 5 %", faults=({"kind": "applied_then_closed", "probability": 0.05, "match": POST},)),
    Row("429 at the real limit", calls=300, rate="100/10s", env={"RINGBACK_CRM_BURST": "100/10s"}),
    Row("30 s outage", calls=300, faults=({"kind": "outage"},), fault_s=30.0),
    Row("duplicates 50 %", again=0.5),
    Row("slow CRM, 400 ms", calls=100, faults=({"kind": "latency", "ms": 400},)),
    Row(
        "hanging CRM 5 %",
        calls=100,
        faults=({"kind": "hang", "ms": 5_000, "probability": 0.05},),
        env={"RINGBACK_CRM_TIMEOUT_S": "2"},
    ),
)


@dataclass
class Outcome:
    """A row of the table."""

    row: Row
    report: Report
    offered: int
    seconds: float
    requests: int
    peak: int
    refused: int

    def cells(self) -> list[object]:
        """As the table shows it."""
        r = self.report
        return [
            self.row.name,
            self.offered,
            r.acknowledged,
            r.applied,
            len(r.lost),
            len(r.doubled),
            len(r.partial),
            f"{self.seconds:.0f}",
            self.requests,
            self.peak,
            self.refused,
        ]


HEAD = ("FAULT", "OFFERED", "ACKED", "APPLIED", "LOST", "DOUBLED", "PARTIAL", "SECONDS", "REQUESTS", "PEAK/10S", "429S")


async def run(row: Row, *, seed: int, quick: bool = False) -> Outcome:
    """Play one row against real processes on loopback."""
    with tempfile.TemporaryDirectory(prefix="ringback-faults-") as folder:
        sandbox = Sandbox(rate=row.rate)
        sandbox.register("LOC", workflows=[workflow("LOC", "WF", "SMS", "published", sandbox.now())])
        sandbox.grant("pit-LOC", "LOC")
        async with serving(sandbox) as crm, aiohttp.ClientSession() as session:
            env = await _installed(Path(folder), crm, row)
            most = row.calls // 4 if quick else row.calls
            trunk = Trunk(session, random.Random(seed), again=row.again, most=most)  # noqa: S311 - repeatable
            began = time.monotonic()
            for number, fault in enumerate(row.faults):
                sandbox.faults.arm(Fault.model_validate({**fault, "seed": seed + number}), now_ms=sandbox.clock_ms())
            await _play(row, trunk, sandbox, env, Path(folder) / "serve.log", quick=quick)
            sandbox.faults.clear()
            async with Server(["serve", "--port", "0"], env=env, log=Path(folder) / "last.log") as server:
                await until_nothing_waits(session, server.url)
            seconds = time.monotonic() - began
        report = Report()
        await compare(sandbox, trunk, report)
        pace = sandbox.locations["LOC"].pace
        return Outcome(row, report, trunk.sent, seconds, sandbox.journal.total, pace.peak, pace.refused)


async def _installed(folder: Path, crm: str, row: Row) -> dict[str, str]:
    env = {
        "RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}",
        "RINGBACK_CRM_URL": crm,
        "RINGBACK_CRM_BURST": "off",
        "RINGBACK_SETTLE_S": "1",
        "RINGBACK_LOG_LEVEL": "error",
        **row.env,
    }
    words = ["location", "add", "LOC", "--token", "pit-LOC", "--trunk", "generic", "--secret", SECRET]
    await ringback([*words, "--no-answer-workflow", "WF"], env=env)
    return env


async def _play(row: Row, trunk: Trunk, sandbox: Sandbox, env: dict[str, str], log: Path, *, quick: bool) -> None:
    """The calls with their fault; ends when all were acknowledged and, with the fault over, nothing waits."""
    dialling: list[asyncio.Task[None]] = []
    for _ in range(row.kills):
        async with Server(["serve", "--port", "0"], env=env, log=log) as server:
            trunk.url = server.url
            dialling = dialling or [asyncio.create_task(trunk.dial()) for _ in range(CALLERS)]
            await asyncio.sleep(trunk.chance.uniform(0.1, 0.5))
            await server.kill()
    async with Server(["serve", "--port", "0"], env=env, log=log) as server:
        trunk.url = server.url
        dialling = dialling or [asyncio.create_task(trunk.dial()) for _ in range(CALLERS)]
        await asyncio.gather(*dialling)
        if row.fault_s is not None:
            await asyncio.sleep(row.fault_s / 4 if quick else row.fault_s)
            sandbox.faults.clear()
        await until_nothing_waits(trunk.session, server.url)
