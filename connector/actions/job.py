"""What doing an action needs besides the action."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from connector.crm.errors import RefusedError
from mappings.note import marker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from connector.crm.catalogue import Catalogue
    from connector.crm.client import Crm
    from connector.location_config import LocationConfig
    from connector.locations import Location
    from mappings.call import Call
    from mappings.plan import Action, Plan


class Notifier(Protocol):
    """Whoever posts signed webhooks to addresses that rule books name (connector/notify.py)."""

    async def send(self, location: str, url: str, body: Mapping[str, Any], *, message_id: str) -> None:
        """Post it, signed; the receiver tells repeats by `message_id`.

        Raises:
            CrmError: as for the CRM: NotSentError, InDoubtError, RefusedError.
        """


class Triggers(Protocol):
    """The workflows of the CRM's own builder that wait for calls (connector/workflow/subscriptions.py)."""

    async def added(self, plan: Plan, location: Location, call: Call, *, contact_id: str, attempts: int) -> Plan:
        """The plan of a call's first writing, and an action of kind `trigger` for each workflow that it starts.

        Args:
            plan: what the rule book wants.
            location: the sub-account.
            call: with all that is known of it by now.
            contact_id: the contact.
            attempts: its unanswered attempts before this call.

        Raises:
            StoreError: it cannot be read who waits.
        """

    async def drop(self, location: str, subscription: str) -> None:
        """Forget one that nobody listens to any more."""


class NoTriggers:
    """No workflow waits for anything."""

    async def added(self, plan: Plan, _location: Location, _call: Call, *, contact_id: str, attempts: int) -> Plan:  # noqa: ARG002 - as `Triggers.added`
        """The plan as it is."""
        return plan

    async def drop(self, location: str, subscription: str) -> None:
        """There is none."""


class MootError(Exception):
    """What the action was for is not there any more: it counts as done, for this reason."""


class NoNotifier:
    """The notifier of an installation that posts nothing anywhere."""

    async def send(self, location: str, url: str, body: Mapping[str, Any], *, message_id: str) -> None:  # noqa: ARG002 - as `Notifier.send`
        """Refuse."""
        raise RefusedError("this installation sends no notifications")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One call and one contact of a sub-account."""

    crm: Crm
    catalogue: Catalogue
    notifier: Notifier
    triggers: Triggers
    location: str
    config: LocationConfig
    contact_id: str
    call: Call

    @property
    def call_id(self) -> str:
        """The trunk's id of the call."""
        return self.call.call_id or ""

    def mark(self, action: Action) -> str:
        """A line by which what this action wrote is found again: several of one kind tell apart by their key."""
        return f"{marker(self.call_id)} ({action.key})"


@dataclass(frozen=True, slots=True)
class Found:
    """The CRM shows what an action in doubt was to do: its id there, and how it was known."""

    crm_id: str | None
    how: str
