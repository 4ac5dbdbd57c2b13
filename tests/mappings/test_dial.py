"""May this contact be dialled now, and from which number."""

from __future__ import annotations

import time as clocks
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.calendar import WorkingHours
from mappings.dial import Advice, CallerIdRecord, Choice, DialHistory, DialPolicy, Pool, advise

CENTRAL = ZoneInfo("America/Chicago")
TO = "+13125550100"
HOURS = WorkingHours()
ALWAYS = WorkingHours(quiet_from=None)
MINUTE, HOUR = 60_000, 3_600_000


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=CENTRAL).timestamp() * 1000)


NOON = at("2026-03-03T12:00")


def ask(
    history: DialHistory | None = None,
    *,
    policy: DialPolicy | None = None,
    pool: Pool | None = None,
    to: str = TO,
    now_ms: int = NOON,
    hours: WorkingHours = HOURS,
) -> Advice:
    policy = policy or DialPolicy()
    return advise(
        history or DialHistory(),
        policy,
        pool or Pool((), policy),
        to=to,
        now_ms=now_ms,
        zone=CENTRAL,
        calendar=hours,
    )


def pool_of(*records: CallerIdRecord, **policy: Any) -> Pool:
    return Pool(records, DialPolicy(**policy))


def chosen(pool: Pool, to: str = TO, avoid: tuple[str, ...] = ()) -> str | None:
    choice = pool.choose(to, avoid)
    return choice.number if choice else None


def codes(advice: Advice) -> list[str]:
    return [hold.code for hold in advice.holds]


def test_a_contact_without_history_may_be_dialled_in_the_day() -> None:
    advice = ask()
    assert (advice.allowed, advice.until_ms, advice.holds) == (True, None, ())


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-03-03T21:00", "2026-03-04T08:00"),
        ("2026-03-03T07:59:59.999", "2026-03-03T08:00"),
        ("2026-03-03T08:00", None),
    ],
)
def test_nobody_is_dialled_in_the_quiet_hours_of_its_own_zone(now: str, until: str | None) -> None:
    advice = ask(now_ms=at(now))
    assert (advice.allowed, advice.until_ms) == (until is None, until and at(until))


@pytest.mark.parametrize(("left_ms", "held"), [(1, True), (0, False), (-1, False)])
def test_a_suppression_holds_until_its_last_millisecond(left_ms: int, held: object) -> None:
    """At the very moment of its end dialling is allowed again."""
    advice = ask(DialHistory(suppressed_until_ms=NOON + left_ms, suppressed_why="voicemail left"))
    assert [(hold.code, hold.why) for hold in advice.holds] == [("suppressed", "voicemail left")] * bool(held)


def test_a_suppression_that_ends_in_quiet_hours_lasts_until_they_are_over() -> None:
    advice = ask(DialHistory(suppressed_until_ms=at("2026-03-05T02:00")))
    assert advice.until_ms == at("2026-03-05T08:00")
    assert advice.holds[0].until_ms == at("2026-03-05T02:00")


@pytest.mark.parametrize(("hold", "held"), [(True, ["callback"]), (False, [])])
def test_a_later_callback_holds_dialling_if_the_policy_says_so(hold: object, held: list[str]) -> None:
    history = DialHistory(callback_due_ms=at("2026-03-05T10:00"))
    assert codes(ask(history, policy=DialPolicy(hold_for_callback=bool(hold)))) == held


def test_a_callback_that_is_due_holds_nothing() -> None:
    assert ask(DialHistory(callback_due_ms=NOON)).allowed


@pytest.mark.parametrize(("dnd", "allowed"), [(True, False), (False, True), (None, True)])
def test_do_not_disturb_holds_where_it_is_known(dnd: Any, allowed: object) -> None:
    advice = ask(DialHistory(dnd=dnd))
    assert (advice.allowed, advice.until_ms, advice.dnd) == (allowed, None, dnd)


