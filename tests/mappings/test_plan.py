"""From a call to its actions: order, keys, merging, reasons, and what did not fire."""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.books import default_book
from mappings.call import Call, Disposition
from mappings.conditions import Condition, Situation, holds, judge
from mappings.note import note_text
from mappings.plan import Action, ContactState, NotFired, Plan, plan
from mappings.rules import Book, read_book
from mappings.words import Words
from tests.mappings.strategies import books, calls, conditions, contacts

BUSY = Call(trunk="SIP Trunk 1", call_id="c-1", direction="outbound", answered=False, q850=17)
WORKFLOWS = {"no_answer": "wf-0001", "nurture": "wf-0002"}
NOTE = {"kind": "note"}


def enrol(workflow: str) -> dict[str, Any]:
    return {"kind": "enrol", "workflow": workflow}


def unenrol(workflow: str) -> dict[str, Any]:
    return {"kind": "unenrol", "workflow": workflow}


def add(*tags: str) -> dict[str, Any]:
    return {"kind": "add_tags", "tags": tags}


def remove(*tags: str) -> dict[str, Any]:
    return {"kind": "remove_tags", "tags": tags}


def a_book(*dos: list[dict[str, Any]], **first: Any) -> Book:
    """One rule for each list of actions, named A, B, ...; `first` has further fields of the first."""
    rules: list[dict[str, Any]] = [{"name": chr(65 + index), "do": do} for index, do in enumerate(dos)]
    rules[0].update(first)
    return read_book(json.dumps({"version": 1, "name": "test", "rules": rules}), "json")


def planned(book: Book, call: Call = BUSY, workflows: dict[str, str] | None = WORKFLOWS) -> Plan:
    return plan(call, ContactState(), book, now_ms=0, zone=UTC, workflows=workflows)


def keys(made: Plan) -> list[str]:
    return [action.key for action in made.actions]


def test_the_note_s_text_is_in_the_plan() -> None:
    assert planned(a_book([NOTE])).actions == (
        Action(
            "note",
            "note",
            {"body": note_text(BUSY, Disposition.BUSY, UTC)},
            None,
            "A",
            "the rule is for every call",
        ),
    )


def test_an_action_says_why_its_rule_fired() -> None:
    made = planned(a_book([NOTE], when={"disposition": ["Busy"]}))
    assert made.actions[0].reason == "disposition is Busy"


def test_a_rule_that_did_not_fire_says_why() -> None:
    made = planned(a_book([NOTE], when={"disposition": ["No Answer"]}))
    assert made == Plan((), (NotFired("A", "disposition is Busy, the rule wants No Answer"),))


def test_a_rule_that_is_switched_off_does_not_fire() -> None:
    assert planned(a_book([NOTE], enabled=False)) == Plan((), (NotFired("A", "the rule is switched off"),))


def test_the_order_is_note_tags_the_rest_and_enrolments_last() -> None:
    book = a_book([enrol("nurture"), unenrol("no_answer")], [add("x"), remove("y"), NOTE])
    assert keys(planned(book)) == ["note", "remove_tags", "add_tags", "unenrol:no_answer", "enrol:nurture"]


def test_within_a_kind_the_order_is_the_book_s() -> None:
    book = a_book([enrol("nurture")], [enrol("no_answer")])
    assert keys(planned(book)) == ["enrol:nurture", "enrol:no_answer"]


def test_all_tags_go_into_one_action_that_names_its_rules() -> None:
    made = planned(a_book([add("a", "b")], [add("b", "c"), add("a")], when={"q850": [17]}))
    reason = "A: Q.850 cause is 17; B: the rule is for every call"
    assert made.actions == (Action("add_tags", "add_tags", {"tags": ["a", "b", "c"]}, None, "A, B", reason),)


def test_a_tag_may_be_taken_and_given_again() -> None:
    """It starts the CRM's workflows on that tag again."""
    made = planned(a_book([add("x"), remove("x")]))
    assert [(action.key, action.args) for action in made.actions] == [
        ("remove_tags", {"tags": ["x"]}),
        ("add_tags", {"tags": ["x"]}),
    ]


