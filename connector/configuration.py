"""Changing configurations: validated, fitting their agency's defaults, versioned; for the command line and the API."""

from __future__ import annotations

import asyncio
import secrets as randomness
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from connector.location_config import LocationConfig, custom_adapter, merged
from connector.locations import open_trunk, seal_trunk, secret_name
from connector.store.history import KEPT, Owner
from mappings.call import iso
from mappings.problems import problems_of
from mappings.trunks import names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from connector.store import LocationRow
    from connector.store.database import Database
    from connector.store.history import Change
    from oauth.vault import Vault

TRIES = 5
"""How often a change is made again from what somebody else changed meanwhile."""
_SHOWN = 5
"""How many sub-accounts are named that a change of defaults does not fit."""


class NotThereError(Exception):
    """There is no such sub-account, trunk or version; says which."""


class ChangedMeanwhileError(Exception):
    """Somebody else changed the configuration meanwhile; nothing was changed."""


class UnfitError(Exception):
    """The document cannot be: `problems` are (path, message) pairs."""

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{path}: {message}" if path else message for path, message in problems))


class Configurations:
    """What changes configurations. `who` is a key, a person at the command line, or the install."""

    def __init__(self, database: Database, vault: Vault, now_ms: Callable[[], int]) -> None:
        self._database = database
        self._vault = vault
        self._now_ms = now_ms

    async def put(
        self,
        location: str,
        config: LocationConfig,
        *,
        who: str,
        what: str = "configuration",
        sealed: Mapping[str, bytes | None] | None = None,
        expected: int | None = None,
    ) -> int:
        """Replace a sub-account's document, or register it: the new version.

        Args:
            location: The sub-account.
            config: Its own configuration, without its agency's.
            who: Who did it.
            what: What was done, in words.
            sealed: Sealed secrets to replace by name, or to remove (None).
            expected: The version this change was made from; None changes whatever is there.

        Raises:
            UnfitError: it does not fit its agency's defaults, or names a trunk that there is not.
            ChangedMeanwhileError: `expected` is not the newest version any more.
        """
        company = await self._database.history.company_of(location)
        defaults = None if company is None else await self._database.history.defaults(company)
        document = config.document()
        # A thread: a country's holidays take a second to load when they are first looked at.
        await asyncio.to_thread(check, document, None if defaults is None else defaults.document)
        owner = Owner("location", location)
        return await self._write(owner, document, who=who, what=what, expected=expected, sealed=sealed)

    async def put_defaults(
        self, company: str, config: LocationConfig, *, who: str, what: str = "defaults", expected: int | None = None
    ) -> int:
        """Replace what an agency chose for all its sub-accounts: the new version. It counts at once.

        Raises:
            UnfitError: it does not fit what some of its sub-accounts chose; names the first of them.
            ChangedMeanwhileError: `expected` is not the newest version any more.
        """
        document = config.document()
        after = ""
        while rows := await self._database.history.locations_of(company, after=after):
            after = rows[-1].id
            # A thread: a thousand sub-accounts take a while, and calls come in meanwhile.
            if unfit := await asyncio.to_thread(_unfit, rows, document):
                raise UnfitError(unfit)
        return await self._write(Owner("company", company), document, who=who, what=what, expected=expected)

    async def patch(self, location: str, patch: Mapping[str, Any], *, who: str, expected: int | None = None) -> int:
        """Change what is named in a document (RFC 7396: null takes a field away): the new version.

        Raises:
            NotThereError: the sub-account is not registered.
            UnfitError: what would come out cannot be.
            ChangedMeanwhileError: `expected` is not the newest version any more.
        """
        for _ in range(TRIES):
            row = await self._row(location)
            config = await asyncio.to_thread(read_config, patched(orjson.loads(row.document), patch))
            try:
                return await self.put(location, config, who=who, expected=row.version if expected is None else expected)
            except ChangedMeanwhileError:
                if expected is not None:
                    raise
        raise ChangedMeanwhileError

    async def assign(self, location: str, company: str | None, *, who: str) -> bool:
        """Say which agency a sub-account belongs to, whose defaults count from then on. False if it is so already.

        Raises:
            NotThereError: the sub-account is not registered.
            UnfitError: that agency's defaults do not fit what it chose itself.
        """
        row = await self._row(location)
        defaults = None if company is None else await self._database.history.defaults(company)
        if defaults is not None:
            await asyncio.to_thread(check, row.document, defaults.document)
        return await self._database.history.assign(location, company, who=who, now_ms=self._now_ms())

    async def rotate_secret(self, location: str, trunk: str, secret: str | None, *, keep: bool, who: str) -> str:
        """Give a trunk a new secret (one is made where none is given) and return it.

        Args:
            location: The sub-account.
            trunk: A trunk of its configuration.
            secret: The new secret, such as a provider's token.
            keep: Let the one before count too, until the next rotation: nothing is lost while the sender changes over.
            who: Who did it.

        Raises:
            NotThereError: there is no such sub-account, or it has no such trunk.
            VaultError: the secret so far does not open.
            ChangedMeanwhileError: others change it without end.
        """
        new = secret or randomness.token_hex(24)
        for _ in range(TRIES):
            row = await self._row(location)
            document = merged(orjson.loads(row.defaults or b"{}"), orjson.loads(row.document))
            if trunk not in document.get("trunks", {}):
                raise NotThereError(f"Sub-account {location} has no trunk {trunk!r}.")
            old = row.secrets.get(secret_name(trunk))
            before = open_trunk(self._vault, location, trunk, old)[:1] if keep and old is not None else ()
            sealed = {secret_name(trunk): seal_trunk(self._vault, location, trunk, (new, *before))}
            what = f"secret of trunk {trunk}"
            owner = Owner("location", location)
            try:
                await self._write(owner, None, who=who, what=what, expected=row.version, sealed=sealed)
            except ChangedMeanwhileError:
                continue
            return new
        raise ChangedMeanwhileError

    async def undo(self, owner: Owner, *, who: str, to: int | None = None, expected: int | None = None) -> int:
        """Bring a document back as it was before its last change, or as of version `to`: the new version.

        It is a change like any other and can be undone. Secrets stay as they are: old ones are not kept.

        Raises:
            NotThereError: there is no such version, or no document in it.
            UnfitError: the document of then cannot be any more.
            ChangedMeanwhileError: it was changed meanwhile, or `expected` is not the newest version.
        """
        newest = await self._database.history.version(owner)
        changes = await self._database.history.changes(owner, limit=KEPT)
        current = await self._document(owner)
        version, document = _as_of(changes, current, newest, to)
        if document is None:
            raise NotThereError(f"In version {version} there was no configuration.")
        config = await asyncio.to_thread(read_config, orjson.loads(document))
        seen = newest if expected is None else expected
        what = f"back to version {version}"
        if owner.kind == "company":
            return await self.put_defaults(owner.id, config, who=who, what=what, expected=seen)
        return await self.put(owner.id, config, who=who, what=what, expected=seen)

    async def _document(self, owner: Owner) -> bytes | None:
        if owner.kind == "company":
            defaults = await self._database.history.defaults(owner.id)
            return None if defaults is None else defaults.document
        row = await self._database.get_location(owner.id)
        return None if row is None else row.document

    async def _row(self, location: str) -> LocationRow:
        row = await self._database.get_location(location)
        if row is None:
            raise NotThereError(f"Sub-account {location} is not registered.")
        return row

    async def _write(
        self,
        owner: Owner,
        document: bytes | None,
        *,
        who: str,
        what: str,
        expected: int | None,
        sealed: Mapping[str, bytes | None] | None = None,
    ) -> int:
        version = await self._database.history.put(
            owner, document=document, who=who, what=what, now_ms=self._now_ms(), secrets=sealed, expected=expected
        )
        if version is None:
            raise ChangedMeanwhileError
        return version


