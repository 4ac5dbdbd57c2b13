"""What the load generator sends is what Ringback takes."""

from __future__ import annotations

import pytest

from benchmarks.http1 import first_message
from benchmarks.payloads import Mix, call_id, home, is_answered, requests
from mappings.payload.request import Credentials, Request, UnverifiedError
from mappings.trunks import read, trunk

NOW_MS = 1_790_000_000_123
MIX = Mix(calls=20, contacts=8, locations=("LOC-A", "LOC-B"), secret="s", run="r1")


def request(wire: bytes) -> Request:
    body, end = first_message(wire)
    assert end == len(wire)
    first, *lines = wire[: body - 4].decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return Request("POST", f"http://x{first.split()[1]}", headers, wire[body:end], NOW_MS)


def test_every_request_holds_the_signature_the_generic_trunk_asks_for() -> None:
    for wire in requests(MIX, now_ms=NOW_MS):
        trunk("generic").verify(request(wire), Credentials(("s",)))


def test_the_signature_is_made_with_the_secret() -> None:
    wire = requests(MIX, now_ms=NOW_MS)[0]
    with pytest.raises(UnverifiedError):
        trunk("generic").verify(request(wire), Credentials(("another",)))


def test_every_call_is_read_as_answered_or_not_as_it_was_meant() -> None:
    calls = [read(trunk("generic"), request(wire))[0] for wire in requests(MIX, now_ms=NOW_MS)]
    assert [call.answered for call in calls] == [is_answered(number) for number in range(MIX.calls)]


def test_every_call_has_an_id_of_its_own() -> None:
    calls = [read(trunk("generic"), request(wire))[0] for wire in requests(MIX, now_ms=NOW_MS)]
    assert len({call.call_id for call in calls}) == MIX.calls


def test_a_contact_belongs_to_one_sub_account() -> None:
    asked = [request(wire) for wire in requests(MIX, now_ms=NOW_MS)]
    homes = {(read(trunk("generic"), one)[0].to, one.url) for one in asked}
    assert len(homes) == MIX.contacts


def test_three_of_ten_calls_go_unanswered() -> None:
    assert sum(not is_answered(number) for number in range(100)) == 30


def test_a_call_is_sent_with_its_id_to_its_home() -> None:
    for number, wire in enumerate(requests(MIX, now_ms=NOW_MS)):
        asked = request(wire)
        assert read(trunk("generic"), asked)[0].call_id == call_id(MIX.run, number)
        assert asked.url == f"http://x/hooks/{home(number, MIX.contacts, MIX.locations)}/generic"
