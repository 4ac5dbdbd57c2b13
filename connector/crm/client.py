"""The CRM as seen by whoever delivers: all its verbs, each for one sub-account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm import triggers
from connector.crm.verbs_account import AccountVerbs
from connector.crm.verbs_calls import CallVerbs
from connector.crm.verbs_contacts import ContactVerbs
from connector.crm.verbs_opportunities import OpportunityVerbs

if TYPE_CHECKING:
    from collections.abc import Mapping


class Crm(ContactVerbs, AccountVerbs, CallVerbs, OpportunityVerbs):
    """All verbs. They raise `CrmError`s, and what the token's keeper raises; what is tried again: asking.py."""

    async def fire_trigger(self, location: str, target_url: str, payload: Mapping[str, Any]) -> None:
        """Start the workflows that subscribed with this address; what they answer is not documented.

        Raises:
            ForeignTriggerError: the address is not one of this CRM's trigger addresses; nothing was sent.
            TriggerInactiveError: nobody listens there any more.
        """
        await self._ask(location, triggers.fire_trigger(target_url, payload, crm_url=self._crm_url))
