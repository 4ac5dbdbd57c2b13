"""The shipped book's four workflows at their exact edges, and which of them has a call that fits several."""

from __future__ import annotations

from datetime import UTC
from typing import Any, Literal, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.books import default_book
from mappings.call import Call, Wrapup
from mappings.plan import ContactState, Plan, Settings, plan
from mappings.settle import settle

START_MS = 1_772_463_600_000
Workflow: TypeAlias = Literal["fast", "voicemail", "review", "connected", "missed", "no answer", "used up", "none"]
RULES = {
    "Fast dial cycle": "fast",
    "Voicemail left": "voicemail",
    "Connected but not progressed": "review",
    "Connected": "connected",
    "Missed call": "missed",
    "No answer": "no answer",
    "Attempts used up": "used up",
}


def a_call(talk_s: float | None, *, latency_s: float = 8, **facts: Any) -> Call:
    """A call that was answered for so long, or not at all."""
    answer_ms = None if talk_s is None else START_MS + round(latency_s * 1000)
    end_ms = START_MS + 25_000 if talk_s is None or answer_ms is None else answer_ms + round(talk_s * 1000)
    told: dict[str, Any] = {"direction": "outbound", "from_": "+14155550100", "to": "+14155550199"}
    told |= {"q850": 16 if answer_ms else 19} | facts
    call = Call(trunk="t", call_id="c", start_ms=START_MS, answer_ms=answer_ms, end_ms=end_ms, **told)
    return settle(call, received_ms=end_ms)


def planned(call: Call, attempts: int = 0, settings: Settings | None = None) -> Plan:
    contact = ContactState(attempts=attempts, attempt_tag=f"call-attempt-{attempts}" if attempts else None)
    workflows = {"no_answer": "wf-1"}
    return plan(call, contact, default_book(), now_ms=0, zone=UTC, workflows=workflows, settings=settings or Settings())


def chosen(made: Plan) -> str:
    """The workflow that has the call: the one rule of the group that is not among those that did not fire."""
    idle = {rule.rule for rule in made.not_fired if rule.reason != "the contact has no attempts to forget"}
    fired = [workflow for rule, workflow in RULES.items() if rule not in idle]
    return fired[0] if fired else "none"


@pytest.mark.parametrize(
    ("call", "workflow"),
    [
        (a_call(None), "no answer"),
        (a_call(None, q850=18), "no answer"),
        (a_call(None, direction=None), "no answer"),
        (a_call(None, direction="inbound"), "missed"),
        (a_call(None, q850=17), "none"),
        (a_call(0), "connected"),
        (a_call(0, latency_s=2), "fast"),
        (a_call(4.999, latency_s=2.999), "fast"),
        (a_call(4.999, latency_s=3), "connected"),
        (a_call(5, latency_s=2.999), "connected"),
        (a_call(4, latency_s=1, amd="machine"), "fast"),
        (a_call(4, latency_s=1, amd="human"), "fast"),
        (a_call(4, latency_s=1, direction="inbound"), "connected"),
        (a_call(19.999), "connected"),
        (a_call(20), "voicemail"),
        (a_call(20, direction=None), "voicemail"),
        (a_call(20, direction="inbound"), "connected"),
        (a_call(20, amd="human"), "connected"),
        (a_call(20, amd="fax"), "none"),
        (a_call(30, amd="human"), "connected"),
        (a_call(30.001, amd="human"), "review"),
        (a_call(31), "voicemail"),
        (a_call(31, direction="inbound"), "review"),
        (a_call(45), "voicemail"),
        (a_call(45.001), "review"),
        (a_call(6, amd="machine"), "voicemail"),
        (a_call(600, amd="machine"), "voicemail"),
        (a_call(31, wrapup=Wrapup(disposition="Interested")), "connected"),
        (a_call(600, wrapup=Wrapup(disposition="Interested")), "connected"),
        (a_call(600, wrapup=Wrapup(disposition="voicemail")), "voicemail"),
        (a_call(600, wrapup=Wrapup(disposition="No answer")), "no answer"),
        (a_call(600, wrapup=Wrapup(notes="Asked for prices")), "review"),
        (a_call(31, amd="machine", wrapup=Wrapup(disposition="Connected")), "connected"),
    ],
)
def test_which_workflow_has_a_call(call: Call, workflow: Workflow) -> None:
    assert chosen(planned(call)) == workflow


