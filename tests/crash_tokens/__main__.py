"""`python -m tests.crash_tokens [--kills N] [--seed S]`: prints kills, refreshes, repeats and what was lost."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time

from tests.crash_tokens.harness import crash


def main() -> int:
    """Exit code 0 only if no sub-account was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash_tokens", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    args = parser.parse_args()
    print(f"seed {args.seed}, {args.kills} kills", flush=True)  # noqa: T201 - a command
    began = time.monotonic()
    report = asyncio.run(crash(args.kills, seed=args.seed, say=lambda text: print(text, flush=True)))  # noqa: T201 - a command
    for line in (*report.lines(), f"{time.monotonic() - began:.0f} s"):
        print(line)  # noqa: T201 - a command
    for fault in report.lost:
        print(f"  LOST: {fault}")  # noqa: T201 - a command
    return int(not report.clean)


if __name__ == "__main__":
    sys.exit(main())
