"""Kills processes around their refreshes, at named points and at random, then looks for sub-accounts that were lost."""

from __future__ import annotations

import asyncio
import random
import signal
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from connector.clock import now_ms
from connector.crm.errors import CrmError
from connector.demo.processes import Server
from connector.errors import RingbackError
from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID
from connector.sandbox.faults import Fault
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from oauth.standing import LEASE_MS, Kind, Standing
from tests.crash.mine import Mine
from tests.crash_tokens.home import POINTS, home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.crash_tokens.home import Home

ALONE = [f"Alone{number:02d}" for number in range(12)]
"""Sub-accounts that were installed one by one: each lives on its own rotating refresh token."""
TOGETHER = [f"Together{number:02d}" for number in range(4)]
"""Sub-accounts of an agency, whose one rotating refresh token they all live on."""
AGENCY = "SandboxAgency"
LIFE_S = 2
LIVE_S = (0.05, 0.6)
CALM_EVERY = 8
GRACE_S = 30
PATIENCE_S = 60.0
CALLBACK = "http://127.0.0.1/oauth/callback"
FAULTS = (
    {"kind": "latency", "ms": 15},
    {"kind": "status", "status": 503, "probability": 0.03},
    {"kind": "applied_then_closed", "probability": 0.05},
    {"kind": "applied_then_500", "probability": 0.03},
)


class Clock:
    """The CRM's: it stands still while no process runs, as how fast this machine starts one is not what is tested."""

    def __init__(self) -> None:
        self._ms = float(now_ms())
        self._since: float | None = None

    def __call__(self) -> int:
        passed_s = 0.0 if self._since is None else time.monotonic() - self._since
        return int(self._ms + passed_s * 1000)

    def jump(self, seconds: float) -> None:
        """So much later; what was not brought home by now is lost."""
        self._ms += seconds * 1000

    @contextmanager
    def goes(self) -> Iterator[None]:
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._ms, self._since = float(self()), None


@dataclass
class Report:
    """What became of it; `lost` and `dead_tokens` must be empty and 0."""

    kills: int = 0
    mined: Counter[str] = field(default_factory=Counter)
    refreshes: int = 0
    repeats: int = 0
    minted: int = 0
    dead_tokens: int = 0
    """Refresh tokens that came back when the CRM did not repeat their answer any more."""
    lost: list[str] = field(default_factory=list)

    def lines(self) -> Iterable[str]:
        """For people."""
        yield f"kills {self.kills}, of these at named points {self.mined.total()} ({len(self.mined)} different)"
        yield f"refreshes {self.refreshes}, repeated in time {self.repeats}, minted {self.minted}"
        yield f"dead refresh tokens used {self.dead_tokens}, sub-accounts lost {len(self.lost)}"

    @property
    def clean(self) -> bool:
        """Nothing was lost."""
        return not self.lost and not self.dead_tokens


