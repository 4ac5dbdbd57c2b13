"""Single values, as trunks write them."""

from __future__ import annotations

from datetime import timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import iso
from mappings.payload import fields

NOON_MS = 1_777_896_000_000  # 2026-05-04T12:00:00Z


@pytest.mark.parametrize(
    "raw",
    [
        1_777_896_000,
        1_777_896_000.0,
        "1777896000",
        " 1777896000.000 ",
        1_777_896_000_000,
        "1777896000000",
        1_777_896_000_000_000,
        "1777896000000999",
        1_777_896_000_000_000_000,
        "2026-05-04T12:00:00Z",
        "2026-05-04T12:00Z",
        "2026-05-04 12:00:00.000999Z",
        "2026-05-04T12:00:00.000000999+00:00",
        "2026-05-04T08:00:00-0400",
        "2026-05-04T17:30:00+05:30",
        "Mon, 04 May 2026 12:00:00 +0000",
        "Monday, 4 May 2026 12:00:00 GMT",
        "Thurs, 04 May 2026 08:00:00 -0400",
        "4 May 2026 12:00 UTC",
    ],
)
def test_a_time_is_read_however_it_is_written(raw: Any) -> None:
    notes: list[str] = []
    assert (iso(fields.instant(raw, "end", notes)), notes) == ("2026-05-04T12:00:00.000Z", [])


@pytest.mark.parametrize("raw", ["2026-05-04T12:00:00", "2026-05-04 12:00:00", "Mon, 04 May 2026 12:00:00 +000"])
def test_a_time_without_a_zone_is_utc_with_a_note(raw: str) -> None:
    notes: list[str] = []
    assert fields.instant(raw, "end", notes) == NOON_MS
    assert notes == ["end has no time zone: read as UTC"]


def test_a_time_without_a_zone_is_in_the_trunks_where_that_is_known() -> None:
    notes: list[str] = []
    india = timezone(timedelta(hours=5, minutes=30))
    assert fields.instant("2026-05-04 17:30:00", "end", notes, zone=india) == NOON_MS
    assert notes == []


@pytest.mark.parametrize("raw", [None, "", "0", 0, 0.0, "0.000000", False])
def test_no_time_is_none_without_a_note(raw: Any) -> None:
    notes: list[str] = []
    assert (fields.instant(raw, "answer", notes), fields.is_nothing(raw), notes) == (None, True, [])


@pytest.mark.parametrize(
    "raw",
    [
        "soon",
        True,
        [],
        {},
        -5,
        "-5",
        float("nan"),
        float("inf"),
        10**30,
        "2026-13-01T00:00:00Z",
        "Mon, 32 May 2026 12:00:00 +0000",
        "Mon, 04 Foo 2026 12:00:00 +0000",
        "9" * 5000,
    ],
)
def test_what_is_no_time_is_none_with_a_note(raw: Any) -> None:
    notes: list[str] = []
    assert fields.instant(raw, "end", notes) is None
    assert len(notes) == 1


@pytest.mark.parametrize(("raw", "value"), [(7, 7), ("7", 7), (" 7 ", 7), (7.0, 7), ("7.0", 7), ("-7", -7)])
def test_a_whole_number_is_read(raw: Any, value: int) -> None:
    assert fields.integer(raw) == value


@pytest.mark.parametrize(
    "raw", [None, True, "", "x", "7.5", 7.5, float("nan"), float("inf"), 2**60, "9" * 5000, "\u0667", [], {}]
)
def test_what_is_no_whole_number_is_none(raw: Any) -> None:
    assert fields.integer(raw) is None


