"""Keys to the API, in SQLite."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import orjson

from connector.store.access import MOST_KEYS, ApiKey
from connector.store.queries import statements

if TYPE_CHECKING:
    import sqlite3

    from connector.store.access import KeyKind
    from connector.store.reader import Reader
    from connector.store.writer import Writer

ACCESS: Final = statements("access")
_REMEMBERED_MS: Final = 30 * 86_400_000
"""How long a revoked key is still shown."""


class SqliteAccess:
    """See `Access`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader

    async def add(self, key: ApiKey) -> bool:
        """See `Access.add`."""
        return await self._writer.run(partial(_add, key=key))

    async def get(self, key_id: str) -> ApiKey | None:
        """See `Access.get`."""
        return await self._reader.run(partial(_get, key_id=key_id))

    async def page(
        self, *, owner: tuple[KeyKind, str] | None = None, limit: int = 100, after: str = ""
    ) -> list[ApiKey]:
        """See `Access.page`."""
        return await self._reader.run(partial(_page, owner=owner, limit=limit, after=after))

    async def revoke(self, key_id: str, *, now_ms: int) -> bool:
        """See `Access.revoke`."""
        return await self._writer.run(partial(_revoke, key_id=key_id, now_ms=now_ms))

    async def used(self, key_id: str, *, now_ms: int) -> None:
        """See `Access.used`."""
        await self._writer.run(partial(_used, key_id=key_id, now_ms=now_ms))


def _add(db: sqlite3.Connection, *, key: ApiKey) -> bool:
    whose = {"kind": key.kind, "owner": key.owner}
    db.execute(ACCESS["forget_keys"], whose | {"before_ms": key.made_ms - _REMEMBERED_MS})
    values = whose | {
        "id": key.id,
        "scopes": orjson.dumps(key.scopes).decode(),
        "digest": key.digest,
        "label": key.label,
        "made_ms": key.made_ms,
        "made_by": key.made_by,
        "most": MOST_KEYS,
    }
    return db.execute(ACCESS["add_key"], values).rowcount == 1


def _get(db: sqlite3.Connection, *, key_id: str) -> ApiKey | None:
    row = db.execute(ACCESS["get_key"], {"id": key_id}).fetchone()
    return None if row is None else _key(row)


def _page(db: sqlite3.Connection, *, owner: tuple[KeyKind, str] | None, limit: int, after: str) -> list[ApiKey]:
    asked: dict[str, Any] = {"limit": limit, "after": after}
    if owner is None:
        return list(map(_key, db.execute(ACCESS["all_keys"], asked)))
    kind, whose = owner
    return list(map(_key, db.execute(ACCESS["list_keys"], asked | {"kind": kind, "owner": whose})))


def _revoke(db: sqlite3.Connection, *, key_id: str, now_ms: int) -> bool:
    return db.execute(ACCESS["revoke_key"], {"id": key_id, "now_ms": now_ms}).rowcount == 1


def _used(db: sqlite3.Connection, *, key_id: str, now_ms: int) -> None:
    db.execute(ACCESS["use_key"], {"id": key_id, "now_ms": now_ms})


def _key(row: tuple[Any, ...]) -> ApiKey:
    key_id, kind, owner, scopes, digest, label, made_ms, made_by, used_ms, revoked_ms = row
    return ApiKey(
        id=key_id,
        kind=kind,
        owner=owner,
        scopes=tuple(orjson.loads(scopes)),
        digest=digest,
        label=label,
        made_ms=made_ms,
        made_by=made_by,
        used_ms=used_ms,
        revoked_ms=revoked_ms,
    )
