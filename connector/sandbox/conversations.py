"""Conversations, one a contact, and the call records in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.contacts import e164
from connector.sandbox.exchange import Refusal, other_location
from connector.sandbox.state import Conversation
from mappings.call import iso

if TYPE_CHECKING:
    from connector.sandbox.bodies import (
        Attachments,
        CallData,
        ConversationCreate,
        InboundMessage,
        MessageCreate,
        OutboundMessage,
    )
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Contact, Record


def create(ask: Ask[ConversationCreate]) -> Answer:
    """POST /conversations/: a contact has one; asking for a second is refused with the id of the first."""
    contact = ask.contact(ask.body.contact_id)
    if there := ask.location.conversations.get(contact.id):
        raise Refusal(400, "Conversation already exists", conversationId=there.id)
    conversation = _open(ask, contact)
    shown = {
        "id": conversation.id,
        "contactId": contact.id,
        "locationId": ask.location.id,
        "dateAdded": iso(conversation.added_ms),
        "dateUpdated": iso(conversation.added_ms),
        "lastMessageDate": iso(conversation.added_ms),
        "deleted": False,
    }
    return 201, {"success": True, "conversation": shown}


def search(ask: Ask[None]) -> Answer:
    """GET /conversations/search: of the sub-account, or of one contact."""
    ask.required("locationId")
    wanted = ask.query.get("contactId")
    found = [one for one in ask.location.conversations.values() if wanted in {None, one.contact_id}]
    shown = [_row(ask, one) for one in found[: ask.number("limit", 20)]]
    return 200, {"conversations": shown, "total": len(found)}


def add_outbound(ask: Ask[OutboundMessage]) -> Answer:
    """POST /conversations/messages/outbound: `call.to` must be the contact's number."""
    conversation, call = _conversation(ask), _call(ask.body)
    return _add(ask, conversation, "outbound", contact_number=call.to, text=None)


def add_inbound(ask: Ask[InboundMessage]) -> Answer:
    """POST /conversations/messages/inbound: `call.from` must be the contact's number.

    Without a provider it says 201, with nothing in the body and nothing written.
    """
    body = ask.body
    if not body.conversation_provider_id:
        return 201, {}
    conversation = _conversation(ask)
    number = _call(body).from_ if body.type.endswith("Call") else None
    return _add(ask, conversation, body.direction, contact_number=number, text=body.message)


def list_messages(ask: Ask[None]) -> Answer:
    """GET /conversations/{conversationId}/messages: newest first, those older than `lastMessageId`."""
    conversation = _conversation_by_id(ask, ask.path["conversationId"])
    kinds = ask.query.get("type", "").replace(",", " ").split()
    found = [one for one in reversed(conversation.messages) if not kinds or one["messageType"] in kinds]
    last = ask.query.get("lastMessageId")
    start = next((i + 1 for i, one in enumerate(found) if one["id"] == last), 0)
    page = found[start : start + ask.number("limit", 20)]
    return 200, {
        "lastMessageId": page[-1]["id"] if page else "",
        "nextPage": start + len(page) < len(found),
        "messages": [_shown(one) for one in page],
    }


def read_message(ask: Ask[None]) -> Answer:
    """GET /conversations/messages/{messageId}."""
    return 200, _shown(_message(ask))


def set_attachments(ask: Ask[Attachments]) -> Answer:
    """PUT /conversations/messages/{messageId}/attachments: replaces what was there."""
    message = _message(ask)
    if message["messageType"] != "TYPE_CALL":
        raise Refusal(403, "Message type does not support attachment updates")
    message["attachments"] = ask.body.attachments
    return 200, {"success": True, "messageId": message["id"]}