@pytest.mark.parametrize(("attempts", "left", "allowed"), [(5, 1, True), (6, 0, False), (7, 0, False)])
def test_a_contact_is_left_alone_once_its_attempts_are_used_up(attempts: int, left: int, allowed: object) -> None:
    advice = ask(DialHistory(attempts=attempts), policy=DialPolicy(max_attempts=6))
    assert (advice.attempts, advice.attempts_left, advice.allowed) == (attempts, left, allowed)


def test_without_a_limit_there_is_always_another_attempt() -> None:
    advice = ask(DialHistory(attempts=999), policy=DialPolicy(max_attempts=None))
    assert (advice.attempts_left, advice.allowed) == (None, True)


def test_all_that_stands_in_the_way_is_told_what_weighs_most_first() -> None:
    history = DialHistory(attempts=6, suppressed_until_ms=NOON * 2, callback_due_ms=NOON * 2, dnd=True)
    advice = ask(history, now_ms=at("2026-03-03T23:00"))
    assert codes(advice) == ["dnd", "attempts", "suppressed", "callback", "quiet"]


def test_no_end_is_told_where_one_hold_has_none() -> None:
    """The suppression will be over; the do-not-disturb will not."""
    assert ask(DialHistory(suppressed_until_ms=NOON + HOUR, dnd=True)).until_ms is None


def test_advice_is_shown_as_json_with_times_in_utc() -> None:
    record = CallerIdRecord("+13125550999")
    history = DialHistory(
        attempts=2, suppressed_until_ms=NOON + HOUR, suppressed_why="voicemail left", avoid=("+1312",)
    )
    shown = orjson.loads(orjson.dumps(ask(history, pool=pool_of(record)).surface()))
    assert shown == {
        "to": TO,
        "allowed": False,
        "until": "2026-03-03T19:00:00.000Z",
        "holds": [{"code": "suppressed", "why": "voicemail left", "until": "2026-03-03T19:00:00.000Z"}],
        "attempts": 2,
        "attempts_left": 4,
        "dnd": None,
        "avoid": ["+1312"],
        "caller_id": "+13125550999",
        "caller_id_why": "shares +1312 with the contact; too few calls to judge (0)",
    }


def test_an_empty_pool_has_no_caller_id() -> None:
    advice = ask()
    assert (advice.caller_id, advice.caller_id_why) == (None, None)


def test_the_next_caller_id_is_told_even_while_dialling_is_not_allowed() -> None:
    advice = ask(DialHistory(dnd=True), pool=pool_of(CallerIdRecord("+13125550999")))
    assert advice.caller_id == "+13125550999"


GOOD = CallerIdRecord("+12125550003", calls=100, answered=40)
FAIR = CallerIdRecord("+12125550002", calls=100, answered=30)
SPAM = CallerIdRecord("+12125550001", calls=100, answered=40, fast_drops=15)
NEW = CallerIdRecord("+12125550004", calls=19, answered=0)


def ranks(*records: CallerIdRecord, **policy: Any) -> list[tuple[str, float | None, bool]]:
    return [(one.record.number, one.score, one.tired) for one in pool_of(*records, **policy).ranked]


def test_caller_ids_rank_by_the_share_of_calls_that_were_taken() -> None:
    """A call dropped at once counts against its number twice."""
    assert ranks(SPAM, FAIR, GOOD) == [
        (GOOD.number, 0.4, False),
        (FAIR.number, 0.3, False),
        (SPAM.number, 0.1, True),  # the average is 0.27
    ]


@pytest.mark.parametrize(("min_calls", "place"), [(20, 1), (19, 2)])
def test_a_caller_id_with_few_calls_counts_as_average(min_calls: int, place: int) -> None:
    numbers = [number for number, _, _ in ranks(NEW, FAIR, GOOD, min_calls=min_calls)]
    assert numbers.index(NEW.number) == place


def test_equal_caller_ids_take_turns() -> None:
    """Never used comes first, then what was used longest ago, then the smaller number."""
    used = [None, NOON - HOUR, NOON, NOON]
    records = [CallerIdRecord(f"+1212555000{9 - index}", last_used_ms=when) for index, when in enumerate(used)]
    numbers = [number for number, _, _ in ranks(*records)]
    assert numbers == ["+12125550009", "+12125550008", "+12125550006", "+12125550007"]


