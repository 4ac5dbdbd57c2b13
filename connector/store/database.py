"""All that one database keeps: the store of events and deliveries, and beside it a part for each other subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from connector.store import Store

if TYPE_CHECKING:
    from connector.store.access import Access
    from connector.store.calls import Calls
    from connector.store.follow_up import FollowUp
    from connector.store.grants import Grants
    from connector.store.history import History
    from connector.store.inbox import Inbox
    from connector.store.once import Once
    from connector.store.sealed import Sealed
    from connector.store.triggers import Triggers


class Database(Store, Protocol):
    """One engine's whole (sqlite.py)."""

    @property
    def once(self) -> Once:
        """Keys that count once."""

    @property
    def grants(self) -> Grants:
        """What the CRM gave when somebody installed us."""

    @property
    def sealed(self) -> Sealed:
        """All that is sealed, for another key."""

    @property
    def history(self) -> History:
        """Configurations with their versions; agencies' defaults."""

    @property
    def access(self) -> Access:
        """Keys to the API."""

    @property
    def calls(self) -> Calls:
        """Calls as wholes."""

    @property
    def follow_up(self) -> FollowUp:
        """What follows a call: timers, dialling histories, the review queue."""

    @property
    def triggers(self) -> Triggers:
        """What people's workflows in the CRM ask of us."""

    @property
    def inbox(self) -> Inbox:
        """The CRM's events."""
