"""Brings one action of a plan to the CRM, once: does it, or finds out whether it was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from connector.crm.errors import ContactGoneError, InDoubtError, RefusedError
from connector.crm.wire import clean_tags
from connector.store import ActionResult, Applied
from mappings.note import has_marker

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.model import Contact, Note
    from connector.locations import LocationConfig
    from mappings.plan import Action

TAGS = frozenset({"add_tags", "remove_tags"})
"""Actions that are as good twice as once: nothing has to be written down before the step behind them."""

ENROLMENTS = frozenset({"enrol", "unenrol"})
"""Actions that the CRM cannot be asked about."""


class Writes(Protocol):
    """The CRM's verbs an action can need (connector/crm/client.py)."""

    async def add_note(self, location: str, contact_id: str, body: str) -> str:
        """Write a note; its id."""

    async def update_note(self, location: str, contact_id: str, note_id: str, body: str) -> str:
        """Replace a note's text; its id."""

    async def list_notes(self, location: str, contact_id: str) -> Sequence[Note]:
        """Read the contact's notes back."""

    async def get_contact(self, location: str, contact_id: str) -> Contact:
        """Read the contact back, with its tags."""

    async def add_tags(self, location: str, contact_id: str, tags: Sequence[str]) -> object:
        """Add tags."""

    async def remove_tags(self, location: str, contact_id: str, tags: Sequence[str]) -> object:
        """Remove tags."""

    async def enrol(self, location: str, contact_id: str, workflow_id: str) -> object:
        """Enrol in a workflow."""

    async def unenrol(self, location: str, contact_id: str, workflow_id: str) -> object:
        """Take out of a workflow."""


class Applier:
    """Applies the actions of one call to one contact."""

    def __init__(self, crm: Writes, location: str, config: LocationConfig, contact_id: str, call_id: str) -> None:
        self._crm = crm
        self._location = location
        self._config = config
        self._contact = contact_id
        self._call_id = call_id

    async def apply(self, action: Action, *, in_doubt: bool) -> ActionResult:
        """The action's ledger line. `in_doubt` says that an earlier try may have done it: then it is read back first.

        Raises:
            CrmError: nothing, or nothing certain, became of it. A RefusedError only where reading back was refused,
                which tells nothing of the action; that of a write is an answer, and a ledger line.
        """
        if in_doubt:
            settled = await self._read_back(action)
            if settled is not None:
                return settled
        try:
            again = in_doubt and action.kind in ENROLMENTS
            return ActionResult(action.key, Applied.APPLIED, await self._write(action), _AGAIN if again else None)
        except ContactGoneError:
            raise  # no answer about this action: the contact has to be found again
        except RefusedError as error:
            return ActionResult(action.key, Applied.REFUSED, reason=str(error))

    async def _read_back(self, action: Action) -> ActionResult | None:
        """What the CRM shows of an action in doubt; None: it is not there (or may be done again), so do it."""
        if action.kind == "note":
            notes = await self._crm.list_notes(self._location, self._contact)
            found = next((note for note in notes if has_marker(note.body, self._call_id)), None)
            return None if found is None else ActionResult(action.key, Applied.APPLIED, found.id, "found by its marker")
        if action.kind in TAGS:
            contact = await self._crm.get_contact(self._location, self._contact)
            wanted, has = set(clean_tags(action.args["tags"])), set(contact.tags)
            done = wanted <= has if action.kind == "add_tags" else not wanted & has
            return ActionResult(action.key, Applied.APPLIED, reason="found on the contact") if done else None
        if action.kind in ENROLMENTS and self._config.when_in_doubt == "hold":
            return ActionResult(action.key, Applied.REFUSED, reason=_HELD)
        return None

    async def _write(self, action: Action) -> str | None:
        crm, where, args = self._crm, (self._location, self._contact), action.args
        match action.kind:
            case "note":
                return await crm.add_note(*where, args["body"])
            case "add_tags":
                await crm.add_tags(*where, args["tags"])
            case "remove_tags":
                await crm.remove_tags(*where, args["tags"])
            case "enrol":
                await crm.enrol(*where, args["workflow"])
            case "unenrol":
                await crm.unenrol(*where, args["workflow"])
            case _:
                raise RefusedError(f"this version cannot do {action.kind!r}; update Ringback or change the rule book")
        return None


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