def test_tags_are_filled_from_the_call() -> None:
    made = planned(a_book([add("call-{disposition}", "{direction}/{trunk}")]))
    assert made.actions[0].args == {"tags": ["call-busy", "outbound/sip-trunk-1"]}


def test_tags_that_become_equal_are_given_once() -> None:
    assert planned(a_book([add("busy", "{disposition}")])).actions[0].args == {"tags": ["busy"]}


def test_what_is_not_known_fills_a_tag_with_unknown() -> None:
    made = planned(a_book([add("{disposition}-{direction}-{trunk}")]), Call(trunk="", call_id="c-1"))
    assert made.actions[0].args == {"tags": ["unknown-unknown-unknown"]}


def test_a_workflow_s_name_becomes_its_id_and_stays_in_the_key() -> None:
    (action,) = planned(a_book([enrol("no_answer")])).actions
    assert (action.key, action.args) == ("enrol:no_answer", {"workflow": "wf-0001"})


def test_an_id_is_taken_as_it_is() -> None:
    identity = "0f5b6f0e-2b1c-4a58-9f6d-5c1d2e3f4a5b"
    (action,) = planned(a_book([enrol(identity)])).actions
    assert (action.key, action.args) == (f"enrol:{identity}", {"workflow": identity})


def test_without_a_sub_account_names_stay_names() -> None:
    (action,) = planned(a_book([enrol("anything")]), workflows=None).actions
    assert action.args == {"workflow": "anything"}


@pytest.mark.parametrize("workflows", [{}, {"no_answer": ""}])
def test_a_name_without_an_id_is_left_out_and_said_so(workflows: dict[str, str]) -> None:
    made = planned(a_book([NOTE, enrol("no_answer")]), workflows=workflows)
    assert keys(made) == ["note"]
    assert made.not_fired == (NotFired("A", 'no workflow is set for the name "no_answer" in this sub-account'),)


def test_nobody_is_enrolled_twice_in_one_workflow() -> None:
    made = planned(a_book([enrol("no_answer")], [enrol("wf-0001"), enrol("no_answer")]))
    assert [(action.key, action.rule) for action in made.actions] == [("enrol:no_answer", "A, B")]


@pytest.mark.parametrize("event", ["initiated", "answered"])
def test_a_call_that_goes_on_has_no_actions(event: Any) -> None:
    going_on = Call(trunk="generic", call_id="c-1", event=event)
    assert planned(a_book([NOTE], [add("x")]), going_on) == Plan(
        (), (NotFired("A", "the call has not ended yet"), NotFired("B", "the call has not ended yet"))
    )


def test_the_surface_shows_times_as_iso_and_all_fields() -> None:
    made = Plan((Action("k", "note", {"body": "b"}, 1_500, "A", "why"),), (NotFired("B", "why not"),))
    assert made.surface() == {
        "actions": [
            {
                "key": "k",
                "kind": "note",
                "args": {"body": "b"},
                "due": "1970-01-01T00:00:01.500Z",
                "rule": "A",
                "reason": "why",
            }
        ],
        "not_fired": [{"rule": "B", "reason": "why not"}],
        "attempts": None,
    }


def test_a_plan_stored_before_there_were_attempts_is_read() -> None:
    assert Plan.from_json(b'{"actions": [], "not_fired": []}') == Plan()


def test_the_surface_shows_now_as_null() -> None:
    assert planned(a_book([NOTE])).surface()["actions"][0]["due"] is None


def test_a_due_time_is_stored_in_milliseconds() -> None:
    made = Plan((Action("k", "note", {}, 1_500, "A", "why"),))
    assert json.loads(made.to_json())["actions"][0]["due"] == 1_500


maps: st.SearchStrategy[dict[str, str] | None] = st.none() | st.just(WORKFLOWS) | st.just({})
any_situation = st.tuples(calls, contacts, books, maps)
Any4 = tuple[Call, ContactState, Book, dict[str, str] | None]


