"""Printing for the command line: plain lines, tables, JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def line(text: str = "") -> None:
    """One line on standard output, at once."""
    print(text, flush=True)  # noqa: T201 - this is where the command line prints


def as_json(value: Any) -> None:
    """JSON on standard output, two spaces deep."""
    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Columns as wide as their widest cell; the last one runs free."""
    cells = [list(map(str, row)) for row in ([*head], *rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head) - 1)]
    for row in cells:
        line("  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]]))
