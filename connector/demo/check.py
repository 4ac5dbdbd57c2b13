"""PURE: does the CRM hold exactly what the shift should have left there?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mappings.call import Disposition
from mappings.note import has_marker

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from connector.demo.shift import Played


def missing(played: Sequence[Played], contacts: Sequence[Mapping[str, Any]]) -> int:
    """How many calls have no note yet."""
    bodies = [note["body"] for contact in contacts for note in contact["notes"]]
    return sum(not any(has_marker(body, str(one.call.call_id)) for body in bodies) for one in played)


def faults(played: Sequence[Played], contacts: Sequence[Mapping[str, Any]], workflow: str) -> list[str]:
    """What is wrong, in words.

    Nothing is, if the CRM holds each call once, on the right contact, with its tag and enrolment, and nothing else.
    """
    by_phone = {contact["phone"]: contact for contact in contacts}
    found = [fault for one in played for fault in _call_faults(one, by_phone.get(one.person.phone))]
    notes = sum(len(contact["notes"]) for contact in contacts)
    if notes != len(played):
        found.append(f"{notes} notes for {len(played)} calls")
    asked = Counter(one.person.phone for one in played if one.disposition is Disposition.NO_ANSWER)
    for phone, contact in by_phone.items():
        enrolled = sum(e["asked"] for e in contact["enrolments"] if e["workflowId"] == workflow)
        if enrolled != asked[phone]:
            found.append(f"{phone}: enrolled {enrolled} times for {asked[phone]} unanswered calls")
    return found


def _call_faults(one: Played, contact: Mapping[str, Any] | None) -> Iterator[str]:
    call_id = str(one.call.call_id)
    if contact is None:
        yield f"{call_id}: no contact has {one.person.phone}"
        return
    notes = [note["body"] for note in contact["notes"] if has_marker(note["body"], call_id)]
    if len(notes) != 1:
        yield f"{call_id}: {len(notes)} notes"
    if notes and one.disposition.value not in notes[0]:
        yield f"{call_id}: the note does not say {one.disposition.value}"
    if notes and one.remarks is not None and one.remarks not in notes[0]:
        yield f"{call_id}: the note does not have the agent's remarks"
    tag = f"call-{one.disposition.value.lower().replace(' ', '-')}"
    if tag not in contact["tags"]:
        yield f"{call_id}: the contact has no tag {tag}"
