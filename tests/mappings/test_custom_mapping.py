"""Mapping documents: how they are read, what is refused and where, and the page that explains them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from mappings import custom_mapping
from mappings.custom_mapping import MappingError, MappingPart, TrunkMapping, read_mapping

PAGE = (Path(__file__).parents[2] / "docs" / "trunks" / "custom.md").read_text(encoding="utf-8")
MODELS = [one for one in vars(custom_mapping).values() if isinstance(one, type) and issubclass(one, MappingPart)]
FIELDS = sorted({field.alias or name for model in MODELS for name, field in model.model_fields.items()})
LEAST = {"name": "pbx", "title": "Our PBX", "auth": {"scheme": "bearer"}, "fields": {"call_id": "id"}}


def problems(document: Any) -> dict[str, str]:
    with pytest.raises(MappingError) as caught:
        read_mapping(json.dumps(document), "json")
    return dict(caught.value.problems)


def test_toml_and_json_say_the_same() -> None:
    toml = 'name = "pbx"\ntitle = "Our PBX"\nauth.scheme = "bearer"\nfields.call_id = "id"\n'
    assert read_mapping(toml) == read_mapping(toml.encode()) == read_mapping(json.dumps(LEAST), "json")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("id", ("id",)),
        ("data.call.id", ("data", "call", "id")),
        ("legs[0].id", ("legs", 0, "id")),
        ("legs[-1]", ("legs", -1)),
        ('data["sip.id"].x', ("data", "sip.id", "x")),
        ('["sip.id"]', ("sip.id",)),
        ("x-y_z$", ("x-y_z$",)),
    ],
)
def test_a_path_is_steps(text: str, steps: tuple[str | int, ...]) -> None:
    document = read_mapping(json.dumps(LEAST | {"fields": {"call_id": text}}), "json")
    assert document.fields.call_id == (steps,)


@pytest.mark.parametrize("path", ["", ".", "a..b", "a.", "a[x]", "a[", "[0]x", 'a[""]', "a b", "a" * 201, 7, [], None])
def test_what_is_no_path_is_refused_at_its_place(path: Any) -> None:
    assert list(problems(LEAST | {"fields": {"call_id": path}})) == ["fields.call_id"]


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        ({"title": None}, "title", "must be a valid string"),
        ({"colour": 1}, "colour", "is not a known field"),
        ({"name": "Our PBX"}, "name", "String should match pattern"),
        ({"setup": "call us"}, "", "{url}"),
        ({"auth": {}}, "auth.scheme", "is required"),
        ({"auth": {"scheme": "magic"}}, "auth.scheme", "must be 'hmac-sha256', 'bearer'"),
        ({"auth": {"scheme": "hmac-sha256"}}, "auth", "needs a signature_header"),
        ({"auth": {"scheme": "bearer", "prefix": "x"}}, "auth", "has no signature"),
        (
            {"auth": {"scheme": "hmac-sha256", "signature_header": "X", "timestamp_item": "t"}},
            "auth",
            "goes with signature_item",
        ),
        ({"auth": {"scheme": "hmac-sha256", "signature_header": "X: y"}}, "auth.signature_header", "match pattern"),
        ({"fields": {"call_id": "id", "caller": "x"}}, "fields.caller", "is not a known field"),
        ({"fields": {"from": "x"}}, "fields.call_id", "is required"),
        ({"event": {"path": "x"}}, "event", "a path needs words"),
        ({"event": {"completed": ["x"]}}, "event", "words need a path"),
        ({"event": {"path": "x", "completed": ["a"], "extra": ["a"]}}, "event", "a word stands twice"),
        ({"times": {"start": {"format": "swatch"}}}, "times.start.format", "must be 'auto'"),
        ({"times": {"zone": "Mars/Olympus"}}, "times.zone", "must be a time zone"),
        ({"times": {"zone": "+99:00"}}, "times.zone", "must be a time zone"),
        ({"times": {"zone": "../../etc"}}, "times.zone", "must be a time zone"),
        ({"times": {"zone": 1}}, "times.zone", "must be a time zone"),
        ({"duration": {"unit": "min"}}, "duration.unit", "must be 's' or 'ms'"),
        ({"duration": {"includes_ringing": "yes"}}, "duration.includes_ringing", "boolean"),
        ({"causes": {"weg": "Gone"}}, "causes.weg", "must be 'Connected'"),
        ({"constants": {"direction": "sideways"}}, "constants.direction", "must be 'inbound' or 'outbound'"),
        ({"awaits": ["godot"]}, "awaits[0]", "must be 'start', 'answer' or 'direction'"),
    ],
)
def test_a_problem_is_told_at_its_place_and_in_words(changes: dict[str, Any], path: str, words: str) -> None:
    assert words in problems(LEAST | changes)[path]


def test_all_problems_are_told_at_once() -> None:
    assert set(problems({"auth": {"scheme": "bearer"}, "fields": {}})) == {"name", "title", "fields.call_id"}


@pytest.mark.parametrize(
    ("text", "format"),
    [("x =", "toml"), ("{", "json"), (b"\xff", "toml"), ("[" * 9999, "json"), ("a = " + "[" * 9999, "toml")],
)
def test_a_text_that_is_none_is_refused_as_a_whole(text: str | bytes, format: Any) -> None:  # noqa: A002 - as in read_mapping
    with pytest.raises(MappingError, match=r"is not valid|nested"):
        read_mapping(text, format)


def test_a_list_is_no_mapping() -> None:
    assert problems([]) == {"": "must be a table of fields"}


def test_an_error_says_all_its_problems_in_lines() -> None:
    with pytest.raises(MappingError, match=r"^name: is required\ntitle: is required$"):
        read_mapping('auth.scheme = "bearer"\nfields.call_id = "id"')


def test_a_mapping_has_a_schema_for_editors() -> None:
    schema = TrunkMapping.model_json_schema()
    assert schema["$defs"]["FieldPaths"]["properties"]["from"]["description"] == "The caller's number."


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_explained(field: str) -> None:
    assert re.search(rf"^\| `{field}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_is_a_mapping(example: str) -> None:
    assert read_mapping(example).name
