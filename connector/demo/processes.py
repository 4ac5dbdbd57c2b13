"""The two servers of the demo, each a real process on a free port of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import socket
import sys
from typing import TYPE_CHECKING, Self

from connector.errors import RingbackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

START_S = 20.0
STOP_S = 30.0
_ADDRESS = re.compile(rb"http://[\d.]+:\d+")


def free_port(host: str) -> int:
    """A port that nobody listens on, for a server whose address must be known before it starts."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


class Server:
    """A `ringback` command that prints its address and then serves; its log goes to a file."""

    def __init__(self, words: Sequence[str], *, env: Mapping[str, str], log: Path, module: str = "connector") -> None:
        self._words = words
        self._module = module
        self._env = {**os.environ, **env}
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self.url = ""

    async def __aenter__(self) -> Self:
        """Start it and learn its address.

        Raises:
            RingbackError: it ended, or said no address in time.
        """
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._module,
                *self._words,
                env=self._env,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
            )
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(START_S):
                self.url = await self._address(self._process)
        if not self.url:
            # Its end is heard of a moment after that of its output; a signal in between would hide how it ended.
            await self.ended(within_s=1)
            await self.__aexit__()
            raise RingbackError(
                f"`{' '.join([self._module, *self._words])}` did not start.",
                means="the demo keeps everything in a temporary folder; nothing of yours was touched.",
                do=f"its log says why:\n{self._log.read_text(errors='replace')[-2000:]}",
            )
        return self

    @staticmethod
    async def _address(process: asyncio.subprocess.Process) -> str:
        if process.stdout is None:
            return ""
        async for line in process.stdout:
            if found := _ADDRESS.search(line):
                return found[0].decode()
        return ""

    def signal(self, number: int) -> None:
        """Send it a signal."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.returncode

    async def ended(self, *, within_s: float) -> bool:
        """Whether it ends by itself within so many seconds."""
        if self._process is None:
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._process.wait()
                return True
        return False

    async def kill(self) -> None:
        """End it as a crash would: SIGKILL, at once."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def __aexit__(self, *_error: object) -> None:
        """End it: politely, then for good."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(STOP_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


async def ringback(words: Sequence[str], *, env: Mapping[str, str]) -> str:
    """Run a `ringback` command to its end; what it printed.

    Raises:
        RingbackError: it failed.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "connector",
        *words,
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    told, trouble = await process.communicate()
    if process.returncode:
        raise RingbackError(
            f"`ringback {words[0]}` failed: {trouble.decode(errors='replace').strip()}",
            means="the demo keeps everything in a temporary folder; nothing of yours was touched.",
            do="read what it says.",
        )
    return told.decode()
