"""Brings one action of a plan to the CRM, once: does it, or finds out whether it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.actions.job import MootError
from connector.actions.ways import UNASKABLE, WAYS
from connector.crm.errors import ContactGoneError, InDoubtError, RefusedError
from connector.store import ActionResult, Applied

if TYPE_CHECKING:
    from connector.actions.job import Job
    from connector.actions.ways import Way
    from mappings.plan import Action


async def apply(job: Job, action: Action, *, in_doubt: bool) -> ActionResult:
    """The action's ledger line. `in_doubt` says that an earlier try may have done it: then it is looked for first.

    Raises:
        CrmError: nothing, or nothing certain, became of it. A RefusedError only where looking was refused, which
            tells nothing of the action; that of a write is an answer, and a ledger line.
    """
    if action.unusable is not None:
        return _refused(action, action.unusable)
    way = WAYS.get(action.kind)
    if way is None:
        return _refused(action, f"this version cannot do {action.kind!r}; update Ringback or change the rule book")
    if in_doubt:
        settled = await _look(job, action, way)
        if settled is not None:
            return settled
    try:
        crm_id = await way.do(job, action)
    except MootError as moot:
        return ActionResult(action.key, Applied.APPLIED, reason=str(moot))
    except ContactGoneError:
        raise  # no answer about this action: the contact has to be found again
    except RefusedError as error:
        return _refused(action, f"{error}{_named(job, action)}")
    again = in_doubt and action.kind in UNASKABLE
    return ActionResult(action.key, Applied.APPLIED, crm_id, _AGAIN if again else None)


async def _look(job: Job, action: Action, way: Way) -> ActionResult | None:
    """What is known of an action in doubt; None: it is not there, or may be done again, so do it."""
    if action.kind in UNASKABLE:
        return _refused(action, _HELD) if job.config.when_in_doubt == "hold" else None
    found = None if way.find is None else await way.find(job, action)
    return None if found is None else ActionResult(action.key, Applied.APPLIED, found.crm_id, found.how)


def _named(job: Job, action: Action) -> str:
    """What people call that which may be gone from the CRM: the workflow, the user."""
    if action.kind in {"enrol", "unenrol"}:
        name, workflow = action.key.partition(":")[2], action.args["workflow"]
        return f" (the workflow {name!r}, id {workflow}: was it deleted?)"
    user = action.args.get("assigned_to")
    if user is None:
        return ""
    names = [name for name, known in job.config.agents.items() if known == user]
    return f" (assigned to {', '.join([*names, f'the user {user}'])}: was it deleted?)"


def _refused(action: Action, reason: str) -> ActionResult:
    return ActionResult(action.key, Applied.REFUSED, reason=reason)


_AGAIN = "it was in doubt and the CRM cannot tell, so it was done again (when_in_doubt = repeat)"
_HELD = (
    "it may have been done already and the CRM cannot tell; held because this sub-account's when_in_doubt is 'hold': "
    "look at the contact, then replay or leave it"
)


def doubtful(error: Exception, action: Action) -> ActionResult | None:
    """The ledger line of an action whose try ended in that error: in doubt, if it may have been done."""
    if isinstance(error, InDoubtError):
        return ActionResult(action.key, Applied.IN_DOUBT, reason=str(error))
    return None
