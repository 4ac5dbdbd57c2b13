"""`ringback location`: sub-accounts come, change and go; their secrets are never shown twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

ADD = ("location", "add", "LOC", "--token", "pit-secret", "--trunk", "generic", "--secret", "s3cret-of-trunk")


def test_a_sub_account_is_added_and_shown_without_its_secrets(ringback: Command) -> None:
    code, told, _ = ringback(*ADD, "--no-answer-workflow", "WF")
    assert code == 0
    assert "/hooks/LOC/generic" in told
    shown = ringback.json("location", "show", "LOC")
    assert shown["config"]["workflows"] == {"no_answer": "WF"}
    assert shown["secrets"] == ["token", "trunk/generic"]
    assert "s3cret" not in str(shown)
    assert "pit-" not in str(shown)


def test_no_secret_is_in_the_database_file(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("ringback.db*") if not path.name.endswith(".keys"))
    assert b"LOC" in stored
    assert b"s3cret" not in stored
    assert b"pit-secret" not in stored


def test_a_secret_left_out_is_made_and_shown_once(ringback: Command) -> None:
    _, told, _ = ringback("location", "add", "LOC", "--token", "t", "--trunk", "generic")
    made = re.search(r"Secret \(shown this once\): (\S{40,})", told)
    assert made is not None
    assert made[1] not in ringback("location", "show", "LOC")[1]


def test_the_secret_of_notifications_is_made_and_shown_once(ringback: Command) -> None:
    ringback(*ADD)
    _, told, _ = ringback("location", "set", "LOC", "--notify-secret")
    made = re.search(r"notifications \(shown this once\): (whsec_\S{32})", told)
    assert made is not None
    assert ringback.json("location", "show", "LOC")["secrets"] == ["notify", "token", "trunk/generic"]
    assert made[1] not in ringback("location", "show", "LOC")[1]


def test_what_is_not_named_stays_when_a_sub_account_is_changed(ringback: Command) -> None:
    ringback(*ADD, "--no-answer-workflow", "WF")
    code, told, _ = ringback(
        "location", "set", "LOC", "--trunk", "twilio", "--secret", "x", "--time-zone", "US/Central"
    )
    assert code == 0
    assert "Secret" not in told
    config = ringback.json("location", "show", "LOC")["config"]
    assert sorted(config["trunks"]) == ["generic", "twilio"]
    assert config["workflows"] == {"no_answer": "WF"}
    assert config["time_zone"] == "US/Central"


def test_sub_accounts_are_listed_and_removed(ringback: Command) -> None:
    ringback(*ADD)
    assert [one["location"] for one in ringback.json("location", "list")] == ["LOC"]
    assert ringback("location", "remove", "LOC")[0] == 0
    assert ringback.json("location", "list") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("add", "LOC", "--token", "t"), "--trunk"),
        (("add", "LOC", "--token", "t", "--trunk", "morse"), "no trunk 'morse'"),
        (("add", "LOC", "--token", "t", "--trunk", "generic", "--time-zone", "Mars/Base"), "time_zone"),
        (("add", "LOC", "--token", "t", "--trunk", "generic", "--country", "germany"), "country"),
        (("add", "LOC", "--token", "t", "--trunk", "generic", "--book", "nowhere.toml"), "nowhere.toml"),
    ],
)
def test_a_mistake_is_exit_code_2_and_changes_nothing(ringback: Command, words: tuple[str, ...], says: str) -> None:
    code, _, trouble = ringback("location", *words)
    assert code == 2
    assert says in trouble
    assert "What to do" in trouble
    assert ringback.json("location", "list") == []


def test_adding_twice_is_refused_and_keeps_the_first(ringback: Command) -> None:
    ringback(*ADD)
    code, _, trouble = ringback(*ADD)
    assert code == 2
    assert "location set" in trouble


def test_an_unknown_sub_account_is_exit_code_1(ringback: Command) -> None:
    assert ringback("location", "show", "NOBODY")[0] == 1
    assert ringback("location", "remove", "NOBODY")[0] == 1


def test_a_rule_book_is_kept_with_the_sub_account(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(
        'version = 1\nname = "mine"\n[[rules]]\nname = "note"\nwhen = { not = { direction = "inbound" } }\n'
        'do = [{ kind = "note" }]\n'
    )
    assert ringback(*ADD, "--book", "book.toml")[0] == 0
    (tmp_path / "call.json").write_text(
        '{"call_uuid": "c", "from": "+14155550100", "to": "+14155550111", "end": 1790000000, "hangup_cause": 17,'
        ' "direction": "outbound"}'
    )
    told = ringback.json("explain", "--trunk", "generic", "--location", "LOC", "call.json")
    assert [action["kind"] for action in told["actions"]] == ["note"]


def test_a_whole_configuration_can_come_from_a_file(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    (tmp_path / "loc.toml").write_text(
        'unknown_number = "hold"\n[trunks.generic]\n[dispositions]\n"No Answer" = "Not reached"\n'
        '[causes]\n"sip:486" = "No Answer"\n'
    )
    assert ringback("location", "set", "LOC", "--file", "loc.toml")[0] == 0
    (tmp_path / "call.json").write_text(
        '{"call_uuid": "c", "from": "+14155550100", "to": "+14155550111", "end": 1790000000, "hangup_cause": 486,'
        ' "direction": "outbound"}'
    )
    told = ringback.json("explain", "--trunk", "generic", "--location", "LOC", "call.json")
    assert told["calls"][0]["disposition"] == "No Answer"
    assert "call-not-reached" in told["actions"][1]["args"]["tags"]


@pytest.mark.parametrize("text", ["{broken", 'unknown_number = "perhaps"', "[causes]\n486 = 'Sleepy'"])
def test_a_file_that_does_not_validate_replaces_nothing(ringback: Command, tmp_path: Path, text: str) -> None:
    ringback(*ADD, "--unknown-number", "skip")
    (tmp_path / "loc.toml").write_text(text)
    assert ringback("location", "set", "LOC", "--file", "loc.toml")[0] == 2
    assert ringback.json("location", "show", "LOC")["config"]["unknown_number"] == "skip"


def test_a_book_that_cannot_be_looked_up_in_the_crm_is_saved_and_that_is_said(
    ringback: Command, tmp_path: Path
) -> None:
    ringback(*ADD)
    book = 'version = 1\nname = "mine"\n[[rules]]\nname = "one"\ndo = [{ kind = "enrol", workflow = "wf-any" }]\n'
    (tmp_path / "book.toml").write_text(book, encoding="utf-8")
    code, told, _ = ringback("location", "set", "LOC", "--book", "book.toml")
    assert code == 0
    assert "Warning: what the book names could not be looked up" in told
    assert ringback.json("location", "show", "LOC")["config"]["book"]["name"] == "mine"
