"""The scope that each verb of the CRM client needs: its request, held against what the CRM asks for at that path. PURE.

What the CRM asks for is in the sandbox's tables of routes, which tests hold against the vendor's OpenAPI.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from connector.crm import triggers, wire, wire_calls, wire_opportunities
from connector.crm.model import CallRecord, Request
from connector.sandbox.agency import COMPANY_ROUTES
from connector.sandbox.routes import ROUTES
from oauth.grant import location_token
from oauth.installed import installed_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_X = "x"
"""Stands for any id or text."""


class Need(NamedTuple):
    """What a verb takes: the pinned `Version` header, the scope, and whether it is an agency's token."""

    version: str
    scope: str | None
    agency: bool


def needs() -> Mapping[str, Need]:
    """Each verb that is sent with a token; `scope` None where the CRM is not known to have such a path."""
    return {request.verb: Need(request.version, *_asked_for(request)) for request in _requests()}


def _asked_for(request: Request) -> tuple[str | None, bool]:
    """The scope of the most literal path that the request fits, and whether it is an agency's."""
    path = request.path.partition("?")[0]
    for method, template, scope, agency in _known():
        if method == request.method and re.fullmatch(_pattern(template), path):
            return scope, agency
    return None, False


@cache
def _known() -> Sequence[tuple[str, str, str, bool]]:
    known = [(route.method, route.path, route.scope, False) for route in ROUTES]
    known += [(route.method, route.path, route.scope, True) for route in COMPANY_ROUTES]
    return sorted(known, key=lambda one: one[1].count("{"))


def _pattern(template: str) -> str:
    return "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", template))


def _requests() -> Iterator[Request]:
    """One of each verb."""
    yield from _of_contacts()
    yield from _of_accounts()
    yield from _of_conversations()
    yield wire_opportunities.list_pipelines(_X)
    yield wire_opportunities.find_opportunities(_X, _X)
    yield wire_opportunities.create_opportunity(_X, _X, _X, pipeline_id=_X)
    yield wire_opportunities.update_opportunity(_X, stage_id=_X)
    yield triggers.fire_trigger(f"{triggers.CRM_URL}{triggers.PREFIX}x/x", {}, crm_url=triggers.CRM_URL)
    mint = location_token(_X, _X)
    yield Request(mint.verb, "POST", mint.path, mint.version or "", mint.body)
    listing, version = installed_path(_X, _X, after=None, limit=1, v3=False)
    yield Request("installed_locations", "GET", listing, version)


def _of_contacts() -> Iterator[Request]:
    yield wire.find_contact(_X, _X)
    yield wire.get_contact(_X)
    yield wire.create_contact(_X, _X)
    yield wire.add_note(_X, _X)
    yield wire.list_notes(_X)
    yield wire.update_note(_X, _X, _X)
    yield wire.add_tags(_X, (_X,))
    yield wire.remove_tags(_X, (_X,))
    yield wire.enrol(_X, _X)
    yield wire.unenrol(_X, _X)
    yield wire.create_task(_X, _X, due_ms=0)
    yield wire.list_tasks(_X)
    yield wire.update_task(_X, _X)
    yield wire.complete_task(_X, _X)
    yield wire.set_fields(_X, {})
    yield wire.write_dnd(_X, None, everything=True)


def _of_accounts() -> Iterator[Request]:
    yield wire.get_location(_X)
    yield wire.list_workflows(_X)
    yield wire.list_tags(_X)
    yield wire.list_custom_fields(_X)
    yield wire.create_custom_field(_X, _X)
    yield wire.list_users(_X, _X)


def _of_conversations() -> Iterator[Request]:
    for direction in ("outbound", "inbound"):
        yield wire_calls.add_call(CallRecord(direction, _X, _X, "completed", _X, _X, _X), conversation_id=_X)
    yield wire_calls.list_calls(_X)
    yield wire_calls.find_conversation(_X, _X)
    yield wire_calls.create_conversation(_X, _X)
    yield wire_calls.set_attachments(_X, ())
