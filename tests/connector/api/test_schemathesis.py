"""Schemathesis asks the running API whatever its description allows, and much that it does not, and finds nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench

EXAMPLES = 3
"""For each operation and phase, some thousand requests in all. `schemathesis run` does more of the same."""

UNTOLD = "positive_data_acceptance"
"""Its one claim that cannot hold: a schema does not tell time zones, holidays, or which version is the newest."""


@pytest.mark.slow
async def test_it_finds_nothing(bench: Bench, tmp_path: Path) -> None:
    run = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("schemathesis"),
        "run",
        str(bench.client.make_url("/api/v1/openapi.json")),
        *("--header", "Authorization: Bearer operator-key"),
        *("--max-examples", str(EXAMPLES)),
        *("--exclude-checks", UNTOLD),
        "--generation-deterministic",
        "--no-color",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await run.communicate()
    assert run.returncode == 0, told.decode()
    assert b"Tested: %d" % len(bench.api.table) in told
