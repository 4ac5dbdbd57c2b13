"""One sub-account's trouble is its own; three at once are the CRM's."""

from __future__ import annotations

from connector.outage import ALIKE, Outage
from connector.schedule import OUTAGE_PAUSE_S
from connector.store import Pause

NOW = 1_700_000_000_000


def away() -> Outage:
    """An outage that has just begun."""
    outage = Outage()
    for n in range(ALIKE):
        outage.failed(f"loc-{n}", "no answer", now_ms=NOW, chance=0.0)
    return outage


def test_one_failing_sub_account_stops_nobody_else() -> None:
    outage = Outage()
    for _ in range(100):
        assert outage.failed("loc", "no answer", now_ms=NOW, chance=0.0) is None
    assert outage.room(5, in_flight=3, now_ms=NOW) == 5


def test_three_failing_alike_pause_all_until_a_stored_time() -> None:
    outage = away()
    assert outage.until_ms == NOW + OUTAGE_PAUSE_S[0] * 1000
    assert outage.room(5, in_flight=0, now_ms=NOW + 1) == 0


def test_a_success_in_between_means_that_the_crm_is_there() -> None:
    outage = Outage()
    for n in range(10):
        assert outage.failed(f"loc-{n}", "no answer", now_ms=NOW, chance=0.0) is None
        assert not outage.worked()


def test_after_the_pause_there_is_one_probe_at_a_time() -> None:
    outage = away()
    then = NOW + OUTAGE_PAUSE_S[0] * 1000
    assert outage.room(5, in_flight=0, now_ms=then) == 1
    assert outage.room(5, in_flight=1, now_ms=then) == 0


def test_a_failed_probe_makes_the_next_pause_longer_up_to_a_cap() -> None:
    outage, now = away(), NOW
    waits = []
    for _ in range(8):
        assert outage.until_ms is not None
        waits.append((outage.until_ms - now) // 1000)
        now = outage.until_ms
        outage.failed("loc-0", "no answer", now_ms=now, chance=0.0)
    assert waits == [5, 15, 30, 60, 120, 120, 120, 120]


def test_failures_of_what_was_in_flight_do_not_lengthen_the_pause() -> None:
    outage = away()
    until = outage.until_ms
    assert outage.failed("loc-9", "no answer", now_ms=NOW + 1, chance=0.0) is None
    assert outage.until_ms == until


def test_a_success_ends_it() -> None:
    outage = away()
    assert outage.worked()
    assert outage.room(5, in_flight=0, now_ms=NOW) == 5


def test_the_next_process_goes_on_with_what_was_kept() -> None:
    outage = Outage(Pause(NOW + 60_000, "no answer", 4))
    assert outage.room(5, in_flight=0, now_ms=NOW) == 0
    assert outage.room(5, in_flight=0, now_ms=NOW + 60_000) == 1
