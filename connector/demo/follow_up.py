"""PURE: did each call of the shift set off the follow-up it should, in the CRM and in the connector's own store?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from connector.demo.shift import CALLER_IDS, ZONE, Workflow
from mappings.call import Disposition
from mappings.dial import CallerIdRecord, DialPolicy, Pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from connector.demo.shift import Person, Played
    from connector.store.follow_up import DialRecord, ReviewRow, TimerRow

ATTEMPT: Final = "call-attempt-"
VOICEMAIL: Final = "voicemail-left"
OTHER_NUMBER: Final = "redial-other-caller-id"
SUPPRESSED_MS: Final = 48 * 3_600_000
"""How long nobody is to be called again after a message was left."""
CALLBACK_DAYS: Final = 2
"""Business days until somebody who did not answer is called back."""
_OFFICE: Final = range(9, 18)
_SATURDAY: Final = 5
_ZONE: Final = ZoneInfo(ZONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What the connector's store has of the sub-account."""

    histories: Mapping[str, DialRecord]
    caller_ids: Sequence[CallerIdRecord]
    reviews: Sequence[ReviewRow]
    timers: Sequence[TimerRow]


@dataclass(frozen=True, slots=True)
class Followed:
    """One workflow: how many calls were to set it off, what there is to see of it, and what is wrong."""

    workflow: Workflow
    calls: int
    seen: Sequence[str]
    faults: Sequence[str]
    besides: str | None = None
    """What did not set it off, and why."""


@dataclass(frozen=True, slots=True)
class _File:
    """One person: the calls as they were sent, the CRM's contact, what the store knows of the number."""

    person: Person
    calls: Sequence[Played]
    contact: Mapping[str, Any]
    history: DialRecord | None

    def of(self, workflow: Workflow) -> list[Played]:
        """The calls that were to set this off."""
        return [one for one in self.calls if one.workflow is workflow]

    @property
    def attempts(self) -> int:
        """Unanswered calls since somebody last talked: a message left and a call gone at once change nothing."""
        count = 0
        for one in self.calls:
            if one.workflow is Workflow.NO_ANSWER:
                count += 1
            elif one.disposition is Disposition.CONNECTED and one.workflow in {None, Workflow.REVIEW}:
                count = 0
        return count

    @property
    def tags(self) -> list[str]:
        """The contact's tags, in order."""
        return sorted(self.contact["tags"])


def followed(
    played: Sequence[Played], contacts: Sequence[Mapping[str, Any]], kept: Kept, workflow: str
) -> list[Followed]:
    """Each workflow, as found. `workflow` is the CRM's id of the one for people who did not answer."""
    files = list(_files(played, contacts, kept))
    checks: dict[Workflow, Callable[[_File], Iterable[str]]] = {
        Workflow.NO_ANSWER: lambda file: _no_answer(file, workflow),
        Workflow.REVIEW: lambda file: _review(file, kept),
        Workflow.VOICEMAIL: lambda file: _voicemail(file, kept),
        Workflow.FAST_DIAL: _fast_dial,
    }
    found = []
    for one, check in checks.items():
        faults = [f"{file.person.phone}: {fault}" for file in files for fault in check(file)]
        if one is Workflow.FAST_DIAL:
            faults += _caller_ids(played, kept)
        seen = [_seen(one, file, kept) for file in files if file.of(one)]
        besides = _wrapped_up(played) if one is Workflow.REVIEW else None
        found.append(Followed(one, sum(len(file.of(one)) for file in files), seen, faults, besides))
    return found


def _wrapped_up(played: Sequence[Played]) -> str | None:
    count = sum(one.remarks is not None for one in played)
    return f"(not the {count} that their agent wrapped up)" if count else None


def _files(played: Sequence[Played], contacts: Sequence[Mapping[str, Any]], kept: Kept) -> Iterator[_File]:
    by_phone = {contact["phone"]: contact for contact in contacts}
    for person in dict.fromkeys(one.person for one in played):
        calls = [one for one in played if one.person is person]
        if person.phone in by_phone:  # who is missing is missing on the timeline, too: check.py says so
            yield _File(person, calls, by_phone[person.phone], kept.histories.get(person.phone))


def _no_answer(file: _File, workflow: str) -> Iterator[str]:
    wanted = [f"{ATTEMPT}{file.attempts}"] if file.attempts else []
    tags = [tag for tag in file.tags if tag.startswith(ATTEMPT)]
    if tags != wanted:
        yield f"tagged {tags} after {file.attempts} unanswered calls"
    counted = 0 if file.history is None else file.history.attempts
    if counted != file.attempts:
        yield f"{counted} attempts counted of {file.attempts}"
    enrolled = any(one["active"] for one in file.contact["enrolments"] if one["workflowId"] == workflow)
    if enrolled != bool(file.attempts):
        yield "is in the text sequence after talking" if enrolled else "is not in the text sequence"
    calls, dues = file.of(Workflow.NO_ANSWER), _callbacks(file)
    if len(dues) != len(calls):
        yield f"{len(dues)} callbacks for {len(calls)} unanswered calls"
    for one, due in zip(calls, dues, strict=False):
        if not is_callback(_local(one.call.end_ms or 0), due):
            yield f"the callback for {one.call.call_id} is due {due:%a %d %b %H:%M}"


def _callbacks(file: _File) -> list[datetime]:
    """When the open callbacks are due, in the sub-account's time."""
    due = (datetime.fromisoformat(task["dueDate"]) for task in file.contact["tasks"] if not task["completed"])
    return sorted(at.astimezone(_ZONE) for at in due)


