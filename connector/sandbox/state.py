"""The sandbox's memory: sub-accounts and everything in them.

Notes, tasks, users, fields and messages are kept as the documents in which the API shows them.
"""

from __future__ import annotations

import random
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connector.sandbox.faults import Faults
from connector.sandbox.journal import Journal
from connector.sandbox.rate import Pace, Rate
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Record: TypeAlias = dict[str, Any]
"""A thing as the API's JSON shows it."""

_ALPHABET: Final = string.ascii_letters + string.digits


def wall_clock_ms() -> int:
    """Milliseconds since the Unix epoch."""
    return time.time_ns() // 1_000_000


@dataclass(slots=True)
class Enrolment:
    """One contact in one workflow.

    `asked` counts the requests to enrol, of which a re-entry is one that did nothing.
    """

    workflow_id: str
    active: bool = False
    asked: int = 0


@dataclass(slots=True)
class Contact:
    """A contact and what hangs on it.

    `fields` are the plain ones, by their API names; tags are in lower case.
    """

    id: str
    location_id: str
    added_ms: int
    updated_ms: int
    fields: Record = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    custom: Record = field(default_factory=dict)
    notes: dict[str, Record] = field(default_factory=dict)
    tasks: dict[str, Record] = field(default_factory=dict)
    enrolments: dict[str, Enrolment] = field(default_factory=dict)
    history: list[Record] = field(default_factory=list)
    """What became of each request to enrol or remove: `at`, `workflowId`, `outcome`."""

    @property
    def name(self) -> str:
        """First and last name as one."""
        parts = (self.fields.get("firstName"), self.fields.get("lastName"))
        return " ".join(part for part in parts if part)

    @property
    def keys(self) -> tuple[str, ...]:
        """What it can be found by: email and phone, in the order in which the CRM looks."""
        return tuple(key for key in (self.fields.get("email"), self.fields.get("phone")) if key)


@dataclass(slots=True)
class Conversation:
    """A contact's one conversation, its messages oldest first."""

    id: str
    contact_id: str
    added_ms: int
    messages: list[Record] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Location:
    """A sub-account."""

    id: str
    name: str
    timezone: str
    country: str
    company_id: str
    pace: Pace
    allow_duplicates: bool = False
    workflows: dict[str, Record] = field(default_factory=dict)
    users: list[Record] = field(default_factory=list)
    custom_fields: dict[str, Record] = field(default_factory=dict)
    tags: dict[str, Record] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    """By contact id."""
    threads: dict[str, Conversation] = field(default_factory=dict)
    """The same, by their own id."""
    messages: dict[str, Record] = field(default_factory=dict)
    _found_by: dict[str, list[Contact]] = field(default_factory=dict)

    def find(self, *keys: str | None) -> Contact | None:
        """The contact that has the first of these emails or phones that anybody has; the oldest one."""
        for key in keys:
            if key and (found := self._found_by.get(key)):
                return found[0]
        return None

    def index(self, contact: Contact) -> None:
        """Make it findable by its present email and phone."""
        self.contacts[contact.id] = contact
        for key in contact.keys:
            self._found_by.setdefault(key, []).append(contact)

    def unindex(self, contact: Contact) -> None:
        """Before its email or phone changes, or it goes."""
        for key in contact.keys:
            self._found_by[key].remove(contact)

    def forget(self) -> None:
        """Empty the sub-account of all that was written; what it was registered with stays."""
        for written in (self.tags, self.contacts, self.conversations, self.threads, self.messages, self._found_by):
            written.clear()
        self.pace = Pace(self.pace.rate, self.pace.daily)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token may do: in which sub-account, with which scopes (None: all)."""

    location_id: str
    scopes: frozenset[str] | None = None


class Sandbox:
    """The whole CRM.

    `clock_ms` gives epoch milliseconds; `rate` is `100/10s` or `off` (no limits at all); `daily` the
    requests a day and sub-account; `retry_after` whether a 429 says when to come back (the real one may
    not); `search_lag_ms` how far the search index is behind; `log_size` how many requests are remembered.
    """

    def __init__(
        self,
        *,
        clock_ms: Callable[[], int] = wall_clock_ms,
        rate: str = "100/10s",
        daily: int = 200_000,
        retry_after: bool = False,
        search_lag_ms: int = 2_000,
        log_size: int = 50_000,
    ) -> None:
        self.clock_ms = clock_ms
        self.rate = Rate.parse(rate)
        self.daily = daily
        self.retry_after = retry_after
        self.search_lag_ms = search_lag_ms
        self.locations: dict[str, Location] = {}
        self.grants: dict[str, Grant] = {}
        self.faults = Faults()
        self.journal = Journal(log_size)
        self._random = random.Random(0)  # noqa: S311 - ids of a sandbox are no secrets, and repeat from run to run

    def register(
        self,
        location_id: str,
        *,
        name: str = "",
        timezone: str = "UTC",
        country: str = "US",
        company_id: str = "SandboxAgency",
        allow_duplicates: bool = False,
        workflows: Iterable[Record] = (),
        users: Iterable[Record] = (),
    ) -> Location:
        """Add a sub-account, or change one (what was written to it stays)."""
        location = self.locations.get(location_id)
        if location is None:
            pace = Pace(self.rate, self.daily)
            location = Location(
                id=location_id,
                name=name,
                timezone=timezone,
                country=country,
                company_id=company_id,
                pace=pace,
            )
            self.locations[location_id] = location
        location.name, location.timezone, location.country = name or location_id, timezone, country
        location.company_id, location.allow_duplicates = company_id, allow_duplicates
        location.workflows = {workflow["id"]: workflow for workflow in workflows}
        location.users = list(users)
        return location

    def grant(self, token: str, location_id: str, scopes: Iterable[str] | None = None) -> None:
        """Let that token act for a sub-account; scopes None: all of them."""
        self.grants[token] = Grant(location_id, None if scopes is None else frozenset(scopes))

    def reset(self) -> None:
        """Forget everything written, counted and ordered; sub-accounts and their tokens stay."""
        self.faults.clear()
        self.journal.clear()
        for location in self.locations.values():
            location.forget()

    def new_id(self, length: int = 20) -> str:
        """An id as the CRM makes them: letters and digits."""
        return "".join(self._random.choices(_ALPHABET, k=length))

    def trace_id(self) -> str:
        """A trace id in the form of a UUID."""
        digits = f"{self._random.getrandbits(128):032x}"
        return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))

    def now(self) -> str:
        """The time as the API writes it."""
        return iso(self.clock_ms()) or ""
