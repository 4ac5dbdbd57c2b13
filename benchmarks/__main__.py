"""`python -m benchmarks [--quick] [--json FILE]`: measure, and print one table. Nothing is asserted."""

from __future__ import annotations

import argparse
import platform
import sqlite3
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks import measures, report
from benchmarks.fair import fair
from benchmarks.processes import FailedError
from benchmarks.servers import Yard
from benchmarks.trunks import trunks

if TYPE_CHECKING:
    from collections.abc import Sequence

MEASURES = {
    "acks": measures.acks,
    "latency": measures.latency,
    "events": measures.events,
    "fair": fair,
    "trunks": trunks,
}


def main(words: Sequence[str] | None = None) -> int:
    """Run what was asked for; 1 if a process of the run failed."""
    given = _arguments().parse_args(words)
    size = measures.QUICK if given.quick else measures.size_of(given.only)
    began_s = time.monotonic()
    try:
        runs = _measure(given, size)
    except FailedError as error:
        print(error, file=sys.stderr)
        return 1
    found = report.rows(runs)
    facts = _facts() | {"took": f"{time.monotonic() - began_s:.0f} s"}
    print("\n\n".join(filter(None, (report.text(found), report.trunks(runs)))))
    print(" · ".join(f"{name} {value}" for name, value in facts.items()))
    if given.json:
        given.json.write_bytes(orjson.dumps(facts | {"table": found, "runs": runs}, option=orjson.OPT_INDENT_2))
    return 0


def _measure(given: argparse.Namespace, size: measures.Size) -> measures.Runs:
    runs: measures.Runs = {}
    with tempfile.TemporaryDirectory(prefix="ringback-bench-", dir=given.dir) as folder:
        yard = Yard(Path(folder))
        for name in given.only or MEASURES:
            began_s = time.monotonic()
            for figure, values in MEASURES[name](yard, size).items():
                runs.setdefault(figure, []).extend(values)
            print(f"measured {name} in {time.monotonic() - began_s:.0f} s", file=sys.stderr, flush=True)
    return runs


def _facts() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "aiohttp": version("aiohttp"),
        "uvloop": version("uvloop"),
        "sqlite": sqlite3.sqlite_version,
    }


def _arguments() -> argparse.ArgumentParser:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument("--quick", action="store_true", help="one round of less: a first look")
    arguments.add_argument("--only", action="append", choices=MEASURES, help="only this; may be given again")
    arguments.add_argument("--json", type=Path, metavar="FILE", help="write the table and every run there")
    arguments.add_argument("--dir", type=Path, help="where the databases lie; must be a disk, not memory")
    return arguments


if __name__ == "__main__":
    sys.exit(main())
