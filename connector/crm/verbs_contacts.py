"""The verbs on a contact: find, make, notes, tags, workflows, tasks, custom fields, do-not-disturb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm import answers, dnd, wire
from connector.crm.asking import Asking
from connector.crm.errors import ContactGoneError, DuplicateContactError
from connector.crm.readback import has_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.crm.model import ChannelDnd, Contact, Note, Task


class ContactVerbs(Asking):
    """What can be done with a contact."""

    async def find_contact(self, location: str, number: str) -> Contact | None:
        """The contact of this number (E.164), or None."""
        try:
            return answers.found_contact(await self._ask(location, wire.find_contact(location, number)))
        except ContactGoneError:
            # What the CRM answers when it knows nobody is not documented; this is how it says so elsewhere.
            return None

    async def get_contact(self, location: str, contact_id: str) -> Contact:
        """The contact with its tags; ContactGoneError if there is none."""
        return answers.contact(await self._ask(location, wire.get_contact(contact_id)))

    async def create_contact(self, location: str, phone: str, name: str | None = None) -> Contact:
        """A new contact of this number (E.164), or the one it has where duplicates are forbidden."""
        try:
            return answers.contact(await self._ask(location, wire.create_contact(location, phone, name)))
        except DuplicateContactError as twin:
            return await self.get_contact(location, twin.contact_id)

    async def add_note(self, location: str, contact_id: str, body: str) -> str:
        """Write a note (plain text); its id."""
        return answers.note_id(await self._ask(location, wire.add_note(contact_id, body)))

    async def list_notes(self, location: str, contact_id: str) -> list[Note]:
        """All notes of the contact."""
        return answers.notes(await self._ask(location, wire.list_notes(contact_id)))

    async def update_note(self, location: str, contact_id: str, note_id: str, body: str) -> str:
        """Replace a note's text; its id."""
        return answers.note_id(await self._ask(location, wire.update_note(contact_id, note_id, body)))

    async def add_tags(self, location: str, contact_id: str, tags: Iterable[str]) -> tuple[str, ...]:
        """Add tags; all tags afterwards, as far as the CRM lists them."""
        tags = tuple(tags)
        await self._on_tags(location, contact_id, tags)
        return answers.tags(await self._ask(location, wire.add_tags(contact_id, tags)))

    async def remove_tags(self, location: str, contact_id: str, tags: Iterable[str]) -> tuple[str, ...]:
        """Take tags off; all tags afterwards, as far as the CRM lists them."""
        await self._on_tags(location, contact_id, ())
        return answers.tags(await self._ask(location, wire.remove_tags(contact_id, tags)))

    async def enrol(self, location: str, contact_id: str, workflow_id: str) -> None:
        """Put the contact into a workflow: accepted, which is all the CRM tells."""
        answers.accepted(await self._ask(location, wire.enrol(contact_id, workflow_id)))

    async def unenrol(self, location: str, contact_id: str, workflow_id: str) -> None:
        """Take the contact out of a workflow."""
        answers.accepted(await self._ask(location, wire.unenrol(contact_id, workflow_id)))

    async def create_task(
        self,
        location: str,
        contact_id: str,
        title: str,
        *,
        due_ms: int,
        body: str | None = None,
        assigned_to: str | None = None,
    ) -> str:
        """Make an open task due at `due_ms` (epoch milliseconds); its id."""
        request = wire.create_task(contact_id, title, due_ms=due_ms, body=body, assigned_to=assigned_to)
        return answers.task_id(await self._ask(location, request))

    async def list_tasks(self, location: str, contact_id: str) -> list[Task]:
        """All tasks of the contact."""
        return answers.tasks(await self._ask(location, wire.list_tasks(contact_id)))

    async def find_task(self, location: str, contact_id: str, marker: str) -> Task | None:
        """The task whose text has this line, or None: whether a task in doubt was made."""
        tasks = await self.list_tasks(location, contact_id)
        return next((task for task in tasks if has_line(task.body, marker)), None)

    async def update_task(
        self,
        location: str,
        contact_id: str,
        task_id: str,
        *,
        title: str | None = None,
        body: str | None = None,
        due_ms: int | None = None,
        completed: bool | None = None,
        assigned_to: str | None = None,
    ) -> str:
        """Change what is given of a task; its id."""
        request = wire.update_task(
            contact_id, task_id, title=title, body=body, due_ms=due_ms, completed=completed, assigned_to=assigned_to
        )
        return answers.task_id(await self._ask(location, request))

    async def complete_task(self, location: str, contact_id: str, task_id: str) -> str:
        """Tick a task off; its id."""
        return answers.task_id(await self._ask(location, wire.complete_task(contact_id, task_id)))

    async def set_fields(self, location: str, contact_id: str, fields: Mapping[str, Any]) -> Contact:
        """Set custom fields by id (text, number, or a list of texts); the contact afterwards.

        The CRM drops fields it does not know without a word: what its `fields` then lack was not kept.
        """
        return answers.updated_contact(await self._ask(location, wire.set_fields(contact_id, fields)))

    async def set_dnd(self, location: str, contact_id: str, channels: Iterable[str], *, on: bool) -> None:
        """Turn do-not-disturb on or off for channels ("Call", "SMS", ...; "all": the switch for all).

        Reads the contact first: nothing is written where it is so already. Never lifts a permanent one.

        Raises:
            RefusedError: the CRM has no such channel.
        """
        change = dnd.changed(await self.get_contact(location, contact_id), channels, on=on)
        if change is not None:
            settings, everything = change
            await self.write_dnd(location, contact_id, settings, everything=everything)

    async def write_dnd(
        self, location: str, contact_id: str, settings: Mapping[str, ChannelDnd] | None, *, everything: bool | None
    ) -> Contact:
        """Write do-not-disturb as it is given (dnd.py makes it); the contact afterwards."""
        request = wire.write_dnd(contact_id, settings, everything=everything)
        return answers.updated_contact(await self._ask(location, request))
