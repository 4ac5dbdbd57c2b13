"""The rule book: what is read, and what is refused where and in which words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.conditions import (
    DEPTH_LIMIT,
    Condition,
)
from mappings.rules import Book, BookError, read_book

if TYPE_CHECKING:
    from collections.abc import Mapping

NOTE = {"kind": "note"}


def book_text(*rules: Mapping[str, Any], **fields: Any) -> str:
    """A book of these rules as JSON; each gets a name and a note where it has none."""
    named = [{"name": f"rule {index}", "do": [NOTE], **rule} for index, rule in enumerate(rules)]
    return json.dumps({"version": 1, "name": "test", "rules": named, **fields})


def problems(text: str | bytes) -> dict[str, str]:
    """The problems of a JSON book by their path."""
    with pytest.raises(BookError) as refused:
        read_book(text, "json")
    return dict(refused.value.problems)


def test_toml_and_json_read_alike() -> None:
    toml = """
        version = 1
        name = "test"
        [[rules]]
        name = "rule 0"
        when = { disposition = ["Busy"], talk_s = { max = 3 }, not = { sip = [486] } }
        do = [{ kind = "enrol", workflow = "no_answer" }, { kind = "remove_tags", tags = ["cold"] }]
    """
    same = {
        "when": {"disposition": ["Busy"], "talk_s": {"max": 3}, "not": {"sip": [486]}},
        "do": [{"kind": "enrol", "workflow": "no_answer"}, {"kind": "remove_tags", "tags": ["cold"]}],
    }
    assert read_book(toml) == read_book(book_text(same), "json")


def test_bytes_are_read_as_text() -> None:
    text = book_text({"name": "Rückruf"})
    assert read_book(text.encode(), "json").rules[0].name == "Rückruf"


def test_toml_bytes_are_read_as_utf_8() -> None:
    assert read_book('version = 1\nname = "Grüße"\nrules = []'.encode()).name == "Grüße"


def test_a_book_survives_its_own_json() -> None:
    book = read_book(book_text({"when": {"any": [{"q850": [17]}, {"not": {"amd": ["fax"]}}]}}), "json")
    assert read_book(book.model_dump_json(), "json") == book


def test_one_value_stands_for_a_list_of_one() -> None:
    book = read_book(book_text({"when": {"direction": "outbound"}}), "json")
    assert book.rules[0].when.direction == ("outbound",)


def test_tags_are_trimmed_and_in_lower_case() -> None:
    """The CRM keeps them so, whatever it is given."""
    book = read_book(book_text({"do": [{"kind": "add_tags", "tags": ["  Warm   Lead "]}]}), "json")
    assert book.rules[0].do[0].model_dump(exclude_none=True) == {"kind": "add_tags", "tags": ("warm lead",)}


def test_a_rule_never_changes_once_read() -> None:
    book = read_book(book_text({}), "json")
    with pytest.raises(ValueError, match="frozen"):
        book.rules[0].name = "other"  # type: ignore[misc] # that is the claim


@pytest.mark.parametrize(
    ("rule", "path", "message"),
    [
        ({"surprise": 1}, "surprise", "is not a known field"),
        ({"name": " "}, "name", "must not be empty"),
        ({"name": "x" * 81}, "name", "may be at most 80 characters long"),
        ({"do": []}, "do", "needs at least 1"),
        ({"do": "note"}, "do", "must be a list"),
        ({"do": ["note"]}, "do[0]", "must be a table of fields"),
        ({"do": [NOTE] * 21}, "do", "may hold at most 20"),
        ({"do": [NOTE, {"kind": "enrol"}]}, "do[1].workflow", "is required"),
        ({"do": [{"kind": "enrol", "workflow": "a/b"}]}, "do[0].workflow", "must be a workflow's id or name"),
        ({"do": [{"kind": "note", "note": 1}]}, "do[0].note", "is not a known field"),
        ({"do": [{"kind": "shout"}]}, "do[0].kind", "must be one of 'note', 'add_tags'"),
        ({"do": [{}]}, "do[0].kind", "is required"),
        (
            {"do": [{"kind": "add_tags", "tags": ["{who}"]}]},
            "do[0].tags[0]",
            "'who' is not a known placeholder; known: disposition, ",
        ),
        ({"do": [{"kind": "add_tags", "tags": ["a}"]}]}, "do[0].tags[0]", "has a brace without its partner"),
        ({"do": [{"kind": "add_tags", "tags": ["ok", " "]}]}, "do[0].tags[1]", "must be a text"),
        ({"do": [{"kind": "add_tags", "tags": ["a\u202eb"]}]}, "do[0].tags[0]", "must be a text"),
        ({"enabled": "maybe"}, "enabled", "must be a valid boolean"),
        ({"when": []}, "when", "must be a table of fields"),
        ({"when": {"disposition": ["Bussy"]}}, "when.disposition[0]", "must be 'Connected', 'No Answer'"),
        ({"when": {"direction": "sideways"}}, "when.direction[0]", "must be 'inbound' or 'outbound'"),
        ({"when": {"q850": [128]}}, "when.q850[0]", "must be less than or equal to 127"),
        ({"when": {"sip": ["486"]}}, "when.sip[0]", "must be a valid integer"),
        ({"when": {"talk_s": {}}}, "when.talk_s", "needs min, max, above or below"),
        ({"when": {"talk_s": {"min": 5, "max": 4}}}, "when.talk_s", "min and max leave no room between them"),
        ({"when": {"talk_s": {"above": 5, "max": 5}}}, "when.talk_s", "above and max leave no room between them"),
        ({"when": {"talk_s": {"min": 5, "above": 5}}}, "when.talk_s", "has min and above"),
        ({"when": {"talk_s": {"max": 5, "below": 5}}}, "when.talk_s", "has max and below"),
        ({"when": {"talk_s": {"max": "fast"}}}, "when.talk_s.max", "must be 'fast_drop_s', 'review_after_s' or"),
        ({"when": {"talk_s": {"max": True}}}, "when.talk_s.max", "must be a valid number"),
        ({"when": {"number": ["+1*4"]}}, "when.number[0]", "may have a * at its end only"),
        ({"when": {"number": []}}, "when.number", "needs at least 1"),
        ({"when": {"cause": "\t"}}, "when.cause[0]", "must be a text that can be read"),
        ({"when": {"weekday": "monday"}}, "when.weekday[0]", "must be 'mon', 'tue'"),
        ({"when": {"local_time": {"from": "09:00"}}}, "when.local_time.to", "is required"),
        ({"when": {"local_time": {"from": "09:00", "to": "09:00"}}}, "when.local_time", "from and to are the same"),
        ({"when": {"local_time": {"from": "09:00Z", "to": "10:00"}}}, "when.local_time", "times are local"),
        ({"when": {"wrapup": "yes"}}, "when.wrapup", "must be a valid boolean"),
        ({"when": {"fields": {}}}, "when.fields", "needs at least 1"),
        ({"when": {"fields": {"Region": ["*x"]}}}, "when.fields.Region[0]", "may have a * at its end only"),
        ({"group": "g"}, "group", "'g' is not one of the book's groups; they are: none"),
        ({"do": [{"kind": "task", "title": "{{ who }}"}]}, "do[0].title", "'who' is not a known placeholder"),
        (
            {"do": [{"kind": "task", "title": "{% for x in y %}{% endfor %}"}]},
            "do[0].title",
            "a template fills in only",
        ),
        ({"do": [{"kind": "note", "body": "{{ talk_s"}]}, "do[0].body", "is no template"),
        (
            {"do": [{"kind": "field", "fields": {"A": "{{ who }}"}}]},
            "do[0].fields.A",
            "'who' is not a known placeholder",
        ),
        ({"do": [{"kind": "suppress_redial", "hours": 0}]}, "do[0].hours", "must be greater than 0"),
        ({"do": [{"kind": "review", "after_s": 8e6}]}, "do[0].after_s", "must be at most 7776000 s (90 days)"),
        ({"do": [{"kind": "notify", "url": "ftp://x"}]}, "do[0].url", "must be an address that begins with https://"),
        ({"do": [{"kind": "dnd", "channels": ["Fax"]}]}, "do[0].channels[0]", "must be 'all', 'Call'"),
        ({"when": {"ring_s": {"min": -1}}}, "when.ring_s.min", "must be greater than or equal to 0"),
        ({"when": {"not": {"any": []}}}, "when.not.any", "needs at least 1"),
        (
            {"when": {"all": [{}, {"amd": ["robot"]}]}},
            "when.all[1].amd[0]",
            "must be 'human', 'machine' or 'fax'",
        ),
    ],
)
def test_a_fault_is_named_at_its_field(rule: dict[str, Any], path: str, message: str) -> None:
    (told,) = problems(book_text({}, rule)).items()
    assert told[0] == f"rules[1].{path}"
    assert told[1].startswith(message)


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"version": 2}, "version", "must be 1"),
        ({"extends": "default"}, "extends", "is not a known field"),
        ({"rules": {}}, "rules", "must be a list"),
    ],
)
def test_a_fault_of_the_book_is_named(fields: dict[str, Any], path: str, message: str) -> None:
    assert problems(book_text(**fields)) == {path: message}


def test_all_faults_are_told_at_once() -> None:
    told = problems(book_text({"do": []}, {"when": {"q850": [0]}, "enabled": "maybe"}, version=3))
    assert set(told) == {"version", "rules[0].do", "rules[1].when.q850[0]", "rules[1].enabled"}


def test_a_rule_name_is_used_once() -> None:
    told = problems(book_text({"name": "same"}, {"name": "other"}, {"name": " same "}))
    assert told == {"rules[2].name": "is already the name of rules[0]"}


def test_the_error_prints_path_and_message() -> None:
    with pytest.raises(BookError, match=r"^rules\[0\]\.do: needs at least 1$"):
        read_book(book_text({"do": []}), "json")


@pytest.mark.parametrize("text", ["", "{", '{"a": NaN}', "\ud800", b"\xff"])
def test_what_is_no_json_is_said_to_be_none(text: str | bytes) -> None:
    assert problems(text)[""].startswith("is not valid JSON: ")


@pytest.mark.parametrize("text", ["= 1", "a = [", b"\xff"])
def test_what_is_no_toml_is_said_to_be_none(text: str | bytes) -> None:
    with pytest.raises(BookError, match=r"^is not valid TOML: "):
        read_book(text)


def test_json_that_is_no_table_is_refused() -> None:
    assert problems("[]") == {"": "must be a table of fields"}


def nested(depth: int) -> dict[str, Any]:
    """A condition with so many conditions in one another."""
    condition: dict[str, Any] = {"sip": [486]}
    for _ in range(depth - 1):
        condition = {"not": condition}
    return condition


def test_conditions_nest_up_to_the_limit() -> None:
    assert read_book(book_text({"when": nested(DEPTH_LIMIT)}), "json").rules[0].when.depth() == DEPTH_LIMIT


@pytest.mark.parametrize("depth", [DEPTH_LIMIT + 1, 200, 600])
def test_deeper_nesting_is_refused(depth: int) -> None:
    (message,) = problems(book_text({"when": nested(depth)})).values()
    assert message.startswith("is nested too deeply")


def test_toml_nested_without_end_is_refused() -> None:
    with pytest.raises(BookError, match=r"^is nested too deeply$"):
        read_book("a = " + "[" * 5000)


def read_or_refused(text: str | bytes, form: Any) -> Book | tuple[tuple[str, str], ...]:
    """The book, or its problems; anything else would be a fault."""
    try:
        return read_book(text, form)
    except BookError as refused:
        return refused.problems


@given(st.one_of(st.text(), st.binary()), st.sampled_from(["toml", "json"]))
def test_any_text_is_a_book_or_a_book_error(text: str | bytes, form: Any) -> None:
    read = read_or_refused(text, form)
    assert isinstance(read, Book) or read


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
FIELDS = sorted({*Condition.model_fields, "not", "kind", "tags", "workflow", "name", "do", "when"})


@given(st.dictionaries(st.sampled_from(FIELDS), ANY_JSON, max_size=4), st.sampled_from(["rule", "when", "do"]))
def test_any_value_in_any_field_is_a_book_or_told_with_its_path(value: dict[str, Any], place: str) -> None:
    rule = {"rule": value, "when": {"when": value}, "do": {"do": [value]}}[place]
    read = read_or_refused(book_text(rule), "json")
    assert isinstance(read, Book) or all(path.startswith("rules[0]") and words for path, words in read)


def test_the_json_schema_tells_of_lists_and_single_values() -> None:
    schema = Book.model_json_schema()["$defs"]["Condition"]["properties"]["q850"]
    assert [option["type"] for option in schema["anyOf"]] == ["integer", "array", "null"]


def test_the_json_schema_describes_each_field() -> None:
    schema = Book.model_json_schema()["$defs"]
    fields = {
        (model, name): field
        for model in ("Condition", "Range", "Rule", "Enrol")
        for name, field in schema[model]["properties"].items()
        if name not in ("kind", "not")
    }
    assert [place for place, field in fields.items() if "description" not in field] == []


@pytest.mark.parametrize(
    ("rule", "needed"),
    [
        ({}, False),
        ({"when": {"contact_known": True, "attempt": {"min": 1}}}, False),
        ({"when": {"any": [{"sip": [486]}, {"not": {"tags": "vip"}}]}}, True),
        ({"when": {"fields": {"A": "*"}}}, True),
        ({"when": {"dnd": True}}, True),
        ({"when": {"dnd": True}, "enabled": False}, False),
        ({"do": [{"kind": "task", "title": "{{ number }}", "assign": "agent"}]}, False),
        ({"do": [{"kind": "task", "title": "x", "assign": "owner"}]}, True),
        ({"do": [{"kind": "note", "body": "{{ fields.budget }}"}]}, True),
        ({"do": [{"kind": "add_tags", "tags": ["{{ tags | join }}"]}]}, True),
        ({"do": [{"kind": "field", "fields": {"A": "{{ fields.B }}"}}]}, True),
        ({"do": [{"kind": "suppress_redial", "hours": 1, "tag": "{{ fields.B }}"}]}, True),
    ],
)
def test_a_book_knows_whether_the_crm_has_to_be_asked_about_the_contact(rule: dict[str, Any], *, needed: bool) -> None:
    assert read_book(book_text(rule), "json").needs_contact is needed
