"""Feeds changed requests to one trunk, and keeps what should not have happened."""

from __future__ import annotations

import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from random import Random
from time import thread_time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mappings.books import default_book
from mappings.call import Call
from mappings.disposition import redial_sensible, standing
from mappings.numbers import lane
from mappings.payload.request import Credentials, NotUnderstoodError, Request, UnverifiedError
from mappings.plan import ContactState, plan
from mappings.trunks import read
from tests.fuzz.corpus import NOW_MS, SECRET
from tests.fuzz.limit import at_most, watch
from tests.fuzz.mutations import mutated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mappings.trunks import Trunk

SLOW_S = 0.050
"""So long the event loop, and with it everybody else's calls, may stand still for one request."""
STUCK_S = 5.0
"""After so long it is not waited for any more."""
_REPEATS = 3
_ZONE = ZoneInfo("America/New_York")
_KEYS = (None, None, SECRET, "x", "é\udcff")


@dataclass(frozen=True, slots=True)
class Finding:
    """One input that was neither read nor refused, or took too long; `kind` is the same for the same fault."""

    trunk: str
    seed: int
    number: int
    kind: str
    said: str
    took_s: float
    request: Request
    path_key: str | None

    def __str__(self) -> str:
        asked, body = self.request, self.request.body
        shown = repr(body) if len(body) <= 1_500 else f"{body[:200]!r}... ({len(body)} bytes)"
        return (
            f"{self.trunk}: {self.kind}: {self.said:.200}\n"
            f"  again: python -m tests.fuzz --trunk {self.trunk} --seed {self.seed} --input {self.number}\n"
            f"  {asked.method} {asked.url!r:.1000} path key {self.path_key!r}\n"
            f"  headers {dict(asked.headers)!r:.1000}\n  body {shown}"
        )


@dataclass(slots=True)
class Report:
    """What became of a trunk's inputs; of each kind of finding the first (or the slowest) is kept, and all counted."""

    trunk: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    findings: dict[str, Finding] = field(default_factory=dict)
    times: dict[str, int] = field(default_factory=dict)

    def found(self, finding: Finding, times: int = 1) -> None:
        """Keep one more, met so many times."""
        known = self.findings.get(finding.kind)
        if known is None or finding.took_s > known.took_s:
            self.findings[finding.kind] = finding
        self.times[finding.kind] = self.times.get(finding.kind, 0) + times

    def add(self, other: Report) -> None:
        """Take in the report of other inputs of the same trunk."""
        self.inputs += other.inputs
        self.read += other.read
        self.refused += other.refused
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        for kind, finding in other.findings.items():
            self.found(finding, other.times[kind])


class Hunt:
    """One trunk's inputs: number `n` of a seed is always the same, as long as the corpus is."""

    def __init__(
        self,
        adapter: Trunk,
        corpus: Sequence[Request],
        seed: int,
        *,
        slow_s: float = SLOW_S,
        stuck_s: float = STUCK_S,
        clock: Callable[[], float] = thread_time,
    ) -> None:
        self._adapter = adapter
        self._corpus = corpus
        self._seed = seed
        self._slow_s = slow_s
        self._stuck_s = stuck_s
        self._clock = clock

    def run(self, numbers: Iterable[int]) -> Report:
        """Feed these inputs."""
        report = Report(self._adapter.name)
        with watch():
            for number in numbers:
                self._feed(number, report)
        return report

    def input(self, number: int) -> tuple[Request, Credentials]:
        """The input of that number."""
        rng = Random(f"{self._seed}/{self._adapter.name}/{number}")  # noqa: S311 - repeatable, not secret
        request = mutated(rng.choice(self._corpus), self._corpus, rng)
        return request, Credentials((SECRET,), path_key=rng.choice(_KEYS))

    def _feed(self, number: int, report: Report) -> None:
        request, credentials = self.input(number)
        report.inputs += 1
        try:
            with at_most(self._stuck_s):
                took = self._timed(request, credentials)
            if took.all_s > self._slow_s:  # the machine, or the adapter? Its best time tells
                again = (self._timed(request, credentials) for _ in range(_REPEATS))
                took = min(took, *again, key=attrgetter("all_s"))
        except Exception as error:  # noqa: BLE001 - any exception at all is what is looked for
            report.found(self._finding(number, _place(error), str(error)))
            return
        report.read += took.was_read
        report.refused += not took.was_read
        report.slowest_s = max(report.slowest_s, took.all_s)
        if took.all_s > self._slow_s:
            report.found(self._finding(number, took.kind, f"{took.all_s * 1000:.0f} ms", took.all_s))

    def _finding(self, number: int, kind: str, said: str, took_s: float = 0.0) -> Finding:
        request, credentials = self.input(number)
        return Finding(self._adapter.name, self._seed, number, kind, said, took_s, request, credentials.path_key)

    def _timed(self, request: Request, credentials: Credentials) -> _Took:
        began = self._clock()
        with suppress(UnverifiedError):  # read as well, believed or not: a sender may sign whatever it likes
            self._adapter.verify(request, credentials)
        verified = self._clock()
        try:
            calls = read(self._adapter, request)
        except NotUnderstoodError:
            return _Took(verified - began, self._clock() - verified, was_read=False)
        took = _Took(verified - began, self._clock() - verified, was_read=True)
        for call in calls:
            _use(call)
        return took


@dataclass(frozen=True, slots=True)
class _Took:
    """How long an input took, in seconds of CPU time, and whether it was read."""

    verify_s: float
    read_s: float
    was_read: bool

    @property
    def all_s(self) -> float:
        return self.verify_s + self.read_s

    @property
    def kind(self) -> str:
        """Who can do it: `verify` runs for strangers, `parse` only for who has the secret."""
        return "slow to verify, for anybody" if self.verify_s > self.read_s else "slow to parse"


def _use(call: Call) -> None:
    """All that is done with a call next, as far as it is pure."""
    if Call.from_json(call.to_json()) != call:
        raise ValueError("a call does not come back from the store as it was")
    call.facts()
    lane(call, None)
    redial_sensible(call)
    if standing(call).status == "accepted":
        plan(call, ContactState(), default_book(), now_ms=NOW_MS, zone=_ZONE, workflows={"no_answer": "W"}).to_json()


def _place(error: Exception) -> str:
    """The exception and where it came from: the innermost line of `mappings` it passed."""
    ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "site-packages" not in frame.filename]
    ours = [frame for frame in ours if "mappings" in Path(frame.filename).parts] or ours
    where = f"{Path(ours[-1].filename).name}:{ours[-1].lineno} in {ours[-1].name}" if ours else "nowhere"
    return f"{type(error).__name__} at {where}"
