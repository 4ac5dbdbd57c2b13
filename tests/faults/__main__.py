"""`python -m tests.faults [--only NAME] [--quick]`: exit code 1 if anything was lost, doubled or left partial."""

from __future__ import annotations

import argparse
import asyncio
import sys

from connector.cli import out
from tests.faults.table import HEAD, ROWS, run


def main() -> int:
    """Play the rows one after another and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="the rows whose name holds this text")
    parser.add_argument("--quick", action="store_true", help="a quarter of the calls")
    parser.add_argument("--seed", type=int, default=2026)
    args = parser.parse_args()
    outcomes = []
    for row in ROWS:
        if args.only is None or args.only in row.name:
            out.line(f"... {row.name}")
            outcomes.append(asyncio.run(run(row, seed=args.seed, quick=args.quick)))
    out.table(HEAD, [outcome.cells() for outcome in outcomes])
    return int(not all(outcome.report.clean and outcome.report.acknowledged for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
