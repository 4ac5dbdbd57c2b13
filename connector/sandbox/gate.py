"""From a request to an answer: the checks in the CRM's order, then the verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from connector.sandbox.echoes import echoed
from connector.sandbox.exchange import Ask, Refusal, other_location, violations
from connector.sandbox.rate import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.exchange import Answer
    from connector.sandbox.routes import Route
    from connector.sandbox.state import Location, Sandbox
    from connector.sandbox.tokens import Grant

VERSIONS: Final = frozenset({"v3", "2023-02-21", "2021-07-28", "2021-04-15", "legacy"})
"""On the old paths the CRM takes any version it ever published."""


class Throttled(Refusal):
    """429; the vendor documents neither its body nor Retry-After, so the latter is a setting."""

    def __init__(self, wait_ms: int, *, tell: bool) -> None:
        super().__init__(429, "Too Many Requests")
        self.headers = {"Retry-After": retry_after_s(wait_ms)} if tell else {}


def bearer(headers: Mapping[str, str]) -> str:
    """The token a request carries; empty where there is none."""
    scheme, _, token = headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def answer(
    sandbox: Sandbox,
    route: Route,
    *,
    headers: Mapping[str, str],
    path: Mapping[str, str],
    query: Mapping[str, str],
    raw: bytes,
) -> Answer:
    """Check, then do.

    Raises:
        Refusal: the CRM says no.
    """
    version = version_of(headers)
    grant = grant_of(sandbox, headers, agency=route.agency)
    admit(sandbox, grant, route.scope)
    body = _body(route, headers, raw)
    named = {path.get("locationId"), query.get("locationId"), getattr(body, "location_id", None)} - {None}
    ask = Ask(sandbox, _location(sandbox, grant, named), path, query, version, body)
    return echoed(route, ask) if route.writes else route.handle(ask)


def version_of(headers: Mapping[str, str]) -> str:
    """The Version header.

    Raises:
        Refusal: there is none, or it was never published (401).
    """
    version = headers.get("Version")
    if version is None:
        raise Refusal(401, "version header was not found.")
    if version not in VERSIONS:
        raise Refusal(401, "version header is invalid")
    return version


def grant_of(sandbox: Sandbox, headers: Mapping[str, str], *, agency: bool) -> Grant:
    """What the bearer token may do.

    Raises:
        Refusal: it is dead or unknown, or an agency's where (`agency` False) a sub-account's is needed (401).
    """
    grant = sandbox.grant_of(bearer(headers))
    if grant is None:
        raise Refusal(401, "Invalid JWT")
    if grant.location_id is None and not agency:
        raise wrong_kind()
    return grant


def wrong_kind() -> Refusal:
    """The answer to an agency's token where a sub-account's is needed, or the other way round."""
    return Refusal(401, "This authClass type is not allowed to access this scope.")


def admit(sandbox: Sandbox, grant: Grant, scope: str) -> None:
    """Count the request.

    Raises:
        Refusal: there were too many (429), or the scope was not granted (401).
    """
    wait_ms = sandbox.pace(grant.resource).admit(sandbox.clock_ms())
    if wait_ms is not None:
        raise Throttled(wait_ms, tell=sandbox.retry_after)
    if grant.scopes is not None and scope not in grant.scopes:
        raise Refusal(401, "The token is not authorized for this scope.")


def _location(sandbox: Sandbox, grant: Grant, named: set[str | None]) -> Location:
    """The token's sub-account; or the one an agency's token names, if its install covers that."""
    wanted = named if grant.location_id is None else {grant.location_id}
    if len(wanted | named) != 1:
        raise other_location()
    location = sandbox.locations.get(next(iter(wanted)) or "")
    if location is None or (grant.location_id is None and not (grant.install and grant.install.covers(location))):
        raise other_location()
    return location


def _body(route: Route, headers: Mapping[str, str], raw: bytes) -> Any:
    if route.body is None:
        return None
    if raw and not headers.get("Content-Type", "").startswith("application/json"):
        raise Refusal(415, "Unsupported Media Type")
    try:
        return route.body.model_validate_json(raw or b"{}")
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise Refusal(400, "Unexpected token in JSON") from None
        raise Refusal(422, violations(error)) from None
