"""Starting the workflows of the CRM's own builder that wait for calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.actions.job import MootError
from connector.crm.errors import TriggerInactiveError
from connector.workflow.firing import subscription_of

if TYPE_CHECKING:
    from connector.actions.job import Job
    from mappings.plan import Action


async def fire(job: Job, action: Action) -> None:
    """Tell the workflow of the call; the contact is the one on which the call is written, whoever was planned for."""
    told = {**action.args["payload"], "contactId": job.contact_id or None}
    try:
        await job.crm.fire_trigger(job.location, action.args["url"], told)
    except TriggerInactiveError as error:
        await job.triggers.drop(job.location, subscription_of(action.key))
        raise MootError("the workflow was switched off, or the trigger taken out of it: it is forgotten") from error
