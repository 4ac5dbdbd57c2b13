"""Everything the sandbox holds, as one JSON document (GET /_sandbox/state)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.contacts import contact_json

if TYPE_CHECKING:
    from connector.sandbox.state import Contact, Location, Record, Sandbox


def report(sandbox: Sandbox, *, location: str | None = None, log: bool = True) -> Record:
    """Of all sub-accounts or one; `log` False leaves the request log out."""
    journal = sandbox.journal
    return {
        "now": sandbox.now(),
        "locations": [_location(one) for one in sandbox.locations.values() if location in {None, one.id}],
        "requests": {
            "total": journal.total,
            "by_verb": journal.by_verb(),
            "by_location": journal.by_location(),
        },
        "faults": [armed.fault.model_dump() | {"hits": armed.hits} for armed in sandbox.faults.armed],
        "log": journal.log() if log else [],
        "log_forgotten": journal.total - len(journal.entries),
    }


def _location(location: Location) -> Record:
    pace = location.pace
    return {
        "id": location.id,
        "name": location.name,
        "timezone": location.timezone,
        "country": location.country,
        "companyId": location.company_id,
        "settings": {"allowDuplicateContact": location.allow_duplicates},
        "workflows": list(location.workflows.values()),
        "users": location.users,
        "customFields": list(location.custom_fields.values()),
        "tags": list(location.tags),
        "pipelines": list(location.pipelines.values()),
        "opportunities": list(location.opportunities.values()),
        "triggers": list(location.triggers.values()),
        "rate": {
            "limit": pace.rate.limit,
            "window_ms": pace.rate.window_ms,
            "peak": pace.peak,
            "refused": pace.refused,
            "today": pace.today,
        },
        "contacts": [_contact(one, location) for one in location.contacts.values()],
    }


def _contact(contact: Contact, location: Location) -> Record:
    conversation = location.conversations.get(contact.id)
    return contact_json(contact, location) | {
        "notes": list(contact.notes.values()),
        "tasks": list(contact.tasks.values()),
        "enrolments": [
            {"workflowId": one.workflow_id, "active": one.active, "asked": one.asked}
            for one in contact.enrolments.values()
        ],
        "history": contact.history,
        "messages": conversation.messages if conversation else [],
    }
