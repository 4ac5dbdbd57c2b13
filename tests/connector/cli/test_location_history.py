"""`ringback location history|undo`: who changed what, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

ADD = ("location", "add", "LOC", "--token", "pit-secret", "--trunk", "generic", "--secret", "s3cret-of-trunk")


def test_the_history_says_who_changed_what(ringback: Command) -> None:
    ringback(*ADD)
    ringback("location", "set", "LOC", "--country", "DE")
    newest, first = ringback.json("location", "history", "LOC")
    assert (newest["version"], first["version"], first["before"]) == (2, 1, None)
    assert newest["who"].startswith("cli")
    assert first["what"] == "configuration; secret token; secret trunk/generic"
    assert "s3cret" not in str(first)
    assert "configuration" in ringback("location", "history", "LOC")[1]


def test_a_change_is_undone(ringback: Command) -> None:
    ringback(*ADD, "--country", "US")
    ringback("location", "set", "LOC", "--country", "DE")
    assert ringback("location", "undo", "LOC")[0] == 0
    assert ringback.json("location", "show", "LOC")["config"]["country"] == "US"


def test_a_configuration_goes_back_to_a_version(ringback: Command) -> None:
    ringback(*ADD, "--country", "US")
    for country in ("DE", "FR", "GB"):
        ringback("location", "set", "LOC", "--country", country)
    assert ringback("location", "undo", "LOC", "--to", "2")[0] == 0
    assert ringback.json("location", "show", "LOC")["config"]["country"] == "DE"


def test_a_removed_sub_account_is_brought_back_without_its_secrets(ringback: Command) -> None:
    ringback(*ADD, "--country", "US")
    ringback("location", "remove", "LOC")
    assert ringback("location", "undo", "LOC")[0] == 0
    shown = ringback.json("location", "show", "LOC")
    assert (shown["config"]["country"], shown["secrets"]) == ("US", [])


def test_what_cannot_be_undone_says_so(ringback: Command) -> None:
    assert ringback("location", "undo", "NOBODY")[0] == 1
    assert ringback("location", "history", "NOBODY")[0] == 1
    ringback(*ADD)
    code, _, trouble = ringback("location", "undo", "LOC")
    assert code == 1
    assert "In version 0 there was no configuration" in trouble
    code, _, trouble = ringback("location", "undo", "LOC", "--to", "7")
    assert code == 1
    assert "versions 0 to 1 are known" in trouble


def test_an_agencys_defaults_have_a_history_too(ringback: Command, tmp_path: Path) -> None:
    for country in ("DE", "FR"):
        (tmp_path / "agency.toml").write_text(f'country = "{country}"\n')
        ringback("location", "defaults", "AG", "--file", "agency.toml")
    assert len(ringback.json("location", "history", "AG", "--company")) == 2
    assert ringback("location", "undo", "AG", "--company")[0] == 0
    assert ringback.json("location", "defaults", "AG")["config"] == {"country": "DE"}
