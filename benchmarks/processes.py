"""The processes of a run: started, measured from outside, and ended by their own id."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
_START_S = 20.0
_STOP_S = 10.0
_ADDRESS = re.compile(rb"http://[\d.]+:\d+")
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class FailedError(Exception):
    """A process of the run did not do what it was started for; its own words are in the text."""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: ours without our settings, and these."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith("RINGBACK_")}
    return ours | {"PYTHONPATH": str(ROOT)} | dict(settings)


def command(words: Sequence[str], *, folder: Path, settings: Mapping[str, str]) -> bytes:
    """Run `python -m <words>` in the folder to its end; what it printed.

    Raises:
        FailedError: it failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env=environment(settings),
        capture_output=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        raise FailedError(f"{words[0]} failed:\n{done.stderr.decode(errors='replace')[-2000:]}")
    return done.stdout


class Server:
    """`python -m <words>` in a folder of its own: a process that prints its address, then serves."""

    def __init__(self, words: Sequence[str], *, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self._words = words
        self._folder = folder
        self._settings = settings or {}
        self._log = folder / "log"
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""
        self.ready_s = 0.0
        """From the start to the first 200 of /readyz, where that was asked."""

    def __enter__(self) -> Self:
        """Start it and learn its address.

        Raises:
            FailedError: it ended, or told no address in time.
        """
        self._began_s = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *self._words],
                cwd=self._folder,
                env=environment(self._settings),
                stdout=subprocess.PIPE,
                stderr=log,
            )
        try:
            self.url = self._address(self._process)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        """End it: politely, then for good."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.communicate(timeout=_STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

    def wait_ready(self) -> Self:
        """Return once /readyz answers 200.

        Raises:
            FailedError: it does not in time.
        """
        while time.monotonic() < self._began_s + _START_S:
            try:
                if get(f"{self.url}/readyz")[0] == 200:
                    self.ready_s = time.monotonic() - self._began_s
                    return self
            except (OSError, HTTPException):
                pass
            time.sleep(0.002)
        raise FailedError(f"{self._words} is not ready:\n{self._said()}")

    @property
    def cpu_s(self) -> float:
        """CPU time it took so far, user and system, all threads."""
        return cpu_s(self._proc("stat"))

    def memory_mb(self, name: str) -> float:
        """A figure of its memory: VmRSS (now) or VmHWM (the most so far)."""
        return memory_mb(self._proc("status"), name)

    def _proc(self, name: str) -> str:
        if self._process is None:
            raise FailedError("not started")
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def _address(self, process: subprocess.Popen[bytes]) -> str:
        assert process.stdout is not None  # noqa: S101 - for the type checker: we asked for a pipe
        line = b"..."
        while line and select.select([process.stdout], [], [], _START_S)[0]:
            line = process.stdout.readline()
            if found := _ADDRESS.search(line):
                return found[0].decode()
        raise FailedError(f"{self._words} did not start:\n{self._said()}")

    def _said(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


def cpu_s(stat: str) -> float:
    """CPU seconds in /proc/<pid>/stat, utime + stime (proc_pid_stat(5); its name may hold anything)."""
    fields = stat.rpartition(")")[2].split()
    utime, stime = fields[11], fields[12]  # fields 14 and 15; the name is the second
    return (int(utime) + int(stime)) / _TICKS_PER_S


def memory_mb(status: str, name: str) -> float:
    """A kB line of /proc/<pid>/status in MB of 1024 kB; 0 where it is not there."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def get(url: str) -> tuple[int, bytes]:
    """Status and body of one GET."""
    where = urlsplit(url)
    connection = HTTPConnection(where.hostname or "", where.port, timeout=5)
    try:
        connection.request("GET", where.path)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def get_json(url: str) -> Any:
    """The JSON of one GET."""
    return orjson.loads(get(url)[1])
