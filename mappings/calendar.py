"""Business days and quiet hours in somebody's time zone: when to call back, when not to dial.

Pure: the time comes in as epoch milliseconds and goes out as such; only the time zone data is read from disk.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from datetime import tzinfo

Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

_WEEK: tuple[Weekday, ...] = get_args(Weekday)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DAY = timedelta(days=1)
_MINUTE_MS = 60_000

MAX_DAYS = 3660
"""How many business days ahead can be asked for (some fourteen years): a bound, not a wish."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a sub-account works and when nobody may be dialled; all times are local, without a zone.

    A span (opening hours, quiet hours) holds its first moment and not its last. One that ends before it starts
    runs over midnight; one that ends where it starts is the whole day.

    Raises:
        ValueError: a country or subdivision whose holidays are not known, a week of weekends, an opening hour
            that never comes, `usual` outside the opening hours or in the quiet hours.
    """

    opens: time = time(9)
    """When work starts."""
    closes: time = time(18)
    """When work ends."""
    usual: time = time(10)
    """The local time for a callback where the time of the call itself does not fit."""
    quiet_from: time | None = time(21)
    """From when on nobody is dialled; None means no quiet hours. The default is the United States' rule for
    telephone solicitation, 8 a.m. to 9 p.m. at the called party's location (47 CFR 64.1200(c)(1))."""
    quiet_until: time = time(8)
    """When dialling may start again."""
    weekend: frozenset[Weekday] = frozenset({"sat", "sun"})
    """Days of the week without work, `mon` to `sun`."""
    country: str | None = None
    """ISO 3166 alpha-2 code of the country whose public holidays are free; None knows no holidays. Days that a
    government moves (work on a Saturday instead of a Friday) stay what the week says."""
    subdivision: str | None = None
    """State or region with holidays of its own, as the library `holidays` names it (`CA`, `BY`, `SCT`)."""

    def __post_init__(self) -> None:
        clocks = (self.opens, self.closes, self.usual, self.quiet_until, self.quiet_from)
        if any(clock is not None and clock.tzinfo is not None for clock in clocks):
            raise ValueError("local times carry no time zone")
        strange = sorted(set(self.weekend).difference(_WEEK))
        if strange:
            raise ValueError(f"{strange[0]!r} is no day of the week; known: {', '.join(_WEEK)}")
        if len(self.weekend) == len(_WEEK):
            raise ValueError("every day of the week is a weekend: no business day would ever come")
        if not _within(self.usual, self.opens, self.closes):
            raise ValueError(f"usual ({self.usual:%H:%M}) is not within the opening hours")
        if self._quiet(self.usual):
            raise ValueError(f"usual ({self.usual:%H:%M}) is in the quiet hours")
        if self.country is not None:
            _check_holidays(self.country, self.subdivision)
        elif self.subdivision is not None:
            raise ValueError("a subdivision needs its country")

    def business_days_after(self, at_ms: int, days: int, zone: tzinfo) -> int:
        """A sensible moment on the `days`-th business day after the local date of `at_ms`.

        The local time is that of `at_ms`, to the minute, where the office is open then and it is not quiet;
        otherwise `usual`. Where the clock is put back, a time that comes twice means the first; where it is put
        forward, a time that does not come means as long after the jump (02:30 is 03:30). A date that a zone
        left out (Samoa, 30 December 2011), or on which `usual` does not come, is no business day.

        Args:
            at_ms: epoch milliseconds, years 1970 to 9900.
            days: how many business days to count, 0 to 3660. 0 means the date itself, if it is a business day
                and the moment is not over; otherwise the same as 1.
            zone: the time zone in which dates and hours are meant.

        Returns:
            Epoch milliseconds, within the opening hours and outside the quiet hours.

        Raises:
            ValueError: `days` is out of range.
        """
        if not 0 <= days <= MAX_DAYS:
            raise ValueError(f"a number of business days is 0 to {MAX_DAYS}, not {days}")
        here = _local(at_ms, zone)
        day, clock = here.date(), here.time().replace(second=0, microsecond=0)
        if days == 0:
            moment = self._moment(day, clock, zone)
            if moment is not None and moment > at_ms - _MINUTE_MS:
                return moment
        moment, left = None, max(days, 1)
        while left or moment is None:
            day += _DAY
            moment = self._moment(day, clock, zone)
            left -= moment is not None
        return moment

    def next_allowed(self, at_ms: int, zone: tzinfo) -> int:
        """The earliest time outside the quiet hours, `at_ms` itself or later; epoch milliseconds.

        What counts is what the clock on the wall shows: if it jumps out of the quiet hours, they end there.
        """
        while True:
            here = _local(at_ms, zone)
            if not self._quiet(here.time()):
                return at_ms
            end_ms = at_ms + _until(here.time(), self.quiet_until) // _MS
            if _local(end_ms, zone).utcoffset() == here.utcoffset():
                return end_ms
            # The clock is changed on the way: look again from there.
            at_ms = _change_ms(at_ms, end_ms, zone)

    def _moment(self, day: date, clock: time, zone: tzinfo) -> int | None:
        """That clock time on that day, or else the usual one, in epoch milliseconds; None on no business day."""
        if _WEEK[day.weekday()] in self.weekend or day in _holidays(self.country, self.subdivision, day.year):
            return None
        usual_ms = self._fitting(day, self.usual, zone)
        wanted_ms = None if usual_ms is None else self._fitting(day, clock, zone)
        return usual_ms if wanted_ms is None else wanted_ms

    def _fitting(self, day: date, clock: time, zone: tzinfo) -> int | None:
        """That clock time on that day, in epoch milliseconds, if work is done then and nobody rests."""
        # `fold` is 0: of a time that comes twice the first, and past a gap by the gap's length (PEP 495).
        at_ms = (datetime.combine(day, clock, zone) - _EPOCH) // _MS
        here = _local(at_ms, zone)
        fits = here.date() == day and _within(here.time(), self.opens, self.closes) and not self._quiet(here.time())
        return at_ms if fits else None

    def _quiet(self, clock: time) -> bool:
        return self.quiet_from is not None and _within(clock, self.quiet_from, self.quiet_until)


