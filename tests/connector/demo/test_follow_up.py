"""The demo's own check sees what a workflow left behind, and says so where something is missing or too much."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.demo.check import faults
from connector.demo.follow_up import CALLBACK_DAYS, followed, is_callback
from connector.demo.shift import ZONE, Workflow
from mappings.calendar import WorkingHours
from tests.connector.demo.scene import (
    ABSENT,
    BUYER,
    MONDAY,
    SCREENED,
    SHIFT,
    SILENT,
    TALKER,
    TWO_DAYS_MS,
    WORKFLOW,
    Left,
    as_it_should_be,
    review,
    timer,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def wrong(left: Left) -> dict[Workflow, list[str]]:
    """The faults, by workflow; those that have any."""
    found = followed(SHIFT, list(left.contacts.values()), left.kept, WORKFLOW)
    return {one.workflow: list(one.faults) for one in found if one.faults}


def test_nothing_is_wrong_where_everything_is_as_it_should_be() -> None:
    left = as_it_should_be()
    assert wrong(left) == {}
    assert faults(SHIFT, list(left.contacts.values()), WORKFLOW) == []


def test_each_workflow_is_shown_with_the_one_call_that_set_it_off() -> None:
    left = as_it_should_be()
    found = followed(SHIFT, list(left.contacts.values()), left.kept, WORKFLOW)
    assert [(one.workflow, one.calls, len(one.seen)) for one in found] == [(one, 1, 1) for one in Workflow]


def test_what_is_shown_is_what_is_there() -> None:
    left = as_it_should_be()
    shown = {one.workflow: one.seen[0] for one in followed(SHIFT, list(left.contacts.values()), left.kept, WORKFLOW)}
    assert shown == {
        Workflow.NO_ANSWER: f"{SILENT.name} {SILENT.phone}: call-attempt-1, in the text sequence, "
        "callback Wed 25 Nov 12:00",
        Workflow.REVIEW: f"{TALKER.name} {TALKER.phone}: open since Mon 23 Nov 12:00, talked 125 s",
        Workflow.VOICEMAIL: f"{ABSENT.name} {ABSENT.phone}: voicemail-left, no call before Wed 25 Nov 12:00",
        Workflow.FAST_DIAL: f"{SCREENED.name} {SCREENED.phone}: redial-other-caller-id, not from +14155550100, "
        "next from +14155550101",
    }


SPOILT: list[tuple[str, Workflow, Callable[[Left], object]]] = [
    ("no attempt tag", Workflow.NO_ANSWER, lambda left: left.contacts[SILENT.phone]["tags"].remove("call-attempt-1")),
    ("a tag too many", Workflow.NO_ANSWER, lambda left: left.contacts[BUYER.phone]["tags"].append("call-attempt-1")),
    ("counted twice", Workflow.NO_ANSWER, lambda left: left.change(SILENT.phone, attempts=2)),
    ("not counted", Workflow.NO_ANSWER, lambda left: left.histories.pop(SILENT.phone)),
    ("not in the sequence", Workflow.NO_ANSWER, lambda left: left.contacts[SILENT.phone]["enrolments"].clear()),
    ("no callback", Workflow.NO_ANSWER, lambda left: left.contacts[SILENT.phone]["tasks"].clear()),
    (
        "a callback on the next day",
        Workflow.NO_ANSWER,
        lambda left: left.contacts[SILENT.phone]["tasks"][0].update(dueDate="2026-11-24T18:00:00.000Z"),
    ),
    (
        "a callback at night",
        Workflow.NO_ANSWER,
        lambda left: left.contacts[SILENT.phone]["tasks"][0].update(dueDate="2026-11-25T09:00:00.000Z"),
    ),
    ("not on review", Workflow.REVIEW, lambda left: left.reviews.clear()),
    (
        "wrapped up, and on review",
        Workflow.REVIEW,
        lambda left: left.reviews.append(review("call-4", "contact of call-4")),
    ),
    (
        "on review for somebody else",
        Workflow.REVIEW,
        lambda left: left.reviews.__setitem__(0, review("call-1", "other")),
    ),
    ("no voicemail tag", Workflow.VOICEMAIL, lambda left: left.contacts[ABSENT.phone]["tags"].remove("voicemail-left")),
    (
        "a voicemail tag too many",
        Workflow.VOICEMAIL,
        lambda left: left.contacts[BUYER.phone]["tags"].append("voicemail-left"),
    ),
    ("not suppressed", Workflow.VOICEMAIL, lambda left: left.change(ABSENT.phone, suppressed_until_ms=None)),
    (
        "suppressed for a day",
        Workflow.VOICEMAIL,
        lambda left: left.change(ABSENT.phone, suppressed_until_ms=MONDAY + TWO_DAYS_MS // 2),
    ),
    (
        "suppressed without a message",
        Workflow.VOICEMAIL,
        lambda left: left.change(BUYER.phone, suppressed_until_ms=MONDAY),
    ),
    ("nothing takes the tag away", Workflow.VOICEMAIL, lambda left: left.timers.clear()),
    (
        "the tag goes at another time",
        Workflow.VOICEMAIL,
        lambda left: left.timers.__setitem__(0, timer("call-2", MONDAY)),
    ),
    (
        "no tag for another number",
        Workflow.FAST_DIAL,
        lambda left: left.contacts[SCREENED.phone]["tags"].remove("redial-other-caller-id"),
    ),
    ("nothing to avoid", Workflow.FAST_DIAL, lambda left: left.change(SCREENED.phone, avoid=())),
    ("no record of our number", Workflow.FAST_DIAL, lambda left: left.caller_ids.clear()),
]


@pytest.mark.parametrize(("workflow", "spoil"), [one[1:] for one in SPOILT], ids=[one[0] for one in SPOILT])
def test_it_says_so_where_something_is_missing_or_too_much(workflow: Workflow, spoil: Callable[[Left], object]) -> None:
    left = as_it_should_be()
    spoil(left)
    assert list(wrong(left)) == [workflow]


@given(end=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001 - made aware below
def test_a_callback_as_it_is_planned_is_one_whenever_the_demo_is_run(end: datetime) -> None:
    ended = end.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE))
    due_ms = WorkingHours().business_days_after(round(ended.timestamp() * 1000), CALLBACK_DAYS, ended.tzinfo or UTC)
    assert is_callback(ended, datetime.fromtimestamp(due_ms / 1000, ended.tzinfo))


def test_a_note_without_the_agents_remarks_is_a_fault() -> None:
    left = as_it_should_be()
    (note,) = left.contacts[BUYER.phone]["notes"]
    note["body"] = note["body"].replace(str(SHIFT[4].remarks), "")
    assert faults(SHIFT, list(left.contacts.values()), WORKFLOW) == [
        "call-4: the note does not have the agent's remarks"
    ]


def test_a_call_that_is_not_on_the_timeline_is_a_fault() -> None:
    left = as_it_should_be()
    left.contacts[TALKER.phone]["notes"].clear()
    assert "call-1: 0 notes" in faults(SHIFT, list(left.contacts.values()), WORKFLOW)


def test_a_call_that_is_there_twice_is_a_fault() -> None:
    left = as_it_should_be()
    left.contacts[TALKER.phone]["notes"] *= 2
    assert "call-1: 2 notes" in faults(SHIFT, list(left.contacts.values()), WORKFLOW)
