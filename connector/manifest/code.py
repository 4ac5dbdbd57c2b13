"""What the code does, as far as the manifest tells of it: asked of the code itself, the service built in memory."""

from __future__ import annotations

import asyncio
import tempfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import SecretStr

from connector.app import build
from connector.crm_events.read import EVENTS
from connector.location_config import LocationConfig, LocationFile
from connector.manifest.needs import needs
from connector.settings import PREFIX, Settings, load
from connector.web import make_app
from connector.workflow.actions import REPLIES
from connector.workflow.asked import INPUTS
from connector.workflow.payload import SAMPLE, TRIGGER
from connector.workflow.routes import HEADER
from mappings.call import Amd, Direction, Disposition
from mappings.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.manifest.needs import Need


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """The code's side of the manifest."""

    version: str
    verbs: Mapping[str, Need]
    """The CRM client's requests."""
    routes: frozenset[tuple[str, str]]
    """(method, path), a path's variables in braces."""
    events: frozenset[str]
    """The types of the CRM's events that are acted on."""
    header: str
    """The static header that the workflow builder's requests carry."""
    triggers: Mapping[str, Mapping[str, Any]]
    """Key -> a payload with every field that is sent."""
    inputs: Mapping[str, Mapping[str, bool]]
    """Action's key -> what it reads, with whether it must be there."""
    answers: Mapping[str, Mapping[str, Any]]
    """Action's key -> an answer with every field."""
    choices: Mapping[str, frozenset[str]]
    """Payload fields that hold one of few words."""
    settings: Mapping[str, bool]
    """RINGBACK_... -> whether it is secret."""
    location_settings: Mapping[str, bool]
    """Field of a sub-account's configuration -> whether it has secrets."""
    steps: frozenset[str]
    """What a rule may ask for."""
    hosts: tuple[str, str]
    """Where an admin consents: the standard one, the white-label one."""
    limits: tuple[str, int]
    """Requests per window, and per day."""


def code() -> Code:
    """The code as it is installed.

    Raises:
        UsageError: a setting of this installation cannot be what was given.
    """
    fields = Settings.model_fields
    return Code(
        version=version("ringback"),
        verbs=needs(),
        routes=asyncio.run(_routes()),
        events=frozenset(EVENTS),
        header=HEADER,
        triggers={TRIGGER: SAMPLE},
        inputs={
            key: {name: one.is_required() for name, one in model.model_fields.items()} for key, model in INPUTS.items()
        },
        answers=REPLIES,
        choices={
            "machine_disposition": frozenset(Disposition),
            "direction": frozenset(get_args(Direction)),
            "amd": frozenset(get_args(Amd)),
        },
        settings={f"{PREFIX}{name.upper()}": _secret(field.annotation) for name, field in fields.items()},
        location_settings={
            # A configuration file may hold secrets where its model is wider than what is kept.
            name: LocationFile.model_fields[name].annotation != field.annotation
            for name, field in LocationConfig.model_fields.items()
        },
        steps=frozenset(get_args(kind.model_fields["kind"].annotation)[0] for kind in get_args(get_args(Step)[0])),
        hosts=(fields["oauth_host"].default, fields["oauth_white_label"].default),
        limits=(fields["crm_burst"].default, fields["crm_daily"].default),
    )


async def _routes() -> frozenset[tuple[str, str]]:
    """Of the whole service, built on a store of its own that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="ringback-") as folder:
        service = await build(load(database_url=f"sqlite:///{Path(folder) / 'check.db'}"))
        try:
            app = make_app(service)
            return frozenset(
                (route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None
            )
        finally:
            await service.transport.close()
            await service.store.close()


def _secret(annotation: Any) -> bool:
    return annotation is SecretStr or any(_secret(part) for part in get_args(annotation))
