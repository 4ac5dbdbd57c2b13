"""A sub-account's own facts: settings, tags, custom fields, workflows, users."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from connector.sandbox.contacts import known_tags
from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.bodies import CustomFieldCreate, TagCreate
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Location, Record, Sandbox


def read(ask: Ask[None]) -> Answer:
    """GET /locations/{locationId}."""
    location = ask.location
    return 200, {
        "location": {
            "id": location.id,
            "companyId": location.company_id,
            "name": location.name,
            "timezone": location.timezone,
            "country": location.country,
            "business": {"name": location.name, "timezone": location.timezone},
            "settings": {"allowDuplicateContact": location.allow_duplicates},
        }
    }


def list_tags(ask: Ask[None]) -> Answer:
    """GET /locations/{locationId}/tags."""
    return 200, {"tags": list(ask.location.tags.values())}


def add_tag(ask: Ask[TagCreate]) -> Answer:
    """POST /locations/{locationId}/tags: 200, unlike other creations."""
    names = known_tags(ask.sandbox, ask.location, [ask.body.name])
    if not names:
        raise Refusal(422, ["name should not be empty"])
    return 200, {"tag": ask.location.tags[names[0]]}


def list_fields(ask: Ask[None]) -> Answer:
    """GET /locations/{locationId}/customFields: of one model, or all."""
    model = ask.query.get("model", "all")
    fields = ask.location.custom_fields.values()
    return 200, {"customFields": [field for field in fields if model in {"all", field["model"]}]}


def add_field(ask: Ask[CustomFieldCreate]) -> Answer:
    """POST /locations/{locationId}/customFields."""
    body = ask.body
    field = make_field(ask.sandbox, ask.location, body.name, body.data_type, body.model)
    return 201, {"customField": field}


def make_field(sandbox: Sandbox, location: Location, name: str, data_type: str, model: str) -> Record:
    """A custom field, its key made of its name as the CRM does."""
    slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
    field: Record = {
        "id": sandbox.new_id(),
        "name": name,
        "fieldKey": f"{model}.{slug}",
        "dataType": data_type,
        "position": len(location.custom_fields) * 50,
        "model": model,
        "locationId": location.id,
    }
    location.custom_fields[field["id"]] = field
    return field


def list_workflows(ask: Ask[None]) -> Answer:
    """GET /workflows/: no paging, and no word of what they do."""
    ask.required("locationId")
    shown = ("id", "name", "status", "version", "createdAt", "updatedAt", "locationId")
    workflows = ask.location.workflows.values()
    return 200, {"workflows": [{name: one[name] for name in shown} for one in workflows]}