async def crash(kills: int, *, seed: int, say: Callable[[str], None] = lambda _line: None) -> Report:
    """Kill so many processes, one after another on one database; then all sub-accounts must still work."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    report = Report()
    clock = Clock()
    sandbox = Sandbox(rate="off", clock_ms=clock)
    sandbox.market.register(replace(DEFAULT_APP, access_s=LIFE_S))
    for location in (*ALONE, *TOGETHER):
        sandbox.register(location)
    with tempfile.TemporaryDirectory(prefix="ringback-crash-tokens-") as name:
        folder = Path(name)
        async with serving(sandbox) as crm:
            async with home(folder, crm, Mine(None)) as here:
                await _install(here, sandbox)
            for number, fault in enumerate(FAULTS):
                order = {**fault, "match": {"path": "^/oauth/"}, "seed": seed + number}
                sandbox.faults.arm(Fault.model_validate(order), now_ms=sandbox.clock_ms())
            await _Killer(folder, crm, chance, report, clock).kill(kills, say)
            sandbox.faults.clear()
            with clock.goes():
                report.lost = await _lost(folder, crm)
    counts = sandbox.market.counts
    report.refreshes, report.repeats = counts["refreshes"], counts["refresh_repeats"]
    report.minted, report.dead_tokens = counts["minted"], counts["lost"]
    return report


async def _install(here: Home, sandbox: Sandbox) -> None:
    codes = [
        sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=[location]) for location in ALONE
    ]
    codes.append(sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=TOGETHER, bulk=True))
    for code in codes:
        await here.keeper.keep(await here.endpoint.exchange(code, redirect_uri=CALLBACK), expected=0)
    await here.database.grants.want(TOGETHER, company_id=AGENCY, at_ms=now_ms(), now_ms=now_ms())


@dataclass
class _Killer:
    """Starts processes and ends them, every other one at a named point."""

    folder: Path
    crm: str
    chance: random.Random
    report: Report
    clock: Clock

    async def kill(self, kills: int, say: Callable[[str], None]) -> None:
        points = list(POINTS)
        self.chance.shuffle(points)
        for number in range(kills):
            await self._one(points[number // 2 % len(points)] if number % 2 else None)
            self.report.kills += 1
            if self.report.kills % CALM_EVERY == 0:
                say(f"  {self.report.kills} kills")
                await self._calm()
        await self._calm()

    async def _calm(self) -> None:
        """Nobody asks for a token: what a kill cut off must come home by itself, while the CRM still repeats it."""
        with self.clock.goes():
            async with asyncio.timeout(PATIENCE_S), home(self.folder, self.crm, Mine(None)) as here:
                while True:
                    if await _is_home(here):
                        break
                    await asyncio.sleep(0.1)  # the CRM is in trouble at times
        self.clock.jump(GRACE_S + 1)

    async def _one(self, point: str | None) -> None:
        chance, report = self.chance, self.report
        armed = {} if point is None else {"RINGBACK_MINE": f"{point}#{chance.randint(1, 5)}"}
        words = [str(self.folder), self.crm]
        server = Server(words, env=armed, log=self.folder / "log", module="tests.crash_tokens.process")
        try:
            async with server:
                life_s = chance.uniform(*LIVE_S) if point is None else 1.5 * LIFE_S
                with self.clock.goes():
                    if await server.ended(within_s=life_s) and point is not None:
                        report.mined[point] += 1
                    await server.kill()
        except RingbackError:
            if server.exit_code == -signal.SIGKILL and point is not None:
                report.mined[point] += 1  # it went off before it was ready
            elif server.exit_code != -signal.SIGTERM:  # which means that the machine was too busy to start it in time
                raise


async def _is_home(here: Home) -> bool:
    """Looks after all that is due, as the connector does; whether nothing is left to look after."""
    looked_after = await here.keeper.tend()
    until_ms = now_ms() + LEASE_MS
    for leased in await here.database.grants.take(Standing.WANTED, now_ms=now_ms(), until_ms=until_ms, limit=9):
        await here.keeper.renew(leased)
    return not looked_after and not any(row.failures for row in await here.database.grants.page())


async def _lost(folder: Path, crm: str) -> list[str]:
    """Sub-accounts whose token the CRM does not accept, though everything works again."""
    async with home(folder, crm, Mine(None)) as here:
        return await _unusable(here)


async def _unusable(here: Home) -> list[str]:
    lost = []
    await here.keeper.tend()
    for location in (*ALONE, *TOGETHER):
        try:
            async with asyncio.timeout(PATIENCE_S):
                await here.crm.get_location(location)
        except (CrmError, LookupError, TimeoutError) as error:
            lost.append(f"{location}: {error}")
    rows = await here.database.grants.page()
    lost += [f"{row.id}: {row.standing.value}, {row.reason}" for row in rows if row.standing is not Standing.ACTIVE]
    if await here.database.grants.get(Kind.COMPANY, AGENCY) is None:
        lost.append(AGENCY)
    return lost
