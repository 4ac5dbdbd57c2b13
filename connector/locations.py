"""Sub-accounts: their configuration, their trunks' credentials, and a cache that notices changes."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import orjson
import structlog
from pydantic import ValidationError

from connector.location_config import LocationConfig, TrunkConfig, custom_adapter, merged
from mappings.payload.request import Credentials
from mappings.trunks import names, trunk
from oauth.vault import place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.store import LocationRow, Locations
    from mappings.trunks import Trunk
    from oauth.vault import Vault

__all__ = [
    "Location",
    "LocationBook",
    "LocationConfig",
    "StoredSecrets",
    "TrunkConfig",
    "effective",
    "open_location",
    "open_trunk",
    "registered",
    "seal_trunk",
    "secret_name",
]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Location:
    """One sub-account, ready for use."""

    id: str
    config: LocationConfig
    """Its own configuration on top of its agency's."""
    credentials: Mapping[str, Credentials] = field(repr=False)
    own: Mapping[str, Trunk] = field(default_factory=dict, repr=False)
    company: str | None = None
    """The agency it belongs to, where that is known."""
    version: int = 0

    def adapter(self, name: str) -> Trunk | None:
        """The trunk of that name, its own ones included; None where there is none."""
        return self.own.get(name) or registered(name)


def registered(name: str) -> Trunk | None:
    """The trunk that Ringback has under that name; None where it has none."""
    return trunk(name) if name in names() else None


def secret_name(trunk_name: str) -> str:
    """The name under which a trunk's secrets are sealed."""
    return f"trunk/{trunk_name}"


def seal_trunk(vault: Vault, location: str, trunk_name: str, secrets: tuple[str, ...]) -> bytes:
    """A trunk's secrets, newest first, as one sealed value."""
    return vault.seal(orjson.dumps(secrets).decode(), bound_to=place(location, secret_name(trunk_name)))


def open_trunk(vault: Vault, location: str, trunk_name: str, sealed: bytes) -> tuple[str, ...]:
    """A trunk's secrets, newest first.

    Raises:
        VaultError: they were sealed with other keys.
    """
    return tuple(orjson.loads(vault.open(sealed, bound_to=place(location, secret_name(trunk_name)))))


def effective(row: LocationRow) -> LocationConfig:
    """A sub-account's configuration: its own on top of its agency's.

    Where the two do not fit together (they were changed at the same time), its own stands alone: calls go on.
    """
    if row.defaults is None:
        return LocationConfig.model_validate_json(row.document)
    document = merged(orjson.loads(row.defaults), orjson.loads(row.document))
    try:
        return LocationConfig.model_validate(document)
    except ValidationError as error:
        log.error("the agency's defaults do not fit this sub-account and are left out", location=row.id, why=str(error))
        return LocationConfig.model_validate_json(row.document)


def open_location(row: LocationRow, vault: Vault) -> Location:
    """The sub-account as it is kept, its trunks' secrets opened.

    Raises:
        VaultError: a secret was sealed with other keys.
    """
    config = effective(row)
    credentials = {}
    for name, settings in config.trunks.items():
        sealed = row.secrets.get(secret_name(name))
        if sealed is None:  # fail closed: a trunk without a secret has no entry
            continue
        credentials[name] = Credentials(secrets=open_trunk(vault, row.id, name, sealed), window_s=settings.window_s)
    own = {adapter.name: adapter for adapter in map(custom_adapter, config.custom_trunks)}
    return Location(row.id, config, credentials, own, row.company, row.version)


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
        found = None if row is None else await self._open(row)
        self._known[location] = found
        if len(self._known) > self._max:
            self._known.popitem(last=False)
        return found

    async def _open(self, row: LocationRow) -> Location:
        if b'"holidays"' in row.document + (row.defaults or b""):
            # The library of holidays takes a second of CPU when it is first used: nobody should wait for that.
            return await asyncio.to_thread(open_location, row, self._vault)
        return open_location(row, self._vault)

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
