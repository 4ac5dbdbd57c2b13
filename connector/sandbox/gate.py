"""From a request to an answer: the checks in the CRM's order, then the verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from connector.sandbox.exchange import Ask, Refusal, other_location, violations
from connector.sandbox.rate import retry_after_s

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.exchange import Answer
    from connector.sandbox.routes import Route
    from connector.sandbox.state import Grant, Location, Sandbox

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
    version = _version(headers)
    grant, location = _location(sandbox, headers)
    wait_ms = location.pace.admit(sandbox.clock_ms())
    if wait_ms is not None:
        raise Throttled(wait_ms, tell=sandbox.retry_after)
    if grant.scopes is not None and route.scope not in grant.scopes:
        raise Refusal(401, "The token is not authorized for this scope.")
    body = _body(route, headers, raw)
    named = (path.get("locationId"), query.get("locationId"), getattr(body, "location_id", None))
    if any(one not in {None, location.id} for one in named):
        raise other_location()
    return route.handle(Ask(sandbox, location, path, query, version, body))


def _version(headers: Mapping[str, str]) -> str:
    version = headers.get("Version")
    if version is None:
        raise Refusal(401, "version header was not found.")
    if version not in VERSIONS:
        raise Refusal(401, "version header is invalid")
    return version


def _location(sandbox: Sandbox, headers: Mapping[str, str]) -> tuple[Grant, Location]:
    grant = sandbox.grants.get(bearer(headers))
    if grant is None:
        raise Refusal(401, "Invalid JWT")
    return grant, sandbox.locations[grant.location_id]


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