def read_config(document: Any) -> LocationConfig:
    """The configuration that this document is.

    Raises:
        UnfitError: it is none; names each field that is wrong.
    """
    try:
        return LocationConfig.model_validate(document)
    except ValidationError as error:
        raise UnfitError(problems_of(error)) from None
    except RecursionError:
        raise UnfitError([("", "is nested too deeply")]) from None


def check(document: bytes, defaults: bytes | None) -> None:
    """Make sure that a valid document can stand on top of its agency's, and that its trunks exist.

    Raises:
        UnfitError: it cannot, or one does not.
    """
    config = read_config(merged(orjson.loads(defaults or b"{}"), orjson.loads(document)))
    known = {*names(), *(custom_adapter(mapping).name for mapping in config.custom_trunks)}
    unknown = sorted(set(config.trunks) - known)
    if unknown:
        raise UnfitError([(f"trunks.{name}", f"is no trunk; known: {', '.join(sorted(known))}") for name in unknown])


def patched(document: Any, patch: Any) -> Any:
    """The document with a JSON merge patch applied (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(document) if isinstance(document, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), value)
    return result


def change_json(change: Change) -> dict[str, Any]:
    """A change as the API and the command line show it."""
    return {
        "version": change.version,
        "at": iso(change.at_ms),
        "who": change.who,
        "what": change.what,
        "before": None if change.before is None else orjson.loads(change.before),
    }


def in_full(config: LocationConfig) -> LocationConfig:
    """The same configuration with everything that was not chosen written down."""
    return LocationConfig.model_validate(config.model_dump(mode="json"))


def _unfit(rows: Sequence[LocationRow], defaults: bytes) -> list[tuple[str, str]]:
    found = []
    for row in rows:
        try:
            check(row.document, defaults)
        except UnfitError as error:
            found += [(f"{row.id}: {path}", message) for path, message in error.problems]
    return found[:_SHOWN]


def _as_of(changes: Sequence[Change], current: bytes | None, newest: int, to: int | None) -> tuple[int, bytes | None]:
    """The version to go back to and its document; `changes` are the newest first.

    Raises:
        NotThereError: it is not known any more, or never was.
    """
    for change in changes:
        wanted = change.before != current if to is None else change.version == to + 1
        if wanted:
            return change.version - 1, change.before
    if to is not None and to == newest and newest > 0:
        return newest, current
    known = f"versions {changes[-1].version - 1} to {newest} are known" if changes else "none is known"
    raise NotThereError("There is nothing to undo." if to is None else f"Version {to} is not known: {known}.")
