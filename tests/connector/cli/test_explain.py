"""`ringback explain` tells what a payload means and what would be done, and touches nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.connector.door import payload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command


@pytest.fixture
def explain(ringback: Command, tmp_path: Path) -> Any:
    def run(body: Any, *words: str) -> Any:
        (tmp_path / "call.json").write_bytes(body if isinstance(body, bytes) else orjson.dumps(body))
        return ringback.json("explain", "--trunk", "generic", "call.json", *words)

    return run


def test_an_unanswered_call_would_be_noted_tagged_and_enrolled(explain: Any) -> None:
    told = explain(payload())
    assert told["status"] == "accepted"
    (call,) = told["calls"]
    assert call["disposition"] == "No Answer"
    assert (call["start"], call["answer"], call["ring_s"]) == ("2026-11-23T10:00:00.000Z", None, 25)
    assert [action["kind"] for action in told["actions"]] == ["note", "add_tags", "task", "enrol"]
    assert told["actions"][0]["args"]["body"].endswith("\nCall ID: call-1")


def test_a_rule_that_does_not_fire_says_why(explain: Any) -> None:
    told = explain(payload(hangup_cause=17))
    assert any("Busy" in rule["reason"] for rule in told["not_fired"])


def test_a_call_that_has_only_begun_asks_for_nothing_yet(explain: Any) -> None:
    told = explain(payload(event="initiated", end=None, hangup_cause=None))
    assert told["status"] == "accepted"
    assert all("not ended" in rule["reason"] for rule in told["not_fired"])
    assert told["actions"] == []


def test_what_is_no_call_would_be_quarantined(explain: Any) -> None:
    told = explain(b"{broken")
    assert told["status"] == "quarantined"
    assert told["reason"]


def test_a_rule_book_of_ones_own_can_be_tried(explain: Any, tmp_path: Path) -> None:
    (tmp_path / "book.toml").write_text(
        'version = 1\nname = "mine"\n[[rules]]\nname = "one tag"\ndo = [{ kind = "add_tags", tags = ["hello"] }]\n'
    )
    told = explain(payload(), "--book", "book.toml")
    assert [action["args"] for action in told["actions"]] == [{"tags": ["hello"]}]


def test_a_sub_account_is_planned_for_with_its_own_settings(explain: Any, ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        'call_record = "both"\nmax_attempts = 1\n[workflows]\nno_answer = "wf-1"\n[fields]\nring_s = "Rang"\n'
    )
    assert ringback("location", "add", "loc-1", "--token", "pit-1", "--trunk", "generic", "--secret", "s" * 32)[0] == 0
    assert ringback("location", "set", "loc-1", "--file", "config.toml")[0] == 0
    told = explain(payload(), "--location", "loc-1")
    actions = {action["key"]: action["args"] for action in told["actions"]}
    assert list(actions) == ["note", "call_record", "add_tags", "unenrol:no_answer", "field"]
    assert actions["field"] == {"fields": {"Rang": "25"}}


def test_it_makes_no_database(explain: Any, tmp_path: Path) -> None:
    explain(payload())
    assert [path.name for path in tmp_path.iterdir()] == ["call.json"]


def test_for_people_it_is_text(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "call.json").write_bytes(orjson.dumps(payload()))
    code, told, _ = ringback("explain", "--trunk", "generic", "call.json")
    assert code == 0
    assert "No Answer" in told
    assert "would do enrol" in told


@pytest.mark.parametrize("words", [("--trunk", "morse", "call.json"), ("--trunk", "generic", "nowhere.json")])
def test_a_mistake_is_exit_code_2(ringback: Command, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "call.json").write_text("{}")
    assert ringback("explain", *words)[0] == 2
