"""`/locations`: sub-accounts' configurations, their history, their trunks' secrets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, TypeVar

import orjson
from pydantic import Field, JsonValue, RootModel

from connector.api.access import no_location
from connector.api.route import (
    Answer,
    Asked,
    Body,
    NotFoundError,
    Refusal,
    Route,
    Shown,
    TextId,
    TextPage,
    changed_meanwhile,
    etag,
    unfit,
)
from connector.api.scope import Scope
from connector.configuration import ChangedMeanwhileError, NotThereError, UnfitError, change_json, in_full
from connector.location_config import LocationConfig
from connector.locations import effective
from connector.store.history import KEPT, Owner
from mappings.call import iso
from oauth.vault import VaultError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from connector.book_names import BookNames, Warnings
    from connector.configuration import Configurations
    from connector.store import LocationRow
    from connector.store.database import Database


T = TypeVar("T")


class LocationsQuery(TextPage):
    """Which sub-accounts."""

    company: TextId | None = None
    """Of this agency only."""


class LocationQuery(Body):
    """In which form."""

    effective: bool = False
    """With the agency's defaults and everything that was not chosen."""


class HistoryQuery(Body):
    """Which changes."""

    limit: Annotated[int, Field(ge=1, le=KEPT)] = 20
    """How many at most, the newest first."""
    before: Annotated[int, Field(ge=1, lt=2**62)] | None = None
    """The last version of the page before."""


class LocationBrief(Shown):
    """A sub-account in a list."""

    location: str
    company: str | None
    version: int
    trunks: list[str]
    updated: str | None


class LocationList(Shown):
    """Sub-accounts by id, ascending."""

    locations: list[LocationBrief]


class WarningShown(Shown):
    """Something in the rule book that is allowed and will not work."""

    path: str
    """Where in the book, such as `rules[2].do[0].workflow`; empty for all of it."""
    message: str


class LocationShown(Shown):
    """A sub-account's configuration; its secrets by name only."""

    location: str
    company: str | None
    """The agency it belongs to, whose defaults stand below its own configuration."""
    version: int
    updated: str | None
    secrets: list[str]
    config: LocationConfig
    warnings: tuple[WarningShown, ...] = ()
    """After a change: what its rule book names and the CRM does not have. It is saved all the same."""


class LocationPatch(RootModel[dict[str, JsonValue]]):
    """A JSON merge patch (RFC 7396) of the configuration: what is named is replaced, null takes it away."""


class ChangeShown(Shown):
    """One change of a configuration."""

    version: int
    """The version that it made."""
    at: str | None
    who: str
    what: str
    before: dict[str, JsonValue] | None
    """The document until then; null where there was none."""


class HistoryShown(Shown):
    """Changes, the newest first."""

    changes: list[ChangeShown]


class Undo(Body):
    """How far back."""

    to: Annotated[int, Field(strict=True, ge=1, lt=2**62)] | None = None
    """The version to go back to; the one before the last change when not given."""


class Company(Body):
    """Which agency."""

    company: TextId | None
    """The agency it belongs to; null for none."""


class NewSecret(Body):
    """A trunk's new secret."""

    secret: Annotated[str, Field(min_length=8, max_length=1024)] | None = None
    """The secret, such as the provider's token; made here when not given."""
    keep_previous: Annotated[bool, Field(strict=True)] = True
    """Let the one before count too until the next rotation, so that nothing is lost while the sender changes over."""


class SecretShown(Shown):
    """A trunk's new secret, shown this once."""

    location: str
    trunk: str
    secret: str


def routes(database: Database, configurations: Configurations, names: BookNames) -> tuple[Route, ...]:
    """The routes of sub-accounts."""
    handlers = _Handlers(database, configurations, names)
    read, write = Scope.LOCATIONS_READ, Scope.LOCATIONS_WRITE
    one = "/locations/{location}"
    return (
        Route("GET", "/locations", read, "Sub-accounts", handlers.listed, LocationList, LocationsQuery),
        Route("GET", one, read, "One sub-account", handlers.one, LocationShown, LocationQuery, versioned=True),
        Route(
            "PUT",
            one,
            write,
            "Replace a configuration, or register a sub-account",
            handlers.put,
            LocationShown,
            body=LocationConfig,
            versioned=True,
        ),
        Route(
            "PATCH",
            one,
            write,
            "Change a configuration",
            handlers.patch,
            LocationShown,
            body=LocationPatch,
            versioned=True,
        ),
        Route("GET", f"{one}/history", read, "Who changed what", handlers.history, HistoryShown, HistoryQuery),
        Route(
            "POST",
            f"{one}/undo",
            write,
            "Bring a configuration back",
            handlers.undo,
            LocationShown,
            body=Undo,
            versioned=True,
        ),
        Route(
            "PUT",
            f"{one}/company",
            write,
            "Say which agency a sub-account belongs to",
            handlers.assign,
            LocationShown,
            body=Company,
            operator_only=True,
        ),
        Route(
            "POST",
            f"{one}/trunks/{{trunk}}/secret",
            write,
            "Give a trunk a new secret",
            handlers.rotate,
            SecretShown,
            body=NewSecret,
            refusals=(409, 412),
        ),
    )


