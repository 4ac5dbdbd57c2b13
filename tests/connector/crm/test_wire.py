"""What leaves the connector is escaped, whatever it is made of."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import orjson
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from connector.crm import wire, wire_calls, wire_opportunities

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


@given(anything, anything)
def test_an_id_of_a_conversation_cannot_reach_another_path(conversation_id: str, message_id: str) -> None:
    listed = urlsplit(wire_calls.list_calls(conversation_id, after=message_id).path)
    attached = wire_calls.set_attachments(message_id, []).path
    assert (listed.path.count("/"), parse_qs(listed.query)["lastMessageId"]) == (3, [message_id])
    assert (attached.count("/"), "?" in attached, "#" in attached) == (4, False, False)


@given(anything, anything)
def test_a_search_for_opportunities_says_what_it_was_given(location: str, contact_id: str) -> None:
    query = parse_qs(urlsplit(wire_opportunities.find_opportunities(location, contact_id).path).query)
    assert (query["location_id"], query["contact_id"], query["status"]) == ([location], [contact_id], ["all"])


@given(st.dictionaries(anything, anything | st.integers(-(2**53), 2**53) | st.lists(anything)))
def test_setting_fields_sends_fields_and_nothing_else(fields: dict[str, object]) -> None:
    sent = orjson.loads(wire.set_fields("c", fields).body or b"")
    assert sent == {"customFields": [{"id": key, "field_value": value} for key, value in fields.items()]}


@given(st.lists(st.text()))
def test_tags_go_out_as_the_crm_keeps_them(tags: list[str]) -> None:
    clean = wire.clean_tags(tags)
    assert wire.clean_tags(clean) == clean
    assert all(clean)
    assert len(set(clean)) == len(clean)
