"""The command as a whole: help for everybody, useful exit codes, the demo."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from connector.cli import COMMANDS
from connector.demo.shift import Workflow
from mappings.trunks import names

if TYPE_CHECKING:
    from tests.connector.cli.conftest import Command


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(ringback: Command, command: str) -> None:
    code, told, _ = ringback(command, "--help")
    assert code == 0
    assert f"ringback {command}" in told


def test_an_unknown_command_is_exit_code_2(ringback: Command) -> None:
    assert ringback("dance")[0] == 2


def test_a_bad_setting_is_exit_code_2(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_PORT", "a lot")
    code, _, trouble = ringback("location", "list")
    assert code == 2
    assert "RINGBACK_PORT" in trouble


def test_every_trunk_is_listed_and_its_steps_name_the_address(
    ringback: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RINGBACK_PUBLIC_URL", "https://calls.example.com/")
    assert [one["name"] for one in ringback.json("trunks")] == list(names())
    for name in names():
        code, told, _ = ringback("trunks", name, "--location", "LOC")
        assert code == 0
        assert f"https://calls.example.com/hooks/LOC/{name}" in told


def test_the_demo_ends_well_by_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connector", "demo", "--calls", "10"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "All 10 calls are on their contact's timeline, each once." in done.stdout
    assert "forged signature: 401" in done.stdout
    assert "Demo sub-account is connected." in done.stdout
    for workflow in Workflow:
        assert re.search(rf"^{workflow}: \d+ calls?, as it should be$", done.stdout, re.MULTILINE), workflow


def test_python_dash_m_is_the_same_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "connector", "--version"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.startswith("ringback ")
