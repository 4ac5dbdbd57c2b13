"""Business days, quiet hours and zones, against an oracle that walks the clock."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from mappings.calendar import MAX_DAYS, WorkingHours, zone_named

if TYPE_CHECKING:
    from datetime import tzinfo

COUNTRIES = ("US", "CA", "MX", "BR", "GB", "DE", "AE", "IN", "JP", "AU")
ZONES = (
    "US/Central",
    "America/St_Johns",
    "America/Havana",  # changes its clock at midnight
    "Europe/Berlin",
    "Africa/Cairo",  # likewise, with years of no change between
    "Asia/Kolkata",
    "Australia/Lord_Howe",  # by half an hour
    "Pacific/Apia",  # had no 30 December 2011
)
FIRST, LAST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
MINUTE_MS = 60_000
QUARTER = timedelta(minutes=15)
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CENTRAL = ZoneInfo("America/Chicago")
BERLIN = ZoneInfo("Europe/Berlin")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def at(text: str, zone: tzinfo) -> int:
    """Epoch milliseconds of a local time; of one that comes twice the first."""
    return ms(datetime.fromisoformat(text).replace(tzinfo=zone))


def local(at_ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, zone)


@cache
def span(start: time, end: time) -> frozenset[int]:
    """The minutes of the day that the span holds, by walking them as one does on a clock face."""
    first, last = start.hour * 60 + start.minute, end.hour * 60 + end.minute
    held = {first}
    while (minute := (first + len(held)) % 1440) != last and minute not in held:
        held.add(minute)
    return frozenset(held)


def within(clock: time, start: time, end: time) -> bool:
    return clock.hour * 60 + clock.minute in span(start, end)


def quiet(hours: WorkingHours, clock: time) -> bool:
    return hours.quiet_from is not None and within(clock, hours.quiet_from, hours.quiet_until)


@cache
def changes(name: str) -> tuple[int, ...]:
    """The hours, as epoch milliseconds, in which the zone's clock is changed."""
    zone, hour = ZoneInfo(name), timedelta(hours=1)
    stamps = (FIRST + hour * index for index in range((LAST - FIRST) // hour))
    return tuple(
        ms(stamp)
        for stamp in stamps
        if stamp.astimezone(zone).utcoffset() != (stamp + hour).astimezone(zone).utcoffset()
    )


@cache
def clock_on(day: date, clock: time, zone: tzinfo) -> int | None:
    """The first moment at which the clock shows this on that day; if it jumps over it, as long after the jump.

    Found by looking at the clock every quarter of an hour for some days; all offsets are multiples of that.
    """
    wanted = datetime.combine(day, clock)
    moment = datetime.combine(day, clock, UTC) - timedelta(hours=27)
    before = moment
    for _ in range(54 * 4):
        shown = moment.astimezone(zone).replace(tzinfo=None)
        if shown == wanted:
            return ms(moment)
        if shown < wanted:
            before = moment
        moment += QUARTER
    late = before + (wanted - before.astimezone(zone).replace(tzinfo=None))
    return ms(late) if late.astimezone(zone).date() == day else None


def oracle(hours: WorkingHours, at_ms: int, days: int, zone: tzinfo) -> int:
    """The day-by-day account of `business_days_after`, for days of 1 and more."""
    free = holidays.country_holidays(hours.country, subdiv=hours.subdivision) if hours.country else {}
    here = local(at_ms, zone)
    clock = here.time().replace(second=0, microsecond=0)
    day, found = here.date(), 0
    while found < days:
        day += timedelta(days=1)
        moments = [clock_on(day, wanted, zone) for wanted in (hours.usual, clock)]
        usual, wished = (moment if moment is not None and fits(hours, moment, zone) else None for moment in moments)
        if WEEK[day.weekday()] not in hours.weekend and day not in free and usual is not None:
            found += 1
    assert usual is not None
    return usual if wished is None else wished


def fits(hours: WorkingHours, at_ms: int, zone: tzinfo) -> bool:
    clock = local(at_ms, zone).time()
    return within(clock, hours.opens, hours.closes) and not quiet(hours, clock)


OFFICES: tuple[dict[str, Any], ...] = (
    {},
    {"weekend": frozenset({"fri", "sat"}), "opens": time(8, 30), "closes": time(16, 45)},
    {"opens": time(0), "closes": time(0), "quiet_from": None, "usual": time(2, 30)},
    {"opens": time(18), "closes": time(3), "quiet_from": time(5), "quiet_until": time(19), "usual": time(0, 15)},
    {"opens": time(22), "closes": time(2), "quiet_from": None, "usual": time(0, 30), "weekend": frozenset()},
)


@cache
def office(index: int, country: str | None) -> WorkingHours:
    return WorkingHours(country=country, **OFFICES[index])


offices = st.builds(office, st.sampled_from(range(len(OFFICES))), st.sampled_from(COUNTRIES))


@st.composite
def moments(draw: st.DrawFn) -> tuple[int, tzinfo]:
    """A moment of 20 years and a zone; every other one within three days of a change of that zone's clock."""
    name = draw(st.sampled_from(ZONES))
    near, close = changes(name), draw(st.booleans())
    if near and close:
        at_ms = draw(st.sampled_from(near)) + draw(st.integers(-3 * 1440, 3 * 1440)) * MINUTE_MS
    else:
        at_ms = draw(st.integers(ms(FIRST) // MINUTE_MS, ms(LAST) // MINUTE_MS)) * MINUTE_MS
    return at_ms, ZoneInfo(name)


quarters = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))


@settings(max_examples=200)
@given(moments(), offices, st.integers(1, 15), st.integers(0, MINUTE_MS - 1))
def test_business_days_are_those_that_a_walk_over_the_days_finds(
    moment: tuple[int, tzinfo], hours: WorkingHours, days: int, rest_ms: int
) -> None:
    at_ms, zone = moment
    assert hours.business_days_after(at_ms + rest_ms, days, zone) == oracle(hours, at_ms, days, zone)


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_next_business_day_of_every_day_of_20_years_is_neither_weekend_nor_holiday(country: str) -> None:
    """Every day, where the property above draws some."""
    hours, free = WorkingHours(country=country), holidays.country_holidays(country)
    stamps = range(ms(FIRST), ms(LAST), 86_400_000)
    found = [local(hours.business_days_after(stamp, 1, CENTRAL), CENTRAL).date() for stamp in stamps]
    assert [day for day in found if day in free or day.weekday() in (5, 6)] == []


@settings(max_examples=400)
@given(moments(), quarters, quarters)
def test_the_next_allowed_time_is_the_first_that_a_walk_over_the_minutes_finds(
    moment: tuple[int, tzinfo], start: time, end: time
) -> None:
    """Whatever the quiet hours, and whatever the clock does in them."""
    hours = loud(start, end)
    at_ms, zone = moment
    expected = at_ms
    while quiet(hours, local(expected, zone).time()):
        expected += MINUTE_MS
    assert hours.next_allowed(at_ms, zone) == expected


def loud(start: time, end: time) -> WorkingHours:
    """Quiet hours as asked for, or none if they are all day; work is done at any other time."""
    quiet_from = None if start == end else start
    return WorkingHours(opens=time(0), closes=time(0), usual=end, quiet_from=quiet_from, quiet_until=end)


@given(moments(), st.integers(0, MINUTE_MS - 1))
def test_quiet_hours_end_on_the_very_millisecond(moment: tuple[int, tzinfo], rest_ms: int) -> None:
    at_ms, zone = moment
    hours = WorkingHours()
    allowed = hours.next_allowed(at_ms + rest_ms, zone)
    assert not quiet(hours, local(allowed, zone).time())
    assert allowed == at_ms + rest_ms or quiet(hours, local(allowed - 1, zone).time())


@pytest.mark.parametrize(
    ("call", "days", "expected"),
    [
        ("2026-03-03T14:20:31", 2, "2026-03-05T14:20"),  # the same local time
        ("2026-03-05T14:20", 2, "2026-03-09T14:20"),  # over a weekend on which the clock is put forward
        ("2026-03-03T20:15", 2, "2026-03-05T10:00"),  # after work
        ("2026-03-03T18:00", 2, "2026-03-05T10:00"),  # closing time is after work
        ("2026-03-03T09:00", 2, "2026-03-05T09:00"),  # opening time is work
        ("2026-03-07T11:00", 1, "2026-03-09T11:00"),  # a call on a Saturday
        ("2026-07-01T11:00", 2, "2026-07-06T11:00"),  # Friday the 3rd is free for Saturday the 4th
        ("2026-12-31T23:59:59.999", 1, "2027-01-04T10:00"),  # the new year's holiday is the next year's
    ],
)
def test_a_callback_comes_at_a_sensible_hour_of_the_business_day(call: str, days: int, expected: str) -> None:
    hours = WorkingHours(country="US")
    assert hours.business_days_after(at(call, CENTRAL), days, CENTRAL) == at(expected, CENTRAL)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("2026-03-03T10:20:31", "2026-03-03T10:20"),  # now, to the minute
        ("2026-03-03T07:00", "2026-03-03T10:00"),  # before work: today
        ("2026-03-03T19:00", "2026-03-04T10:00"),  # after work: tomorrow
        ("2026-03-07T10:20", "2026-03-09T10:20"),  # no business day
    ],
)
def test_no_business_day_to_count_means_today_if_it_is_not_over(call: str, expected: str) -> None:
    assert WorkingHours().business_days_after(at(call, CENTRAL), 0, CENTRAL) == at(expected, CENTRAL)


