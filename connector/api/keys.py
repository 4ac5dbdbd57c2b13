"""`/keys`: keys to the API itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import Field, model_validator

from connector.api.access import grantable, new_key
from connector.api.route import Answer, Asked, Body, NotFoundError, Refusal, Route, Shown, TextId, TextPage
from connector.api.scope import Scope
from connector.store.access import MOST_KEYS, KeyKind
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.api.access import Caller
    from connector.store.access import Access, ApiKey


class KeysQuery(TextPage):
    """Whose keys; this key's own owner's (the operator: everybody's) when not given."""

    location: TextId | None = None
    """This sub-account's."""
    company: TextId | None = None
    """This agency's own."""


class KeyWish(Body):
    """A new key: a sub-account's, an agency's, or of the same owner as the key that asks."""

    location: TextId | None = None
    """The sub-account whose things it opens."""
    company: TextId | None = None
    """The agency whose sub-accounts' things it opens."""
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(Scope))]
    """What it is for."""
    label: Annotated[str, Field(max_length=200)] = ""
    """What people call it."""

    @model_validator(mode="after")
    def _one_owner(self) -> Self:
        if self.location is not None and self.company is not None:
            raise ValueError("a key is a sub-account's or an agency's: name one of them")
        return self


class KeyShown(Shown):
    """A key without its secret."""

    id: str
    kind: KeyKind
    owner: str
    """The sub-account's or agency's id; empty for the operator's."""
    scopes: list[str]
    label: str
    made: str | None
    made_by: str
    last_used: str | None
    revoked: str | None


class KeyMade(KeyShown):
    """A new key; `key` is shown this once."""

    key: str


class KeyList(Shown):
    """Keys by id, ascending."""

    keys: list[KeyShown]


class KeyRevoked(Shown):
    """A key that opens nothing any more."""

    id: str
    revoked: str | None


def routes(access: Access, now_ms: Callable[[], int]) -> tuple[Route, ...]:
    """The routes of keys."""
    handlers = _Handlers(access, now_ms)
    write = Scope.KEYS_WRITE
    return (
        Route("GET", "/keys", write, "Keys", handlers.listed, KeyList, KeysQuery),
        Route("POST", "/keys", write, "Make a key", handlers.add, KeyMade, body=KeyWish, status=201, refusals=(409,)),
        Route("DELETE", "/keys/{key_id}", write, "Revoke a key", handlers.revoke, KeyRevoked),
    )


class _Handlers:
    def __init__(self, access: Access, now_ms: Callable[[], int]) -> None:
        self._access = access
        self._now_ms = now_ms

    async def listed(self, asked: Asked) -> Answer:
        query = asked.query_as(KeysQuery)
        owner = _owner(asked.access, query.location, query.company)
        everybody = owner == ("operator", "")
        keys = await self._access.page(owner=None if everybody else owner, limit=query.limit, after=query.after)
        return Answer(KeyList(keys=[KeyShown.model_validate(key_json(key)) for key in keys]))

    async def add(self, asked: Asked) -> Answer:
        caller, wish = asked.access, asked.body_as(KeyWish)
        if wish.location is not None:
            await caller.may_see(wish.location)
        if wish.company is not None:
            caller.may_see_company(wish.company)
        grantable(caller, wish.scopes)
        kind, owner = _owner(caller, wish.location, wish.company)
        now = self._now_ms()
        kept, key = new_key(kind, owner, wish.scopes, label=wish.label, made_by=caller.who, now_ms=now)
        if not await self._access.add(kept):
            raise Refusal(
                409, "Too many keys", f"One owner may have {MOST_KEYS} keys. Nothing was made: revoke one first."
            )
        return Answer(KeyMade.model_validate(key_json(kept) | {"key": key}))

    async def revoke(self, asked: Asked) -> Answer:
        key_id, now = asked.path["key_id"], self._now_ms()
        missing = f"There is no key {key_id} that this key may see, or it is revoked already."
        key = await self._access.get(key_id)
        if key is None or not await _sees(asked.access, key):
            raise NotFoundError(missing)
        if not await self._access.revoke(key_id, now_ms=now):
            raise NotFoundError(missing)
        return Answer(KeyRevoked(id=key_id, revoked=iso(now)))


def _owner(caller: Caller, location: str | None, company: str | None) -> tuple[KeyKind, str]:
    if location is not None:
        return "location", location
    if company is not None:
        return "company", company
    return caller.kind, caller.owner


async def _sees(caller: Caller, key: ApiKey) -> bool:
    if key.kind == "location":
        return await caller.sees(key.owner)
    return caller.kind == "operator" or (key.kind == "company" and caller.sees_company(key.owner))


def key_json(key: ApiKey) -> dict[str, Any]:
    """A key as the API and the command line show it."""
    return {
        "id": key.id,
        "kind": key.kind,
        "owner": key.owner,
        "scopes": list(key.scopes),
        "label": key.label,
        "made": iso(key.made_ms),
        "made_by": key.made_by,
        "last_used": iso(key.used_ms),
        "revoked": iso(key.revoked_ms),
    }
