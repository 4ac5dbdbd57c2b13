"""Who works in a sub-account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.exchange import Answer, Ask


def search(ask: Ask[None]) -> Answer:
    """GET /users/search: the agency's id is required; pages by `skip` and `limit` (25)."""
    if ask.required("companyId") != ask.location.company_id:
        raise Refusal(403, "The token does not have access to this company.")
    wanted = ask.query.get("query", "").lower()
    users = [one for one in ask.location.users if wanted in f"{one['name']} {one['email']}".lower()]
    skip, limit = ask.number("skip", 0), ask.number("limit", 25)
    return 200, {"users": users[skip : skip + limit], "count": len(users)}
