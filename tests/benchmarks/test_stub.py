"""What the stub makes of a request, and its tally."""

from __future__ import annotations

import pytest

from benchmarks.stub import Tally, marker, verb
from connector.crm import wire

REQUESTS = {
    "lookup": wire.find_contact("LOC", "+13125550000"),
    "note": wire.add_note("contact", "text"),
    "tags": wire.add_tags("contact", ["a"]),
    "workflow": wire.enrol("contact", "W"),
    "location": wire.get_location("LOC"),
    "other": wire.list_notes("contact"),
}


@pytest.mark.parametrize("name", REQUESTS)
def test_the_requests_of_the_crm_client_are_told_apart(name: str) -> None:
    request = REQUESTS[name]
    assert verb(request.method.encode(), request.path.encode()) == name


def test_the_marker_is_the_calls_id_in_the_notes_last_line() -> None:
    body = wire.add_note("contact", "Call ID: one in the text\n\nCall ID: r1-00000007").body
    assert marker(body or b"") == b"r1-00000007"


def test_a_note_without_a_marker_has_an_empty_one() -> None:
    assert marker(b'{"body":"a call"}') == b""


def test_a_note_written_twice_is_told() -> None:
    tally = Tally()
    for call in (b"a", b"b", b"a"):
        tally.wrote("note", b'{"body":"Call ID: %b"}' % call)
    assert (tally.facts()["distinct_notes"], tally.facts()["repeated_notes"]) == (2, 1)