def zone_named(name: str | None, fallback: tzinfo = UTC) -> tzinfo:
    """The IANA zone of that name, old aliases such as `US/Central` included.

    A name that is missing, unknown or no zone's name at all is `fallback`: a contact without a zone of its own
    lives where the sub-account does.
    """
    return (_zone(name) if name else None) or fallback


@lru_cache(maxsize=1024)  # ZoneInfo remembers the zones it found; those it did not cost a search of the disk each
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _local(at_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone)


def _within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start < end else clock >= start or clock < end


def _until(clock: time, end: time) -> timedelta:
    """From one clock time to the next `end`, as if no clock were changed: less than a day."""
    return (datetime.combine(date.min, end) - datetime.combine(date.min, clock)) % _DAY


def _change_ms(before_ms: int, after_ms: int, zone: tzinfo) -> int:
    """When the zone's offset changes: the first moment with another offset than `before_ms`, not after `after_ms`."""
    offset = _local(before_ms, zone).utcoffset()
    while after_ms - before_ms > 1:
        middle_ms = (before_ms + after_ms) // 2
        if _local(middle_ms, zone).utcoffset() == offset:
            before_ms = middle_ms
        else:
            after_ms = middle_ms
    return after_ms


def _check_holidays(country: str, subdivision: str | None) -> None:
    """Make sure that these holidays can be told.

    Raises:
        ValueError: they cannot.
    """
    # Imported for those who name a country only: it costs a second of CPU and 45 MB.
    import holidays  # noqa: PLC0415 - see above

    wanted = "a country's ISO 3166 code such as US is needed"
    try:
        # The library knows stock exchanges by name, too, and countries by class names such as `France`.
        found = holidays.country_holidays(country) if re.fullmatch("[A-Z]{2}", country) else None
    except NotImplementedError:
        found = None
    if found is None:
        raise ValueError(f"the holidays of {country!r} are not known; {wanted}")
    if subdivision is not None and subdivision not in {*found.subdivisions, *found.subdivisions_aliases}:
        known = ", ".join(found.subdivisions) or "none"
        raise ValueError(f"{subdivision!r} is no subdivision of {country} with known holidays; known: {known}")


@lru_cache(maxsize=512)
def _holidays(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of one year, those observed on another day included."""
    if country is None:
        return frozenset()
    import holidays  # noqa: PLC0415 - see above

    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
