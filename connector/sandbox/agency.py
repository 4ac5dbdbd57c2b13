"""What only an agency's token may ask: which sub-accounts, and a token for one of them.

Source: the vendor's OpenAPI files for OAuth, both generations.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
from pydantic import ValidationError

from connector.sandbox.bodies import Body, Text
from connector.sandbox.exchange import Refusal, other_company, violations
from connector.sandbox.gate import admit, grant_of, version_of, wrong_kind
from connector.sandbox.token_endpoint import fields, spelt, tokens_of
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.sandbox.exchange import Answer
    from connector.sandbox.marketplace import Install
    from connector.sandbox.state import Location, Record, Sandbox

_MOST: Final = 100
_PAGE: Final = 20


@dataclass(frozen=True, slots=True)
class CompanyAsk:
    """One admitted request of an agency's token."""

    sandbox: Sandbox
    install: Install
    headers: Mapping[str, str]
    query: Mapping[str, str]
    raw: bytes


@dataclass(frozen=True, slots=True)
class CompanyRoute:
    """One verb; a v3 path does not exist for older versions."""

    method: str
    path: str
    scope: str
    handle: Callable[[CompanyAsk], Answer]
    v3: bool = False

    @property
    def writes(self) -> bool:
        """Whether it changes anything."""
        return self.scope.endswith(".write")


class LocationTokenForm(Body):
    """Which sub-account of which agency."""

    company_id: Text
    location_id: Text


def answer(
    sandbox: Sandbox, route: CompanyRoute, *, headers: Mapping[str, str], query: Mapping[str, str], raw: bytes
) -> Answer:
    """Check, then do.

    Raises:
        Refusal: the CRM says no.
    """
    if version_of(headers) != "v3" and route.v3:
        raise Refusal(404, f"Cannot {route.method} {route.path}")
    grant = grant_of(sandbox, headers, agency=True)
    if grant.location_id is not None or grant.install is None:
        raise wrong_kind()
    admit(sandbox, grant, route.scope)
    return route.handle(CompanyAsk(sandbox, grant.install, headers, query, raw))


def location_token(ask: CompanyAsk) -> Answer:
    """POST /oauth/locationToken: the old answer has no refresh token, says the older schema."""
    return _location_token(ask, v3=False)


def location_token_v3(ask: CompanyAsk) -> Answer:
    """POST /oauth/location-token."""
    return _location_token(ask, v3=True)


def _location_token(ask: CompanyAsk, *, v3: bool) -> Answer:
    try:
        form = LocationTokenForm.model_validate(fields(ask.headers, ask.raw))
    except ValidationError as error:
        raise Refusal(422, violations(error)) from None
    if form.company_id != ask.install.company_id:
        raise other_company()
    location = ask.sandbox.locations.get(form.location_id)
    if location is None:
        raise Refusal(400, "Location not found")
    pair = ask.sandbox.market.mint(ask.install, location, refreshable=v3)
    app_id = _app_id(ask)
    return 200, spelt(tokens_of(pair, ask.sandbox) | {"appId": app_id, "versionId": app_id}, v3=v3)


def installed_locations(ask: CompanyAsk) -> Answer:
    """GET /oauth/installedLocations: `count` is that of all the agency's sub-accounts, as the schema says."""
    found, total = _found(ask)
    start, size = _whole(ask, "skip", 0), _whole(ask, "limit", _PAGE)
    return 200, {
        "locations": found[start : start + size],
        "count": total,
        "installToFutureLocations": ask.install.future,
    }


def installed_locations_v3(ask: CompanyAsk) -> Answer:
    """GET /oauth/installed-locations: pages by token (AIP-158), errors of paging in their own envelope."""
    found, _ = _found(ask)
    size, start = ask.query.get("pageSize", str(_PAGE)), _start(ask.query.get("pageToken"))
    if not size.isdecimal() or not 1 <= int(size) <= _MOST:
        raise AipRefusal("pageSize", f"pageSize must be a number from 1 to {_MOST}")
    page = found[start : start + int(size)]
    more = start + len(page) < len(found)
    pagination: Record = {
        "totalRecords": len(found),
        "hasNextPage": more,
        "hasPrevPage": start > 0,
        "currentPageSize": len(page),
    }
    if more:
        pagination["nextPageToken"] = urlsafe_b64encode(orjson.dumps({"skip": start + len(page)})).decode()
    metadata = {"filterApplied": {"companyId": ask.install.company_id}, "sortApplied": {}}
    future = {"installToFutureLocations": ask.install.future}
    return 200, {"items": page, "pagination": pagination, "metadata": metadata, **future}


class AipRefusal(Refusal):
    """A 400 in the newer form (AIP-193) that some v3 endpoints have."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(400, message)
        self._name = name

    def payload(self) -> Record:
        """The envelope."""
        return {"error": {"code": "INVALID_ARGUMENT", "message": str(self.args[0]), "details": {"field": self._name}}}


def _found(ask: CompanyAsk) -> tuple[list[Record], int]:
    """The sub-accounts asked for, and how many the agency has."""
    if lacking := [name for name in ("companyId", "appId") if not ask.query.get(name)]:
        raise Refusal(422, [f"{name} should not be empty" for name in lacking])
    if ask.query["companyId"] != ask.install.company_id:
        raise other_company()
    if ask.query["appId"] != _app_id(ask):
        raise Refusal(403, "The token does not have access to this app.")
    every = [one for one in ask.sandbox.locations.values() if one.company_id == ask.install.company_id]
    rows = [_row(ask, one) for one in every if _asked(ask.query, one)]
    wanted = ask.query.get("isInstalled")
    return [row for row in rows if wanted in {None, "true" if row["isInstalled"] else "false"}], len(every)


def _asked(query: Mapping[str, str], location: Location) -> bool:
    return query.get("locationId") in {None, location.id} and query.get("query", "").lower() in location.name.lower()


def _row(ask: CompanyAsk, location: Location) -> Record:
    since_ms = ask.sandbox.market.covered(ask.install.client_id, location)
    row: Record = {"_id": location.id, "name": location.name, "address": "", "isInstalled": since_ms is not None}
    if since_ms is not None:
        row |= {"versionId": _app_id(ask), "installedAt": iso(since_ms)}
    return row


def _app_id(ask: CompanyAsk) -> str:
    return ask.sandbox.market.apps[ask.install.client_id].app_id


def _whole(ask: CompanyAsk, name: str, default: int) -> int:
    text = ask.query.get(name, str(default))
    if not text.isdecimal():
        raise Refusal(422, [f"{name} must be a number string"])
    return int(text)


def _start(page_token: str | None) -> int:
    if page_token is None:
        return 0
    try:
        return int(orjson.loads(urlsafe_b64decode(page_token))["skip"])
    except (ValueError, KeyError, TypeError):
        raise AipRefusal("pageToken", "pageToken is invalid") from None


COMPANY_ROUTES: Final = (
    CompanyRoute("POST", "/oauth/locationToken", "oauth.write", location_token),
    CompanyRoute("POST", "/oauth/location-token", "oauth.write", location_token_v3, v3=True),
    CompanyRoute("GET", "/oauth/installedLocations", "oauth.readonly", installed_locations),
    CompanyRoute("GET", "/oauth/installed-locations", "oauth.readonly", installed_locations_v3, v3=True),
)
