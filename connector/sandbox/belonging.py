"""What a contact belongs to: tags, and workflows ("sequences")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.contacts import known_tags
from connector.sandbox.exchange import Refusal
from connector.sandbox.state import Enrolment

if TYPE_CHECKING:
    from connector.sandbox.bodies import Enrol, Tags
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Contact, Record


def add_tags(ask: Ask[Tags]) -> Answer:
    """POST /contacts/{contactId}/tags: the answer has all tags it has after."""
    contact = ask.contact()
    new = known_tags(ask.sandbox, ask.location, ask.body.tags)
    contact.tags = list(dict.fromkeys([*contact.tags, *new]))
    return 201, {"tags": list(contact.tags)}


def remove_tags(ask: Ask[Tags]) -> Answer:
    """DELETE /contacts/{contactId}/tags, with a body."""
    contact = ask.contact()
    gone = {tag.strip().lower() for tag in ask.body.tags}
    contact.tags = [tag for tag in contact.tags if tag not in gone]
    return 200, {"tags": list(contact.tags)}


def enrol(ask: Ask[Enrol]) -> Answer:
    """POST /contacts/{contactId}/workflow/{workflowId}: success only means accepted.

    A draft workflow, and a re-entry while enrolled, end without a word.
    """
    contact, workflow = ask.contact(), _workflow(ask)
    enrolment = contact.enrolments.setdefault(workflow["id"], Enrolment(workflow["id"]))
    enrolment.asked += 1
    if workflow["status"] != "published":
        outcome = "ended silently: the workflow is not published"
    elif enrolment.active and not workflow.get("allowReentry"):
        outcome = "ignored: already enrolled"
    else:
        outcome, enrolment.active = "enrolled", True
    _remember(ask, contact, outcome)
    return 200, ask.success()


def unenrol(ask: Ask[Enrol]) -> Answer:
    """DELETE /contacts/{contactId}/workflow/{workflowId}."""
    contact, workflow = ask.contact(), _workflow(ask)
    enrolment = contact.enrolments.get(workflow["id"])
    outcome = "ignored: not enrolled"
    if enrolment is not None and enrolment.active:
        outcome, enrolment.active = "removed", False
    _remember(ask, contact, outcome)
    return 200, ask.success()


def _workflow(ask: Ask[Enrol]) -> Record:
    wanted = ask.path["workflowId"]
    if wanted not in ask.location.workflows:
        raise Refusal(400, f"Workflow with id {wanted} not found")
    return ask.location.workflows[wanted]


def _remember(ask: Ask[Enrol], contact: Contact, outcome: str) -> None:
    contact.history.append({"at": ask.sandbox.now(), "workflowId": ask.path["workflowId"], "outcome": outcome})
