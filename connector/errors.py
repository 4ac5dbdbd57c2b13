"""Errors a person can meet at the edges, in one form: what happened, what it means for the data, what to do."""

from __future__ import annotations


class RingbackError(Exception):
    """Something a person must know: `str()` is what happened; `means` is for their data; `do` is the next step."""

    def __init__(self, happened: str, *, means: str, do: str) -> None:
        super().__init__(happened)
        self.means = means
        self.do = do

    def __str__(self) -> str:
        return f"{self.args[0]}\n  For your data: {self.means}\n  What to do: {self.do}"


class UsageError(RingbackError):
    """The command or a setting cannot be what was given: exit code 2."""
