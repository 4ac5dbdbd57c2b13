"""What the CRM's workflow builder sends us: triggers put into workflows, and actions that a workflow comes to.

What is not known is left out: the CRM adds fields as it likes.
"""

# No `from __future__ import annotations`: pydantic reads these annotations when the classes are made.
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints


def _text(value: Any) -> Any:
    """What may be missing comes as null or as an empty text, too."""
    return None if isinstance(value, str) and not value.strip() else value


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


TheirId: TypeAlias = Annotated[str, Field(pattern="^[A-Za-z0-9_.:-]{1,128}$")]
"""An id that the CRM gave."""
MaybeId: TypeAlias = Annotated[TheirId | None, BeforeValidator(_text)]
Words: TypeAlias = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Sent(BaseModel):
    """Base of what the CRM sends."""

    model_config = ConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True, populate_by_name=True)


class Extras(Sent):
    """Whose workflow it is, and for whom it runs."""

    location_id: Annotated[TheirId, Field(alias="locationId")]
    workflow_id: Annotated[MaybeId, Field(alias="workflowId")] = None
    contact_id: Annotated[MaybeId, Field(alias="contactId")] = None
    """Empty in a workflow that runs without a contact."""
    step_id: Annotated[MaybeId, Field(alias="stepId")] = None
    """Told, as `status_id` is, where the action pauses the workflow."""
    status_id: Annotated[MaybeId, Field(alias="statusId")] = None


class TriggerData(Sent):
    """A trigger in a workflow."""

    id: TheirId
    key: TheirId
    event: Annotated[Literal["CREATED", "UPDATED", "DELETED"], BeforeValidator(_upper), Field(alias="eventType")]
    target_url: Annotated[str, Field(alias="targetUrl", max_length=2000)] = ""
    filters: Annotated[list[dict[str, Any]], BeforeValidator(lambda value: value or []), Field(max_length=50)] = []


class TriggerCall(Sent):
    """What is posted to the subscription URL."""

    trigger: Annotated[TriggerData, Field(alias="triggerData")]
    extras: Extras


class ActionCall(Sent):
    """What is posted when a workflow comes to an action of ours."""

    data: Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})] = {}
    """What the workflow's author filled in."""
    extras: Extras


class SuppressRedial(Sent):
    """Keep the dialler from this contact for a while."""

    hours: Annotated[float, Field(gt=0, le=8760, allow_inf_nan=False)]
    """How long, from now."""


class SendToReview(Sent):
    """Put the contact's latest call on the review queue."""

    reason: Annotated[Words | None, BeforeValidator(_text)] = None
    """What the manager reads."""


class SetDisposition(Sent):
    """Say how the contact's latest call ended, as its agent would."""

    disposition: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    """One of the sub-account's dispositions, or any other word."""
    notes: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000)] | None, BeforeValidator(_text)
    ] = None
    """What was said; what the agent wrote stays where this is left out."""


INPUTS: Final[Mapping[str, type[Sent]]] = {
    "suppress_redial": SuppressRedial,
    "send_to_review": SendToReview,
    "set_disposition": SetDisposition,
}
"""By the action's key: what its author may fill in."""