@pytest.mark.parametrize(
    ("to", "number"),
    [
        ("+13125550100", "+13125550002"),  # the same area code
        ("+13135550100", "+12125550003"),  # the same country: the best of those
        ("+442071234567", "+442079460018"),  # London
        ("+441611234567", "+442079460018"),  # Manchester: the country at least
        ("+4930123456", "+12125550003"),  # nobody near: the best of all
        ("1001", "+12125550003"),
        ("", "+12125550003"),
    ],
)
def test_a_caller_id_of_the_contacts_area_or_country_goes_before_better_ones(to: str, number: str) -> None:
    near = CallerIdRecord("+13125550002", calls=100, answered=30)
    london = CallerIdRecord("+442079460018", calls=100, answered=25)
    mobile = CallerIdRecord("+447400123456", calls=100, answered=24)
    assert chosen(pool_of(GOOD, near, london, mobile), to) == number


def test_a_mobile_number_is_near_to_all_of_its_country() -> None:
    assert chosen(pool_of(GOOD, CallerIdRecord("+447400123456")), "+447400999999") == "+447400123456"


@pytest.mark.parametrize("odd", ["1001", "anonymous", "", "+", "+999123"])
def test_a_caller_id_that_is_no_number_is_near_to_nobody(odd: str) -> None:
    assert chosen(pool_of(CallerIdRecord(odd), GOOD), TO) == GOOD.number


def test_without_local_presence_only_the_rank_counts() -> None:
    near = CallerIdRecord("+13125550002", calls=100, answered=30)
    assert chosen(pool_of(GOOD, near, local_presence=False)) == GOOD.number


def test_a_tired_caller_id_gives_way_even_where_it_is_near() -> None:
    tired = CallerIdRecord("+13125550002", calls=100, answered=40, fast_drops=15)
    assert chosen(pool_of(GOOD, FAIR, tired)) == GOOD.number


def test_a_caller_id_that_the_contact_dropped_is_not_used_again_while_another_is_there() -> None:
    """Rather a tired one: this contact is known to drop the other."""
    assert chosen(pool_of(GOOD, FAIR, SPAM), avoid=(GOOD.number, FAIR.number)) == SPAM.number


def test_where_the_contact_dropped_all_the_best_is_used_and_it_is_said() -> None:
    choice = pool_of(GOOD, FAIR).choose(TO, (FAIR.number, GOOD.number))
    why = "shares +1 with the contact; score 0.40 of 100 calls; the contact dropped calls from every caller ID there is"
    assert choice == Choice(GOOD.number, why)


@pytest.mark.parametrize("policy", [{"max_attempts": 0}, {"min_calls": 0}])
def test_a_policy_that_makes_no_sense_is_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        DialPolicy(**policy)


stamps = st.integers(NOON - 30 * 24 * HOUR, NOON + 30 * 24 * HOUR)
counts = st.integers(0, 60)
area_numbers = st.from_regex(r"\+(1312|1212|4420|4930|447)[0-9]{7}", fullmatch=True)
numbers = st.one_of(area_numbers, st.sampled_from(["", "1001", "+", "anonymous", "+13125550100"]), st.text(max_size=20))
records = st.builds(CallerIdRecord, numbers, counts, counts, counts, st.none() | stamps)
pools = st.lists(records, max_size=8, unique_by=lambda record: record.number)
policies = st.builds(DialPolicy, st.none() | st.integers(1, 6), st.booleans(), st.booleans(), st.integers(1, 40))
quarters = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))


@st.composite
def quiets(draw: st.DrawFn) -> WorkingHours:
    """Any quiet hours, and none."""
    start, end = draw(quarters), draw(quarters)
    return WorkingHours(time(0), time(0), end, None if start == end else start, end)


