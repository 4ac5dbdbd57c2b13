"""The measure of fairness: what two sub-accounts in trouble cost the other 98.

A hundred sub-accounts, a call every other second each, at the CRM's real pace. All healthy; then the same load,
while the CRM fails one sub-account (500 and no answer at all, in turn) and another gets fifty times its share.
"""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from benchmarks.figures import latencies
from benchmarks.measures import rounds
from benchmarks.payloads import call_id, home
from benchmarks.processes import FailedError, get_json
from benchmarks.servers import wait_seen

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.measures import Runs, Size
    from benchmarks.processes import Server
    from benchmarks.servers import Yard

TENANTS = tuple(f"LOC-{number:03}" for number in range(100))
BROKEN, FLOODED = TENANTS[:2]
RATE = 50
"""Calls a second, over all."""
CONTACTS = 200
"""Two of each sub-account: all are known after four seconds."""
_FLOOD = 50
"""So many times its share gets the one that is flooded."""
_WARM_S = 4
"""Of each run this is not counted: contacts become known, the trouble begins."""
_CRM_MS = 50
_BUDGET_S = 150.0


def fair(yard: Yard, size: Size) -> Runs:
    """From when a call's turn came to be sent until the CRM stub saw its note, in ms, for the others' calls."""
    runs: Runs = defaultdict(list)
    for _ in rounds(size.fair_rounds, _BUDGET_S):
        for kind in ("healthy", "ringback"):
            took_s = _run(yard, (size.fair_s + _WARM_S) * RATE, troubled=kind == "ringback")
            for name, value in latencies(took_s).items():
                runs[f"{kind} sync {name}"].append(value)
    return runs


def _run(yard: Yard, calls: int, *, troubled: bool) -> list[float]:
    with ExitStack() as up:
        crm = up.enter_context(yard.stub(_CRM_MS, broken=BROKEN if troubled else ""))
        server = up.enter_context(yard.server("ringback", crm, locations=TENANTS, burst="100/10s"))
        flood = up.enter_context(ThreadPoolExecutor()).submit(_flood, yard, server, calls) if troubled else None
        load = yard.load(server, calls, rate=RATE, locations=TENANTS, contacts=CONTACTS)
        due_s = due(load, range(_WARM_S * RATE, calls))
        seen_s = wait_seen(crm, due_s)
        if flood is not None:
            _require_trouble(crm, flood.result(), seen_s)
    return [seen_s[call] - at for call, at in due_s.items()]


def _flood(yard: Yard, server: Server, calls: int) -> dict[str, Any]:
    """Beside its share of the load one sub-account gets 49 times as much, for as long."""
    more = (_FLOOD - 1) / len(TENANTS)
    rate, locations = RATE * more, (FLOODED,)
    return yard.load(server, round(calls * more), rate=rate, locations=locations, contacts=CONTACTS)


def due(load: Mapping[str, Any], numbers: range) -> dict[str, float]:
    """When each call's turn came (monotonic seconds), by its id; those of the two in trouble left out.

    They are left out of the healthy runs too: the same calls are compared.
    """
    return {
        call_id(load["run"], number): load["began_s"] + number / RATE
        for number in numbers
        if home(number, CONTACTS, TENANTS) not in (BROKEN, FLOODED)
    }


def _require_trouble(crm: Server, flood: Mapping[str, Any], seen_s: Mapping[str, float]) -> None:
    """A run says something only if the trouble was there.

    Raises:
        FailedError: the CRM failed nobody, or the flood was no more than its sub-account's pace allows.
    """
    failed = get_json(f"{crm.url}/_count")["requests"].get("failed", 0)
    written = sum(call.startswith(flood["run"]) for call in seen_s)
    if not failed or written == flood["acked"]:
        raise FailedError(f"no trouble: {failed} CRM requests failed, {written} of {flood['acked']} came through")
