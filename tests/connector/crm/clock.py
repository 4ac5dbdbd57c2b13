"""A clock that stands still until somebody sleeps by it."""

from __future__ import annotations


class Clock:
    """Seconds since its start; `sleep` moves it at once and remembers by how much."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
