"""Configuration files: written out, read again, with secrets from elsewhere, on top of an agency's defaults."""

from __future__ import annotations

import sqlite3
import tomllib
from contextlib import closing
from typing import TYPE_CHECKING

import orjson
import pytest

from connector.keys import open_vault
from connector.locations import open_trunk
from connector.settings import load

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

ADD = ("location", "add", "LOC", "--token", "pit-secret", "--trunk", "generic", "--secret", "s3cret-of-trunk")
WHOLE = """
unknown_number = "hold"
time_zone = "Europe/Berlin"
max_attempts = "none"
reviewers = ["user1"]
caller_ids = ["+14155550100"]

[trunks.generic]
window_s = 60

[hours]
opens = "08:30"
quiet_from = "none"

[agents]
"101" = "user1"

[fields]
disposition = "contact.last_call"

[book]
version = 1
name = "mine"

[[book.rules]]
name = "note it"

[book.rules.when.not]
direction = ["inbound"]

[[book.rules.do]]
kind = "note"
"""


def trunk_secrets(folder: Path, trunk: str = "generic") -> tuple[str, ...]:
    """What is sealed for a trunk of LOC."""
    with closing(sqlite3.connect(folder / "ringback.db")) as db:
        (sealed,) = db.execute("SELECT sealed FROM secrets WHERE name = ?", (f"trunk/{trunk}",)).fetchone()
    return open_trunk(open_vault(load()), "LOC", trunk, sealed)


def test_a_file_that_is_written_out_is_read_again_as_it_was(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    (tmp_path / "loc.toml").write_text(WHOLE)
    assert ringback("location", "set", "LOC", "--file", "loc.toml")[0] == 0
    before = ringback.json("location", "show", "LOC")["config"]
    _, written, _ = ringback("location", "show", "LOC", "--toml")
    (tmp_path / "again.toml").write_text(written)
    assert ringback("location", "set", "LOC", "--file", "again.toml")[0] == 0
    assert ringback.json("location", "show", "LOC")["config"] == before
    assert before["max_attempts"] is None
    assert before["hours"] == {"opens": "08:30", "quiet_from": None}


def test_no_secret_is_ever_written_out(ringback: Command) -> None:
    ringback(*ADD)
    for how in ("--toml", "--json", "--effective"):
        told = ringback("location", "show", "LOC", how)[1]
        assert "s3cret" not in told
        assert "pit-" not in told


def test_secrets_stay_when_a_file_names_none(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    (tmp_path / "loc.toml").write_text("[trunks.generic]\n")
    ringback("location", "set", "LOC", "--file", "loc.toml")
    assert trunk_secrets(tmp_path) == ("s3cret-of-trunk",)


def test_a_file_may_set_secrets_by_name_or_as_they_are(
    ringback: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ringback(*ADD)
    monkeypatch.setenv("TRUNK_SECRET", "from-the-environment")
    (tmp_path / "loc.toml").write_text('[trunks.generic]\nsecrets = ["env:TRUNK_SECRET", "as-it-is"]\n')
    assert ringback("location", "set", "LOC", "--file", "loc.toml")[0] == 0
    assert trunk_secrets(tmp_path) == ("from-the-environment", "as-it-is")
    assert ringback.json("location", "show", "LOC")["config"] == {"trunks": {"generic": {}}}
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ringback.db*") if not path.name.endswith(".keys"))
    assert b"as-it-is" not in stored


def test_a_secret_that_is_not_there_changes_nothing(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    (tmp_path / "loc.toml").write_text('country = "DE"\n[trunks.generic]\nsecrets = ["env:NOT_SET_ANYWHERE"]\n')
    code, _, trouble = ringback("location", "set", "LOC", "--file", "loc.toml")
    assert code == 2
    assert "NOT_SET_ANYWHERE" in trouble
    assert "country" not in ringback.json("location", "show", "LOC")["config"]


def test_a_sub_account_can_be_added_by_a_file(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "loc.toml").write_text('[trunks.generic]\nsecrets = ["abc"]\n[trunks.twilio]\n')
    code, told, _ = ringback("location", "add", "LOC", "--token", "t", "--file", "loc.toml")
    assert code == 0
    assert "Trunk twilio has no secret" in told
    assert trunk_secrets(tmp_path) == ("abc",)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[trunks.morse]\n", "trunks.morse: is no trunk"),
        ('[hours]\nopens = "late"\n', "hours.opens: must be a local time such as 09:00"),
        ("[hours]\nopens = 08:30:00\nlunch = 1\n", "hours.lunch: is not a known field"),
        ('[trunks.generic]\nsecret = "x"\n', "trunks.generic.secret: is not a known field"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(ringback: Command, tmp_path: Path, text: str, says: str) -> None:
    ringback(*ADD)
    (tmp_path / "loc.toml").write_text(text)
    code, _, trouble = ringback("location", "set", "LOC", "--file", "loc.toml")
    assert code == 2
    assert says in trouble


def test_the_schema_for_editors_is_json(ringback: Command) -> None:
    code, told, _ = ringback("location", "schema")
    assert code == 0
    assert "secrets" in orjson.loads(told)["$defs"]["TrunkEntry"]["properties"]


def test_an_agencys_defaults_count_for_its_sub_accounts(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD, "--company", "AG")
    (tmp_path / "agency.toml").write_text('country = "DE"\n[workflows]\nno_answer = "AGENCY"\n')
    assert ringback("location", "defaults", "AG", "--file", "agency.toml")[0] == 0
    ringback("location", "set", "LOC", "--no-answer-workflow", "OWN")
    shown = ringback.json("location", "show", "LOC")
    assert (shown["company"], shown["config"]["workflows"]) == ("AG", {"no_answer": "OWN"})
    assert "country" not in shown["config"]
    effective = ringback.json("location", "show", "LOC", "--effective")["config"]
    assert (effective["country"], effective["workflows"], effective["when_in_doubt"]) == (
        "DE",
        {"no_answer": "OWN"},
        "repeat",
    )


def test_defaults_are_shown_and_taken_away(ringback: Command, tmp_path: Path) -> None:
    assert ringback("location", "defaults", "AG")[0] == 1
    (tmp_path / "agency.toml").write_text('country = "DE"\n')
    ringback("location", "defaults", "AG", "--file", "agency.toml")
    assert tomllib.loads(ringback("location", "defaults", "AG")[1]) == {"country": "DE"}
    assert ringback.json("location", "defaults", "AG")["config"] == {"country": "DE"}
    assert ringback("location", "defaults", "AG", "--remove")[0] == 0
    assert ringback("location", "defaults", "AG")[0] == 1


def test_defaults_hold_no_secrets(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "agency.toml").write_text('[trunks.generic]\nsecrets = ["abc"]\n')
    code, _, trouble = ringback("location", "defaults", "AG", "--file", "agency.toml")
    assert code == 2
    assert "each sub-account's own" in trouble


def test_a_sub_account_leaves_its_agency(ringback: Command) -> None:
    ringback(*ADD, "--company", "AG")
    ringback("location", "set", "LOC", "--company", "none")
    assert ringback.json("location", "show", "LOC")["company"] is None
