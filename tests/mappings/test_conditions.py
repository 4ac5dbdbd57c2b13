"""Conditions: when they hold, what is said about it, and what is not known."""

from __future__ import annotations

from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mappings.call import Call, Disposition, Wrapup
from mappings.conditions import (
    MEASURES,
    Clock,
    Condition,
    ContactState,
    Finding,
    Range,
    Settings,
    Situation,
    judge,
)

MONDAY_MS = 1_772_463_600_000  # 2 March 2026, 15:00 UTC


def found(call: Call, disposition: Disposition | None = None, /, **condition: Any) -> Finding:
    """The judgement over a condition written as in a book."""
    return judge(Condition.model_validate(condition), Situation(call, disposition, ContactState()))


def situation(call: Call | None = None, **known: Any) -> Situation:
    return Situation(call or a_call(), **known)


def a_call(**facts: Any) -> Call:
    return Call(trunk="generic", call_id="c-1", **facts)


def test_every_field_of_a_condition_is_judged() -> None:
    """A field without a measure would be accepted and then ignored."""
    assert set(Condition.model_fields) == {*MEASURES, "all", "any", "not_"}


def test_a_condition_without_fields_holds_for_every_call() -> None:
    assert found(a_call()) == Finding(holds=True, fact="the rule is for every call")


def test_a_condition_of_empty_fields_holds_for_every_call() -> None:
    assert found(a_call(), disposition=None).holds


@pytest.mark.parametrize(
    ("call", "condition"),
    [
        (a_call(direction="inbound"), {"direction": ["inbound"]}),
        (a_call(), {"trunk": ["twilio", "generic"]}),
        (a_call(answered=True, talk_ms=60_000), {"talk_s": {"min": 60, "max": 60}}),
        (a_call(answered=False), {"talk_s": {"max": 0}}),
        (a_call(answered=False, start_ms=0, end_ms=25_000), {"ring_s": {"min": 25}}),
        (a_call(answered=True, start_ms=0, answer_ms=2_500), {"answer_latency_s": {"max": 2.5}}),
        (a_call(q850=17), {"q850": [16, 17]}),
        (a_call(sip=486), {"sip": 486}),
        (a_call(amd="fax"), {"amd": ["machine", "fax"]}),
        (a_call(direction="outbound", to="+1 415 555 0100"), {"number": "+1415*"}),
        (a_call(direction="inbound", from_="+4930123456", to="+14155550100"), {"caller_id": "+14155550100"}),
        (a_call(agent="Ana  Gomez"), {"agent": "ana gomez"}),
        (a_call(wrapup=Wrapup(agent="Ana")), {"agent": "ANA"}),
        (a_call(cause="NO_USER_RESPONSE"), {"cause": "no_*"}),
        (a_call(hangup_by="callee"), {"hangup_by": "callee"}),
        (a_call(wrapup=Wrapup(disposition="Not interested")), {"agent_disposition": "not *"}),
        (a_call(wrapup=Wrapup(notes="x")), {"wrapup": True}),
        (a_call(wrapup=Wrapup(next_step="Do not call")), {"next_step": "do not call"}),
        (a_call(start_ms=MONDAY_MS), {"weekday": "mon"}),
        (a_call(start_ms=MONDAY_MS), {"local_time": {"from": "15:00", "to": "15:01"}}),
        (a_call(end_ms=MONDAY_MS), {"local_time": {"from": "22:00", "to": "15:01"}}),
    ],
)
def test_each_field_holds_for_its_call_and_not_for_an_unknown_one(call: Call, condition: dict[str, Any]) -> None:
    unknown = Call(trunk="other", call_id="c-2", start_ms=10**17)  # no calendar has that time
    assert (found(call, **condition).holds, found(unknown, **condition).holds) == (True, False)


