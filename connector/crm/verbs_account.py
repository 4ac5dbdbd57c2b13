"""The verbs on the sub-account itself: its facts, workflows, tags, custom fields, users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.crm import answers, wire
from connector.crm.asking import Asking
from connector.crm.errors import RefusedError

if TYPE_CHECKING:
    from connector.crm.model import CustomField, LocationInfo, User, Workflow

_MOST_USERS: Final = 10_000


class AccountVerbs(Asking):
    """What can be asked of a sub-account."""

    async def get_location(self, location: str) -> LocationInfo:
        """The sub-account's name, time zone and country."""
        return answers.location_info(await self._ask(location, wire.get_location(location)))

    async def list_workflows(self, location: str) -> list[Workflow]:
        """The sub-account's workflows, drafts included."""
        return answers.workflows(await self._ask(location, wire.list_workflows(location)))

    async def list_tags(self, location: str) -> tuple[str, ...]:
        """The tags known in the sub-account: lower case, each once."""
        return answers.location_tags(await self._ask(location, wire.list_tags(location)))

    async def list_custom_fields(self, location: str, model: str = "contact") -> list[CustomField]:
        """The sub-account's custom fields of a model: `contact`, `opportunity` or `all`."""
        return answers.custom_fields(await self._ask(location, wire.list_custom_fields(location, model)))

    async def create_custom_field(
        self, location: str, name: str, data_type: str = "TEXT", *, model: str = "contact"
    ) -> CustomField:
        """A new custom field; its type cannot be changed later."""
        request = wire.create_custom_field(location, name, data_type, model=model)
        return answers.custom_field(await self._ask(location, request))

    async def list_users(self, location: str, company_id: str | None = None) -> list[User]:
        """Who works in the sub-account, without deleted users. The CRM wants its agency's id: asked for where None.

        Raises:
            RefusedError: the CRM does not tell the agency.
        """
        company = company_id or (await self.get_location(location)).company_id
        if company is None:
            raise RefusedError("the CRM does not tell which agency the sub-account belongs to")
        found: list[User] = []
        for skip in range(0, _MOST_USERS, wire.USERS_PAGE):
            page = answers.users(await self._ask(location, wire.list_users(location, company, skip=skip)))
            found += (user for user in page if not user.deleted)
            if len(page) < wire.USERS_PAGE:
                break
        return found
