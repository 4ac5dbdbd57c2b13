"""A call on the contact's timeline: as a note, as a call record of the conversation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.actions.job import Found, MootError
from connector.crm.errors import RefusedError
from connector.crm.model import CallRecord
from mappings.note import has_marker

if TYPE_CHECKING:
    from connector.actions.job import Job
    from mappings.plan import Action


async def add_note(job: Job, action: Action) -> str:
    """Write the note."""
    return await job.crm.add_note(job.location, job.contact_id, action.args["body"])


async def find_note(job: Job, _action: Action) -> Found | None:
    """By the marker in its last line."""
    notes = await job.crm.list_notes(job.location, job.contact_id)
    found = next((note.id for note in notes if has_marker(note.body, job.call_id)), None)
    return None if found is None else Found(found, "found by its marker")


async def update_note(job: Job, action: Action) -> str:
    """Replace the text of the call's note; one without an id is looked for, and written where it is new.

    Raises:
        MootError: there is none, and it is not for a correction to write it: the call's end does when it is replayed.
    """
    note = action.args["note"]
    if note is None:
        found = await find_note(job, action)
        note = None if found is None else found.crm_id
    if note is not None:
        return await job.crm.update_note(job.location, job.contact_id, note, action.args["body"])
    if action.args["new"]:
        return await add_note(job, action)
    raise MootError("there is no note of this call yet")


async def add_record(job: Job, action: Action) -> str:
    """Write the call record, with the recording where there is one."""
    conversation = await job.catalogue.conversation(job.location, job.contact_id)
    record = _record(job, action)
    made = await job.crm.add_call(job.location, record, contact_id=job.contact_id, conversation_id=conversation)
    return made.message_id


async def find_record(job: Job, action: Action) -> Found | None:
    """Among the calls of the contact's conversation."""
    conversation = await job.crm.find_conversation(job.location, job.contact_id)
    if conversation is None:
        return None
    found = await job.crm.find_call(job.location, conversation, _record(job, action))
    return None if found is None else Found(found, "found in the conversation")


async def attach(job: Job, action: Action) -> None:
    """Put the recording that came later to the call record."""
    await job.crm.set_attachments(job.location, action.args["message"], action.args["urls"])


def _record(job: Job, action: Action) -> CallRecord:
    args = action.args
    if job.config.provider_id is None:
        raise RefusedError("call records need the conversation provider's id: set provider_id for this sub-account")
    return CallRecord(
        direction=args["direction"],
        from_number=args["from"],
        to_number=args["to"],
        status=args["status"],
        date=args["date"],
        alt_id=job.call_id,
        provider_id=job.config.provider_id,
        attachments=() if job.call.recording_url is None else (job.call.recording_url,),
    )
