"""Successful answers about conversations and call records as values. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connector.crm.model import CallMessage, CallPage, Recorded
from connector.crm.reading import id_of, inner, items, json_object, malformed, objects, part, text

if TYPE_CHECKING:
    from connector.crm.model import Response


def recorded(response: Response) -> Recorded:
    """Where the call record went.

    Raises:
        MalformedError: no `messageId`. The CRM has answered 201 with nothing in it, and had written nothing.
    """
    answer = json_object(response)
    if answer.get("success") is False:
        raise malformed(response, "a call record that did not succeed")
    return Recorded(id_of(response, answer, "messageId"), text(answer, "conversationId"))


def calls(response: Response) -> CallPage:
    """A page of a conversation's calls; live answers nest it in another `messages`, unlike the schema."""
    page = json_object(response)
    nested = page.get("messages")
    if isinstance(nested, dict):
        page = nested
    shown = [_call(response, item) for item in objects(response, page, "messages")]
    return CallPage(shown, id_of(response, page, "lastMessageId") if page.get("nextPage") is True else None)


def conversation_of(response: Response, contact_id: str) -> str | None:
    """The id of the contact's conversation among those found, None where it has none."""
    found = [one for one in items(response, "conversations") if one.get("contactId") == contact_id]
    return id_of(response, found[0]) if found else None


def conversation_id(response: Response) -> str:
    """The id of the conversation the answer holds."""
    return id_of(response, inner(response, "conversation"))


def _call(response: Response, item: dict[str, Any]) -> CallMessage:
    """The call's own status is in `meta`: as `callStatus` by the schema, as `call.status` in live answers."""
    meta = part(item, "meta")
    status = text(part(meta, "call"), "status") or text(meta, "callStatus") or text(item, "status")
    direction, date, one, other = (text(item, key) for key in ("direction", "dateAdded", "from", "to"))
    return CallMessage(id_of(response, item), direction, date, status, one, other, text(item, "altId"))
