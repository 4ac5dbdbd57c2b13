"""The bodies the API takes, one model each, after the vendor's OpenAPI files.

Strict as the CRM is: no other property, no other type.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _iso8601(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("must be a valid ISO 8601 date string") from None
    return text


Iso8601: TypeAlias = Annotated[str, AfterValidator(_iso8601)]
Text: TypeAlias = Annotated[str, Field(min_length=1)]
Channel: TypeAlias = Literal[
    "Call",
    "Email",
    "SMS",
    "WhatsApp",
    "GMB",
    "FB",
    "RCS",
    "call",
    "email",
    "sms",
    "whatsApp",
    "gmb",
    "fb",
    "rcs",
]


class Body(BaseModel):
    """A JSON object with the API's camelCase names and nothing else in it."""

    model_config = ConfigDict(extra="forbid", strict=True, alias_generator=to_camel)


class Empty(Body):
    """`{}`."""


class Dnd(Body):
    """Do-not-disturb on one channel; `active` means that nobody may be disturbed."""

    status: Literal["active", "inactive", "permanent"]
    message: str | None = None
    code: str | None = None


class CustomValue(Body):
    """A custom field's value on write; v3 calls it `fieldValue`."""

    id: str | None = None
    key: str | None = None
    field_value: Any = Field(None, alias="field_value")
    field_value_v3: Any = Field(None, alias="fieldValue")


class ContactUpdate(Body):
    """PUT /contacts/{id}: no locationId, gender or companyName."""

    first_name: str | None = None
    last_name: str | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address1: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    website: str | None = None
    timezone: str | None = None
    source: str | None = None
    date_of_birth: str | None = None
    assigned_to: str | None = None
    dnd: bool | None = None
    dnd_settings: dict[Channel, Dnd] | None = None
    inbound_dnd_settings: dict[Literal["all"], Dnd] | None = None
    tags: list[str] | None = None
    custom_fields: list[CustomValue] | None = None


class ContactCreate(ContactUpdate):
    """POST /contacts/."""

    location_id: Text
    gender: str | None = None
    company_name: str | None = None


class ContactUpsert(ContactCreate):
    """POST /contacts/upsert."""

    create_new_if_duplicate_allowed: bool = False


class Filter(Body):
    """One condition of a search, or a group of them."""

    field: str | None = None
    operator: Literal["eq", "not_eq", "contains", "not_contains", "exists", "not_exists"] | None = None
    value: Any = None
    group: Literal["AND", "OR"] | None = None
    filters: list[Filter] = Field(default_factory=list)


class Sort(Body):
    """One key of a search's order."""

    field: Text
    direction: Literal["asc", "desc"] = "asc"


class ContactSearch(Body):
    """POST /contacts/search."""

    location_id: Text
    page_limit: Annotated[int, Field(ge=1, le=500)]
    page: Annotated[int, Field(ge=1)] = 1
    search_after: list[Any] | None = None
    filters: list[Filter] = Field(default_factory=list)
    sort: list[Sort] = Field(default_factory=list)
    query: Annotated[str, Field(max_length=75)] | None = None


class NoteUpdate(Body):
    """PUT /contacts/{id}/notes/{noteId}."""

    body: Text | None = None
    user_id: str | None = None
    title: str | None = None
    color: str | None = None
    pinned: bool | None = None


class NoteCreate(NoteUpdate):
    """POST /contacts/{id}/notes."""

    body: Text


class Tags(Body):
    """POST and DELETE /contacts/{id}/tags."""

    tags: list[str]


class Enrol(Body):
    """POST and DELETE /contacts/{id}/workflow/{workflowId}."""

    event_start_time: Iso8601 | None = None


class TaskUpdate(Body):
    """PUT /contacts/{id}/tasks/{taskId}."""

    title: Text | None = None
    body: str | None = None
    due_date: Iso8601 | None = None
    completed: bool | None = None
    assigned_to: str | None = None


class TaskCreate(TaskUpdate):
    """POST /contacts/{id}/tasks: `completed` is required even for a new one."""

    title: Text
    due_date: Iso8601
    completed: bool


class TaskCompleted(Body):
    """PUT /contacts/{id}/tasks/{taskId}/completed."""

    completed: bool


class TagCreate(Body):
    """POST /locations/{id}/tags."""

    name: Text


class CustomFieldCreate(Body):
    """POST /locations/{id}/customFields."""

    name: Text
    data_type: Text
    model: Literal["contact", "opportunity"] = "contact"
    placeholder: str | None = None
    position: int | None = None
    accepted_format: list[str] | None = None
    is_multiple_file: bool | None = None
    max_number_of_files: int | None = None
    text_box_list_options: list[Any] | None = None


class OpportunityUpdate(Body):
    """PUT /opportunities/{id}."""

    pipeline_id: Text | None = None
    pipeline_stage_id: Text | None = None
    name: Text | None = None
    status: Literal["open", "won", "lost", "abandoned"] | None = None
    monetary_value: float | None = None
    assigned_to: str | None = None
    custom_fields: list[CustomValue] | None = None


class OpportunityCreate(OpportunityUpdate):
    """POST /opportunities/."""

    location_id: Text
    contact_id: Text
    pipeline_id: Text
    name: Text
    status: Literal["open", "won", "lost", "abandoned"]


class OpportunityStatus(Body):
    """PUT /opportunities/{id}/status."""

    status: Literal["open", "won", "lost", "abandoned"]
    lost_reason_id: str | None = None


class TriggerPayload(Body):
    """POST /workflows-marketplace/triggers/execute/...: any object."""

    model_config = ConfigDict(extra="allow")


class ConversationCreate(Body):
    """POST /conversations/."""

    location_id: Text
    contact_id: Text


class CallData(Body):
    """The call of a call record: numbers in E.164. There is no duration."""

    to: Text
    from_: Text = Field(alias="from")
    status: Literal["pending", "completed", "answered", "busy", "no-answer", "failed", "canceled", "voicemail"]


class MessageCreate(Body):
    """What both external call verbs have; either conversationId or contactId must be given."""

    conversation_id: str | None = None
    contact_id: str | None = None
    call: CallData | None = None
    alt_id: str | None = None
    date: Iso8601 | None = None
    attachments: list[str] = Field(default_factory=list)


class OutboundMessage(MessageCreate):
    """POST /conversations/messages/outbound."""

    type: Literal["Call"]
    conversation_provider_id: Text


class InboundMessage(MessageCreate):
    """POST /conversations/messages/inbound. Without `direction`, it is taken as outbound."""

    type: Literal[
        "SMS", "RCS", "Email", "WhatsApp", "GMB", "IG", "FB", "Custom", "WebChat", "Live_Chat", "Call",
        "IVR_Call", "Campaign_Call", "Campaign_VoiceMail", "TIKTOK", "ALL_IN_ONE_CHAT", "FORM_SUBMISSION",
    ]  # fmt: skip
    conversation_provider_id: str | None = None
    direction: Literal["inbound", "outbound"] = "outbound"
    message: str | None = None
    html: str | None = None
    subject: str | None = None
    email_from: str | None = None
    email_to: str | None = None
    email_cc: list[str] | None = None
    email_bcc: list[str] | None = None
    email_message_id: str | None = None


class Attachments(Body):
    """PUT /conversations/messages/{id}/attachments: five at most."""

    attachments: Annotated[list[str], Field(max_length=5)]