def planned_for(given_: Any4, **more: Any) -> Plan:
    call, contact, book, workflows = given_
    return plan(call, contact, book, now_ms=0, zone=UTC, workflows=workflows, **more)


@given(any_situation)
def test_any_call_and_book_make_one_plan_that_survives_storage(given_: Any4) -> None:
    made = planned_for(given_)
    assert planned_for(given_) == made
    assert Plan.from_json(made.to_json()) == made


@given(any_situation)
def test_keys_are_unique(given_: Any4) -> None:
    made = keys(planned_for(given_))
    assert len(set(made)) == len(made)


@given(any_situation)
def test_no_target_is_written_twice(given_: Any4) -> None:
    usable = [action for action in planned_for(given_).actions if action.unusable is None]
    targets = [(action.kind, action.args.get("workflow"), action.due) for action in usable if "workflow" in action.args]
    assert len(set(targets)) == len(targets)


@given(any_situation)
def test_tags_of_now_go_into_one_request_each_way(given_: Any4) -> None:
    now = [action for action in planned_for(given_).actions if action.unusable is None and not action.deferred]
    assert [sum(action.kind == kind for action in now) <= 1 for kind in ("add_tags", "remove_tags", "field")] == [
        True
    ] * 3


@given(any_situation)
def test_the_order_never_changes(given_: Any4) -> None:
    order = {"note": 0, "call_record": 1, "remove_tags": 2, "add_tags": 3, "enrol": 9}
    actions = planned_for(given_).actions
    places = [8 if action.deferred else order.get(action.kind, 5) for action in actions]
    assert places == sorted(places)


@given(any_situation)
def test_every_rule_is_accounted_for(given_: Any4) -> None:
    """A rule that only forgets a count shows in that count."""
    made = planned_for(given_)
    told = {rule.rule for rule in made.not_fired}.union(*(action.rule.split(", ") for action in made.actions))
    assert made.attempts == 0 or told == {rule.name for rule in given_[2].rules}


@given(any_situation)
def test_of_a_first_group_one_rule_fires_at_the_most(given_: Any4) -> None:
    fired = set().union(*(action.rule.split(", ") for action in planned_for(given_).actions))
    assert sum(rule.group == "first" and rule.name in fired for rule in given_[2].rules) <= 1


@given(any_situation)
def test_a_plan_without_explanations_does_the_same(given_: Any4) -> None:
    made, short = planned_for(given_), planned_for(given_, explain=False)
    assert (short.actions, short.attempts, short.attempt_tag) == (made.actions, made.attempts, made.attempt_tag)


@given(any_situation)
def test_the_count_goes_up_by_one_or_to_nothing(given_: Any4) -> None:
    assert planned_for(given_).attempts in (None, 0, given_[1].attempts, given_[1].attempts + 1)


@given(calls, contacts, conditions)
def test_a_condition_and_its_opposite_never_agree(call: Call, contact: ContactState, condition: dict[str, Any]) -> None:
    """Nor do the quick judgement and the one with reasons."""
    when = Condition.model_validate(condition)
    turned = Condition.model_validate({"not": condition})
    here = Situation(call, Words().meaning(call), contact)
    judged = judge(when, here)
    assert judged.holds is holds(when, here) is not holds(turned, here)
    assert judged.reason


def test_an_enrolment_by_tag_adds_the_tag_that_triggers_the_workflow() -> None:
    unanswered = Call(trunk="t", call_id="c", end_ms=1, answered=False, q850=19)
    made = plan(
        unanswered,
        ContactState(),
        default_book(),
        now_ms=0,
        zone=UTC,
        workflows={"no_answer": "tag:Start-SMS"},
    )
    assert [action.kind for action in made.actions] == ["note", "add_tags", "task"]
    assert made.actions[1].args == {"tags": ["call-no-answer", "call-attempt-1", "start-sms"]}
