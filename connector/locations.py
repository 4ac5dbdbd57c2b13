"""Sub-accounts: their configuration, their trunks' credentials, and a cache that notices changes."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator

from mappings.call import Disposition
from mappings.payload.request import Credentials
from mappings.rules import Book
from mappings.trunks import names, trunk
from mappings.words import Words
from oauth.vault import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.store import LocationRow, Locations
    from mappings.trunks import Trunk
    from oauth.vault import Vault


class TrunkConfig(BaseModel):
    """One trunk of a sub-account; its secrets are kept sealed, apart from this document."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    window_s: int = Field(default=300, ge=10, le=86_400)
    """How far a signature's time may be from ours, in seconds."""


class LocationConfig(BaseModel):
    """What an installer chooses for one sub-account."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trunks: dict[str, TrunkConfig] = {}
    """The trunks that may post, by name."""
    custom_trunks: tuple[dict[str, Any], ...] = ()
    """Trunks of its own, each a mapping document (mappings/custom_mapping.py), kept as it was written."""
    unknown_number: Literal["create", "skip", "hold"] = "create"
    """A number the CRM does not know: create a contact, let the call go, or park it for a person."""
    time_zone: str | None = None
    """IANA zone for the times in notes; the CRM's own setting when not given."""
    country: str | None = Field(default=None, pattern="^[A-Z]{2}$")
    """ISO 3166 code for numbers written without a country code."""
    workflows: dict[str, str] = {}
    """The CRM's workflow ids by the name the rule book uses, such as `no_answer`."""
    dispositions: dict[Disposition, str] = {}
    """What dispositions are called here, in notes and tags, such as `"No Answer" = "Not reached"`."""
    causes: dict[str, Disposition] = {}
    """What the end of an unanswered call means here: the trunk's own word or code, `sip:486` or `q850:17`."""
    when_in_doubt: Literal["repeat", "hold"] = "repeat"
    """An enrolment whose outcome is unknown: do it again, or park it for a person."""
    book: Book | None = None
    """The rule book; the shipped default when not given."""

    @field_validator("custom_trunks")
    @classmethod
    def _readable(cls, value: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        for document in value:
            name = _adapter(document).name
            if name in names():
                raise ValueError(f"{name!r} is a trunk that Ringback has; give yours another name")
        return value

    @field_validator("causes")
    @classmethod
    def _any_case(cls, value: dict[str, Disposition]) -> dict[str, Disposition]:
        return {key.lower(): meant for key, meant in value.items()}

    @property
    def words(self) -> Words:
        """Its own words, for planning."""
        return Words(self.dispositions, self.causes)

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError(f"{value!r} is no IANA time zone, such as America/Chicago") from None
        return value


@dataclass(frozen=True, slots=True)
class Location:
    """One sub-account, ready for use."""

    id: str
    config: LocationConfig
    credentials: Mapping[str, Credentials] = field(repr=False)
    own: Mapping[str, Trunk] = field(default_factory=dict, repr=False)

    def adapter(self, name: str) -> Trunk | None:
        """The trunk of that name, its own ones included; None where there is none."""
        return self.own.get(name) or registered(name)


def registered(name: str) -> Trunk | None:
    """The trunk that Ringback has under that name; None where it has none."""
    return trunk(name) if name in names() else None


def _adapter(document: dict[str, Any]) -> Trunk:
    from mappings.custom import TrunkMapping, custom_trunk  # noqa: PLC0415 - 30 models, for the few who need them

    return custom_trunk(TrunkMapping.model_validate(document))


def secret_name(trunk_name: str) -> str:
    """The name under which a trunk's secrets are sealed."""
    return f"trunk/{trunk_name}"


def seal_trunk(vault: Vault, location: str, trunk_name: str, secrets: tuple[str, ...]) -> bytes:
    """A trunk's secrets, newest first, as one sealed value."""
    return vault.seal(orjson.dumps(secrets).decode(), bound_to=place(location, secret_name(trunk_name)))


def open_location(row: LocationRow, vault: Vault) -> Location:
    """The sub-account as it is kept, its trunks' secrets opened.

    Raises:
        VaultError: a secret was sealed with other keys.
    """
    config = LocationConfig.model_validate_json(row.document)
    credentials = {}
    for name, settings in config.trunks.items():
        sealed = row.secrets.get(secret_name(name))
        if sealed is None:  # fail closed: a trunk without a secret has no entry
            continue
        secrets = orjson.loads(vault.open(sealed, bound_to=place(row.id, secret_name(name))))
        credentials[name] = Credentials(secrets=tuple(secrets), window_s=settings.window_s)
    own = {adapter.name: adapter for adapter in map(_adapter, config.custom_trunks)}
    return Location(row.id, config, credentials, own)


class LocationBook:
    """The sub-accounts in use, opened once; `refresh` drops what changed in the store, by whichever process.

    Unknown ids are remembered too (until the next change), so that asking for them costs a stranger nothing here.
    """

    def __init__(self, store: Locations, vault: Vault, *, max_locations: int = 20_000) -> None:
        self._store = store
        self._vault = vault
        self._max = max_locations
        self._known: OrderedDict[str, Location | None] = OrderedDict()
        self._revision = -1

    async def get(self, location: str) -> Location | None:
        """The sub-account, or None where it is not registered."""
        if location in self._known:
            return self._known[location]
        row = await self._store.get_location(location)
        found = None if row is None else open_location(row, self._vault)
        self._known[location] = found
        if len(self._known) > self._max:
            self._known.popitem(last=False)
        return found

    async def refresh(self) -> bool:
        """Forget everything if any sub-account changed since the last call; True if so."""
        revision = await self._store.locations_revision()
        changed = revision != self._revision
        if changed:
            self._revision = revision
            self._known.clear()
        return changed


class StoredSecrets:
    """The keeper's view of the store: one sealed secret of one sub-account."""

    def __init__(self, store: Locations) -> None:
        self._store = store

    async def secret(self, location: str, name: str) -> bytes | None:
        """The sealed value, or None where there is none."""
        row = await self._store.get_location(location)
        return None if row is None else row.secrets.get(name)
