"""What the stub makes of a request, and its tally."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from benchmarks.http1 import first_message
from benchmarks.stub import Crm, Tally, marker, token, verb
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


def test_of_a_note_written_twice_the_first_time_counts() -> None:
    tally = Tally()
    tally.wrote("note", b'{"body":"Call ID: a"}')
    first_s = tally.seen_s["a"]
    tally.wrote("note", b'{"body":"Call ID: a"}')
    assert tally.seen_s == {"a": first_s}


def test_the_token_is_read_from_the_head() -> None:
    assert token(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer LOC-000\r\nVersion: 1") == b"LOC-000"


def test_no_authorization_is_no_token() -> None:
    assert token(b"GET / HTTP/1.1\r\nHost: x") == b""


async def answers(requests: bytes, count: int) -> list[bytes]:
    """The first answers of a stub, to which LOC-000 is broken, on one connection."""
    server = await asyncio.get_running_loop().create_server(lambda: Crm(Tally(), 0.0, b"LOC-000"), "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(requests)
        read = b""
        found: list[bytes] = []
        while len(found) < count:
            read += await reader.read(65_536)
            while end := first_message(read)[1]:
                found.append(read[:end])
                read = read[end:]
        writer.close()
        await writer.wait_closed()
    return found


def asking(location: str, path: str = "/locations/x") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {location}\r\n\r\n".encode()


async def test_the_broken_one_gets_an_error_and_nothing_at_all_in_turn() -> None:
    first, second, tally = await answers(asking("LOC-000") * 3 + asking("", "/_count"), 3)
    assert (first[9:12], second[9:12]) == (b"500", b"500")
    assert orjson.loads(tally[first_message(tally)[0] :])["requests"] == {"failed": 3}


async def test_the_others_are_answered_as_ever() -> None:
    (found,) = await answers(asking("LOC-001"), 1)
    assert found[9:12] == b"200"


async def test_what_was_seen_is_told() -> None:
    note = b'{"body":"Call ID: r1-7"}'
    write = b"POST /contacts/x/notes HTTP/1.1\r\nContent-Length: %d\r\n\r\n%b" % (len(note), note)
    _, seen = await answers(write + asking("", "/_seen"), 2)
    assert list(orjson.loads(seen[first_message(seen)[0] :])) == ["r1-7"]