def test_a_subdivision_has_holidays_of_its_own() -> None:
    """6 January is Epiphany in Bavaria, an ordinary Tuesday in Berlin."""
    monday = at("2026-01-05T11:00", BERLIN)
    bavaria, berlin = (WorkingHours(country="DE", subdivision=name) for name in ("BY", "BE"))
    assert local(bavaria.business_days_after(monday, 1, BERLIN), BERLIN).day == 7
    assert local(berlin.business_days_after(monday, 1, BERLIN), BERLIN).day == 6


NIGHT = WorkingHours(opens=time(0), closes=time(6), usual=time(2, 30), quiet_from=None, weekend=frozenset())


def test_a_time_that_comes_twice_is_the_first_of_the_two() -> None:
    called = at("2026-10-24T02:15", BERLIN)
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    assert NIGHT.business_days_after(called, 1, BERLIN) == ms(first)


def test_a_time_that_does_not_come_is_as_long_after_the_jump() -> None:
    called = at("2026-03-28T02:15", BERLIN)
    assert NIGHT.business_days_after(called, 1, BERLIN) == at("2026-03-29T03:15", BERLIN)


def test_a_time_that_the_jump_takes_out_of_the_opening_hours_gives_way_to_the_usual_one() -> None:
    hours = WorkingHours(opens=time(1), closes=time(3), usual=time(1, 30), quiet_from=None, weekend=frozenset())
    assert hours.business_days_after(at("2026-03-28T02:15", BERLIN), 1, BERLIN) == at("2026-03-29T01:30", BERLIN)


