"""`python -m tests.fuzz [--inputs N] [--trunk NAME] [--seed S] [--input I]`: looks for requests a trunk falls over.

Prints for each trunk inputs, read, refused and the slowest in ms; then each kind of finding once, with its input.
A finding is any exception but the two refusals, and any input that takes more than 50 ms of CPU time.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING

from mappings.trunks import names, trunk
from tests.fuzz.corpus import corpus
from tests.fuzz.hunt import Hunt, Report

if TYPE_CHECKING:
    from collections.abc import Sequence

_PROCESSES = 2
_PIECE = 5_000


def main(words: Sequence[str] | None = None) -> int:
    """Exit code 0 only if there was no finding."""
    given = _arguments().parse_args(words)
    chosen = given.trunk or list(names())
    began_s = time.monotonic()
    if given.input is not None:
        reports = [piece(name, given.seed, given.input, given.input + 1) for name in chosen]
    else:
        reports = _all(chosen, given.seed, given.inputs)
    for line in (*lines(reports), f"seed {given.seed}, {time.monotonic() - began_s:.0f} s"):
        print(line)  # noqa: T201 - a command
    return int(any(report.findings for report in reports))


def piece(name: str, seed: int, start: int, stop: int) -> Report:
    """The report of a trunk's inputs from `start` up to `stop`."""
    adapter = trunk(name)
    return Hunt(adapter, corpus(adapter), seed).run(range(start, stop))


def _all(chosen: Sequence[str], seed: int, inputs: int) -> list[Report]:
    reports = {name: Report(name) for name in chosen}
    pieces = [(name, seed, at, min(at + _PIECE, inputs)) for name in chosen for at in range(0, inputs, _PIECE)]
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for done in as_completed([pool.submit(piece, *one) for one in pieces]):
            reports[done.result().trunk].add(done.result())
    return list(reports.values())


def lines(reports: Sequence[Report]) -> list[str]:
    """The table, and after it the findings."""
    found = [f"{'trunk':18}{'inputs':>9}{'read':>9}{'refused':>9}{'slowest ms':>12}{'findings':>10}"]
    for one in reports:
        counts = f"{one.inputs:9}{one.read:9}{one.refused:9}{one.slowest_s * 1000:12.1f}{sum(one.times.values()):10}"
        found.append(f"{one.trunk:18}{counts}")
    for one in reports:
        found += [f"\n{one.times[kind]} times {finding}" for kind, finding in one.findings.items()]
    return found


def _arguments() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("--inputs", type=int, default=100_000, help="for each trunk")
    arguments.add_argument("--trunk", action="append", choices=names(), help="only this; may be given again")
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--input", type=int, metavar="I", help="this one input alone, to see a finding again")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
