"""What changes the contact itself: tags, workflows, custom fields, do-not-disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.actions.job import Found
from connector.crm.errors import RefusedError
from connector.crm.wire import clean_tags

if TYPE_CHECKING:
    from connector.actions.job import Job
    from mappings.plan import Action


async def add_tags(job: Job, action: Action) -> None:
    """Add the tags, in one request."""
    await job.crm.add_tags(job.location, job.contact_id, action.args["tags"])


async def remove_tags(job: Job, action: Action) -> None:
    """Take the tags off, in one request."""
    await job.crm.remove_tags(job.location, job.contact_id, action.args["tags"])


async def find_tags(job: Job, action: Action) -> Found | None:
    """By the tags that the contact has."""
    has = set((await job.crm.get_contact(job.location, job.contact_id)).tags)
    wanted = set(clean_tags(action.args["tags"]))
    done = wanted <= has if action.kind == "add_tags" else not wanted & has
    return Found(None, "found on the contact") if done else None


async def enrol(job: Job, action: Action) -> None:
    """Put the contact into the workflow."""
    await job.crm.enrol(job.location, job.contact_id, action.args["workflow"])


async def unenrol(job: Job, action: Action) -> None:
    """Take the contact out of the workflow."""
    await job.crm.unenrol(job.location, job.contact_id, action.args["workflow"])


async def set_fields(job: Job, action: Action) -> None:
    """Set the custom fields; those that the sub-account does not have are made."""
    fields = action.args["fields"]
    ids = {name: await job.catalogue.field_id(job.location, name) for name in fields}
    # Two names of one field are one field: the first to name it has it, as in the rule book.
    values = {ids[name]: fields[name] for name in reversed(fields)}
    kept = await job.crm.set_fields(job.location, job.contact_id, values)
    lost = [name for name in fields if ids[name] not in kept.fields]
    if lost:
        raise RefusedError(f"the CRM did not keep the custom field {', '.join(lost)}: is it one of contacts?")


async def set_dnd(job: Job, action: Action) -> None:
    """Switch do-not-disturb on or off for these channels."""
    await job.crm.set_dnd(job.location, job.contact_id, action.args["channels"], on=action.args["on"])