def is_callback(ended: datetime, due: datetime) -> bool:
    """Whether that is so many business days after, and an hour at which one may call."""
    days = (ended.date() + timedelta(days=number) for number in range(1, (due.date() - ended.date()).days + 1))
    return (
        sum(day.weekday() < _SATURDAY for day in days) == CALLBACK_DAYS
        and due.weekday() < _SATURDAY
        and due.hour in _OFFICE
    )


def _review(file: _File, kept: Kept) -> Iterator[str]:
    wanted = {one.call.call_id for one in file.of(Workflow.REVIEW)}
    known = {one.call.call_id for one in file.calls}
    queued = {row.call_id: row for row in kept.reviews if row.call_id in known}
    for missing in sorted(map(str, wanted - queued.keys())):
        yield f"{missing} is not in the review queue"
    for call_id, row in queued.items():
        if call_id not in wanted:
            yield f"{call_id} is in the review queue"
        elif row.contact_id != file.contact["id"]:
            yield f"{call_id} is in the review queue for another contact"


def _voicemail(file: _File, kept: Kept) -> Iterator[str]:
    ends = {one.call.call_id: (one.call.end_ms or 0) + SUPPRESSED_MS for one in file.of(Workflow.VOICEMAIL)}
    if (VOICEMAIL in file.tags) != bool(ends):
        yield f"the tag {VOICEMAIL} is {'missing' if ends else 'there'}"
    until = None if file.history is None else file.history.suppressed_until_ms
    if (until or 0) != max(ends.values(), default=0):
        yield f"may be called again from {_at(until)}"
    calls = {one.call.call_id for one in file.calls}
    timers = {row.call_id: row.due_ms for row in kept.timers if row.call_id in calls}
    if timers != ends:
        yield f"{len(timers)} timers take the tag away, for {len(ends)} messages left, or at another time"


def _fast_dial(file: _File) -> Iterator[str]:
    burnt = {one.call.from_ for one in file.of(Workflow.FAST_DIAL)}
    if (OTHER_NUMBER in file.tags) != bool(burnt):
        yield f"the tag {OTHER_NUMBER} is {'missing' if burnt else 'there'}"
    avoided = set() if file.history is None else set(file.history.avoid)
    if avoided != burnt:
        yield f"caller IDs to avoid: {sorted(avoided)}"


def _caller_ids(played: Sequence[Played], kept: Kept) -> Iterator[str]:
    """The record of each number that was shown."""
    records = {one.number: (one.calls, one.answered, one.fast_drops) for one in kept.caller_ids}
    for number in dict.fromkeys(str(one.call.from_) for one in played):
        calls = [one for one in played if one.call.from_ == number]
        drops = sum(one.workflow is Workflow.FAST_DIAL for one in calls)
        sent = (len(calls), sum(bool(one.call.answered) for one in calls), drops)
        if records.get(number) != sent:
            yield f"{number}: calls, answers and fast drops were {sent}, recorded are {records.get(number)}"


def _seen(workflow: Workflow, file: _File, kept: Kept) -> str:
    """What there is to see of it with this person, in a line for people."""
    return f"{file.person.name or 'New contact'} {file.person.phone}: {_SEEN[workflow](file, kept)}"


def _seen_no_answer(file: _File, _kept: Kept) -> str:
    tags = [tag for tag in file.tags if tag.startswith(ATTEMPT)]
    active = any(one["active"] for one in file.contact["enrolments"])
    sequence = "in the text sequence" if active else "talked since, out of the text sequence"
    dues = [f"{due:%a %d %b %H:%M}" for due in _callbacks(file)]
    return ", ".join([*tags, sequence, f"callback {' and '.join(dues) or 'none'}"])


def _seen_review(file: _File, kept: Kept) -> str:
    calls = {one.call.call_id for one in file.calls}
    rows = [row for row in kept.reviews if row.call_id in calls]
    return "; ".join(f"{row.state} since {_at(row.put_ms)}, talked {row.talk_s:.0f} s" for row in rows if row.talk_s)


def _seen_voicemail(file: _File, _kept: Kept) -> str:
    tags = [tag for tag in file.tags if tag == VOICEMAIL]
    until = None if file.history is None else file.history.suppressed_until_ms
    return ", ".join([*tags, f"no call before {_at(until)}"])


def _seen_fast_dial(file: _File, kept: Kept) -> str:
    tags = [tag for tag in file.tags if tag == OTHER_NUMBER]
    avoid = () if file.history is None else file.history.avoid
    used = {one.number: one for one in kept.caller_ids}
    pool = Pool([used.get(number, CallerIdRecord(number)) for number in CALLER_IDS], DialPolicy())
    choice = pool.choose(file.person.phone, avoid)
    return ", ".join([*tags, f"not from {' or '.join(avoid)}", f"next from {choice.number if choice else 'nowhere'}"])


_SEEN: Final[Mapping[Workflow, Callable[[_File, Kept], str]]] = {
    Workflow.NO_ANSWER: _seen_no_answer,
    Workflow.REVIEW: _seen_review,
    Workflow.VOICEMAIL: _seen_voicemail,
    Workflow.FAST_DIAL: _seen_fast_dial,
}


def _local(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, _ZONE)


def _at(at_ms: int | None) -> str:
    return "any time" if not at_ms else f"{_local(at_ms):%a %d %b %H:%M}"
