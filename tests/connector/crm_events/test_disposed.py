"""What of a tag or a note is an agent's word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm_events.disposed import new_tags, plain, with_prefix
from connector.store.inbox import KnownTags

NOW = 1_800_000_000_000
MINUTE = 60_000
TAGS = st.frozensets(st.sampled_from(["d:a", "d:b", "d:c"]))


def test_tags_that_tell_begin_with_the_prefix_in_any_case() -> None:
    assert with_prefix([" D:Sold ", "hot", "d:", "xd:y"], "d:") == {"d:sold"}


def test_only_what_was_not_there_before_is_new() -> None:
    known = KnownTags(frozenset({"d:a"}), NOW - MINUTE)
    assert new_tags(frozenset({"d:a", "d:b"}), known, at_ms=NOW, echo=False) == ["d:b"]


def test_an_older_list_has_nothing_new() -> None:
    known = KnownTags(frozenset(), NOW)
    assert new_tags(frozenset({"d:a"}), known, at_ms=NOW - 1, echo=False) == []


def test_of_a_contact_nothing_is_known_of_all_is_new() -> None:
    assert new_tags(frozenset({"d:a"}), KnownTags(), at_ms=NOW, echo=False) == ["d:a"]


def test_unless_it_may_be_our_own_doing() -> None:
    assert new_tags(frozenset({"d:a"}), KnownTags(), at_ms=NOW, echo=True) == []


@pytest.mark.parametrize(("minutes", "new"), [(-1, ["d:a"]), (0, []), (9, []), (11, ["d:a"])])
def test_a_tag_of_ours_is_ours_for_ten_minutes(minutes: int, new: list[str]) -> None:
    known = KnownTags(frozenset(), NOW - 60 * MINUTE, {"d:a": NOW})
    assert new_tags(frozenset({"d:a"}), known, at_ms=NOW + minutes * MINUTE, echo=False) == new


@given(TAGS, TAGS, st.integers(-MINUTE, MINUTE), st.booleans())
def test_what_is_new_is_there_and_was_not(tags: frozenset[str], before: frozenset[str], ahead: int, echo: bool) -> None:  # noqa: FBT001 - hypothesis gives it
    new = new_tags(tags, KnownTags(before, NOW), at_ms=NOW + ahead, echo=echo)
    assert set(new) <= tags - before


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Wants a quote\n\nby Friday ", "Wants a quote\nby Friday"),
        ("<p>Wants &amp; needs</p><p>a quote</p>", "Wants & needs\na quote"),
        ("3 < 5 and 7 > 6", "3 < 5 and 7 > 6"),
        ("<b>Sold</b>", "Sold"),
        ("x" * 5000, "x" * 2000),
    ],
)
def test_a_note_is_plain_and_bounded(body: str, text: str) -> None:
    assert plain(body) == text