class _Handlers:
    def __init__(self, database: Database, configurations: Configurations, names: BookNames) -> None:
        self._database = database
        self._configurations = configurations
        self._names = names

    async def listed(self, asked: Asked) -> Answer:
        query = asked.query_as(LocationsQuery)
        company = query.company or (asked.access.owner if asked.access.kind == "company" else None)
        if asked.access.kind == "location":
            row = await self._database.get_location(asked.access.owner)
            rows = [] if row is None or row.id <= query.after else [row]
        elif company is not None:
            rows = await self._database.history.locations_of(company, limit=query.limit, after=query.after)
        else:
            rows = await self._database.list_locations(limit=query.limit, after=query.after)
        return Answer(LocationList(locations=list(map(_brief, rows))))

    async def one(self, asked: Asked) -> Answer:
        return await self._shown(asked, whole=asked.query_as(LocationQuery).effective)

    async def put(self, asked: Asked) -> Answer:
        location = asked.path["location"]
        expected = asked.expected(await self._version(location))
        config = asked.body_as(LocationConfig)
        await refusing(self._configurations.put(location, config, who=asked.access.who, expected=expected))
        return await self._shown(asked, changed=True)

    async def patch(self, asked: Asked) -> Answer:
        location = asked.path["location"]
        expected = asked.expected(await self._version(location))
        patch = asked.body_as(LocationPatch).root
        await refusing(self._configurations.patch(location, patch, who=asked.access.who, expected=expected))
        return await self._shown(asked, changed=True)

    async def history(self, asked: Asked) -> Answer:
        return await history_of(self._database, asked, Owner("location", asked.path["location"]))

    async def undo(self, asked: Asked) -> Answer:
        owner = Owner("location", asked.path["location"])
        expected = asked.expected(await self._database.history.version(owner))
        to = asked.body_as(Undo).to
        await refusing(self._configurations.undo(owner, who=asked.access.who, to=to, expected=expected))
        return await self._shown(asked)

    async def assign(self, asked: Asked) -> Answer:
        location = asked.path["location"]
        await self._row(location)
        company = asked.body_as(Company).company
        await refusing(self._configurations.assign(location, company, who=asked.access.who))
        return await self._shown(asked)

    async def rotate(self, asked: Asked) -> Answer:
        location, trunk, wish = asked.path["location"], asked.path["trunk"], asked.body_as(NewSecret)
        try:
            secret = await refusing(
                self._configurations.rotate_secret(
                    location, trunk, wish.secret, keep=wish.keep_previous, who=asked.access.who
                )
            )
        except VaultError:
            raise Refusal(
                409,
                "Cannot keep the previous secret",
                "The secret so far does not open with this installation's keys. Nothing was changed: look at "
                "`ringback doctor`, or set a new one with keep_previous = false.",
            ) from None
        return Answer(SecretShown(location=location, trunk=trunk, secret=secret))

    async def _shown(self, asked: Asked, *, whole: bool = False, changed: bool = False) -> Answer:
        row = await self._row(asked.path["location"])
        told: Warnings = []
        if changed:
            told = await self._names.warnings(row.id, await asyncio.to_thread(effective, row))
        # A thread: a country's holidays take a second of CPU when they are first looked at.
        config = await asyncio.to_thread(_config, row, whole=whole)
        shown = LocationShown(
            location=row.id,
            company=row.company,
            version=row.version,
            updated=iso(row.updated_ms),
            secrets=sorted(row.secrets),
            config=config,
            warnings=tuple(WarningShown(path=path, message=message) for path, message in told),
        )
        return Answer(shown, headers={"ETag": etag(row.version)})

    async def _version(self, location: str) -> int:
        return await self._database.history.version(Owner("location", location))

    async def _row(self, location: str) -> LocationRow:
        row = await self._database.get_location(location)
        if row is None:
            raise NotFoundError(no_location(location))
        return row


async def history_of(database: Database, asked: Asked, owner: Owner) -> Answer:
    """What changed in a configuration."""
    query = asked.query_as(HistoryQuery)
    changes = await database.history.changes(owner, limit=query.limit, before=query.before)
    if not changes and await database.history.version(owner) == 0:
        raise NotFoundError(no_location(owner.id) if owner.kind == "location" else f"Agency {owner.id} chose nothing.")
    return Answer(HistoryShown(changes=[ChangeShown.model_validate(change_json(change)) for change in changes]))


def _config(row: LocationRow, *, whole: bool) -> LocationConfig:
    """Its own configuration, or all that holds for it."""
    return in_full(effective(row)) if whole else LocationConfig.model_validate_json(row.document)


def _brief(row: LocationRow) -> LocationBrief:
    trunks = orjson.loads(row.document).get("trunks", {})
    return LocationBrief(
        location=row.id, company=row.company, version=row.version, trunks=sorted(trunks), updated=iso(row.updated_ms)
    )


async def refusing(change: Awaitable[T]) -> T:
    """What a change of a configuration returns.

    Raises:
        Refusal: 404, 412 or 422, where it could not be.
    """
    try:
        return await change
    except UnfitError as error:
        raise unfit(error.problems) from None
    except ChangedMeanwhileError:
        raise changed_meanwhile() from None
    except NotThereError as error:
        raise NotFoundError(f"{error} Nothing was changed.") from None