def _add(
    ask: Ask[OutboundMessage] | Ask[InboundMessage],
    conversation: Conversation,
    direction: str,
    *,
    contact_number: str | None,
    text: str | None,
) -> Answer:
    body, location, contact = ask.body, ask.location, ask.location.contacts[conversation.contact_id]
    phone = contact.fields.get("phone")
    if contact_number and phone and e164(contact_number, location.country) != phone:
        raise Refusal(400, "The call's number is not the contact's phone number")
    kind = body.type.upper()
    message: Record = {
        "id": ask.sandbox.new_id(),
        "type": 1 if kind == "CALL" else 20,
        "messageType": f"TYPE_{kind}",
        "locationId": location.id,
        "contactId": contact.id,
        "conversationId": conversation.id,
        "conversationProviderId": body.conversation_provider_id,
        "dateAdded": body.date or ask.sandbox.now(),
        "direction": direction,
        "status": body.call.status if body.call else "delivered",
        "contentType": "text/plain",
        "body": text or "",
        "altId": body.alt_id,
        "source": "app",
        "attachments": body.attachments,
    }
    if body.call:
        numbers = {"from": body.call.from_, "to": body.call.to}
        message |= numbers | {"meta": {"call": {"duration": None, "status": body.call.status}}}
    conversation.messages.append(message)
    location.messages[message["id"]] = message
    return 200, {
        "success": True,
        "conversationId": conversation.id,
        "messageId": message["id"],
        "message": "Message added successfully",
        "contactId": contact.id,
        "dateAdded": message["dateAdded"],
    }


def _call(body: MessageCreate) -> CallData:
    if body.call is None:
        raise Refusal(422, ["call should not be empty"])
    return body.call


def _conversation(ask: Ask[OutboundMessage] | Ask[InboundMessage]) -> Conversation:
    """The named one; or the contact's, opened where there is none."""
    body = ask.body
    if body.conversation_id:
        return _conversation_by_id(ask, body.conversation_id)
    if not body.contact_id:
        raise Refusal(422, ["conversationId should not be empty"])
    contact = ask.contact(body.contact_id)
    return ask.location.conversations.get(contact.id) or _open(ask, contact)


def _open(ask: Ask[ConversationCreate] | Ask[OutboundMessage] | Ask[InboundMessage], contact: Contact) -> Conversation:
    conversation = Conversation(ask.sandbox.new_id(), contact.id, ask.sandbox.clock_ms())
    ask.location.conversations[contact.id] = ask.location.threads[conversation.id] = conversation
    return conversation


def _conversation_by_id(ask: Ask[None] | Ask[OutboundMessage] | Ask[InboundMessage], wanted: str) -> Conversation:
    if wanted in ask.location.threads:
        return ask.location.threads[wanted]
    if any(wanted in location.threads for location in ask.sandbox.locations.values()):
        raise other_location()
    raise Refusal(400, f"Conversation with id {wanted} not found")


def _message(ask: Ask[None] | Ask[Attachments]) -> Record:
    wanted = ask.path["messageId"]
    if wanted in ask.location.messages:
        return ask.location.messages[wanted]
    if any(wanted in location.messages for location in ask.sandbox.locations.values()):
        raise other_location()
    raise Refusal(404, f"Message with id {wanted} not found")


def _shown(message: Record) -> Record:
    """A message as reads show it.

    A call's attachments stay out of sight (vendor's schema, GetMessageResponseDto).
    """
    return {**message, "attachments": []} if message["messageType"] == "TYPE_CALL" else message


def _row(ask: Ask[None], conversation: Conversation) -> Record:
    contact = ask.location.contacts[conversation.contact_id]
    last = conversation.messages[-1] if conversation.messages else None
    return {
        "id": conversation.id,
        "contactId": contact.id,
        "locationId": ask.location.id,
        "lastMessageBody": last["body"] if last else "",
        "lastMessageType": last["messageType"] if last else "TYPE_CALL",
        "type": "TYPE_PHONE",
        "unreadCount": 0,
        "fullName": contact.name,
        "contactName": contact.name,
        "email": contact.fields.get("email"),
        "phone": contact.fields.get("phone"),
    }
