"""What a newly installed sub-account starts with: a trunk of the generic kind, and a secret of its own for it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

import orjson

from connector.locations import open_location, seal_trunk, secret_name
from connector.store import StoreError
from connector.store.history import Owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.store import LocationRow
    from connector.store.history import History
    from oauth.vault import Vault

TRUNK: Final = "generic"
WHO: Final = "install"
"""Who made the configuration, for its history."""
_TRIES: Final = 5


class Rows(Protocol):
    """The sub-accounts' rows."""

    async def get_location(self, location: str) -> LocationRow | None:
        """None where it is not registered."""


@dataclass(frozen=True, slots=True)
class Connection:
    """What a person pastes at the phone provider.

    `url` is None where the sub-account has other trunks than the generic one; `secret` where it is not to be shown.
    """

    location: str
    url: str | None
    secret: str | None = field(default=None, repr=False)


class Connections:
    """Registers sub-accounts that were installed, and shows what their trunks need."""

    def __init__(
        self, rows: Rows, history: History, vault: Vault, *, public_url: str, now_ms: Callable[[], int]
    ) -> None:
        self._rows = rows
        self._history = history
        self._vault = vault
        self._public_url = public_url
        self._now_ms = now_ms

    async def ensure(self, location: str, company: str | None) -> Connection:
        """The sub-account is registered, and belongs to that agency; with its secret if it was made just now.

        Whatever configuration it has stays: that of an earlier installation goes on.

        Raises:
            StoreError: it cannot be written down.
        """
        made = None
        for _ in range(_TRIES):
            version = await self._history.version(Owner("location", location))
            row = await self._rows.get_location(location)
            made = secrets.token_hex(24) if row is None else None
            if made is None or await self._put(location, made, version):
                break
        else:
            raise StoreError(f"the configuration of {location} is being changed all the time")
        if company is not None:
            await self._history.assign(location, company, who=WHO, now_ms=self._now_ms())
        if row is None:
            return Connection(location, self._url(location), made)
        return self._shown(row, secret=False)

    async def reveal(self, location: str) -> Connection | None:
        """Address and secret, for an admin: whoever asks must have been checked. None where it is not registered.

        Raises:
            VaultError: the secret was sealed with other keys.
        """
        row = await self._rows.get_location(location)
        return None if row is None else self._shown(row, secret=True)

    async def _put(self, location: str, secret: str, version: int) -> bool:
        """Written as the first configuration; False where another one came first."""
        kept = await self._history.put(
            Owner("location", location),
            document=orjson.dumps({"trunks": {TRUNK: {}}}),
            secrets={secret_name(TRUNK): seal_trunk(self._vault, location, TRUNK, (secret,))},
            who=WHO,
            what="installed",
            now_ms=self._now_ms(),
            expected=version,
        )
        return kept is not None

    def _shown(self, row: LocationRow, *, secret: bool) -> Connection:
        if secret_name(TRUNK) not in row.secrets:
            return Connection(row.id, None)
        credentials = open_location(row, self._vault).credentials.get(TRUNK) if secret else None
        return Connection(row.id, self._url(row.id), credentials.secrets[0] if credentials else None)

    def _url(self, location: str) -> str:
        return f"{self._public_url}/hooks/{location}/{TRUNK}"
