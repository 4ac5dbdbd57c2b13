"""`/companies`: what an agency chose for all its sub-accounts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from connector.api.locations import HistoryQuery, HistoryShown, Undo, history_of, refusing
from connector.api.route import Answer, Asked, NotFoundError, Route, Shown, etag
from connector.api.scope import Scope
from connector.location_config import LocationConfig
from connector.store.history import Owner
from mappings.call import iso

if TYPE_CHECKING:
    from connector.configuration import Configurations
    from connector.store.database import Database


class DefaultsShown(Shown):
    """What an agency chose for all its sub-accounts; a sub-account's own configuration wins."""

    company: str
    version: int
    updated: str | None
    config: LocationConfig


def routes(database: Database, configurations: Configurations) -> tuple[Route, ...]:
    """The routes of agencies."""
    handlers = _Handlers(database, configurations)
    read, write = Scope.LOCATIONS_READ, Scope.LOCATIONS_WRITE
    one = "/companies/{company}/defaults"
    return (
        Route("GET", one, read, "An agency's defaults", handlers.one, DefaultsShown, versioned=True),
        Route(
            "PUT",
            one,
            write,
            "Replace an agency's defaults",
            handlers.put,
            DefaultsShown,
            body=LocationConfig,
            versioned=True,
        ),
        Route("GET", f"{one}/history", read, "Who changed what", handlers.history, HistoryShown, HistoryQuery),
        Route(
            "POST",
            f"{one}/undo",
            write,
            "Bring an agency's defaults back",
            handlers.undo,
            DefaultsShown,
            body=Undo,
            versioned=True,
        ),
    )


class _Handlers:
    def __init__(self, database: Database, configurations: Configurations) -> None:
        self._database = database
        self._configurations = configurations

    async def one(self, asked: Asked) -> Answer:
        found = await self._database.history.defaults(asked.path["company"])
        if found is None:
            raise NotFoundError(f"Agency {asked.path['company']} chose no defaults.")
        # A thread: a country's holidays take a second of CPU when they are first looked at.
        config = await asyncio.to_thread(LocationConfig.model_validate_json, found.document)
        shown = DefaultsShown(
            company=found.company,
            version=found.version,
            updated=iso(found.updated_ms),
            config=config,
        )
        return Answer(shown, headers={"ETag": etag(found.version)})

    async def put(self, asked: Asked) -> Answer:
        company = asked.path["company"]
        expected = asked.expected(await self._database.history.version(Owner("company", company)))
        config = asked.body_as(LocationConfig)
        await refusing(self._configurations.put_defaults(company, config, who=asked.access.who, expected=expected))
        return await self.one(asked)

    async def history(self, asked: Asked) -> Answer:
        return await history_of(self._database, asked, Owner("company", asked.path["company"]))

    async def undo(self, asked: Asked) -> Answer:
        owner = Owner("company", asked.path["company"])
        expected = asked.expected(await self._database.history.version(owner))
        to = asked.body_as(Undo).to
        await refusing(self._configurations.undo(owner, who=asked.access.who, to=to, expected=expected))
        return await self.one(asked)
