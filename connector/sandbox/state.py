"""The sandbox's memory: sub-accounts and everything in them.

Notes, tasks, users, fields and messages are kept as the documents in which the API shows them.
"""

from __future__ import annotations

import random
import string
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from connector.sandbox.events import Outbox
from connector.sandbox.faults import Faults
from connector.sandbox.journal import Journal
from connector.sandbox.marketplace import Marketplace
from connector.sandbox.rate import Pace, Rate
from connector.sandbox.tokens import Grant
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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
    active: bool = True
    """False: the agency has suspended it."""
    allow_duplicates: bool = False
    workflows: dict[str, Record] = field(default_factory=dict)
    users: list[Record] = field(default_factory=list)
    custom_fields: dict[str, Record] = field(default_factory=dict)
    pipelines: dict[str, Record] = field(default_factory=dict)
    triggers: dict[str, Record] = field(default_factory=dict)
    """Of workflows, by their id: `active`, and the payloads that `fired` them."""
    tags: dict[str, Record] = field(default_factory=dict)
    contacts: dict[str, Contact] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    """By contact id."""
    threads: dict[str, Conversation] = field(default_factory=dict)
    """The same, by their own id."""
    messages: dict[str, Record] = field(default_factory=dict)
    opportunities: dict[str, Record] = field(default_factory=dict)
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
        written = (self.tags, self.contacts, self.conversations, self.threads, self.messages, self.opportunities)
        for some in (*written, self._found_by):
            some.clear()
        for trigger in self.triggers.values():
            trigger["fired"].clear()
        self.pace = Pace(self.pace.rate, self.pace.daily)


class Sandbox:
    """The whole CRM.

    `clock_ms` gives epoch milliseconds; `rate` is `100/10s` or `off` (no limits at all); `daily` the
    requests a day and sub-account; `retry_after` whether a 429 says when to come back (the real one may
    not); `search_lag_ms` how far the search index is behind; `log_size` how many requests are remembered.
    Webhooks that were not answered 2xx within `webhook_timeout_s` are repeated after `webhook_retry_s`.
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
        webhook_retry_s: Sequence[float] = (1, 5, 30),
        webhook_timeout_s: float = 10,
    ) -> None:
        self.clock_ms = clock_ms
        self.rate = Rate.parse(rate)
        self.daily = daily
        self.retry_after = retry_after
        self.search_lag_ms = search_lag_ms
        self.locations: dict[str, Location] = {}
        self.companies: dict[str, Pace] = {}
        """What each agency's own tokens have asked for."""
        self.grants: dict[str, Grant] = {}
        """The private integration tokens."""
        self.market = Marketplace(self, Outbox(retry_s=webhook_retry_s, timeout_s=webhook_timeout_s))
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
            self.market.joined(location)
        location.name, location.timezone, location.country = name or location_id, timezone, country
        location.company_id, location.allow_duplicates = company_id, allow_duplicates
        location.workflows = {workflow["id"]: workflow for workflow in workflows}
        location.users = list(users)
        return location

    def grant(self, token: str, location_id: str, scopes: Iterable[str] | None = None) -> None:
        """Let that token act for a sub-account; scopes None: all of them."""
        self.grants[token] = Grant(location_id, None if scopes is None else frozenset(scopes))

    def grant_of(self, token: str) -> Grant | None:
        """What a bearer token may do; None: it is unknown, or an access token that is dead."""
        return self.grants.get(token) or self.market.tokens.grant(token)

    def pace(self, resource: str) -> Pace:
        """The limits of a sub-account, or of an agency."""
        location = self.locations.get(resource)
        return location.pace if location else self.companies.setdefault(resource, Pace(self.rate, self.daily))

    def reset(self) -> None:
        """Forget everything written, counted and ordered; sub-accounts, installs and tokens stay."""
        self.faults.clear()
        self.journal.clear()
        self.market.forget()
        self.companies.clear()
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
