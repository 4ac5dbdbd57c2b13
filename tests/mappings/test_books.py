"""The shipped books, and the page that explains books."""

from __future__ import annotations

import re
from datetime import UTC
from pathlib import Path
from typing import get_args

import pytest

from mappings import books, steps
from mappings.call import Call, Disposition
from mappings.conditions import BookPart, Clock, Condition, ContactState, Range
from mappings.facts import FACTS, Settings
from mappings.lint import warnings
from mappings.plan import plan
from mappings.rules import Book, Rule, read_book
from mappings.sandbox import FILTERS

PAGE = (Path(__file__).parents[2] / "docs" / "rule-books.md").read_text(encoding="utf-8")
STEPS: tuple[type[BookPart], ...] = get_args(get_args(steps.Step)[0])
KINDS = [get_args(step.model_fields["kind"].annotation)[0] for step in STEPS]
MODELS: list[type[BookPart]] = [Book, Rule, Condition, Range, Clock, *STEPS]
FIELDS = sorted({field.alias or name for model in MODELS for name, field in model.model_fields.items()})


def kinds(call: Call) -> list[str]:
    """What the default book does about a call, by kind."""
    made = plan(call, ContactState(), books.book(), now_ms=0, zone=UTC, workflows={"no_answer": "wf-1"})
    return [action.kind for action in made.actions]


@pytest.mark.parametrize("name", books.names())
def test_each_shipped_book_is_one_and_is_named_like_its_file(name: str) -> None:
    assert books.book(name).name == name


def test_the_default_book_is_shipped() -> None:
    assert books.default_book().name == books.DEFAULT


@pytest.mark.parametrize("name", ["nobody", "../pyproject", ""])
def test_a_book_that_is_not_shipped_is_a_key_error(name: str) -> None:
    with pytest.raises(KeyError):
        books.book(name)


def test_the_default_book_notes_tags_calls_back_and_enrols_where_nobody_answered() -> None:
    unanswered = Call(trunk="generic", call_id="c-1", answered=False, outcome=Disposition.NO_ANSWER)
    assert kinds(unanswered) == ["note", "add_tags", "task", "enrol"]


@pytest.mark.parametrize("name", books.names())
def test_no_shipped_book_asks_the_crm_for_more_than_it_must(name: str) -> None:
    assert not books.book(name).needs_contact


@pytest.mark.parametrize("name", books.names())
def test_each_rule_of_a_shipped_book_can_fire(name: str) -> None:
    assert warnings(books.book(name)) == []


def test_the_default_book_enrols_nobody_who_answered() -> None:
    assert kinds(Call(trunk="generic", call_id="c-1", answered=True)) == ["note", "add_tags"]


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_explained(field: str) -> None:
    assert re.search(rf"^\| `{field}` \|", PAGE, re.MULTILINE)


@pytest.mark.parametrize("kind", KINDS)
def test_each_action_is_explained(kind: str) -> None:
    assert f"\n| `{kind}` |" in PAGE


@pytest.mark.parametrize("word", [*Disposition, *Settings._fields, *FILTERS])
def test_each_word_that_a_book_may_use_is_explained(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("fact", [*FACTS, "tags", "fields"])
def test_each_fact_for_texts_is_explained(fact: str) -> None:
    assert re.search(rf"`\{{\{{ {fact}\b", PAGE)


GROUPED = [rule for rule in books.default_book().rules if rule.group is not None]
STEPPED = [rule for rule in books.default_book().rules if rule.when.next_step is not None and rule.group is None]


@pytest.mark.parametrize("rule", STEPPED, ids=lambda rule: rule.name)
def test_what_the_shipped_book_makes_of_a_next_step_is_explained(rule: Rule) -> None:
    (step,) = rule.when.next_step or ()
    assert f"\n| {rule.name} | `{step}` |" in PAGE


@pytest.mark.parametrize("rule", GROUPED, ids=lambda rule: rule.name)
def test_the_precedence_of_the_shipped_book_s_rules_is_explained(rule: Rule) -> None:
    place = GROUPED.index(rule) + 1
    assert f"\n| {place} | {rule.name} |" in PAGE


@pytest.mark.parametrize("example", re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_is_a_book(example: str) -> None:
    assert read_book(example).rules
