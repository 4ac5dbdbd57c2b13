"""Settings: where they come from, what is refused, and that each is documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import UsageError
from connector.locations import LocationConfig
from connector.settings import PREFIX, Settings, load, origins, unknown_names

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", LocationConfig.model_fields)
def test_every_field_of_a_sub_account_is_documented(name: str) -> None:
    assert f"| `{name}` |" in (DOCS.parent / "sub-accounts.md").read_text()


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in DOCS.read_text()


def test_the_environment_wins_over_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ringback.toml").write_text('port = 1\nhost = "toml"\ncrm_burst = "5/10s"\n')
    (tmp_path / ".env").write_text("RINGBACK_PORT=2\nRINGBACK_HOST=dotenv\n")
    monkeypatch.setenv("RINGBACK_PORT", "3")
    settings = load()
    assert (settings.port, settings.host, settings.crm_burst) == (3, "dotenv", "5/10s")
    origin = origins()
    assert [origin[name] for name in ("port", "host", "crm_burst", "drain_s")] == [
        "environment",
        ".env",
        "ringback.toml",
        "default",
    ]


def test_the_toml_file_may_be_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text("port = 7\n")
    monkeypatch.setenv("RINGBACK_CONFIG", "mine.toml")
    assert load().port == 7
    assert origins()["port"] == "mine.toml"


def test_secret_keys_are_separated_by_commas_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_SECRET_KEYS", "new-key, old-key")
    settings = load()
    assert [key.get_secret_value() for key in settings.secret_keys] == ["new-key", "old-key"]
    assert "new-key" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORT", "70000"), ("CRM_URL", "services.example.com"), ("CRM_BURST", "fast"), ("BODY_LIMIT", "0")],
)
def test_a_bad_value_names_the_setting(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(UsageError, match=PREFIX + name):
        load()


def test_a_misspelt_name_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_CRM_ULR", "http://localhost")
    assert unknown_names() == ["RINGBACK_CRM_ULR"]
