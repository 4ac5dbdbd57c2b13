"""`ringback doctor` says what is missing, where each setting comes from, and no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.connector.cli.conftest import Command


def _findings(told: str) -> dict[str, str]:
    return {one["what"]: one["level"] for one in orjson.loads(told)["findings"]}


def test_a_crm_that_is_not_there_is_a_failure(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_CRM_URL", "http://127.0.0.1:9")
    code, told, _ = ringback("doctor", "--json")
    assert code == 1
    assert _findings(told) == {"public address": "warn", "database": "ok", "sub-accounts": "warn", "CRM": "fail"}


async def test_a_working_installation_has_no_failure(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    from asyncio import to_thread  # noqa: PLC0415 - the command runs a loop of its own

    async with serving(Sandbox()) as crm:
        monkeypatch.setenv("RINGBACK_CRM_URL", crm)
        code, told, _ = await to_thread(ringback, "doctor", "--json")
    assert code == 0
    assert _findings(told)["CRM"] == "ok"
    assert _findings(told)["clock"] == "ok"


def test_secrets_are_masked_and_origins_named(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("RINGBACK_CRM_URL", "http://127.0.0.1:9")
    _, told, _ = ringback("doctor", "--json")
    assert "hush-hush" not in told
    row = next(one for one in orjson.loads(told)["settings"] if one["name"] == "RINGBACK_CLIENT_SECRET")
    assert row == {"name": "RINGBACK_CLIENT_SECRET", "origin": "environment", "value": "********"}


def test_a_database_that_cannot_be_opened_is_a_failure(
    ringback: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "bad.db").write_bytes(b"this is no database at all, but long enough to look at" * 100)
    monkeypatch.setenv("RINGBACK_DATABASE_URL", f"sqlite:///{tmp_path / 'bad.db'}")
    monkeypatch.setenv("RINGBACK_CRM_URL", "http://127.0.0.1:9")
    code, told, _ = ringback("doctor", "--json")
    assert code == 1
    assert _findings(told)["database"] == "fail"
