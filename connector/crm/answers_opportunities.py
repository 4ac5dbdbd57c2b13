"""Successful answers about pipelines and opportunities as values. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm.model import Opportunity, Pipeline, Stage
from connector.crm.reading import id_of, inner, items, objects, part, text

if TYPE_CHECKING:
    from connector.crm.model import Response


def pipelines(response: Response) -> list[Pipeline]:
    """The sub-account's pipelines with their stages."""
    return [
        Pipeline(
            id_of(response, item),
            text(item, "name"),
            tuple(Stage(id_of(response, stage), text(stage, "name")) for stage in objects(response, item, "stages")),
        )
        for item in items(response, "pipelines")
    ]


def opportunities_of(response: Response, contact_id: str) -> list[Opportunity]:
    """The contact's opportunities. Those of others are left out: moving a stranger's deal would be worse than none."""
    found = (_opportunity(response, item) for item in items(response, "opportunities"))
    return [one for one in found if one.contact_id == contact_id]


def opportunity(response: Response) -> Opportunity:
    """The opportunity the answer holds."""
    return _opportunity(response, inner(response, "opportunity"))


def _opportunity(response: Response, fields: dict[str, Any]) -> Opportunity:
    name, pipeline, stage = (text(fields, key) for key in ("name", "pipelineId", "pipelineStageId"))
    contact_id = text(fields, "contactId") or text(part(fields, "contact"), "id")
    return Opportunity(id_of(response, fields), name, pipeline, stage, text(fields, "status"), contact_id)
