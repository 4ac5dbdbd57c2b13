"""What a sub-account calls its things: ids by name of custom fields and pipeline stages, remembered for a while."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from cachetools import TTLCache

from connector.crm.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.crm.client import Crm
    from connector.crm.model import CustomField, Pipeline

_TTL_S: Final = 600.0
_LOCATIONS: Final = 2_000
_CONVERSATIONS: Final = 20_000


class Catalogue:
    """Look-ups by name, one request for each list and sub-account every ten minutes. Each raises what its verb does."""

    def __init__(self, crm: Crm, *, timer: Callable[[], float] = time.monotonic) -> None:
        self._crm = crm
        self._fields: TTLCache[str, list[CustomField]] = TTLCache(_LOCATIONS, _TTL_S, timer)
        self._pipelines: TTLCache[str, list[Pipeline]] = TTLCache(_LOCATIONS, _TTL_S, timer)
        self._conversations: TTLCache[tuple[str, str], str] = TTLCache(_CONVERSATIONS, _TTL_S, timer)

    async def field_id(self, location: str, name: str) -> str:
        """The id of the contacts' custom field of that id, key or name; it is made where there is none."""
        for field in await self.fields(location):
            if field.is_called(name):
                return field.id
        # Forgotten before: if no answer comes it may be there, and is then found.
        self._fields.pop(location, None)
        return (await self._crm.create_custom_field(location, name)).id

    async def stage(self, location: str, pipeline: str, stage: str) -> tuple[str, str]:
        """The ids of a pipeline and of its stage, each by id or name in any case.

        Raises:
            RefusedError: the sub-account has none of that name.
        """
        pipelines = self._pipelines.get(location)
        if pipelines is None:
            pipelines = self._pipelines[location] = await self._crm.list_pipelines(location)
        line = _named(pipelines, pipeline, "pipeline")
        return line.id, _named(line.stages, stage, f"stage in the pipeline {line.name!r}").id

    async def conversation(self, location: str, contact_id: str) -> str:
        """The contact's conversation; it is made where there is none."""
        known = self._conversations.get((location, contact_id))
        if known is None:
            known = self._conversations[location, contact_id] = await self._crm.conversation_of(location, contact_id)
        return known

    async def fields(self, location: str) -> list[CustomField]:
        """The contacts' custom fields."""
        known = self._fields.get(location)
        if known is None:
            known = self._fields[location] = await self._crm.list_custom_fields(location)
        return known


def _named(things: Sequence[Any], wanted: str, what: str) -> Any:
    for thing in things:
        if wanted == thing.id or wanted.casefold() == (thing.name or "").casefold():
            return thing
    there = ", ".join(repr(thing.name) for thing in things) or "none"
    raise RefusedError(f"there is no {what} called {wanted!r} in this sub-account; there is: {there}")
