"""A sub-account's document: what is read, what is refused where and in which words, what an agency's defaults do."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.configuration import UnfitError, patched, read_config
from connector.location_config import WHOLE, LocationConfig, LocationFile, merged
from mappings.facts import FACTS, Settings

SCHEMA = Path(__file__).parents[2] / "docs" / "location.schema.json"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
TABLES = st.dictionaries(st.sampled_from(["a", "b", "c", *WHOLE]), JSON, max_size=4)


def problems(**document: Any) -> dict[str, str]:
    with pytest.raises(UnfitError) as refused:
        read_config(document)
    return dict(refused.value.problems)


def test_nothing_need_be_chosen() -> None:
    assert LocationConfig().document() == b"{}"


def test_only_what_was_chosen_is_kept() -> None:
    config = LocationConfig.model_validate({"unknown_number": "create", "time_zone": None, "hours": {"opens": "08:30"}})
    assert json.loads(config.document()) == {
        "unknown_number": "create",
        "time_zone": None,
        "hours": {"opens": "08:30"},
    }


@pytest.mark.parametrize(
    ("document", "path", "says"),
    [
        ({"colour": 1}, "colour", "is not a known field"),
        ({"hours": {"lunch": "12:00"}}, "hours.lunch", "is not a known field"),
        ({"hours": {"opens": "9"}}, "hours.opens", "must be a local time such as 09:00"),
        ({"hours": {"opens": 9}}, "hours.opens", "must be a local time such as 09:00"),
        ({"hours": {"opens": "24:00"}}, "hours.opens", "must be a local time such as 09:00"),
        ({"hours": {"weekend": ["sunday"]}}, "hours.weekend[0]", "must be 'mon'"),
        ({"hours": {"usual": "07:00"}}, "hours", "usual (07:00) is not within the opening hours"),
        ({"holidays": {"country": "XX"}}, "holidays", "the holidays of 'XX' are not known"),
        ({"holidays": {"country": "US", "subdivision": "Bavaria"}}, "holidays", "'Bavaria' is no subdivision of US"),
        ({"reviewers": ["somebody else"]}, "reviewers[0]", "must be an id of the CRM"),
        ({"caller_ids": ["0301234567"]}, "caller_ids[0]", "must be a number in E.164 such as +14155550100"),
        ({"country": "Germany"}, "country", "must be a country's ISO 3166 code such as US"),
        ({"retention_days": 1}, "retention_days", "greater than or equal to 2"),
        ({"max_attempts": "3"}, "max_attempts", "must be a valid integer"),
        ({"max_attempts": True}, "max_attempts", "must be a valid integer"),
        ({"local_presence": "yes"}, "local_presence", "must be a valid boolean"),
        ({"call_record": "neither"}, "call_record", "must be 'note', 'record' or 'both'"),
        ({"fields": {"weather": "x"}}, "fields.weather", "'weather' is no fact of a call; known: disposition"),
        ({"agents": {"101": "not an id"}}, "agents.101", "must be an id of the CRM"),
        ({"time_zone": "Mars/Base"}, "time_zone", "is no IANA time zone"),
        ({"custom_trunks": [{"name": "x"}]}, "custom_trunks", "[0].title is required"),
        ({"disposition_tag_prefix": ""}, "disposition_tag_prefix", "must not be empty"),
    ],
)
def test_what_is_wrong_is_said_where_it_stands_in_plain_words(document: dict[str, Any], path: str, says: str) -> None:
    told = problems(**document)
    assert list(told) == [path]
    assert says in told[path]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    assert set(problems(country="x", max_attempts=0, colour=1)) == {"country", "max_attempts", "colour"}


def test_a_document_nested_without_end_is_refused() -> None:
    condition: dict[str, Any] = {}
    for _ in range(5000):
        condition = {"not": condition}
    rule = {"name": "r", "when": condition, "do": [{"kind": "note"}]}
    assert problems(book={"version": 1, "name": "b", "rules": [rule]})


def test_the_word_none_stands_for_no_value() -> None:
    config = read_config({"max_attempts": "none", "hours": {"quiet_from": "none"}, "time_zone": "none"})
    assert (config.max_attempts, config.hours.quiet_from, config.time_zone) == (None, None, None)


def test_what_is_named_twice_counts_once() -> None:
    assert LocationConfig(reviewers=("u1", "u2", "u1")).reviewers == ("u1", "u2")


def test_a_callback_keeps_to_opening_hours_that_begin_late() -> None:
    assert read_config({"hours": {"opens": "12:00"}}).calendar.usual == time(12)
    assert read_config({}).calendar.usual == time(10)
    assert read_config({"hours": {"usual": "16:30"}}).calendar.usual == time(16, 30)


def test_the_calendar_knows_hours_weekend_and_holidays() -> None:
    config = read_config(
        {"hours": {"weekend": ["fri", "sat"]}, "holidays": {"country": "DE", "subdivision": "BY"}, "max_attempts": 3}
    )
    thursday = int(datetime(2026, 12, 24, 12, tzinfo=UTC).timestamp() * 1000)
    after = datetime.fromtimestamp(config.calendar.business_days_after(thursday, 1, UTC) / 1000, UTC)
    assert after.date().isoformat() == "2026-12-27"
    assert (config.dial_policy.max_attempts, config.dial_policy.local_presence) == (3, True)


def test_a_rule_book_may_name_the_sub_accounts_numbers() -> None:
    config = read_config({"fast_drop_s": 3, "review_after_s": 60, "max_attempts": None})
    assert config.numbers == Settings(3, 60, None)
    assert LocationConfig().numbers == Settings()


def test_every_fact_can_go_to_a_custom_field() -> None:
    assert set(read_config({"fields": dict.fromkeys(FACTS, "x")}).fields) == set(FACTS)


def test_the_schema_for_editors_is_published_as_it_is() -> None:
    """If this fails: ringback location schema > docs/location.schema.json."""
    assert json.loads(SCHEMA.read_text()) == json.loads(json.dumps(LocationFile.model_json_schema()))


def test_every_field_is_explained_to_editors() -> None:
    schema = LocationFile.model_json_schema()
    for part in (schema, *(schema["$defs"][name] for name in ("Hours", "Holidays", "TrunkEntry"))):
        assert [name for name, about in part["properties"].items() if not about.get("description")] == []


def test_tables_are_merged_by_key_and_the_own_value_wins() -> None:
    agency = {"workflows": {"a": "1", "b": "1"}, "hours": {"opens": "08:00", "closes": "17:00"}, "reviewers": ["x"]}
    own = {"workflows": {"b": "2"}, "hours": {"opens": "10:00"}, "reviewers": []}
    assert merged(agency, own) == {
        "workflows": {"a": "1", "b": "2"},
        "hours": {"opens": "10:00", "closes": "17:00"},
        "reviewers": [],
    }


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_some_tables_are_chosen_as_a_whole(name: str) -> None:
    assert merged({name: {"a": 1, "b": 1}}, {name: {"a": 2}}) == {name: {"a": 2}}


@given(TABLES, TABLES)
def test_the_own_document_shows_in_full_in_what_counts(agency: dict[str, Any], own: dict[str, Any]) -> None:
    assert merged(agency, {}) == agency
    assert merged({}, own) == own
    assert merged(merged(agency, own), own) == merged(agency, own)
    assert merged(own, own) == own


def within(own: Any, whole: Any) -> bool:
    if isinstance(own, dict) and isinstance(whole, dict):
        return all(key in whole and within(value, whole[key]) for key, value in own.items())
    return bool(own == whole)


@given(TABLES, TABLES)
def test_nothing_of_the_own_document_is_lost(agency: dict[str, Any], own: dict[str, Any]) -> None:
    assert within(own, merged(agency, own))


@pytest.mark.parametrize(
    ("document", "patch", "becomes"),
    [
        # RFC 7396, appendix A
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        (["a", "b"], ["c", "d"], ["c", "d"]),
        ({"a": "b"}, ["c"], ["c"]),
        ({"a": "foo"}, None, None),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_a_merge_patch_does_what_its_standard_says(document: Any, patch: Any, becomes: Any) -> None:
    assert patched(document, patch) == becomes
