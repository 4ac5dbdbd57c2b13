"""`ringback manifest`: what it says, what it writes, how it ends."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from connector.manifest.model import Manifest
from connector.manifest.read import content

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command


def written(folder: Path, path: str = "ghl-app.json") -> Any:
    return json.loads((folder / path).read_text())


@pytest.fixture
def broken(tmp_path: Path) -> str:
    file = tmp_path / "broken.json"
    file.write_text(json.dumps(content() | {"name": "Ringback for GHL"}))
    return str(file)


def test_our_own_manifest_is_true(ringback: Command) -> None:
    assert ringback("manifest", "check")[:2] == (0, "The manifest and the code agree.\n")


def test_what_is_wrong_is_said_with_what_to_do(ringback: Command, broken: str) -> None:
    code, told, _ = ringback("manifest", "check", "--manifest", broken)
    assert code == 1
    assert told == (
        "name: holds the CRM's brand ('GHL')\n  What to do: say it without: the app is white label.\n1 to correct.\n"
    )


def test_what_is_wrong_is_told_to_programs_too(ringback: Command, broken: str) -> None:
    code, told, _ = ringback("manifest", "check", "--manifest", broken, "--json")
    assert code == 1
    assert [one["where"] for one in json.loads(told)] == ["name"]


def test_a_manifest_without_form_is_not_held_against_the_code(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "m.json").write_text("{}")
    code, told, _ = ringback("manifest", "check", "--manifest", str(tmp_path / "m.json"))
    assert code == 1
    assert "scopes: is required\n" in told


@pytest.mark.parametrize(("text", "why"), [(None, "cannot be read"), ("{", "is not JSON"), ("[]", "is no JSON object")])
def test_a_file_that_is_no_manifest_is_a_usage_error(
    ringback: Command, tmp_path: Path, text: str | None, why: str
) -> None:
    file = tmp_path / "m.json"
    if text is not None:
        file.write_text(text)
    code, _, trouble = ringback("manifest", "check", "--manifest", str(file))
    assert code == 2
    assert why in trouble


def test_a_setting_that_cannot_be_is_a_usage_error(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_PORT", "none")
    code, _, trouble = ringback("manifest", "check")
    assert code == 2
    assert "RINGBACK_PORT" in trouble


def test_the_vendors_files_are_written(ringback: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_PUBLIC_URL", "https://calls.example.org/")
    monkeypatch.setenv("RINGBACK_CLIENT_ID", "app1-suffix")
    folder = tmp_path / "app"
    code, told, _ = ringback("manifest", "emit", "--format", "highlevel", "--out", str(folder))
    assert code == 0
    assert sorted(told.split()) == sorted(str(file) for file in folder.rglob("*.json"))
    assert written(folder)["appId"] == written(folder)["versionId"] == "app1"
    assert written(folder, "src/webhooks/ghl-webhooks.json")["webhookUrl"] == "https://calls.example.org/crm/events"


def test_without_an_address_an_example_stands_and_it_is_said(ringback: Command, tmp_path: Path) -> None:
    code, _, trouble = ringback("manifest", "emit", "--out", str(tmp_path / "app"))
    assert code == 0
    assert "set RINGBACK_PUBLIC_URL" in trouble
    assert written(tmp_path / "app")["oauth"]["redirectUris"] == ["https://calls.example.com/oauth/callback"]


@pytest.mark.parametrize("address", ["http://calls.example.org", "https://127.0.0.1"])
def test_an_address_that_will_be_refused_is_said(ringback: Command, tmp_path: Path, address: str) -> None:
    code, _, trouble = ringback("manifest", "emit", "--out", str(tmp_path / "app"), "--public-url", address)
    assert code == 0
    assert f"{address} will be refused" in trouble


def test_a_folder_of_another_app_is_left_alone(ringback: Command, tmp_path: Path) -> None:
    assert ringback("manifest", "emit", "--out", str(tmp_path / "app"), "--app-id", "one")[0] == 0
    code, _, trouble = ringback("manifest", "emit", "--out", str(tmp_path / "app"), "--app-id", "two")
    assert code == 2
    assert "belongs to the app one" in trouble
    assert written(tmp_path / "app")["appId"] == "one"


def test_a_published_action_is_left_alone_and_it_is_said(ringback: Command, tmp_path: Path) -> None:
    file = tmp_path / "app" / "src" / "modules" / "workflows" / "actions" / "send-to-review.json"
    file.parent.mkdir(parents=True)
    published = {"schemaVersion": 1, "key": "send_to_review", "templateId": "t", "versions": [{"status": "published"}]}
    file.write_text(json.dumps(published))
    _, _, trouble = ringback("manifest", "emit", "--out", str(tmp_path / "app"))
    assert "send-to-review.json is published and stays as it is" in trouble
    assert json.loads(file.read_text()) == published


def test_what_the_portal_would_refuse_is_not_written(ringback: Command, tmp_path: Path, broken: str) -> None:
    code, _, trouble = ringback("manifest", "emit", "--out", str(tmp_path / "app"), "--manifest", broken)
    assert code == 2
    assert "name: holds the CRM's brand" in trouble
    assert not (tmp_path / "app").exists()


def test_notes_are_told_to_programs_too(ringback: Command, tmp_path: Path) -> None:
    told = ringback.json("manifest", "emit", "--out", str(tmp_path / "app"), "--app-id", "one")
    assert told["files"][0] == "ghl-app.json"
    assert len(told["notes"]) == 2


def test_the_schema_is_printed(ringback: Command) -> None:
    _, told, _ = ringback("manifest", "schema")
    assert json.loads(told)["title"] == Manifest.__name__