def test_a_date_on_which_the_usual_time_does_not_come_is_no_business_day() -> None:
    """Whatever the time of the call: which days count must not depend on it."""
    hours = WorkingHours(opens=time(0), closes=time(3), usual=time(2, 30), quiet_from=None, weekend=frozenset())
    assert hours.business_days_after(at("2026-03-28T01:00", BERLIN), 1, BERLIN) == at("2026-03-30T01:00", BERLIN)


def test_a_callback_does_not_come_in_quiet_hours_even_if_the_office_is_open() -> None:
    hours = WorkingHours(opens=time(7))
    assert hours.business_days_after(at("2026-03-03T07:30", CENTRAL), 1, CENTRAL) == at("2026-03-04T10:00", CENTRAL)


def test_a_date_that_a_zone_left_out_is_no_business_day() -> None:
    """Samoa went from Thursday the 29th to Saturday the 31st."""
    apia = ZoneInfo("Pacific/Apia")
    called = at("2011-12-28T11:00", apia)
    assert WorkingHours().business_days_after(called, 2, apia) == at("2012-01-02T11:00", apia)


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "now", "expected"),
    [
        (time(21), time(8), "2026-03-03T20:59:59.999", None),
        (time(21), time(8), "2026-03-03T21:00", "2026-03-04T08:00"),
        (time(21), time(8), "2026-03-04T07:59:59.999", "2026-03-04T08:00"),
        (time(21), time(8), "2026-03-04T08:00", None),
        (time(21), time(8), "2026-03-28T22:00", "2026-03-29T08:00"),  # an hour less of it
        (time(12), time(13), "2026-03-03T12:30", "2026-03-03T13:00"),
        (time(1), time(2, 30), "2026-03-29T01:30", "2026-03-29T03:00"),  # 02:30 does not come: the jump ends them
        (None, time(8), "2026-03-03T03:00", None),
    ],
)
def test_quiet_hours_hold_their_first_moment_and_not_their_last(
    quiet_from: time | None, quiet_until: time, now: str, expected: str | None
) -> None:
    hours = WorkingHours(quiet_from=quiet_from, quiet_until=quiet_until)
    assert hours.next_allowed(at(now, BERLIN), BERLIN) == at(expected or now, BERLIN)


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ({"country": "XX"}, "the holidays of 'XX' are not known"),
        ({"country": "us"}, "the holidays of 'us' are not known"),
        ({"country": "France"}, "the holidays of 'France' are not known"),
        ({"country": ""}, "the holidays of '' are not known"),
        ({"country": "DE", "subdivision": "CA"}, "'CA' is no subdivision of DE with known holidays; known: BB, BE"),
        ({"country": "SG", "subdivision": "CA"}, "known: none"),
        ({"subdivision": "CA"}, "a subdivision needs its country"),
        ({"weekend": {"sat", "Sunday"}}, "'Sunday' is no day of the week"),
        ({"weekend": frozenset(WEEK)}, "no business day would ever come"),
        ({"usual": time(18)}, r"usual \(18:00\) is not within the opening hours"),
        ({"usual": time(9), "quiet_until": time(9, 30)}, r"usual \(09:00\) is in the quiet hours"),
        ({"quiet_from": time(8), "quiet_until": time(8)}, "in the quiet hours"),
        ({"opens": time(9, tzinfo=UTC)}, "carry no time zone"),
    ],
)
def test_hours_that_cannot_be_kept_are_refused_when_they_are_made(given_: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        WorkingHours(**given_)


@pytest.mark.parametrize("days", [-1, MAX_DAYS + 1])
def test_a_count_of_days_has_bounds(days: int) -> None:
    with pytest.raises(ValueError, match=f"0 to {MAX_DAYS}, not {days}"):
        WorkingHours().business_days_after(0, days, UTC)


def test_hours_can_be_read_from_json() -> None:
    """A sub-account's configuration holds them as they are."""
    hours = TypeAdapter(WorkingHours).validate_json('{"opens": "08:30", "weekend": ["fri", "sat"], "quiet_from": null}')
    assert hours == WorkingHours(opens=time(8, 30), weekend=frozenset({"fri", "sat"}), quiet_from=None)


def test_what_is_wrong_with_hours_is_said_by_the_model_that_holds_them() -> None:
    with pytest.raises(ValidationError, match="the holidays of 'XX' are not known"):
        TypeAdapter(WorkingHours).validate_json('{"country": "XX"}')


@pytest.mark.parametrize(("alias", "name"), [("US/Central", "America/Chicago"), ("Asia/Calcutta", "Asia/Kolkata")])
def test_an_old_alias_is_the_zone_it_became(alias: str, name: str) -> None:
    now = datetime(2026, 7, 1, tzinfo=UTC)
    assert now.astimezone(zone_named(alias)).utcoffset() == now.astimezone(ZoneInfo(name)).utcoffset()


@pytest.mark.parametrize(
    "name", [None, "", "Mars/Olympus", "America", "../../etc/passwd", "/etc/localtime", "a\0b", "x" * 500]
)
def test_what_is_no_zone_is_the_fallback(name: str | None) -> None:
    assert zone_named(name, CENTRAL) is CENTRAL
    assert zone_named(name) is UTC


@pytest.mark.parametrize(("made", "imported"), [("WorkingHours()", False), ("WorkingHours(country='US')", True)])
def test_only_a_country_costs_the_holiday_library(made: str, imported: object) -> None:
    """It is a second of start-up time."""
    program = f"import sys; from mappings.calendar import WorkingHours; {made}; print('holidays' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == str(imported)
