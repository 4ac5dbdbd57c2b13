"""Corrections bring what was written to what is known by now, whatever their order, and write nothing twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.action import Action, Plan
from mappings.correction import correct

if TYPE_CHECKING:
    from collections.abc import Sequence

TAGS = ["a", "b", "c", "d"]
LINK = "https://recordings.example.com/1.mp3"


def action(key: str, kind: str = "", due: int | None = None, **args: Any) -> Action:
    return Action(key, kind or key.partition(":")[0], args, due, "R", "why")


def a_plan(
    body: str | None = "text",
    *,
    on: Sequence[str] = (),
    off: Sequence[str] = (),
    keys: Sequence[str] = (),
    field: str | None = None,
    later: Sequence[str] = (),
) -> Plan:
    """A plan in the order in which plans are applied."""
    found = [] if body is None else [action("note", body=body)]
    found += [action("remove_tags", tags=list(off))] if off else []
    found += [action("add_tags", tags=list(on))] if on else []
    found += [] if field is None else [action("field", fields={"F": field})]
    found += [action(key) for key in keys]
    found += [action(key, "remove_tags", 1, tags=["x"]) for key in later]
    return Plan(tuple(found))


plans = st.builds(
    a_plan,
    st.sampled_from([None, "one", "two", "three"]),
    on=st.lists(st.sampled_from(TAGS), max_size=3, unique=True),
    off=st.lists(st.sampled_from(TAGS), max_size=2, unique=True),
    keys=st.lists(st.sampled_from(["task:R#1", "enrol:w", "review"]), max_size=3, unique=True),
    field=st.sampled_from([None, "one", "two"]),
    later=st.lists(st.sampled_from(["remove_tags@60", "remove_tags@600"]), max_size=2, unique=True),
)
WRITTEN = {"note": "n1", "call_record": "m1"}


def written(plan: Plan) -> dict[str, str | None]:
    return {one.key: f"id of {one.key}" for one in plan.actions}


class Contact:
    """The CRM's side: tags, the note's text, and how often each other action was done."""

    def __init__(self, tags: frozenset[str]) -> None:
        self.tags = set(tags)
        self.note: str | None = None
        self.notes = 0
        self.field: str | None = None
        self.done: list[str] = []

    def do(self, one: Action) -> None:
        if one.due is not None:
            return
        match one.kind:
            case "note":
                self.note, self.notes = one.args["body"], self.notes + 1
            case "update_note":
                if self.notes or one.args["new"]:
                    self.note, self.notes = one.args["body"], 1
            case "add_tags":
                self.tags |= set(one.args["tags"])
            case "remove_tags":
                self.tags -= set(one.args["tags"])
            case "field":
                self.field = one.args["fields"]["F"]
            case _:
                self.done.append(one.key)


def corrected(tags: frozenset[str], course: Sequence[Plan], order: Sequence[int], *, seen_all: bool) -> Contact:
    """The contact after the first plan and each of the corrections to the next ones, in that order.

    Each knows of all that came before it, or of all there is.
    """
    contact = Contact(tags)
    for one in course[0].actions:
        contact.do(one)
    newest = 0
    for at in order:
        newest = len(course) - 1 if seen_all else max(newest, at)
        correction = correct(course[at - 1], course[at], course[newest], written=written(course[0]), recording=None)
        for one in correction.plan.actions:
            contact.do(one)
    return contact


def wanted(plan: Plan) -> tuple[set[str], set[str]]:
    """The tags that the plan puts on, and those it takes off and leaves off."""
    on = {tag for one in plan.actions if one.key == "add_tags" for tag in one.args["tags"]}
    off = {tag for one in plan.actions if one.key == "remove_tags" for tag in one.args["tags"]}
    return on, off - on


@given(plans)
def test_with_nothing_new_there_is_nothing_to_do(plan: Plan) -> None:
    correction = correct(plan, plan, plan, written=written(plan), recording=None)
    assert (correction.plan.actions, dict(correction.dropped)) == ((), {})


courses = st.lists(plans, min_size=2, max_size=5)


@given(tags=st.frozensets(st.sampled_from([*TAGS, "z"])), course=courses, data=st.data(), seen_all=st.booleans())
def test_in_whatever_order_the_tags_come_to_those_of_the_newest_plan(
    *, tags: frozenset[str], course: list[Plan], data: st.DataObject, seen_all: bool
) -> None:
    order = data.draw(st.permutations(range(1, len(course))))
    contact = corrected(tags, course, order, seen_all=seen_all)
    on, off = wanted(course[-1])
    were_on = set().union(*(wanted(plan)[0] for plan in course))
    assert contact.tags >= on
    assert not contact.tags & off
    assert not (contact.tags & were_on) - on - tags, "what was put on in vain goes"
    assert ("z" in contact.tags) == ("z" in tags), "what no plan speaks of stays"


@given(course=courses, data=st.data(), seen_all=st.booleans())
def test_in_whatever_order_there_is_at_most_one_note(
    *, course: list[Plan], data: st.DataObject, seen_all: bool
) -> None:
    order = data.draw(st.permutations(range(1, len(course))))
    contact = corrected(frozenset(), course, order, seen_all=seen_all)
    assert contact.notes <= 1


@given(courses)
def test_one_after_the_other_note_and_field_are_those_of_the_newest_plan_that_has_them(course: list[Plan]) -> None:
    contact = corrected(frozenset(), course, range(1, len(course)), seen_all=False)
    bodies = [one.args["body"] for plan in course for one in plan.actions if one.kind == "note"]
    fields = [one.args["fields"]["F"] for plan in course for one in plan.actions if one.kind == "field"]
    assert (contact.note, contact.field) == (bodies[-1] if bodies else None, fields[-1] if fields else None)


@given(courses)
def test_what_was_planned_all_along_is_done_once(course: list[Plan]) -> None:
    all_along = [replace(plan, actions=(*plan.actions, action("enrol:always"))) for plan in course]
    contact = corrected(frozenset(), all_along, range(1, len(course)), seen_all=False)
    assert contact.done.count("enrol:always") == 1


@given(plans, plans)
def test_what_the_end_of_the_call_has_done_already_is_not_done_again(before: Plan, after: Plan) -> None:
    correction = correct(before, after, after, written=written(after), recording=None)
    again = {"update_note", "add_tags", "remove_tags", "field"}
    assert [one for one in correction.plan.actions if one.due is None and one.kind not in again] == []


@given(plans, plans, plans)
def test_dropped_is_what_is_wanted_neither_now_nor_by_the_newest(before: Plan, after: Plan, newest: Plan) -> None:
    keys = [{one.key for one in plan.actions} for plan in (before, after, newest)]
    correction = correct(before, after, newest, written={}, recording=None)
    assert set(correction.dropped) == keys[0] - keys[1] - keys[2]


@given(plans, plans, plans)
def test_what_the_newest_plan_does_not_want_is_not_done(before: Plan, after: Plan, newest: Plan) -> None:
    kept = {one.key for one in newest.actions} | {"note", "add_tags", "remove_tags"}
    correction = correct(before, after, newest, written=WRITTEN, recording=None)
    assert {one.key for one in correction.plan.actions} <= kept


def test_the_note_is_replaced_by_the_newest_text_under_its_id() -> None:
    correction = correct(a_plan("one"), a_plan("two"), a_plan("three"), written=WRITTEN, recording=None)
    (one,) = correction.plan.actions
    assert (one.kind, one.args) == ("update_note", {"body": "three", "note": "n1", "new": False})


def test_a_note_that_was_not_planned_before_is_new() -> None:
    correction = correct(a_plan(None), a_plan("one"), a_plan("one"), written={}, recording=None)
    assert correction.plan.actions[0].args == {"body": "one", "note": None, "new": True}


def test_tags_go_before_others_come() -> None:
    correction = correct(a_plan(on=["a"]), a_plan(on=["b"]), a_plan(on=["b"]), written=WRITTEN, recording=None)
    assert [(one.kind, one.args["tags"]) for one in correction.plan.actions] == [
        ("remove_tags", ["a"]),
        ("add_tags", ["b"]),
    ]


def test_what_cannot_be_read_back_is_last() -> None:
    after = a_plan("two", on=["a"], keys=["enrol:w"])
    correction = correct(a_plan("one"), after, after, written={"note": "n1", "call_record": "m1"}, recording=LINK)
    assert [one.kind for one in correction.plan.actions] == ["update_note", "add_tags", "attach", "enrol"]


@pytest.mark.parametrize(("record", "attached"), [({"call_record": "m1"}, True), ({}, False)])
def test_a_recording_is_put_to_the_record_that_was_written(record: dict[str, str | None], *, attached: bool) -> None:
    plan = a_plan()
    correction = correct(plan, plan, plan, written=record, recording=LINK)
    told = [(one.kind, one.args) for one in correction.plan.actions]
    assert told == ([("attach", {"message": "m1", "urls": [LINK]})] if attached else [])


def test_the_count_is_that_of_the_plan_it_leads_to() -> None:
    after = replace(a_plan(), attempts=3, attempt_tag="call-attempt-3")
    correction = correct(a_plan(), after, after, written=WRITTEN, recording=None)
    assert (correction.plan.attempts, correction.plan.attempt_tag) == (3, "call-attempt-3")


def test_an_action_that_cannot_be_made_changes_no_tags() -> None:
    broken = Plan((action("add_tags:R#1", "add_tags", unusable="why"),))
    assert correct(broken, a_plan(None), a_plan(None), written={}, recording=None).plan.actions == ()
