"""The CRM's things as the connector knows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the CRM, without credentials: `path` with its query, escaped; `body` JSON or None."""

    verb: str
    method: str
    path: str
    version: str
    """The `Version` header of this verb."""
    body: bytes | None = None
    repeatable: bool = False
    """Whether doing it twice is as good as once (reads, tags, PUT and DELETE)."""


@dataclass(frozen=True, slots=True)
class Response:
    """The CRM's answer: `headers` looked up by lower-case names, `body` as received."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Contact:
    """A contact: id, display name, phone in E.164, tags in lower case."""

    id: str
    name: str | None = None
    phone: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Note:
    """A note on a contact's timeline."""

    id: str
    body: str


@dataclass(frozen=True, slots=True)
class Task:
    """A task on a contact; `due` as the CRM writes it (ISO 8601)."""

    id: str
    title: str | None
    body: str | None
    due: str | None
    completed: bool


@dataclass(frozen=True, slots=True)
class Workflow:
    """A workflow ("sequence"); only those whose status is `published` take contacts."""

    id: str
    name: str | None
    status: str | None


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
