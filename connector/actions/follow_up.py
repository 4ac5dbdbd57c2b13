"""What people are to do next: tasks, opportunities, and whoever else is told."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from connector.actions.job import Found
from connector.own import again_key
from mappings.note import marker

if TYPE_CHECKING:
    from connector.actions.job import Job
    from mappings.plan import Action


async def create_task(job: Job, action: Action) -> str:
    """Make the task, due when the plan says; its body's last line is the mark it is found again by."""
    # The plan's own last line names the call only; ours tells its tasks apart.
    body = action.args.get("body", "").removesuffix(marker(job.call_id)).rstrip()
    return await job.crm.create_task(
        job.location,
        job.contact_id,
        action.args["title"],
        due_ms=action.due or 0,
        body="\n".join(filter(None, (body, job.mark(action)))),
        assigned_to=action.args.get("assigned_to"),
    )


async def find_task(job: Job, action: Action) -> Found | None:
    """By the mark in its body."""
    task = await job.crm.find_task(job.location, job.contact_id, job.mark(action))
    return None if task is None else Found(task.id, "found by its marker")


async def move_opportunity(job: Job, action: Action) -> str:
    """Move the contact's opportunity in this pipeline to the stage; make one where there is none open."""
    args = action.args
    pipeline, stage = await job.catalogue.stage(job.location, args["pipeline"], args["stage"])
    there = await job.crm.find_opportunities(job.location, job.contact_id, pipeline_id=pipeline)
    found = next((one for one in there if one.status == "open"), None)
    if found is not None:
        moved = await job.crm.update_opportunity(job.location, found.id, pipeline_id=pipeline, stage_id=stage)
        return moved.id
    name = args.get("name") or f"Call {job.call_id}"
    made = await job.crm.create_opportunity(
        job.location, job.contact_id, name, pipeline_id=pipeline, stage_id=stage, value=args.get("value")
    )
    return made.id


async def notify(job: Job, action: Action) -> None:
    """Post the signed webhook; its id is the same each time, so the receiver knows a repeat.

    The id goes into a header and is signed between full stops: no word of others', such as a rule's name, may stand
    in it.
    """
    told = "\n".join((job.location, job.call_id, again_key(action.key)))
    message_id = f"msg_{blake2b(told.encode(), digest_size=16).hexdigest()}"
    await job.notifier.send(job.location, action.args["url"], action.args["body"], message_id=message_id)