@pytest.mark.parametrize(
    ("raw", "ms"), [(42, 42_000), ("42", 42_000), ("12.5", 12_500), (0.0004, 0), (-1, None), ("", None), (True, None)]
)
def test_a_duration_is_read_in_seconds(raw: Any, ms: int | None) -> None:
    assert fields.duration_ms(raw) == ms


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("+12025550101", "+12025550101"),
        ("+1 (202) 555-0101", "+12025550101"),
        ("sip:+12025550101@pbx.example.com:5060;user=phone", "+12025550101"),
        ("SIPS:1001@pbx.example.com", "1001"),
        ("sip:%2B12025550101@pbx.example.com", "+12025550101"),
        ('"Dana" <sip:+12025550101@pbx.example.com>;tag=1', "+12025550101"),
        ("tel:+1-202-555-0101;ext=7", "+12025550101"),
        ("1001@pbx.example.com", "1001"),
        ("12025550101", "12025550101"),
        (12025550101, "12025550101"),
        ("(202) 555-0101", "(202) 555-0101"),
        ("front desk", "front desk"),
        (None, None),
        ("", None),
        ([], None),
        ("sip:", None),
    ],
)
def test_a_number_is_taken_out_of_what_surrounds_it(raw: Any, number: str | None) -> None:
    notes: list[str] = []
    assert (fields.phone(raw, "from", notes), notes) == (number, [])


@pytest.mark.parametrize(
    "raw", ["anonymous", "Private", "RESTRICTED", "<unknown>", "+266696687", "sip:anonymous@anonymous.invalid"]
)
def test_a_withheld_number_is_none_and_its_word_is_noted(raw: str) -> None:
    notes: list[str] = []
    assert fields.phone(raw, "from", notes) is None
    assert notes[0].startswith("from is withheld: ")


@pytest.mark.parametrize(
    ("raw", "direction"),
    [
        ("inbound", "inbound"),
        ("Incoming", "inbound"),
        ("outbound-api", "outbound"),
        ("outgoing", "outbound"),
        ("", None),
    ],
)
def test_a_direction_is_read(raw: str, direction: str | None) -> None:
    notes: list[str] = []
    assert (fields.direction(raw, notes), notes) == (direction, [])


def test_an_unknown_direction_is_noted() -> None:
    notes: list[str] = []
    assert fields.direction("sideways", notes) is None
    assert notes == ["unknown direction 'sideways'"]


@pytest.mark.parametrize(
    ("raw", "who"),
    [
        ("human", "human"),
        ("machine_end_beep", "machine"),
        ("MACHINE", "machine"),
        ("answering-machine", "machine"),
        ("fax", "fax"),
        ("unknown", None),
        (None, None),
    ],
)
def test_who_answered_is_read(raw: Any, who: str | None) -> None:
    assert fields.amd(raw) == who


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("447700900102", "+447700900102"),
        (447700900102, "+447700900102"),
        ("+447700900102", "+447700900102"),
        ("sip:447700900102@example.com", "+447700900102"),
        ("02079460102", "02079460102"),
        ("1234567", "1234567"),
        ("1" * 16, "1" * 16),
        ("alice", "alice"),
        ("", None),
    ],
)
def test_digits_that_may_be_e164_get_their_plus_where_the_trunk_leaves_it_out(raw: Any, number: str | None) -> None:
    assert fields.international(raw, "from", []) == number


@pytest.mark.parametrize(
    ("raw", "ms"),
    [
        ("1777903200.559709", 1_777_903_200_559),
        (1777903200.559999, 1_777_903_200_559),
        (1777903200.123, 1_777_903_200_123),
    ],
)
def test_fractions_of_a_millisecond_are_cut_off(raw: Any, ms: int) -> None:
    assert fields.instant(raw, "end", []) == ms


anything = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@given(anything)
def test_no_value_breaks_a_reader(raw: Any) -> None:
    notes: list[str] = []
    fields.text(raw), fields.integer(raw), fields.duration_ms(raw), fields.amd(raw), fields.is_nothing(raw)
    fields.instant(raw, "end", notes)
    fields.phone(raw, "from", notes)
    fields.direction(raw, notes)
    assert all(isinstance(note, str) for note in notes)
