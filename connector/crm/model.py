"""The CRM's things as the connector knows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the CRM: `path` with its query, escaped; `body` None where there is none."""

    verb: str
    method: str
    path: str
    version: str
    """The `Version` header of this verb; empty: none is sent."""
    body: bytes | None = field(default=None, repr=False)
    repeatable: bool = False
    """Whether doing it twice is as good as once (reads, tags, PUT and DELETE)."""
    content_type: str = "application/json"
    """Of the body."""


@dataclass(frozen=True, slots=True)
class Response:
    """The CRM's answer: `headers` looked up by lower-case names, `body` as received."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ChannelDnd:
    """Do-not-disturb on one channel: `status` is `active` (the contact is left alone), `inactive` or `permanent`."""

    status: str
    message: str | None = None
    code: str | None = None

    @property
    def on(self) -> bool:
        """Whether the contact is to be left alone on this channel."""
        return self.status in {"active", "permanent"}


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact: id, display name, phone in E.164, tags in lower case; what the CRM does not tell is None or empty."""

    id: str
    name: str | None = None
    phone: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Custom field id -> value."""
    dnd: bool | None = None
    """Do-not-disturb on all channels."""
    dnd_settings: Mapping[str, ChannelDnd] = field(default_factory=dict)
    """By channel, spelt as in connector/crm/dnd.py."""
    assigned_to: str | None = None
    timezone: str | None = None
    """As the CRM writes it (may be an old alias)."""

    @property
    def no_calls(self) -> bool | None:
        """Whether it must not be dialled; None where the CRM tells nothing of do-not-disturb."""
        calls = self.dnd_settings.get("Call")
        if self.dnd is None and calls is None:
            return None
        return bool(self.dnd) or (calls is not None and calls.on)


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a contact's timeline."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task on a contact; `due` as the CRM writes it (ISO 8601); `assigned_to` a user's id."""

    id: str
    title: str | None
    body: str | None
    due: str | None
    completed: bool
    assigned_to: str | None = None


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow ("sequence"); only those whose status is `published` take contacts."""

    id: str
    name: str | None
    status: str | None


@dataclass(frozen=True, slots=True)
class CustomField:
    """A custom field: `key` as in `contact.last_outcome`, `data_type` as in `TEXT`."""

    id: str
    name: str | None
    key: str | None
    data_type: str | None

    def is_called(self, what: str) -> bool:
        """Whether `what` means this field: its id, its key with or without the model in front, its name in any case."""
        key = self.key or ""
        return what in {self.id, key, key.partition(".")[2]} - {""} or (
            self.name is not None and self.name.strip().casefold() == what.strip().casefold()
        )


@dataclass(frozen=True, slots=True)
class Stage:
    """A pipeline's stage."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline, its stages in their order."""

    id: str
    name: str | None
    stages: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Opportunity:
    """A deal with a contact; `status` is `open`, `won`, `lost` or `abandoned`."""

    id: str
    name: str | None
    pipeline_id: str | None
    stage_id: str | None
    status: str | None
    contact_id: str | None


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who works in the sub-account; `phone` and `extension` as the CRM has them."""

    id: str
    name: str | None
    email: str | None
    phone: str | None
    extension: str | None
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class CallRecord:
    """A call to be shown in the contact's conversation.

    Numbers in E.164; the contact's is `to_number` outbound and `from_number` inbound, or the CRM refuses. `status` is
    one of pending, completed, answered, busy, no-answer, failed, canceled, voicemail; `date` ISO 8601; `alt_id` our
    id of the call; `provider_id` the app's conversation provider of type Call; `attachments` addresses.
    """

    direction: Literal["inbound", "outbound"]
    from_number: str
    to_number: str
    status: str
    date: str
    alt_id: str
    provider_id: str
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where a call record went."""

    message_id: str
    conversation_id: str | None


@dataclass(frozen=True, slots=True)
class CallMessage:
    """A call as a conversation shows it; what it does not show is None."""

    id: str
    direction: str | None
    date: str | None
    status: str | None
    from_number: str | None
    to_number: str | None
    alt_id: str | None


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls of a conversation, newest first; `next` is the message to go on after, None at the end."""

    calls: list[CallMessage]
    next: str | None


@dataclass(frozen=True, slots=True)
class Limits:
    """What the CRM's headers tell of its own count; None where the answer does not say."""

    limit: int | None = None
    remaining: int | None = None
    interval_ms: int | None = None
    daily_limit: int | None = None
    daily_remaining: int | None = None


@dataclass(frozen=True, slots=True)
class LocationInfo:
    """What the CRM knows of a sub-account; `timezone` as the CRM writes it (may be an old alias)."""

    id: str
    name: str | None
    timezone: str | None
    country: str | None
    company_id: str | None = None
    """The agency it belongs to."""
