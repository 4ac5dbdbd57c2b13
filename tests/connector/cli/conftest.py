"""The command line in a folder of its own, with a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from connector.cli import main

if TYPE_CHECKING:
    from pathlib import Path


class Command:
    """Runs `ringback` in this process; what it printed, and how it ended."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        try:
            code = main(words)
        except SystemExit as end:  # argparse
            code = int(end.code or 0)
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def json(self, *words: str) -> Any:
        """What it printed as JSON; it must have ended well."""
        code, told, trouble = self(*words, "--json")
        assert code == 0, trouble
        return orjson.loads(told)


@pytest.fixture
def ringback(capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RINGBACK_DATABASE_URL", f"sqlite:///{tmp_path / 'ringback.db'}")
    monkeypatch.setenv("RINGBACK_CRM_URL", "http://127.0.0.1:9")  # the discard port: a CRM that is not there
    return Command(capfd)
