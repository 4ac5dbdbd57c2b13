"""Pipelines and the opportunities in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.exchange import Refusal, other_location
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.sandbox.bodies import OpportunityCreate, OpportunityStatus, OpportunityUpdate
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Location, Record


def make_pipeline(location: Location, pipeline_id: str, name: str, stages: Iterable[tuple[str, str]]) -> Record:
    """A pipeline with stages (id and name, in their order)."""
    pipeline: Record = {
        "id": pipeline_id,
        "name": name or pipeline_id,
        "stages": [{"id": key, "name": title, "position": at} for at, (key, title) in enumerate(stages)],
        "showInFunnel": True,
        "showInPieChart": True,
        "locationId": location.id,
    }
    location.pipelines[pipeline_id] = pipeline
    return pipeline


def list_pipelines(ask: Ask[None]) -> Answer:
    """GET /opportunities/pipelines."""
    ask.required("locationId")
    return 200, {"pipelines": list(ask.location.pipelines.values())}


def search(ask: Ask[None]) -> Answer:
    """GET /opportunities/search: parameters with underscores; its index is `search_lag_ms` old."""
    if ask.required("location_id") != ask.location.id:
        raise other_location()
    indexed = iso(ask.sandbox.clock_ms() - ask.sandbox.search_lag_ms) or ""
    rows = [one for one in ask.location.opportunities.values() if one["createdAt"] <= indexed and _wanted(ask, one)]
    limit, page = ask.number("limit", 20), ask.number("page", 1)
    start = (page - 1) * limit
    meta = {"total": len(rows), "currentPage": page, "nextPage": page + 1 if start + limit < len(rows) else None}
    return 200, {"opportunities": [_shown(ask.location, one) for one in rows[start : start + limit]], "meta": meta}


def create(ask: Ask[OpportunityCreate]) -> Answer:
    """POST /opportunities/: without a stage it starts in the pipeline's first."""
    contact, body, now = ask.contact(ask.body.contact_id), ask.body, ask.sandbox.now()
    stage = _stage(ask.location, body.pipeline_id, body.pipeline_stage_id)
    opportunity: Record = {
        "id": ask.sandbox.new_id(),
        "locationId": ask.location.id,
        "contactId": contact.id,
        "createdAt": now,
        **body.model_dump(by_alias=True, exclude_none=True),
        "pipelineStageId": stage,
        **dict.fromkeys(("updatedAt", "lastStageChangeAt", "lastStatusChangeAt"), now),
    }
    ask.location.opportunities[opportunity["id"]] = opportunity
    return 201, {"opportunity": _shown(ask.location, opportunity)}


def read(ask: Ask[None]) -> Answer:
    """GET /opportunities/{id}."""
    return 200, {"opportunity": _shown(ask.location, _one(ask))}


def update(ask: Ask[OpportunityUpdate]) -> Answer:
    """PUT /opportunities/{id}: the stage must be one of the pipeline's."""
    found, body = _one(ask), ask.body
    changes = body.model_dump(by_alias=True, exclude_none=True)
    if body.pipeline_id is not None or body.pipeline_stage_id is not None:
        changes["pipelineStageId"] = _stage(
            ask.location, body.pipeline_id or found["pipelineId"], body.pipeline_stage_id
        )
    _change(ask, found, changes)
    return 200, {"opportunity": _shown(ask.location, found)}


def update_status(ask: Ask[OpportunityStatus]) -> Answer:
    """PUT /opportunities/{id}/status."""
    _change(ask, _one(ask), {"status": ask.body.status})
    return 200, ask.success()


def _change(ask: Ask[OpportunityUpdate] | Ask[OpportunityStatus], found: Record, changes: Record) -> None:
    now = ask.sandbox.now()
    if changes.get("status", found["status"]) != found["status"]:
        found["lastStatusChangeAt"] = now
    if changes.get("pipelineStageId", found["pipelineStageId"]) != found["pipelineStageId"]:
        found["lastStageChangeAt"] = now
    found |= changes | {"updatedAt": now}


def _stage(location: Location, pipeline_id: str, stage_id: str | None) -> str:
    if pipeline_id not in location.pipelines:
        raise Refusal(400, "The pipeline id is invalid.")
    stages = [str(stage["id"]) for stage in location.pipelines[pipeline_id]["stages"]]
    if stage_id is None:
        return stages[0]
    if stage_id not in stages:
        raise Refusal(400, "The pipeline stage id is invalid.")
    return stage_id


def _one(ask: Ask[None] | Ask[OpportunityUpdate] | Ask[OpportunityStatus]) -> Record:
    wanted = ask.path["id"]
    if wanted in ask.location.opportunities:
        return ask.location.opportunities[wanted]
    if any(wanted in location.opportunities for location in ask.sandbox.locations.values()):
        raise other_location()
    raise Refusal(400, f"Opportunity with id {wanted} not found")


def _wanted(ask: Ask[None], one: Record) -> bool:
    asked = {"contact_id": "contactId", "pipeline_id": "pipelineId", "pipeline_stage_id": "pipelineStageId"}
    status = ask.query.get("status", "all")
    return status in {"all", one["status"]} and all(
        ask.query.get(name, one[key]) == one[key] for name, key in asked.items()
    )


def _shown(location: Location, one: Record) -> Record:
    """With its contact as far as that still exists."""
    contact = location.contacts.get(one["contactId"])
    if contact is None:
        return one
    return {**one, "contact": {"id": contact.id, "name": contact.name, "phone": contact.fields.get("phone")}}
