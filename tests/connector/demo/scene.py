"""A shift of one call for each workflow, and what it should leave behind, written down by hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from connector.demo.follow_up import Kept
from connector.demo.shift import CALLER_ID, ENDINGS, PEOPLE, Ending, Played, Workflow
from connector.store.follow_up import CallerIdRecord, DialRecord, ReviewRow, ReviewState, TimerRow
from mappings.call import Call

MONDAY = int(datetime(2026, 11, 23, 18, 0, tzinfo=UTC).timestamp() * 1000)
"""Noon in Chicago, where the sub-account is."""
WEDNESDAY = "2026-11-25T18:00:00.000Z"
TWO_DAYS_MS = 48 * 3_600_000
WORKFLOW = "no-answer-sms"
SILENT, TALKER, ABSENT, SCREENED, BUYER = PEOPLE[:5]


def _ending(workflow: Workflow | None, *, remarks: bool = False) -> Ending:
    return next(one for one in ENDINGS if one.workflow is workflow and (one.remarks is not None) == remarks)


def _played(number: int, ending: Ending) -> Played:
    person, answered = PEOPLE[number], ending.talk_s > 0
    call = Call(
        trunk="generic",
        call_id=f"call-{number}",
        direction="outbound",
        from_=CALLER_ID,
        to=person.phone,
        end_ms=MONDAY,
        talk_ms=ending.talk_s * 1000,
        answered=answered,
        q850=ending.q850,
    )
    return Played(call, "generic", person, ending.disposition, 1, ending.workflow, ending.remarks)


SHIFT = [
    _played(number, ending)
    for number, ending in enumerate(
        (
            _ending(Workflow.NO_ANSWER),
            _ending(Workflow.REVIEW),
            _ending(Workflow.VOICEMAIL),
            _ending(Workflow.FAST_DIAL),
            _ending(None, remarks=True),
        )
    )
]


@dataclass
class Left:
    """What is there afterwards: the CRM's contacts by number, and the store's rows. A test spoils some of it."""

    contacts: dict[str, dict[str, Any]]
    histories: dict[str, DialRecord]
    caller_ids: list[CallerIdRecord] = field(default_factory=lambda: [CallerIdRecord(CALLER_ID, 5, 4, 1, MONDAY)])
    reviews: list[ReviewRow] = field(default_factory=list)
    timers: list[TimerRow] = field(default_factory=list)

    @property
    def kept(self) -> Kept:
        return Kept(histories=self.histories, caller_ids=self.caller_ids, reviews=self.reviews, timers=self.timers)

    def change(self, phone: str, **facts: Any) -> None:
        """Other facts in the history of that number."""
        self.histories[phone] = replace(self.histories[phone], **facts)


def as_it_should_be() -> Left:
    """All of it."""
    contacts = {one.person.phone: _contact(one) for one in SHIFT}
    contacts[SILENT.phone]["tags"] += ["call-attempt-1"]
    contacts[SILENT.phone]["enrolments"] = [{"workflowId": WORKFLOW, "active": True, "asked": 1}]
    contacts[SILENT.phone]["tasks"] = [{"title": "Call back", "dueDate": WEDNESDAY, "completed": False}]
    contacts[ABSENT.phone]["tags"] += ["voicemail-left"]
    contacts[SCREENED.phone]["tags"] += ["redial-other-caller-id"]
    left = Left(contacts, {one.person.phone: DialRecord(number=one.person.phone) for one in SHIFT})
    left.change(SILENT.phone, attempts=1, attempt_tag="call-attempt-1")
    left.change(ABSENT.phone, suppressed_until_ms=MONDAY + TWO_DAYS_MS, suppressed_why="voicemail left")
    left.change(SCREENED.phone, avoid=(CALLER_ID,))
    left.reviews.append(review("call-1", contacts[TALKER.phone]["id"]))
    left.timers.append(timer("call-2", MONDAY + TWO_DAYS_MS))
    return left


def _contact(one: Played) -> dict[str, Any]:
    lines = [f"Outbound call · {one.disposition.value}", one.remarks, f"Call ID: {one.call.call_id}"]
    return {
        "id": f"contact of {one.call.call_id}",
        "name": one.person.name,
        "phone": one.person.phone,
        "tags": [f"call-{one.disposition.value.lower().replace(' ', '-')}"],
        "notes": [{"body": "\n".join(filter(None, lines))}],
        "enrolments": [],
        "tasks": [],
    }


def review(call_id: str, contact_id: str) -> ReviewRow:
    """An open entry of the queue."""
    return ReviewRow(
        id=1,
        location="LOC",
        call_id=call_id,
        lane="lane",
        reason="nobody wrapped it up",
        contact_id=contact_id,
        agent=None,
        talk_s=125.0,
        ended_ms=MONDAY,
        put_ms=MONDAY,
        state=ReviewState.OPEN,
        version=1,
        by=None,
        changed_ms=None,
        why=None,
    )


def timer(call_id: str, due_ms: int) -> TimerRow:
    """A pending timer that takes the suppression's tag away."""
    return TimerRow(
        id=1,
        location="LOC",
        call_id=call_id,
        key="remove_tags:suppression",
        trunk="generic",
        lane="lane",
        due_ms=due_ms,
        document=b"{}",
    )
