"""What leaves the connector is escaped, whatever it is made of."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from connector.crm import wire

numbers = st.from_regex(r"\+[1-9][0-9]{6,14}", fullmatch=True)
anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@given(numbers)
def test_the_plus_of_a_number_is_always_escaped(number: str) -> None:
    path = wire.find_contact("loc", number).path
    assert path.endswith(f"&number=%2B{number[1:]}")


@given(numbers)
def test_the_url_that_is_sent_keeps_the_escaped_plus(number: str) -> None:
    path = wire.find_contact("loc", number).path
    assert str(URL(f"https://crm.test{path}", encoded=True)) == f"https://crm.test{path}"


@given(anything, anything)
def test_a_lookup_says_what_it_was_given_and_nothing_else(location: str, number: str) -> None:
    query = urlsplit(wire.find_contact(location, number).path).query
    assert parse_qs(query) == {"locationId": [location], "number": [number]}


@given(anything, anything)
def test_an_id_cannot_reach_another_path(contact_id: str, workflow_id: str) -> None:
    path = wire.enrol(contact_id, workflow_id).path
    assert (path.count("/"), path.isascii(), "?" in path, "#" in path) == (4, True, False, False)


@given(st.lists(st.text()))
def test_tags_go_out_as_the_crm_keeps_them(tags: list[str]) -> None:
    clean = wire.clean_tags(tags)
    assert wire.clean_tags(clean) == clean
    assert all(clean)
    assert len(set(clean)) == len(clean)
