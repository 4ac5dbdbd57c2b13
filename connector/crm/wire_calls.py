"""The requests for conversations and the call records in them. PURE.

Paths and fields: the CRM's OpenAPI (conversations). A call record has no duration, agent or outcome: those go into
the note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from connector.crm.wire import escaped, read, write

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.model import CallRecord, Request

PAGE: Final = 100
MOST_ATTACHMENTS: Final = 5
_KINDS: Final = "TYPE_CALL,TYPE_CUSTOM_CALL"
"""As which of the two a provider's call is shown differs."""


def add_call(record: CallRecord, *, contact_id: str | None = None, conversation_id: str | None = None) -> Request:
    """A call record, in this conversation or in the contact's.

    Not repeatable: whether the CRM tells records by `altId` is not documented. It finds or makes the conversation of a
    contact by itself, but only in the newer contract: the older one requires `conversationId`, and its strict
    body for outbound calls has no `contactId` besides.

    Raises:
        ValueError: neither id is given.
    """
    ids = {"conversationId": conversation_id, "contactId": contact_id}
    named = {name: value for name, value in ids.items() if value is not None}
    if not named:
        raise ValueError("a call record needs its conversation's id or its contact's")
    fields: dict[str, Any] = {
        "type": "Call",
        "conversationProviderId": record.provider_id,
        "altId": record.alt_id,
        "date": record.date,
        "call": {"to": record.to_number, "from": record.from_number, "status": record.status},
    }
    if record.attachments:
        fields["attachments"] = list(record.attachments)
    if record.direction == "inbound":
        # Left out, an inbound call becomes an outbound one.
        named["direction"] = "inbound"
    elif conversation_id is not None:
        named.pop("contactId", None)
    verb = f"add_{record.direction}_call"
    return write(verb, "POST", f"/conversations/messages/{record.direction}", fields | named)


def list_calls(conversation_id: str, *, after: str | None = None) -> Request:
    """A page of the conversation's calls, newest first; after this message where one is given."""
    path = f"/conversations/{escaped(conversation_id)}/messages?limit={PAGE}&type={_KINDS}"
    return read("list_calls", path if after is None else f"{path}&lastMessageId={escaped(after)}")


def find_conversation(location: str, contact_id: str) -> Request:
    """The contact's conversation: it has one at most."""
    query = f"locationId={escaped(location)}&contactId={escaped(contact_id)}"
    return read("find_conversation", f"/conversations/search?{query}")


def create_conversation(location: str, contact_id: str) -> Request:
    """A conversation for a contact that has none."""
    fields = {"locationId": location, "contactId": contact_id}
    return write("create_conversation", "POST", "/conversations/", fields)


def set_attachments(message_id: str, urls: Sequence[str]) -> Request:
    """Replace a call record's attachments, as when its recording is ready later.

    Raises:
        ValueError: more than five.
    """
    if len(urls) > MOST_ATTACHMENTS:
        raise ValueError(f"the CRM takes {MOST_ATTACHMENTS} attachments at most, not {len(urls)}")
    path = f"/conversations/messages/{escaped(message_id)}/attachments"
    return write("set_attachments", "PUT", path, {"attachments": list(urls)}, repeatable=True)
