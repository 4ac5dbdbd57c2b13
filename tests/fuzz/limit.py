"""An end for what would not end: a reader that is quadratic in a megabyte takes hours."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class StuckError(Exception):
    """It was still at it when its time was up."""


@contextmanager
def watch() -> Iterator[None]:
    """Inside, `at_most` works: the process's alarm is ours (main thread only)."""
    before = signal.signal(signal.SIGALRM, _up)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, before)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """StuckError if the block takes longer; regular expressions are interrupted, too."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _up(_number: int, _frame: object) -> None:
    raise StuckError
