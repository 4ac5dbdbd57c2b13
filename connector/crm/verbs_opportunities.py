"""The verbs on pipelines and opportunities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.crm import answers_opportunities as answers
from connector.crm import wire_opportunities as wire
from connector.crm.asking import Asking

if TYPE_CHECKING:
    from connector.crm.model import Opportunity, Pipeline


class OpportunityVerbs(Asking):
    """What can be done with a contact's opportunities."""

    async def list_pipelines(self, location: str) -> list[Pipeline]:
        """The sub-account's pipelines with their stages."""
        return answers.pipelines(await self._ask(location, wire.list_pipelines(location)))

    async def find_opportunities(
        self, location: str, contact_id: str, *, pipeline_id: str | None = None
    ) -> list[Opportunity]:
        """The contact's opportunities, whatever their status: a hundred at most. The CRM's index may lag behind."""
        request = wire.find_opportunities(location, contact_id, pipeline_id=pipeline_id)
        return answers.opportunities_of(await self._ask(location, request), contact_id)

    async def create_opportunity(
        self,
        location: str,
        contact_id: str,
        name: str,
        *,
        pipeline_id: str,
        stage_id: str | None = None,
        status: str = "open",
        value: float | None = None,
        assigned_to: str | None = None,
    ) -> Opportunity:
        """A new opportunity; without a stage it starts in the pipeline's first."""
        request = wire.create_opportunity(
            location,
            contact_id,
            name,
            pipeline_id=pipeline_id,
            stage_id=stage_id,
            status=status,
            value=value,
            assigned_to=assigned_to,
        )
        return answers.opportunity(await self._ask(location, request))

    async def update_opportunity(
        self,
        location: str,
        opportunity_id: str,
        *,
        pipeline_id: str | None = None,
        stage_id: str | None = None,
        status: str | None = None,
        name: str | None = None,
        value: float | None = None,
    ) -> Opportunity:
        """Change what is given: stage, status (open, won, lost, abandoned), name, value; as it is afterwards."""
        request = wire.update_opportunity(
            opportunity_id, pipeline_id=pipeline_id, stage_id=stage_id, status=status, name=name, value=value
        )
        return answers.opportunity(await self._ask(location, request))
