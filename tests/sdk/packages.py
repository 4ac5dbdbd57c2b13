"""The vendor's packages, installed by their registries' own clients into folders that are never committed, and run."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from tests.sdk.scenario import PRIVATE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

HERE = Path(__file__).parent
NODE, VENV = HERE / ".node", HERE / ".venv"
NPM, PYPI = "@gohighlevel/api-client", "gohighlevel-api-client"
PINNED = {"npm": "3.1.0", "pypi": "3.0.0"}
"""The versions that were read and compared."""
ANSWER_S = 60.0


class Driven:
    """A client in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, verb: str, asked: dict[str, Any]) -> dict[str, Any]:
        """Have it done; what the process tells of the answer."""
        ask, tell = self._process.stdin, self._process.stdout
        assert ask is not None
        assert tell is not None
        ask.write(orjson.dumps({"verb": verb, "asked": asked}) + b"\n")
        await ask.drain()
        async with asyncio.timeout(ANSWER_S):
            async for line in tell:  # other lines are the package's own chatter
                if line.startswith(b"= "):
                    answer = orjson.loads(line[2:])
                    return answer if isinstance(answer, dict) else {}
        return {"error": "the process ended"}


def driven(*words: str | Path) -> Any:
    """Makes a client of that command; the CRM's address is its last word."""

    @contextlib.asynccontextmanager
    async def made(url: str) -> AsyncIterator[Driven]:
        process = await asyncio.create_subprocess_exec(
            *map(str, words),
            url,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PRIVATE_TOKEN": PRIVATE},
        )
        try:
            yield Driven(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()
            await process.wait()

    return made


def npm(version: str | None) -> tuple[str, Any]:
    """The npm package, installed first: its version, and what makes its client. None: the newest one."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        raise SystemExit("npm and node are needed (Debian: apt-get install npm).")
    NODE.mkdir(exist_ok=True)
    (NODE / "package.json").write_text('{"private": true}\n')
    wanted = f"{NPM}@{version or 'latest'}"
    _run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", wanted], cwd=NODE)
    about = orjson.loads((NODE / "node_modules" / NPM / "package.json").read_bytes())
    return str(about["version"]), driven("node", HERE / "clients" / "npm.cjs", NODE)


def pypi(version: str | None) -> tuple[str, Any]:
    """The PyPI package, likewise."""
    python = VENV / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(VENV)], cwd=HERE)
    wanted = f"{PYPI}=={version}" if version else PYPI
    _run([str(python), "-m", "pip", "install", "--quiet", "--upgrade", wanted], cwd=HERE)
    ask = f"import importlib.metadata as m; print(m.version({PYPI!r}))"
    installed = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    return installed, driven(python, HERE / "clients" / "pypi.py")


def _run(words: Sequence[str], *, cwd: Path) -> None:
    done = subprocess.run(words, cwd=cwd, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{done.stderr[-2000:]}")
