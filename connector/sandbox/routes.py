"""The API's verbs in one table: path, scope, body, handler.

Sources: the vendor's OpenAPI files for contacts, conversations, locations, opportunities, users and workflows; its
guide to custom triggers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from connector.sandbox import (
    belonging,
    bodies,
    contacts,
    conversations,
    finding,
    locations,
    opportunities,
    timeline,
    triggers,
    users,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.sandbox.exchange import Answer, Ask


@dataclass(frozen=True, slots=True)
class Route:
    """One verb: `body` None means that none is read; `agency`: an agency's token may use it, too."""

    method: str
    path: str
    scope: str
    handle: Callable[[Ask[Any]], Answer]
    body: type[bodies.Body] | None = None
    agency: bool = False
    starts: bool = False
    """Whether it sets something off, though its scope only reads."""

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.starts or self.scope.endswith(".write")


_C: Final = "/contacts/{contactId}"
_L: Final = "/locations/{locationId}"
_M: Final = "/conversations/messages"
_O: Final = "/opportunities/{id}"

ROUTES: Final = (
    Route("GET", "/contacts/search/duplicate", "contacts.readonly", finding.duplicate),
    Route("POST", "/contacts/search", "contacts.readonly", finding.search, bodies.ContactSearch),
    Route("POST", "/contacts/", "contacts.write", contacts.create, bodies.ContactCreate),
    Route("POST", "/contacts/upsert", "contacts.write", contacts.upsert, bodies.ContactUpsert),
    Route("GET", _C, "contacts.readonly", contacts.read),
    Route("PUT", _C, "contacts.write", contacts.update, bodies.ContactUpdate),
    Route("DELETE", _C, "contacts.write", contacts.delete, bodies.Empty),
    Route("GET", f"{_C}/notes", "contacts.readonly", timeline.list_notes),
    Route("POST", f"{_C}/notes", "contacts.write", timeline.add_note, bodies.NoteCreate),
    Route("GET", f"{_C}/notes/{{noteId}}", "contacts.readonly", timeline.read_note),
    Route("PUT", f"{_C}/notes/{{noteId}}", "contacts.write", timeline.update_note, bodies.NoteUpdate),
    Route("DELETE", f"{_C}/notes/{{noteId}}", "contacts.write", timeline.delete_note, bodies.Empty),
    Route("POST", f"{_C}/tags", "contacts.write", belonging.add_tags, bodies.Tags),
    Route("DELETE", f"{_C}/tags", "contacts.write", belonging.remove_tags, bodies.Tags),
    Route("POST", f"{_C}/workflow/{{workflowId}}", "contacts.write", belonging.enrol, bodies.Enrol),
    Route("DELETE", f"{_C}/workflow/{{workflowId}}", "contacts.write", belonging.unenrol, bodies.Enrol),
    Route("GET", f"{_C}/tasks", "contacts.readonly", timeline.list_tasks),
    Route("POST", f"{_C}/tasks", "contacts.write", timeline.add_task, bodies.TaskCreate),
    Route("GET", f"{_C}/tasks/{{taskId}}", "contacts.readonly", timeline.read_task),
    Route("PUT", f"{_C}/tasks/{{taskId}}", "contacts.write", timeline.update_task, bodies.TaskUpdate),
    Route("DELETE", f"{_C}/tasks/{{taskId}}", "contacts.write", timeline.delete_task, bodies.Empty),
    Route(
        "PUT",
        f"{_C}/tasks/{{taskId}}/completed",
        "contacts.write",
        timeline.update_task,
        bodies.TaskCompleted,
    ),
    Route("GET", _L, "locations.readonly", locations.read, agency=True),
    Route("GET", f"{_L}/tags", "locations/tags.readonly", locations.list_tags),
    Route("POST", f"{_L}/tags", "locations/tags.write", locations.add_tag, bodies.TagCreate),
    Route("GET", f"{_L}/customFields", "locations/customFields.readonly", locations.list_fields),
    Route(
        "POST",
        f"{_L}/customFields",
        "locations/customFields.write",
        locations.add_field,
        bodies.CustomFieldCreate,
    ),
    Route("GET", "/workflows/", "workflows.readonly", locations.list_workflows),
    Route("GET", "/users/search", "users.readonly", users.search, agency=True),
    Route("GET", "/opportunities/pipelines", "opportunities.readonly", opportunities.list_pipelines),
    Route("GET", "/opportunities/search", "opportunities.readonly", opportunities.search),
    Route("POST", "/opportunities/", "opportunities.write", opportunities.create, bodies.OpportunityCreate),
    Route("GET", _O, "opportunities.readonly", opportunities.read),
    Route("PUT", _O, "opportunities.write", opportunities.update, bodies.OpportunityUpdate),
    Route("PUT", f"{_O}/status", "opportunities.write", opportunities.update_status, bodies.OpportunityStatus),
    Route(
        "POST",
        "/workflows-marketplace/triggers/execute/{locationId}/{triggerId}",
        "workflows.readonly",
        triggers.execute,
        bodies.TriggerPayload,
        starts=True,
    ),
    Route("POST", "/conversations/", "conversations.write", conversations.create, bodies.ConversationCreate),
    Route("GET", "/conversations/search", "conversations.readonly", conversations.search),
    Route(
        "POST",
        f"{_M}/outbound",
        "conversations/message.write",
        conversations.add_outbound,
        bodies.OutboundMessage,
    ),
    Route(
        "POST",
        f"{_M}/inbound",
        "conversations/message.write",
        conversations.add_inbound,
        bodies.InboundMessage,
    ),
    Route("GET", f"{_M}/{{messageId}}", "conversations/message.readonly", conversations.read_message),
    Route(
        "PUT",
        f"{_M}/{{messageId}}/attachments",
        "conversations/message.write",
        conversations.set_attachments,
        bodies.Attachments,
    ),
    Route(
        "GET",
        "/conversations/{conversationId}/messages",
        "conversations/message.readonly",
        conversations.list_messages,
    ),
)