@pytest.mark.parametrize(
    ("contact", "condition"),
    [
        (ContactState(tags=frozenset({"vip", "berlin"})), {"tags": ["munich", "VIP"]}),
        (ContactState(tags=frozenset({"list-7"})), {"tags": "list-*"}),
        (ContactState(fields={"Region": "North"}), {"fields": {"Region": "north"}}),
        (
            ContactState(fields={"Region": "North", "Plan": "x"}),
            {"fields": {"Region": ["south", "north"], "Plan": "*"}},
        ),
        (ContactState(dnd=True), {"dnd": True}),
        (ContactState(dnd=False), {"dnd": False}),
        (ContactState(attempts=3), {"attempt": {"min": 3, "max": 3}}),
    ],
)
def test_each_field_of_the_contact_holds_for_it_and_not_where_nobody_asked(
    contact: ContactState, condition: dict[str, Any]
) -> None:
    when, inbound = Condition.model_validate(condition), a_call(direction="inbound")
    both = (situation(inbound, contact=contact), situation(inbound, contact=ContactState()))
    assert [judge(when, one).holds for one in both] == [True, False]


def test_an_empty_field_is_as_one_not_known() -> None:
    wanted = Condition.model_validate({"fields": {"Region": "*"}})
    assert not judge(wanted, situation(contact=ContactState(fields={"Region": ""}))).holds


@pytest.mark.parametrize("known", [True, False])
def test_whether_the_crm_knew_the_contact(*, known: bool) -> None:
    when = Condition.model_validate({"contact_known": known})
    told = [judge(when, situation(contact=ContactState(known=one))).holds for one in (True, False)]
    assert told == [known, not known]


@pytest.mark.parametrize(
    ("direction", "disposition", "attempt"),
    [
        ("outbound", Disposition.NO_ANSWER, 3),
        (None, Disposition.BUSY, 3),
        ("inbound", Disposition.NO_ANSWER, 2),
        ("outbound", Disposition.CONNECTED, 2),
        ("outbound", Disposition.VOICEMAIL, 2),
    ],
)
def test_an_attempt_is_an_outbound_call_that_nobody_answered(
    direction: Any, disposition: Disposition, attempt: int
) -> None:
    call = a_call(direction=direction)
    assert situation(call, disposition=disposition, contact=ContactState(attempts=2)).attempt == attempt


@pytest.mark.parametrize(("at", "inside"), [("08:59:59", False), ("09:00", True), ("16:59:59", True), ("17:00", False)])
def test_of_a_part_of_the_day_the_first_moment_belongs_to_it_and_the_last_not(at: str, *, inside: bool) -> None:
    clock = Clock.model_validate({"from": "09:00", "to": "17:00"})
    assert (time.fromisoformat(at) in clock) is inside


@pytest.mark.parametrize(("at", "inside"), [("21:59", False), ("22:00", True), ("05:59", True), ("06:00", False)])
def test_a_part_of_the_day_may_lie_over_midnight(at: str, *, inside: bool) -> None:
    clock = Clock.model_validate({"from": "22:00", "to": "06:00"})
    assert (time.fromisoformat(at) in clock) is inside


def test_the_local_time_is_that_of_the_sub_account() -> None:
    when = Condition.model_validate({"local_time": {"from": "16:00", "to": "16:01"}, "weekday": "mon"})
    berlin = situation(a_call(start_ms=MONDAY_MS), zone=ZoneInfo("Europe/Berlin"))
    assert judge(when, berlin) == Finding(holds=True, fact="local time is 16:00 and weekday is mon")


def test_a_changed_copy_of_a_condition_is_judged_by_its_own_fields() -> None:
    """What was worked out for the original stays with it."""
    was = Condition.model_validate({"sip": [486]})
    assert judge(was, situation(a_call(sip=486))).holds
    assert not judge(was.model_copy(update={"sip": (600,)}), situation(a_call(sip=486))).holds


