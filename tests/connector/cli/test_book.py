"""`ringback book`: a rule book in a file is shown, checked, and tried on its cases."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mappings.books import source

if TYPE_CHECKING:
    from tests.connector.cli.conftest import Command

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "rule-books.md").read_text(encoding="utf-8")
BOOK = """
version = 1
name = "mine"
groups = { g = "first" }
rules = [
  { name = "wide", group = "g", when = { talk_s = { min = 5 } }, do = [{ kind = "add_tags", tags = ["talked"] }] },
  { name = "narrow", group = "g", when = { talk_s = { min = 9 } }, do = [{ kind = "review" }] },
]
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(BOOK, encoding="utf-8")
    return file


def cases(book: Path, text: str) -> None:
    book.with_suffix(".cases.toml").write_text(text, encoding="utf-8")


def test_a_shipped_book_is_shown_with_its_comments(ringback: Command) -> None:
    assert ringback("book", "show", "default") == (0, source("default").rstrip() + "\n", "")


def test_a_book_that_is_not_shipped_is_not_shown(ringback: Command) -> None:
    code, _, err = ringback("book", "show", "nobody")
    assert (code, "There is no shipped book 'nobody'" in err) == (2, True)


def test_a_rule_that_can_never_fire_is_warned_of(ringback: Command, book: Path) -> None:
    code, said, _ = ringback("book", "check", str(book))
    assert code == 0
    assert said.splitlines() == [
        'warning rules[1]: can never fire: "wide" in its group takes every such call before it',
        f"{book} is a valid rule book: mine, 2 rules.",
    ]


def test_the_check_s_json_has_the_warnings_by_path(ringback: Command, book: Path) -> None:
    told = ringback.json("book", "check", str(book))
    assert [warning["path"] for warning in told["warnings"]] == ["rules[1]"]


def test_what_is_no_book_is_told_by_field(ringback: Command, book: Path) -> None:
    book.write_text(BOOK.replace("talked", "{who}"), encoding="utf-8")
    code, _, err = ringback("book", "check", str(book))
    assert (code, "rules[0].do[0].tags[0]: 'who' is not a known placeholder" in err) == (2, True)


def test_explain_warns_too(ringback: Command, book: Path, tmp_path: Path) -> None:
    shutil.copy(DOCS / "examples" / "no-answer.json", tmp_path / "call.json")
    told = ringback.json("explain", "--trunk", "generic", str(tmp_path / "call.json"), "--book", str(book))
    assert [warning["path"] for warning in told["warnings"]] == ["rules[1]"]


def test_the_shipped_book_does_what_its_cases_say(ringback: Command) -> None:
    code, said, _ = ringback("book", "test", "default", "--cases", str(DOCS / "examples" / "default.cases.toml"))
    assert (code, "FAILED" in said) == (0, False), said


def test_the_page_s_example_does_what_its_cases_say(ringback: Command, tmp_path: Path) -> None:
    for form, name in (("toml", "sales.toml"), ("cases", "sales.cases.toml")):
        text = re.findall(rf"```{form}\n(.*?)```", PAGE, re.DOTALL)[0]
        (tmp_path / name).write_text(text, encoding="utf-8")
    code, said, _ = ringback("book", "test", str(tmp_path / "sales.toml"))
    assert (code, said.count("\nok ") + said.startswith("ok ")) == (0, 2), said


def test_what_comes_out_otherwise_is_shown_beside_what_was_expected(ringback: Command, book: Path) -> None:
    cases(
        book,
        """
        [[cases]]
        name = "good"
        call = { talk_s = 6 }
        expect = { tags = ["talked"] }

        [[cases]]
        name = "bad"
        call = { talk_s = 10 }
        [cases.expect]
        disposition = "Busy"
        rules = ["narrow"]
        kinds = ["review"]
        tags = []
        attempts = 1
        due = { review = 2026-03-02T15:05:30Z }
        args = { add_tags = { tags = ["other"] } }
        """,
    )
    code, said, _ = ringback("book", "test", str(book))
    assert code == 1
    assert said.splitlines() == [
        "ok      good",
        "FAILED  bad",
        "        disposition: expected Busy, got Connected",
        "        rules: expected narrow, got wide",
        "        kinds: expected review, got add_tags",
        "        tags: expected none, got talked",
        "        attempts: expected 1, got nothing",
        "        review: expected, and not in the plan",
        "        add_tags.tags: expected other, got talked",
        "",
        "1 of 2 cases as expected",
    ]


def test_the_test_s_json_has_each_case(ringback: Command, book: Path) -> None:
    cases(book, '[[cases]]\nname = "good"\ncall = { talk_s = 6 }\nexpect = { tags = ["talked"] }')
    assert ringback.json("book", "test", str(book)) == [{"case": "good", "ok": True, "differences": []}]


def test_a_payload_may_lie_beside_the_cases(ringback: Command, book: Path) -> None:
    shutil.copy(DOCS / "examples" / "no-answer.json", book.parent / "call.json")
    cases(book, '[[cases]]\nname = "x"\nbody_file = "call.json"\nexpect = { disposition = "No Answer", kinds = [] }')
    assert ringback("book", "test", str(book))[0] == 0


def test_a_payload_of_any_trunk_will_do(ringback: Command, book: Path) -> None:
    body = (
        "CallSid=CA1&CallStatus=completed&CallDuration=12&Direction=outbound-api&From=%2B14155550100&To=%2B14155550199"
    )
    cases(book, f'[[cases]]\nname = "x"\ntrunk = "twilio"\nbody = "{body}"\nexpect = {{ rules = ["wide"] }}')
    assert ringback("book", "test", str(book))[0] == 0


@pytest.mark.parametrize("body", ['"{broken"', '{ call_uuid = "c", event = "initiated" }'])
def test_a_payload_without_one_finished_call_fails_its_case(ringback: Command, book: Path, body: str) -> None:
    cases(book, f'[[cases]]\nname = "x"\nbody = {body}\nexpect = {{ kinds = ["review"] }}')
    code, said, _ = ringback("book", "test", str(book))
    assert (code, "FAILED  x" in said) == (1, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "cases: is required"),
        ('[[cases]]\nname = "x"\ncall = {}\nexpect = {}', "cases[0].expect: expects nothing: say at least one of"),
        ('[[cases]]\nname = "x"\nexpect = { tags = [] }', "cases[0]: needs one of body, body_file and call"),
        ('[[cases]]\nname = "x"\ntrunk = "no"\ncall = {}\nexpect = { tags = [] }', "cases[0].trunk: there is no trunk"),
        ('[[cases]]\nname = "x"\ntime_zone = "x"\ncall = {}\nexpect = { tags = [] }', "'x' is no IANA time zone"),
        (
            '[[cases]]\nname = "x"\ncall = { talk = 5 }\nexpect = { tags = [] }',
            "cases[0].call.talk: is not a known field",
        ),
    ],
)
def test_cases_that_cannot_be_run_are_told_by_field(ringback: Command, book: Path, text: str, words: str) -> None:
    cases(book, text)
    code, _, err = ringback("book", "test", str(book))
    assert (code, words in err) == (2, True), err


def test_a_book_without_cases_says_where_they_are_looked_for(ringback: Command, book: Path) -> None:
    code, _, err = ringback("book", "test", str(book))
    assert (code, "mine.cases.toml cannot be read" in err) == (2, True)
