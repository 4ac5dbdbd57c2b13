"""The vendor's PyPI package, asked for one verb a line: {"verb", "asked"} in, "= {answer}" out.

Runs in an environment of its own, where that package and nothing of ours is: `python pypi.py URL`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from datetime import UTC, datetime
from typing import Any

from highlevel import HighLevel  # type: ignore[import-not-found] # installed in its own environment only


def _crm() -> Any:
    return HighLevel(private_integration_token=os.environ["PRIVATE_TOKEN"])


def _app(asked: dict[str, Any]) -> Any:
    return HighLevel(
        client_id=asked["client_id"], client_secret=asked["client_secret"], agency_access_token=asked.get("token")
    )


def _due(asked: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(asked["due_ms"] / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _code(asked: dict[str, Any]) -> dict[str, Any]:
    return {
        "clientId": asked["client_id"],
        "clientSecret": asked["client_secret"],
        "grantType": "authorization_code",
        "code": asked["code"],
        "redirectUri": asked["redirect_uri"],
        "userType": asked["kind"],
    }


VERBS = {
    "get_contact": lambda a: _crm().contacts.get_contact(a["contact"]),
    "find_contact": lambda a: _crm().contacts.get_duplicate_contact(a["location"], number=a["number"]),
    "create_contact": lambda a: _crm().contacts.create_contact(
        {"locationId": a["location"], "phone": a["phone"], "name": a["name"]}
    ),
    "add_note": lambda a: _crm().contacts.create_note(a["contact"], {"body": a["body"]}),
    "add_tags": lambda a: _crm().contacts.add_tags(a["contact"], {"tags": a["tags"]}),
    "remove_tags": lambda a: _crm().contacts.remove_tags(a["contact"], {"tags": a["tags"]}),
    "enrol": lambda a: _crm().contacts.add_contact_to_workflow(a["contact"], a["workflow"], {}),
    "create_task": lambda a: _crm().contacts.create_task(
        a["contact"], {"title": a["title"], "body": a["body"], "dueDate": _due(a), "completed": False}
    ),
    "exchange": lambda a: _app(a).oauth.get_access_token(_code(a)),
    "refresh": lambda a: _app(a).oauth.refresh_token(
        a["refresh_token"], a["client_id"], a["client_secret"], "refresh_token", a["kind"]
    ),
    "location_token": lambda a: _app(a).oauth.get_location_access_token(
        {"companyId": a["company"], "locationId": a["location"]}
    ),
    "installed_locations": lambda a: _app(a).oauth.get_installed_location(
        a["company"], a["app"], is_installed=True, page_size=a["limit"]
    ),
}


async def _answered(line: str) -> Any:
    order = json.loads(line)
    try:
        return await VERBS[order["verb"]](order["asked"]) or {}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the answer
        return {"error": str(error) or type(error).__name__}


async def main() -> None:
    """Until nobody asks any more."""
    HighLevel.BASE_URL = sys.argv[1]
    for line in sys.stdin:
        sys.stdout.write(f"= {json.dumps(await _answered(line))}\n")
        sys.stdout.flush()


asyncio.run(main())