@given(
    st.none() | st.floats(0, 100).map(lambda value: round(value, 3)),
    st.floats(0, 10).map(lambda value: round(value, 3)),
    st.sampled_from([None, "human", "machine"]),
    st.sampled_from(["inbound", "outbound"]),
)
def test_the_precedence_is_the_documented_one(talk_s: float | None, latency_s: float, amd: Any, direction: Any) -> None:
    """docs/rule-books.md, said once more in the plainest way."""
    call = a_call(talk_s, latency_s=latency_s, amd=amd, direction=direction)
    outbound, machine = direction == "outbound", amd == "machine"
    if talk_s is None:
        wanted = "no answer" if outbound else "missed"
    elif outbound and latency_s < 3 and talk_s < 5:
        wanted = "fast"
    elif outbound and (machine or (amd is None and 20 <= talk_s <= 45)):
        wanted = "voicemail"
    elif machine:
        wanted = "none"
    else:
        wanted = "review" if talk_s > 30 else "connected"
    assert chosen(planned(call)) == wanted


@pytest.mark.parametrize(("attempts", "workflow"), [(0, "no answer"), (4, "no answer"), (5, "used up"), (6, "used up")])
def test_the_cap_ends_the_sequence(attempts: int, workflow: Workflow) -> None:
    assert chosen(planned(a_call(None), attempts)) == workflow


def test_without_a_cap_the_sequence_goes_on() -> None:
    assert chosen(planned(a_call(None), 99, Settings(max_attempts=None))) == "no answer"


@pytest.mark.parametrize(("talk_s", "workflow"), [(7.999, "fast"), (8, "connected")])
def test_the_sub_account_says_how_short_a_fast_drop_is(talk_s: float, workflow: Workflow) -> None:
    assert chosen(planned(a_call(talk_s, latency_s=1), settings=Settings(fast_drop_s=8))) == workflow


@pytest.mark.parametrize(
    ("call", "attempts"),
    [
        (a_call(None), 3),
        (a_call(10), 0),
        (a_call(60), 0),
        (a_call(60, direction="inbound"), 0),
        (a_call(25), None),
        (a_call(1, latency_s=1), None),
        (a_call(None, q850=17), None),
        (a_call(None, direction="inbound"), None),
    ],
)
def test_what_a_call_does_to_the_count(call: Call, attempts: int | None) -> None:
    assert planned(call, 2).attempts == attempts


def test_the_suppression_lasts_48_hours_from_the_end() -> None:
    call = a_call(20)
    (end,) = (action for action in planned(call).actions if action.deferred)
    assert end.due == (call.end_ms or 0) + 48 * 3_600_000


def test_the_review_comes_five_minutes_after_the_end() -> None:
    call = a_call(60)
    (review,) = (action for action in planned(call).actions if action.deferred)
    assert (review.kind, review.due) == ("review", (call.end_ms or 0) + 300_000)


def test_a_disposition_takes_the_review_out_of_the_plan() -> None:
    """Which is how it cancels the timer."""
    call = a_call(60, wrapup=Wrapup(disposition="Interested", at_ms=START_MS + 100_000))
    assert all(action.kind != "review" for action in planned(call).actions)


def test_why_a_workflow_did_not_get_a_call_is_said() -> None:
    (reason,) = (rule.reason for rule in planned(a_call(31)).not_fired if rule.rule == "Connected but not progressed")
    assert reason == '"Voicemail left" comes first in the group "outcome", and fired'


@pytest.mark.parametrize(("call", "writes"), [(a_call(10), 2), (a_call(60), 2), (a_call(None), 4), (a_call(25), 2)])
def test_a_known_contact_costs_few_requests(call: Call, writes: int) -> None:
    """The contact is in memory; what is kept by us, or done later, is no request now."""
    ours = {"suppress_redial", "review", "change_caller_id"}
    now = [action for action in planned(call).actions if not action.deferred and action.kind not in ours]
    assert len(now) == writes
