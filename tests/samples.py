"""`python -m tests.samples`: what `ringback explain` makes of each sample beside the project, agree and disagree."""

from __future__ import annotations

import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

from connector.cli import out
from connector.cli.explain import explained
from mappings.books import default_book
from mappings.trunks import names, trunk
from tests.mappings.shared import ABSENT, SAMPLES, expected

if TYPE_CHECKING:
    from collections.abc import Iterator

FACTS = (
    "call_id",
    "from",
    "to",
    "start",
    "answer",
    "end",
    "duration_s",
    "q850",
    "sip",
    "disposition",
    "direction",
    "amd",
)
TOLERANCE_S = 0.01
ENOUGH = 0.95


def main() -> int:
    """Exit code 0 if at least 95 % of the samples of finished calls agree."""
    if not SAMPLES.exists():
        out.line(f"skipped: {ABSENT}")
        return 0
    finished: Counter[bool] = Counter()
    for file, facts in expected().items():
        wrong = list(_differences(file, facts))
        if "kind" not in facts:
            finished[not wrong] += 1
        out.line(f"{'disagree' if wrong else 'agree':<9} {facts['trunk']:<16} {file}")
        for difference in wrong:
            out.line(f"          {difference}")
    total = finished.total()
    out.line(f"\nfinished calls: {finished[True]} agree, {finished[False]} disagree, of {total}")
    return int(finished[True] < ENOUGH * total)


def _differences(file: str, facts: dict[str, Any]) -> Iterator[str]:
    if facts["trunk"] not in names():
        yield f"there is no trunk {facts['trunk']!r}"
        return
    told = explained(trunk(facts["trunk"]), (SAMPLES / file).read_bytes(), default_book(), None)
    if "kind" in facts:
        if any(call["event"] == "completed" for call in told["calls"]) and told["status"] == "accepted":
            yield f"is taken for a finished call, but is: {facts['kind']}"
        return
    if len(told["calls"]) != 1:
        yield f"{len(told['calls'])} calls: {told['reason']}"
        return
    for name in FACTS:
        if not _same(name, told["calls"][0][name], facts[name]):
            yield f"{name}: {told['calls'][0][name]!r}, expected {facts[name]!r}"


def _same(name: str, found: Any, wanted: Any) -> bool:
    if name == "duration_s" and None not in (found, wanted):
        return bool(abs(found - wanted) <= TOLERANCE_S)
    return bool(found == wanted)


if __name__ == "__main__":
    sys.exit(main())
