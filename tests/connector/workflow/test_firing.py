"""Which workflows a call starts, and where they stand in its plan."""

from __future__ import annotations

import orjson
import pytest

from connector.store.triggers import SubscriptionRow
from connector.workflow.firing import Subscription, fires, is_trigger, opened, subscription_of, with_triggers
from connector.workflow.payload import SAMPLE
from mappings.plan import Action, Plan
from tests.connector.workflow.bench import equals


def waiting(trigger_id: str = "t1", *filters: object) -> Subscription:
    """A workflow that waits, as the store has it."""
    return opened(
        SubscriptionRow(
            location="loc",
            id=trigger_id,
            workflow_id="wf",
            target_url=f"https://crm.example.com/{trigger_id}",
            filters=orjson.dumps(filters),
            updated_ms=1,
        )
    )


def action(kind: str, due: int | None = None) -> Action:
    return Action(kind, kind, {}, due, "", "")


def kinds(plan: Plan) -> list[str]:
    return [one.kind for one in plan.actions]


def test_all_filters_must_hold() -> None:
    both = waiting("both", equals("direction", "outbound"), equals("q850", 16))
    one = waiting("one", equals("direction", "outbound"), equals("q850", 17))
    assert fires([both, one], SAMPLE) == [both]


def test_without_filters_every_call_will_do() -> None:
    assert fires([waiting()], SAMPLE) == [waiting()]


def test_one_filter_that_is_not_understood_is_enough_to_start_nothing() -> None:
    odd = waiting("odd", equals("direction", "outbound"), equals("q850", 10, operator=">"))
    assert (fires([odd], SAMPLE), len(odd.problems)) == ([], 1)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], ["trigger"]),
        (["note", "add_tags"], ["note", "add_tags", "trigger"]),
        (["note", "enrol"], ["note", "trigger", "enrol"]),
        (["note", "unenrol", "task", "enrol", "enrol"], ["note", "unenrol", "task", "trigger", "enrol", "enrol"]),
    ],
)
def test_triggers_stand_behind_all_but_enrolments(before: list[str], after: list[str]) -> None:
    plan = Plan(tuple(map(action, before)))
    assert kinds(with_triggers(plan, [waiting()], SAMPLE)) == after


def test_an_enrolment_of_later_is_no_enrolment_now() -> None:
    plan = Plan((action("note"), action("enrol", due=5)))
    assert kinds(with_triggers(plan, [waiting()], SAMPLE)) == ["note", "enrol", "trigger"]


def test_a_plan_that_starts_nothing_is_the_same_plan() -> None:
    plan = Plan((action("note"),))
    assert with_triggers(plan, [waiting("t1", equals("q850", 17))], SAMPLE) is plan


def test_the_action_holds_all_that_firing_needs() -> None:
    (made,) = with_triggers(Plan(), [waiting()], SAMPLE).actions
    assert (made.key, made.args) == ("trigger:t1", {"url": "https://crm.example.com/t1", "payload": dict(SAMPLE)})
    assert is_trigger(made.key)
    assert subscription_of(made.key) == "t1"


def test_the_rest_of_the_plan_stays() -> None:
    plan = with_triggers(Plan(attempts=2, attempt_tag="tag"), [waiting()], SAMPLE)
    assert (plan.attempts, plan.attempt_tag) == (2, "tag")
    assert Plan.from_json(plan.to_json()) == plan