@st.composite
def questions(draw: st.DrawFn) -> tuple[DialHistory, DialPolicy, list[CallerIdRecord], dict[str, Any]]:
    pool = draw(pools)
    known = st.lists(st.sampled_from([record.number for record in pool]), max_size=8) if pool else st.just([])
    history = DialHistory(
        attempts=draw(st.integers(0, 8)),
        suppressed_until_ms=draw(st.none() | stamps),
        suppressed_why=draw(st.none() | st.just("voicemail left")),
        callback_due_ms=draw(st.none() | stamps),
        avoid=tuple(draw(known)),
        dnd=draw(st.none() | st.booleans()),
    )
    zone = ZoneInfo(draw(st.sampled_from(["America/Chicago", "Europe/Berlin", "Asia/Kolkata", "America/Havana"])))
    asked = {"to": draw(numbers), "now_ms": draw(stamps), "zone": zone, "calendar": draw(quiets())}
    return history, draw(policies), pool, asked


@given(questions(), st.randoms(use_true_random=False))
def test_advice_is_the_same_whenever_the_same_is_asked(question: Any, chance: Any) -> None:
    """In whatever order the pool is listed; and there is one whatever is asked."""
    history, policy, pool, asked = question
    shuffled = chance.sample(pool, len(pool))
    first = advise(history, policy, Pool(pool, policy), **asked)
    assert advise(history, policy, Pool(shuffled, policy), **asked) == first


@given(questions())
def test_advice_never_allows_dialling_in_a_suppression_in_quiet_hours_or_against_the_contacts_wish(
    question: Any,
) -> None:
    history, policy, pool, asked = question
    allowed = advise(history, policy, Pool(pool, policy), **asked).allowed
    now_ms, hours = asked["now_ms"], asked["calendar"]
    here = datetime.fromtimestamp(now_ms / 1000, asked["zone"]).time()
    first, last = hours.quiet_from, hours.quiet_until
    quiet = first is not None and (first <= here < last if first < last else not last <= here < first)
    suppressed = history.suppressed_until_ms is not None and now_ms < history.suppressed_until_ms
    used_up = policy.max_attempts is not None and history.attempts >= policy.max_attempts
    waits = policy.hold_for_callback and now_ms < (history.callback_due_ms or 0)
    assert allowed == (not (quiet or suppressed or used_up or waits or history.dnd is True))


@given(questions())
def test_dialling_is_allowed_at_the_end_told_and_not_a_moment_sooner(question: Any) -> None:
    history, policy, records_, asked = question
    pool = Pool(records_, policy)
    until_ms = advise(history, policy, pool, **asked).until_ms
    if until_ms is not None:
        assert until_ms > asked["now_ms"]
        assert advise(history, policy, pool, **{**asked, "now_ms": until_ms}).allowed
        assert not advise(history, policy, pool, **{**asked, "now_ms": until_ms - 1}).allowed


@given(questions())
def test_the_caller_id_is_of_the_pool_and_none_to_avoid_while_there_is_another(question: Any) -> None:
    history, policy, records_, asked = question
    caller_id = advise(history, policy, Pool(records_, policy), **asked).caller_id
    there = {record.number for record in records_}
    assert caller_id in (there - set(history.avoid) or there or {None})


def test_a_batch_of_1000_takes_less_than_50_ms() -> None:
    """The best of five, as the machine may be busy; the pool and the JSON forms are in it."""
    records_ = [CallerIdRecord(f"+1{212 + index % 30}555{index:04d}", index * 3, index) for index in range(100)]
    histories = [
        DialHistory(index % 8, suppressed_until_ms=NOON + (index % 5 - 2) * MINUTE, avoid=(records_[index % 9].number,))
        for index in range(1000)
    ]
    took = []
    for _ in range(5):
        begun = clocks.process_time()
        policy = DialPolicy()
        pool = Pool(records_, policy)
        for index, history in enumerate(histories):
            ask(history, policy=policy, pool=pool, to=f"+1{200 + index % 100}5550100").surface()
        took.append(clocks.process_time() - begun)
    assert min(took) < 0.05