@pytest.mark.parametrize(
    ("call", "condition", "reason"),
    [
        (a_call(), {"disposition": ["Connected"]}, "disposition is Connected"),
        (
            a_call(),
            {"disposition": ["No Answer", "Busy"]},
            "disposition is Connected, the rule wants No Answer or Busy",
        ),
        (a_call(), {"direction": ["inbound"]}, "direction is not known, the rule wants inbound"),
        (
            a_call(answered=True, talk_ms=2_500),
            {"talk_s": {"min": 10}},
            "talk time is 2.5 s, the rule wants at least 10 s",
        ),
        (
            a_call(answered=True, talk_ms=90_000),
            {"talk_s": {"max": 60.5}},
            "talk time is 90 s, the rule wants at most 60.5 s",
        ),
        (a_call(), {"ring_s": {"min": 5, "max": 9}}, "ring time is not known, the rule wants 5 to 9 s"),
        (
            a_call(sip=486),
            {"all": [{"sip": [486]}, {"disposition": ["Connected"]}]},
            "SIP status is 486 and disposition is Connected",
        ),
        (
            a_call(sip=486),
            {"all": [{"sip": [486]}, {"q850": [17]}]},
            "Q.850 cause is not known, the rule wants 17",
        ),
        (a_call(sip=486), {"any": [{"q850": [17]}, {"sip": [486]}]}, "SIP status is 486"),
        (
            a_call(sip=500),
            {"any": [{"sip": [486]}, {"sip": [600]}, {"q850": [17]}]},
            "SIP status is 500 and Q.850 cause is not known, the rule wants 486 or 600 or 17",
        ),
        (a_call(sip=486), {"not": {"sip": [486]}}, "SIP status is 486, the rule wants anything else"),
        (a_call(sip=486), {"not": {"sip": [600]}}, "SIP status is 486"),
    ],
)
def test_the_reason_is_in_words(call: Call, condition: dict[str, Any], reason: str) -> None:
    assert found(call, Disposition.CONNECTED, **condition).reason == reason


seconds = st.floats(min_value=0, max_value=1e6, allow_nan=False)


@given(seconds, seconds, seconds)
def test_a_range_includes_both_ends(low: float, high: float, value: float) -> None:
    low, high = sorted((low, high))
    both = Range(min=low, max=high).span(Settings())
    assert both.holds(value) is (low <= value <= high)
    assert (both.holds(low), both.holds(high)) == (True, True)


@given(seconds, seconds, seconds)
def test_a_range_includes_neither_open_end(low: float, high: float, value: float) -> None:
    assume(low < high)
    between = Range(above=low, below=high).span(Settings())
    assert between.holds(value) is (low < value < high)
    assert (between.holds(low), between.holds(high)) == (False, False)


def test_a_range_may_name_a_number_of_the_sub_account_s() -> None:
    short = Range(below="fast_drop_s")
    assert [short.span(Settings(fast_drop_s=limit)).holds(6) for limit in (5, 7)] == [False, True]


def test_no_number_is_below_or_beyond_a_cap_that_is_none() -> None:
    uncapped = Settings(max_attempts=None)
    assert Range(below="max_attempts").span(uncapped).holds(1e9)
    assert not Range(min="max_attempts").span(uncapped).holds(1e9)


sip_lists = st.lists(st.integers(100, 699), min_size=1, max_size=3)
conditions = st.recursive(
    st.builds(lambda codes: {"sip": codes}, sip_lists)
    | st.builds(lambda codes: {"q850": codes}, st.lists(st.integers(1, 127), min_size=1, max_size=3)),
    lambda inner: (
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, inner)
    ),
    max_leaves=6,
)


def expected(condition: dict[str, Any], call: Call) -> bool:
    """What the condition means, said once more in the plainest way."""
    ((field, value),) = condition.items()
    if field in ("sip", "q850"):
        return getattr(call, field) in value
    if field == "not":
        return not expected(value, call)
    return {"all": all, "any": any}[field](expected(part, call) for part in value)


@given(conditions, st.none() | st.integers(100, 699), st.none() | st.integers(1, 127))
def test_composition_is_boolean_algebra(condition: dict[str, Any], sip: int | None, q850: int | None) -> None:
    call = a_call(sip=sip, q850=q850)
    finding = found(call, **condition)
    assert finding.holds is expected(condition, call)
    assert finding.reason
