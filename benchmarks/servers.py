"""What is compared: Ringback and the bare servers, each started in a folder of its own, and the CRM stub."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import contextmanager
from operator import ge
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from benchmarks.payloads import is_answered
from benchmarks.processes import FailedError, Server, command, get, get_json
from benchmarks.tenants import register

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

SECRET = "benchmark"  # noqa: S105 - it guards a server on loopback for seconds
LOCATIONS = ("LOC-A", "LOC-B", "LOC-C", "LOC-D")
_CALM_S = 30.0


class Yard:
    """Makes servers inside one temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._registered: dict[Sequence[str], Path] = {}

    @contextmanager
    def stub(self, delay_ms: int = 0, *, broken: str = "") -> Iterator[Server]:
        """A CRM that answers after so long, but for the sub-account that is broken there."""
        words = ["benchmarks.stub", "--delay-ms", str(delay_ms), "--broken", broken]
        with Server(words, folder=self._new_folder()) as server:
            yield server

    @contextmanager
    def server(
        self, kind: str, crm: Server, *, locations: Sequence[str] = LOCATIONS, burst: str = "off"
    ) -> Iterator[Server]:
        """`ringback` with these sub-accounts, or a bare server: `plain`, `durable`, `spine`; empty and ready."""
        folder = self._new_folder()
        settings = {}
        if kind == "ringback":
            shutil.copytree(self._with(locations), folder, dirs_exist_ok=True)
            words = ["connector", "serve", "--port", "0"]
            settings = _settings(folder, crm.url) | {"RINGBACK_CRM_BURST": burst}
        else:
            database = str(folder / "b.db")
            words = ["benchmarks.bare", kind, "--secret", SECRET, "--database", database, "--crm", crm.url]
        with Server(words, folder=folder, settings=settings) as server:
            yield server.wait_ready()
        shutil.rmtree(folder)

    def load(
        self,
        server: Server,
        calls: int,
        *,
        rate: float | None = None,
        warm: int = 0,
        locations: Sequence[str] = LOCATIONS,
        contacts: int = 400,
    ) -> dict[str, Any]:
        """Send so many calls of a mix of their own, and `warm` before; the load generator's figures.

        Raises:
            FailedError: a call was refused, or not answered in time.
        """
        folder = self._new_folder()
        words = ["benchmarks.load", server.url, "--secret", SECRET, "--run", folder.name]
        words += ["--locations", ",".join(locations), "--calls", str(calls), "--warm", str(warm)]
        words += ["--contacts", str(contacts)]
        words += [] if rate is None else ["--rate", str(rate)]
        figures: dict[str, Any] = orjson.loads(command(words, folder=folder, settings={}))
        if figures["acked"] != calls:
            raise FailedError(f"{figures['acked']} of {calls} calls were acknowledged: {figures}")
        return figures

    def _with(self, locations: Sequence[str]) -> Path:
        """A database in which these sub-accounts are registered: every Ringback starts from a copy of it."""
        if locations not in self._registered:
            self._registered[locations] = folder = self._new_folder()
            register(folder / "b.db", locations, secret=SECRET)
        return self._registered[locations]

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="run", dir=self._folder))


def _settings(folder: Path, crm_url: str) -> dict[str, str]:
    return {
        "RINGBACK_DATABASE_URL": f"sqlite:///{folder}/b.db",
        "RINGBACK_CRM_URL": crm_url,
        "RINGBACK_CRM_DAILY": "1000000000",
        "RINGBACK_LOG_LEVEL": "warning",
        "RINGBACK_DRAIN_S": "0",
    }


def wait_written(crm: Server, calls: int) -> dict[str, Any]:
    """The stub's tally once it has seen every write of `calls` calls (of whole tens).

    Raises:
        FailedError: it has not in time.
    """
    unanswered = sum(not is_answered(number) for number in range(calls))
    until_s = time.monotonic() + _CALM_S
    while time.monotonic() < until_s:
        tally: dict[str, Any] = get_json(f"{crm.url}/_count")
        seen = tally["requests"]
        writes = (tally["distinct_notes"], seen.get("tags", 0), seen.get("workflow", 0))
        if all(map(ge, writes, (calls, calls, unanswered))):
            return tally
        time.sleep(0.02)
    raise FailedError(f"the CRM saw not all writes of {calls} calls: {tally}")


def wait_seen(crm: Server, calls: Collection[str]) -> dict[str, float]:
    """When the stub saw the first note of each call (monotonic seconds), once it has seen one of each of these.

    Raises:
        FailedError: it has not in time.
    """
    until_s = time.monotonic() + _CALM_S
    while time.monotonic() < until_s:
        seen: dict[str, float] = get_json(f"{crm.url}/_seen")
        if seen.keys() >= set(calls):
            return seen
        time.sleep(0.2)
    raise FailedError(f"the CRM saw no note of {len(set(calls) - seen.keys())} of {len(calls)} calls")


def wait_empty(ringback: Server) -> None:
    """Return once Ringback's own gauge says that nothing waits; it is refreshed every second.

    Raises:
        FailedError: it does not in time.
    """
    until_s = time.monotonic() + _CALM_S
    while time.monotonic() < until_s:
        if b"\nringback_queue_depth 0.0\n" in get(f"{ringback.url}/metrics")[1]:
            return
        time.sleep(0.2)
    raise FailedError("deliveries still wait, though the CRM has seen every write")
