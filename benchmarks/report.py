"""The table: our figures, those of the bare server beside them, their ratio, and the target. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.figures import ratio, table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COLUMNS = ("measure", "ringback", "bare", "ratio", "rounds", "target")


@dataclass(frozen=True, slots=True)
class Line:
    """One line: what it is called, whose figures of that name are compared, and what is aimed at."""

    measure: str
    figure: str
    bare: str
    target: str = ""
    digits: int = 0
    bare_figure: str | None = None
    """The name of the bare server's figure, where it is another."""


LINES = (
    Line("acks/s, the CRM silent, against bare durable", "acks/s", "durable", "ratio >= 0.60"),
    Line("acks/s, the CRM at 50 ms, against bare durable", "acks/s, CRM 50 ms", "durable", bare_figure="acks/s"),
    Line("acks/s, the CRM silent, against bare plain", "acks/s", "plain"),
    Line("ack p50 ms at 10/s", "p50_ms at 10/s", "durable", digits=2),
    Line("ack p99 ms at 10/s", "p99_ms at 10/s", "durable", digits=2),
    Line("ack p50 ms at 500/s", "p50_ms at 500/s", "durable", digits=2),
    Line("ack p99 ms at 500/s", "p99_ms at 500/s", "durable", digits=2),
    Line("events/s until the last CRM write", "events/s", "spine"),
    Line("acks/s while these are delivered", "acks/s meanwhile", "spine"),
    Line("CPU ms per event, all CRM requests in it", "CPU ms/event", "spine", "<= 0.50, ratio <= 1.43", digits=3),
    Line("CRM requests per event", "requests/event", "spine", digits=2),
    Line("notes written more than once", "repeated notes", "spine", "0"),
    Line("sync p50 ms of 98 while two are in trouble, against all well", "sync p50_ms", "healthy", "ratio <= 1.20", 1),
    Line("sync p99 ms of 98 while two are in trouble, against all well", "sync p99_ms", "healthy", "ratio <= 1.20", 1),
    Line("start to ready, s", "ready s", "durable", "<= 0.70", digits=2),
    Line("RSS idle, MB", "idle MB", "durable"),
    Line("RSS peak, MB", "peak MB", "durable", "<= 90"),
)


def rows(runs: Mapping[str, Sequence[float]]) -> list[dict[str, Any]]:
    """The table's rows: medians over the rounds; the peak is the highest of all."""
    return [_row(line, runs) for line in LINES if f"ringback {line.figure}" in runs]


def _row(line: Line, runs: Mapping[str, Sequence[float]]) -> dict[str, Any]:
    ours = runs[f"ringback {line.figure}"]
    theirs = runs.get(f"{line.bare} {line.bare_figure or line.figure}", ())
    middle = max if line.figure.startswith("peak") else median
    row = {"measure": line.measure, "ringback": round(middle(ours), line.digits), "target": line.target}
    row["rounds"] = len(ours)
    if theirs:
        row["bare"] = round(middle(theirs), line.digits)
        row["ratio"] = _ratio(ours, theirs)
    return row


def _ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    if not all(theirs):
        return None
    if len(ours) != len(theirs):  # not made in turn: starts, of which some kinds had more
        return round(median(ours) / median(theirs), 2)
    return round(ratio(ours, theirs), 2)


def text(found: Sequence[Mapping[str, Any]]) -> str:
    """The rows as a table for people; empty where there are none."""
    if not found:
        return ""
    return table([{name: _cell(row.get(name)) for name in COLUMNS} for row in found], COLUMNS)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


TRUNK_COLUMNS = ("trunk", "p50 us", "p99 us", "repeats", "target")
_P50 = " trunk p50 us"
_SIGNED_BY_KEY = frozenset({"telnyx"})
"""Ed25519: one verification takes more than all else together."""


def trunks(runs: Mapping[str, Sequence[float]]) -> str:
    """What each trunk takes to verify and read a call, as a table for people; empty where it was not measured."""
    names = [figure.removesuffix(_P50) for figure in runs if figure.endswith(_P50)]
    return table([_trunk(name, runs) for name in names], TRUNK_COLUMNS) if names else ""


def _trunk(name: str, runs: Mapping[str, Sequence[float]]) -> dict[str, str]:
    figures = {figure: f"{median(runs[f'{name} trunk {figure}']):.0f}" for figure in TRUNK_COLUMNS[1:4]}
    return {"trunk": name, "target": f"p50 <= {300 if name in _SIGNED_BY_KEY else 150}"} | figures
