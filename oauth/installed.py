"""PURE: which sub-accounts an agency installed us for: the request and its answer, in both API generations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from oauth.refusal import MalformedGrantError


@dataclass(frozen=True, slots=True)
class Installed:
    """One sub-account, and what it is called."""

    id: str
    name: str | None


@dataclass(frozen=True, slots=True)
class InstalledPage:
    """Some of an agency's sub-accounts.

    `next` leads to the page after this one, None at the end; `future` tells whether sub-accounts made later are to have
    us as well.
    """

    locations: tuple[Installed, ...]
    next: str | None
    future: bool


def installed_path(company_id: str, app_id: str, *, after: str | None, limit: int, v3: bool) -> tuple[str, str]:
    """Path with query, and `Version`. Without `appId` the CRM answers 422, without `isInstalled` it lists all."""
    query = {"companyId": company_id, "appId": app_id, "isInstalled": "true"}
    if v3:
        query["pageSize"] = str(limit)
        if after is not None:
            query["pageToken"] = after
        return f"/oauth/installed-locations?{urlencode(query, quote_via=quote)}", "v3"
    query |= {"skip": after or "0", "limit": str(limit)}
    return f"/oauth/installedLocations?{urlencode(query, quote_via=quote)}", "2021-07-28"


def decode_page(body: bytes, *, after: str | None, limit: int) -> InstalledPage:
    """The page in a successful answer, in either spelling; a short page is the last (the old `count` counts all).

    Raises:
        MalformedGrantError: it is no such page.
    """
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedGrantError("the list of sub-accounts is no JSON") from None
    items = answer.get("locations", answer.get("items")) if isinstance(answer, dict) else None
    if not isinstance(items, list):
        raise MalformedGrantError("the answer holds no list of sub-accounts")
    found = tuple(_installed(item) for item in items if not isinstance(item, dict) or item.get("isInstalled", True))
    return InstalledPage(found, _next(answer, len(items), after, limit), answer.get("installToFutureLocations") is True)


def _installed(item: Any) -> Installed:
    if isinstance(item, dict):
        found, name = item.get("_id", item.get("id")), item.get("name")
        if isinstance(found, str) and found:
            return Installed(found, name if isinstance(name, str) else None)
    raise MalformedGrantError("the list of sub-accounts holds one without an id")


def _next(answer: dict[str, Any], listed: int, after: str | None, limit: int) -> str | None:
    pagination = answer.get("pagination")
    if isinstance(pagination, dict):
        token = pagination.get("nextPageToken")
        return token if pagination.get("hasNextPage") is True and isinstance(token, str) and token else None
    return None if listed < limit else str(int(after or 0) + listed)
