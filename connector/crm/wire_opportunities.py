"""The requests for pipelines and opportunities. PURE. Paths and fields: the CRM's OpenAPI (opportunities)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connector.crm.wire import escaped, given, read, write

if TYPE_CHECKING:
    from connector.crm.model import Request

PAGE: Final = 100


def list_pipelines(location: str) -> Request:
    """The sub-account's pipelines with their stages."""
    return read("list_pipelines", f"/opportunities/pipelines?locationId={escaped(location)}")


def find_opportunities(location: str, contact_id: str, *, pipeline_id: str | None = None) -> Request:
    """The contact's opportunities, whatever their status; this search spells its parameters with underscores."""
    query = f"location_id={escaped(location)}&contact_id={escaped(contact_id)}&status=all&limit={PAGE}"
    if pipeline_id is not None:
        query += f"&pipeline_id={escaped(pipeline_id)}"
    return read("find_opportunities", f"/opportunities/search?{query}")


def create_opportunity(
    location: str,
    contact_id: str,
    name: str,
    *,
    pipeline_id: str,
    stage_id: str | None = None,
    status: str = "open",
    value: float | None = None,
    assigned_to: str | None = None,
) -> Request:
    """A new opportunity; without a stage it starts in the pipeline's first."""
    fields: dict[str, Any] = {
        "locationId": location,
        "contactId": contact_id,
        "name": name,
        "pipelineId": pipeline_id,
        "status": status,
    }
    more = given(pipelineStageId=stage_id, monetaryValue=value, assignedTo=assigned_to)
    return write("create_opportunity", "POST", "/opportunities/", fields | more)


def update_opportunity(
    opportunity_id: str,
    *,
    pipeline_id: str | None = None,
    stage_id: str | None = None,
    status: str | None = None,
    name: str | None = None,
    value: float | None = None,
) -> Request:
    """Change what is given: stage, status (open, won, lost, abandoned), name, value."""
    fields = given(pipelineId=pipeline_id, pipelineStageId=stage_id, status=status, name=name, monetaryValue=value)
    path = f"/opportunities/{escaped(opportunity_id)}"
    return write("update_opportunity", "PUT", path, fields, repeatable=True)
