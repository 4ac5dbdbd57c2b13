"""Whether the CRM has what a sub-account's rule book names; with suggestions, for whoever saves the book."""

from __future__ import annotations

import asyncio
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from connector.crm.errors import CrmError
from mappings.books import default_book
from mappings.named import is_unset, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.crm.model import CustomField, Pipeline, User, Workflow
    from connector.location_config import LocationConfig
    from mappings.named import Kind, Named

Warnings: TypeAlias = "list[tuple[str, str]]"
"""(path in the book, what is wrong in words) pairs."""

PATIENCE_S: Final = 8.0
_PUBLISHED: Final = "published"
_SUGGESTED: Final = 3


class Lists(Protocol):
    """The CRM's lists (connector/crm/client.py)."""

    async def list_workflows(self, location: str) -> Sequence[Workflow]:
        """The sub-account's workflows, drafts included."""

    async def list_custom_fields(self, location: str) -> Sequence[CustomField]:
        """The contacts' custom fields."""

    async def list_pipelines(self, location: str) -> Sequence[Pipeline]:
        """The pipelines with their stages."""

    async def list_users(self, location: str) -> Sequence[User]:
        """The sub-account's users."""


class BookNames:
    """Asks the CRM for the lists that a book needs, each once."""

    def __init__(self, crm: Lists) -> None:
        self._crm = crm

    async def warnings(self, location: str, config: LocationConfig) -> Warnings:
        """What the sub-account's book names and its CRM does not have; never an error: a book may be saved before."""
        book = config.book or default_book()
        names = named(book, config.workflows)
        told = [(one.path, _UNSET.format(one.name)) for one in names if is_unset(one) and config.book is not None]
        wanted = [one for one in names if not is_unset(one)]
        if not wanted:
            return told
        try:
            async with asyncio.timeout(PATIENCE_S):
                known = await self._known(location, {one.kind for one in wanted})
        except (CrmError, LookupError, TimeoutError) as error:
            return [
                *told,
                ("", f"what the book names could not be looked up in the CRM ({error}); it is saved all the same"),
            ]
        return told + [(one.path, problem) for one in wanted if (problem := _problem(one, known[one.kind])) is not None]

    async def _known(self, location: str, kinds: Iterable[Kind]) -> dict[Kind, _Known]:
        return {kind: await self._list(location, kind) for kind in kinds}

    async def _list(self, location: str, kind: Kind) -> _Known:
        crm = self._crm
        match kind:
            case "workflow":
                return [(one.id, one.name, one.status) for one in await crm.list_workflows(location)]
            case "field":
                fields = await crm.list_custom_fields(location)
                return [(one.id, one.name, None) for one in fields] + [(one.key or "", None, None) for one in fields]
            case "stage":
                lines = await crm.list_pipelines(location)
                return [(stage.id, stage.name, line.name) for line in lines for stage in line.stages]
            case "user":
                return [(one.id, one.name, None) for one in await crm.list_users(location)]


_Known: TypeAlias = "Sequence[tuple[str, str | None, str | None]]"
"""Id, name, and of a workflow its status, of a stage its pipeline."""

_UNSET: Final = "the name {!r} stands for no workflow yet: set its id under `workflows`"
_WORDS: Final = {"workflow": "workflow", "field": "custom field", "stage": "stage", "user": "user"}


def _problem(one: Named, known: _Known) -> str | None:
    """What is wrong with one name; None where nothing is. A field that is not there is made when it is written."""
    wanted = one.name.casefold().removeprefix("contact.")
    for id_, name, more in known:
        if one.name == id_ or wanted in (id_.casefold().removeprefix("contact."), (name or "").casefold()):
            if one.kind == "workflow" and more != _PUBLISHED:
                return f"the workflow {name or id_!r} is {more or 'no'} and takes nobody: publish it in the CRM"
            return None
    if one.kind == "field" and ".do[" in one.path:
        return None
    there = {name or id_: id_ for id_, name, _ in known if name or id_}
    close = get_close_matches(one.name, there, n=_SUGGESTED, cutoff=0.4) or sorted(there)[:_SUGGESTED]
    meant = ", ".join(f"{name} ({there[name]})" for name in close)
    return f"the CRM has no {_WORDS[one.kind]} {one.name!r}" + (f"; it has {meant}" if meant else " and none at all")
