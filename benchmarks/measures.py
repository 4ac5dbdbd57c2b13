"""The measures: each runs what is compared in turn (A B A B) and gives every run's figures."""

from __future__ import annotations

import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from benchmarks.servers import wait_empty, wait_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from benchmarks.processes import Server
    from benchmarks.servers import Yard

Runs = dict[str, list[float]]
"""Figures by name, one for each round."""

_WARM = 300
_SLOW_CRM_MS = 50
_SILENT_CRM_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured: rounds, calls a run (whole tens), and the open loop's rates (a second) with calls.

    Each measure ends within `budget_s`, with fewer rounds if need be, but at least one.
    """

    rounds: int
    budget_s: float
    acks: int
    events: int
    rates: tuple[tuple[int, int], ...]
    fair_rounds: int
    fair_s: int
    """Seconds of load that count, of each run."""
    trunks_s: float
    """Seconds for all trunks together."""


FULL = Size(
    rounds=3, budget_s=28, acks=3000, events=2000, rates=((10, 20), (500, 600)), fair_rounds=1, fair_s=4, trunks_s=4
)
QUICK = Size(
    rounds=1, budget_s=8, acks=1000, events=1000, rates=((10, 10), (500, 400)), fair_rounds=1, fair_s=2, trunks_s=2
)
_ALONE = replace(FULL, fair_rounds=3, fair_s=12, trunks_s=8)
_SHORT = ("fair", "trunks")
"""Measures of which the whole run holds a short form."""


def size_of(only: Sequence[str] | None) -> Size:
    """The size of a run of these measures, None for all: those of which the whole run is short are longer alone."""
    return _ALONE if only and set(only) <= set(_SHORT) else FULL


def rounds(count: int, budget_s: float, *, clock: Callable[[], float] = time.monotonic) -> Iterator[int]:
    """Up to `count` rounds: the first, and each for which there is time if it takes as long as the longest."""
    ends_s, longest_s = clock() + budget_s, 0.0
    for number in range(count):
        began_s = clock()
        if number and began_s + longest_s > ends_s:
            return
        yield number
        longest_s = max(longest_s, clock() - began_s)


def acks(yard: Yard, size: Size) -> Runs:
    """Acknowledged a second in the closed loop: with a CRM that never answers, and with one that takes 50 ms.

    The first is what taking a call costs by itself; in the second, deliveries share the process.
    """
    runs: Runs = defaultdict(list)
    for _ in rounds(size.rounds, size.budget_s):
        for kind in ("plain", "durable", "ringback"):
            _acks(yard, kind, _SILENT_CRM_MS, size.acks, runs)
        _acks(yard, "ringback", _SLOW_CRM_MS, size.acks, runs)
    return runs


def _acks(yard: Yard, kind: str, crm_ms: int, calls: int, runs: Runs) -> None:
    with yard.stub(crm_ms) as crm, yard.server(kind, crm) as server:
        _started(runs, kind, server)
        figure = "acks/s" if crm_ms == _SILENT_CRM_MS else f"acks/s, CRM {crm_ms} ms"
        runs[f"{kind} {figure}"].append(yard.load(server, calls, warm=_WARM)["per_s"])
        runs[f"{kind} peak MB"].append(server.memory_mb("VmHWM"))


def latency(yard: Yard, size: Size) -> Runs:
    """How long an acknowledgement takes in the open loop at each rate, in ms; both servers stay up."""
    runs: Runs = defaultdict(list)
    with ExitStack() as up:
        crm = up.enter_context(yard.stub(_SLOW_CRM_MS))
        servers = {kind: up.enter_context(yard.server(kind, crm)) for kind in ("durable", "ringback")}
        for kind, server in servers.items():
            _started(runs, kind, server)
            yard.load(server, 100)
        for _ in rounds(size.rounds, size.budget_s):
            for (rate, calls), kind in product(size.rates, servers):
                figures = yard.load(servers[kind], calls, rate=rate)
                for name in ("p50_ms", "p99_ms", "max_ms"):
                    runs[f"{kind} {name} at {rate}/s"].append(figures[name])
    return runs


def events(yard: Yard, size: Size) -> Runs:
    """Events a second until the last CRM write, and CPU for each, with a CRM that answers at once."""
    runs: Runs = defaultdict(list)
    for _ in rounds(size.rounds, size.budget_s):
        for kind in ("spine", "ringback"):
            with yard.stub() as crm, yard.server(kind, crm) as server:
                _started(runs, kind, server)
                for name, value in _one_run(yard, kind, crm, server, size.events).items():
                    runs[f"{kind} {name}"].append(value)
    return runs


def _one_run(yard: Yard, kind: str, crm: Server, server: Server, calls: int) -> dict[str, float]:
    yard.load(server, _WARM)
    warm = _settled(kind, crm, server, _WARM)
    cpu_s = server.cpu_s
    figures = yard.load(server, calls)
    tally = _settled(kind, crm, server, _WARM + calls)
    asked = sum(tally["requests"].values()) - sum(warm["requests"].values())
    return {
        "CPU ms/event": (server.cpu_s - cpu_s) * 1000 / calls,
        "events/s": calls / (tally["last_write_s"] - figures["began_s"]),
        "acks/s meanwhile": figures["per_s"],
        "requests/event": asked / calls,
        "repeated notes": tally["repeated_notes"],
        "peak MB": server.memory_mb("VmHWM"),
    }


def _settled(kind: str, crm: Server, server: Server, calls: int) -> dict[str, Any]:
    tally = wait_written(crm, calls)
    if kind == "ringback":
        wait_empty(server)
    return tally


def _started(runs: Runs, kind: str, server: Server) -> None:
    """Note how long the start took, and what the idle process holds."""
    runs[f"{kind} ready s"].append(server.ready_s)
    runs[f"{kind} idle MB"].append(server.memory_mb("VmRSS"))
