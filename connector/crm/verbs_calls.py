"""The verbs on conversations and the call records in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from connector.crm import answers_calls, wire_calls
from connector.crm.asking import Asking
from connector.crm.errors import DuplicateConversationError, InDoubtError
from connector.crm.readback import same_call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.model import CallPage, CallRecord, Recorded

_MOST_PAGES: Final = 10


class CallVerbs(Asking):
    """What can be done with a contact's conversation."""

    async def add_call(
        self,
        location: str,
        record: CallRecord,
        *,
        contact_id: str | None = None,
        conversation_id: str | None = None,
    ) -> Recorded:
        """Write a call record into a conversation, or the contact's: where it went.

        Raises:
            MalformedError: no message id came back: in doubt (`find_call`).
            ValueError: neither id is given.
        """
        request = wire_calls.add_call(record, contact_id=contact_id, conversation_id=conversation_id)
        return answers_calls.recorded(await self._ask(location, request))

    async def list_calls(self, location: str, conversation_id: str, *, after: str | None = None) -> CallPage:
        """A page of the conversation's calls, newest first."""
        return answers_calls.calls(await self._ask(location, wire_calls.list_calls(conversation_id, after=after)))

    async def find_call(self, location: str, conversation_id: str, record: CallRecord) -> str | None:
        """The id of this call record's message, or None: whether one in doubt was written.

        Raises:
            InDoubtError: the conversation has more calls than are read, and it is not among those.
        """
        after = None
        for _ in range(_MOST_PAGES):
            page = await self.list_calls(location, conversation_id, after=after)
            found = next((call.id for call in page.calls if same_call(call, record)), None)
            if found is not None or page.next is None:
                return found
            after = page.next
        raise InDoubtError(f"the conversation has more than {_MOST_PAGES * wire_calls.PAGE} calls")

    async def find_conversation(self, location: str, contact_id: str) -> str | None:
        """The id of the contact's conversation, or None."""
        response = await self._ask(location, wire_calls.find_conversation(location, contact_id))
        return answers_calls.conversation_of(response, contact_id)

    async def create_conversation(self, location: str, contact_id: str) -> str:
        """The id of a new conversation, or of the one the CRM says the contact has."""
        try:
            response = await self._ask(location, wire_calls.create_conversation(location, contact_id))
        except DuplicateConversationError as twin:
            return twin.conversation_id
        return answers_calls.conversation_id(response)

    async def conversation_of(self, location: str, contact_id: str) -> str:
        """The id of the contact's conversation, made where there is none."""
        found = await self.find_conversation(location, contact_id)
        return found if found is not None else await self.create_conversation(location, contact_id)

    async def set_attachments(self, location: str, message_id: str, urls: Sequence[str]) -> None:
        """Replace a call record's attachments; five at most (ValueError). Any success will do: it has no content."""
        await self._ask(location, wire_calls.set_attachments(message_id, urls))
