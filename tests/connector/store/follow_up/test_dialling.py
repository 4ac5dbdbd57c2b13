"""What is known of a number before it is dialled again, and how the numbers fared that it was dialled from."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.store.follow_up import CallerIdRecord, Dialled, DialRecord, dialled_on
from mappings.calendar import WorkingHours
from mappings.dial import DialPolicy, Pool, advise
from tests.connector.store.build import NOW
from tests.connector.store.follow_up.build import DAY_MS, MINUTE_MS, OURS, PHONE, dialled, follows, shown

if TYPE_CHECKING:
    from connector.store.database import Database
    from connector.store.follow_up import Effect

OTHER = "+14155550122"


async def _known(database: Database, *effects: Effect) -> DialRecord:
    """What is known of PHONE after these, each from a delivery of its own."""
    for number, effect in enumerate(effects):
        await follows(database, effect, call_id=f"call-{number}")
    return (await database.follow_up.dial_histories("loc-a", [PHONE]))[PHONE]


async def test_the_first_call_is_known_as_it_was(database: Database) -> None:
    effect = dialled(
        attempts=1,
        suppressed_until_ms=NOW + 2 * DAY_MS,
        suppressed_why="voicemail left",
        callback_due_ms=NOW + DAY_MS,
        avoid=(OURS,),
        attempt_tag="call-attempt-1",
    )
    assert await _known(database, effect) == DialRecord(
        number=PHONE,
        attempts=1,
        attempt_tag="call-attempt-1",
        last_call_ms=NOW,
        last_disposition="No Answer",
        suppressed_until_ms=NOW + 2 * DAY_MS,
        suppressed_why="voicemail left",
        callback_due_ms=NOW + DAY_MS,
        avoid=(OURS,),
    )


async def test_what_the_next_call_does_not_name_stays(database: Database) -> None:
    first = dialled(attempts=2, attempt_tag="call-attempt-2", callback_due_ms=NOW + DAY_MS, avoid=(OURS,))
    known = await _known(database, first, dialled(ms=1, disposition="Busy"))
    assert (known.last_call_ms, known.last_disposition) == (NOW + 1, "Busy")
    assert (known.attempts, known.attempt_tag, known.callback_due_ms, known.avoid) == (
        2,
        "call-attempt-2",
        NOW + DAY_MS,
        (OURS,),
    )


async def test_a_connect_resets_attempts_tag_callback_and_suppression(database: Database) -> None:
    first = dialled(attempts=2, attempt_tag="t", callback_due_ms=NOW, suppressed_until_ms=NOW, suppressed_why="w")
    reset = dialled(ms=1, disposition="Connected", attempts=0, attempt_tag="", callback_due_ms=0, suppressed_until_ms=0)
    assert await _known(database, first, reset) == DialRecord(
        number=PHONE, last_call_ms=NOW + 1, last_disposition="Connected"
    )


async def test_only_the_numbers_asked_for_are_told(database: Database) -> None:
    await follows(database, dialled(), dialled(OTHER))
    assert set(await database.follow_up.dial_histories("loc-a", [OTHER, OTHER, "+1"])) == {OTHER}
    assert await database.follow_up.dial_histories("loc-a", []) == {}


async def test_the_same_number_of_a_neighbour_is_another_one(database: Database) -> None:
    await follows(database, dialled(attempts=3), location="loc-b")
    assert (await _known(database, dialled(attempts=1))).attempts == 1


@pytest.mark.parametrize("count", [1000])
async def test_many_numbers_are_asked_for_at_once(database: Database, count: int) -> None:
    numbers = [f"+1415{n:07d}" for n in range(count)]
    await follows(database, *(dialled(number) for number in numbers))
    assert set(await database.follow_up.dial_histories("loc-a", numbers)) == set(numbers)


async def test_a_contact_s_latest_number_is_found_by_the_contact(database: Database) -> None:
    first, second = dialled(contact_id="ada"), dialled(OTHER, ms=1, contact_id="ada", call_id="call-9")
    await _known(database, second, first, dialled("+14155550133", ms=9, contact_id="bob"))
    latest = await database.follow_up.latest_of_contact("loc-a", "ada")
    assert latest is not None
    assert (latest.number, latest.last_call_id) == (OTHER, "call-9")
    assert await database.follow_up.latest_of_contact("loc-a", "eve") is None
    assert await database.follow_up.latest_of_contact("loc-b", "ada") is None


async def test_whose_number_it_is_stays_known_with_a_call_that_does_not_tell(database: Database) -> None:
    assert (await _known(database, dialled(contact_id="ada"), dialled(ms=1))).contact_id == "ada"


@pytest.mark.parametrize(
    ("told", "known"), [([True], True), ([True, None], True), ([True, False], False), ([None], None)]
)
async def test_do_not_disturb_is_what_was_told_last(
    database: Database, told: list[bool | None], *, known: bool | None
) -> None:
    calls = [dialled(ms=ms, dnd=one) for ms, one in enumerate(told)]
    assert (await _known(database, *calls)).dnd is known


async def test_what_the_crm_tells_of_do_not_disturb_is_kept_for_numbers_that_were_dialled(database: Database) -> None:
    await follows(database, dialled(dnd=True))
    assert await database.follow_up.tell_dnd("loc-a", PHONE, dnd=False)
    assert not await database.follow_up.tell_dnd("loc-a", OTHER, dnd=True)
    assert not await database.follow_up.tell_dnd("loc-b", PHONE, dnd=True)
    known = await database.follow_up.dial_histories("loc-a", [PHONE, OTHER])
    assert {number: record.dnd for number, record in known.items()} == {PHONE: False}


def test_a_call_that_is_told_late_does_not_turn_back_time() -> None:
    known = dialled_on(None, dialled(ms=5, disposition="Connected"))
    late = dialled_on(known, dialled(ms=1, disposition="Busy"))
    assert (late.last_call_ms, late.last_disposition) == (NOW + 5, "Connected")


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_the_suppression_that_ends_later_holds(first: int, second: int) -> None:
    known = dialled_on(None, dialled(suppressed_until_ms=NOW + first, suppressed_why=f"{first}"))
    known = dialled_on(known, dialled(suppressed_until_ms=NOW + second, suppressed_why=f"{second}"))
    assert (known.suppressed_until_ms, known.suppressed_why) == (NOW + 2, "2")


def test_a_caller_id_to_avoid_is_named_once_and_the_latest_are_kept() -> None:
    known = dialled_on(None, dialled(avoid=tuple(f"+{n}" for n in range(20))))
    known = dialled_on(known, dialled(avoid=("+5", "+99")))
    assert known.avoid[-2:] == ("+5", "+99")
    assert len(known.avoid) == len(set(known.avoid)) == 20
    assert "+0" not in known.avoid


TIMES = st.none() | st.integers(0, 5)
DIALLED = st.builds(
    Dialled,
    number=st.just(PHONE),
    last_call_ms=st.integers(1, 5),
    disposition=st.none() | st.sampled_from(["Busy", "Connected"]),
    attempts=TIMES,
    suppressed_until_ms=TIMES,
    suppressed_why=st.just("why"),
    callback_due_ms=TIMES,
    avoid=st.lists(st.sampled_from(["+1", "+2"]), max_size=2).map(tuple),
    attempt_tag=st.none() | st.sampled_from(["", "tag"]),
)


@given(st.lists(DIALLED, min_size=1))
def test_a_call_told_twice_in_a_row_is_known_once(calls: list[Dialled]) -> None:
    known = None
    for call in calls:
        once = dialled_on(known, call)
        known = dialled_on(once, call)
        assert known == once


@given(st.lists(DIALLED, min_size=1))
def test_a_suppression_has_a_reason_and_the_last_call_is_the_latest(calls: list[Dialled]) -> None:
    known = None
    for call in calls:
        known = dialled_on(known, call)
        assert (known.suppressed_until_ms is None) == (known.suppressed_why is None)
    assert known is not None
    assert known.last_call_ms == max(call.last_call_ms for call in calls)


async def test_each_call_counts_for_its_caller_id(database: Database) -> None:
    await follows(database, shown(), shown(ms=5, fast_drop=True), shown(ms=2, answered=False), shown(OTHER))
    assert await database.follow_up.caller_ids("loc-a", since_ms=NOW) == [
        CallerIdRecord(OURS, calls=3, answered=2, fast_drops=1, last_used_ms=NOW + 5),
        CallerIdRecord(OTHER, calls=1, answered=1, fast_drops=0, last_used_ms=NOW),
    ]


async def test_caller_ids_are_counted_over_the_days_asked_for(database: Database) -> None:
    await follows(database, shown(ms=-2 * DAY_MS), shown(ms=-DAY_MS, answered=False), shown())
    (record,) = await database.follow_up.caller_ids("loc-a", since_ms=NOW - DAY_MS)
    assert (record.calls, record.answered) == (2, 1)


async def test_a_neighbours_caller_ids_are_not_told(database: Database) -> None:
    await follows(database, shown(), location="loc-b")
    assert await database.follow_up.caller_ids("loc-a", since_ms=0) == []


async def test_dial_advice_takes_them_as_they_are(database: Database) -> None:
    until_ms = NOW + MINUTE_MS
    effect = dialled(avoid=(OURS,), suppressed_until_ms=until_ms, suppressed_why="voicemail left")
    await follows(database, effect, shown(), shown(OTHER))
    history = (await database.follow_up.dial_histories("loc-a", [PHONE]))[PHONE]
    pool = Pool(await database.follow_up.caller_ids("loc-a", since_ms=0), DialPolicy())
    calendar = WorkingHours(quiet_from=None)
    advice = advise(history, DialPolicy(), pool, to=PHONE, now_ms=NOW, zone=UTC, calendar=calendar)
    assert (advice.allowed, advice.until_ms, advice.caller_id) == (False, until_ms, OTHER)
