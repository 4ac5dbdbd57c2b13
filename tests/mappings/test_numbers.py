"""Which side is the contact, and the lane of its calls."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call
from mappings.numbers import Side, contact_side, e164, lane

ALICE, OFFICE = "+14155550123", "+442079460018"


def a_call(from_: str | None, to: str | None, direction: Any = None) -> Call:
    return Call(trunk="generic", call_id="c-1", from_=from_, to=to, direction=direction)


@pytest.mark.parametrize(("direction", "which"), [("inbound", "from"), ("outbound", "to"), (None, "to")])
def test_between_two_full_numbers_the_direction_tells(direction: str | None, which: str) -> None:
    assert contact_side(a_call(ALICE, OFFICE, direction), None).which == which


@pytest.mark.parametrize("direction", ["inbound", "outbound", None])
@pytest.mark.parametrize("inside", ["1001", "alice", "sales-queue"])
def test_the_only_full_number_is_the_contact_whatever_the_direction(direction: str | None, inside: str) -> None:
    """A switch calls the leg from an agent's phone inbound."""
    assert contact_side(a_call(inside, ALICE, direction), None) == Side("to", ALICE, ALICE)
    assert contact_side(a_call(ALICE, inside, direction), None) == Side("from", ALICE, ALICE)


@pytest.mark.parametrize("caller", [None, "", "anonymous", "Restricted", "<unknown>"])
def test_a_withheld_caller_is_nobody_we_know(caller: str | None) -> None:
    """The only number left is our own: writing there would be worse than writing nowhere."""
    side = contact_side(a_call(caller, OFFICE, "inbound"), None)
    assert side == Side("from", None, caller, "the caller's number is withheld")


def test_an_outbound_call_to_nowhere_has_no_contact() -> None:
    side = contact_side(a_call(OFFICE, None, "outbound"), None)
    assert side == Side("to", None, None, "the trunk told no called number")


def test_without_direction_the_only_number_is_the_contact() -> None:
    assert contact_side(a_call(ALICE, None), None) == Side("from", ALICE, ALICE)


def test_between_extensions_there_is_no_contact() -> None:
    side = contact_side(a_call("1001", "1002", "inbound"), "US")
    assert (side.number, side.text) == (None, "1001")
    assert side.reason == "neither side is a full phone number (an extension or an internal user)"


def test_a_national_number_is_read_in_the_country() -> None:
    side = contact_side(a_call("(415) 555-0123", "1001", "inbound"), "US")
    assert side == Side("from", ALICE, "(415) 555-0123")


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+14155550123", None, "+14155550123"),
        ("+1 (415) 555-0123", None, "+14155550123"),
        ("+1234567", None, None),
        ("+12345678", None, "+12345678"),
        ("+123456789012345", None, "+123456789012345"),
        ("+1234567890123456", None, None),
        ("+0123456789", None, None),
        ("+1415555٠123", None, None),
        ("4155550123", None, None),
        ("020 7946 0018", "GB", "+442079460018"),
        ("020 7946 0018", "gb", "+442079460018"),
        ("0014155550123", "DE", "+14155550123"),
        ("14155550123", "US", "+14155550123"),
        ("1001", "DE", None),
        ("911", "US", None),
        ("anonymous", "US", None),
        ("4155550123", "Atlantis", None),
    ],
)
def test_what_is_a_full_number(text: str, country: str | None, number: str | None) -> None:
    assert e164(text, country) == number


def test_the_lane_is_the_number_of_the_contact() -> None:
    assert lane(a_call("1001", "(415) 555-0123", "outbound"), "US") == ALICE


def test_the_lane_of_nobody_is_the_call() -> None:
    assert lane(a_call(None, OFFICE, "inbound"), None) == "call:c-1"


texts = st.none() | st.text(max_size=40) | st.from_regex(r"\+?[0-9 ()-]{0,18}", fullmatch=True)


@given(texts, texts, st.sampled_from(["inbound", "outbound", None]), st.sampled_from([None, "US", "DE", "XX"]))
def test_every_call_has_a_side_with_a_number_or_a_reason(
    from_: str | None, to: str | None, direction: str | None, country: str | None
) -> None:
    side = contact_side(a_call(from_, to, direction), country)
    assert side.text == {"from": from_, "to": to}[side.which]
    assert (side.number is None) is (side.reason is not None)


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True), st.sampled_from([None, "US"]))
def test_e164_stays_as_it_is(number: str, country: str | None) -> None:
    assert e164(number, country) == number


def test_numbers_in_e164_never_load_the_library() -> None:
    """It costs a tenth of a second and memory that many installations never need."""
    script = (
        "import sys; from mappings.call import Call; from mappings.numbers import lane;"
        "lane(Call(trunk='t', call_id='c', from_='+14155550123', to='+442079460018'), 'US');"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
