"""`ringback location add|set|list|show|remove|history|undo|defaults|schema`: the sub-accounts."""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from connector import notify_secret
from connector.cli import location_history, location_options, out
from connector.cli.book import read_book_file, read_mapping_file
from connector.cli.location_file import NOTHING, as_toml, config_of, read_file
from connector.clock import now_ms
from connector.configuration import Configurations, in_full
from connector.errors import RingbackError, UsageError
from connector.keys import open_vault
from connector.location_config import LocationFile
from connector.locations import StoredSecrets, effective, seal_trunk, secret_name
from connector.settings import load
from connector.store import State, StoreError
from connector.store.history import Owner
from connector.store.open import open_store
from mappings.call import iso
from mappings.trunks import names
from oauth.keeper import TOKEN
from oauth.vault import place

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Callable

    from connector.settings import Settings
    from connector.store import LocationRow
    from connector.store.database import Database
    from oauth.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """What a command about sub-accounts works with."""

    database: Database
    vault: Vault
    configurations: Configurations
    who: str
    now_ms: Callable[[], int] = now_ms


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    location_options.configure(
        command,
        {
            "add": _runs(_add),
            "set": _runs(_set),
            "list": _runs(_list),
            "show": _runs(_show),
            "remove": _runs(_remove),
            "history": _runs(location_history.history),
            "undo": _runs(location_history.undo),
            "defaults": _runs(location_history.defaults),
            "schema": _schema,
        },
    )


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Database]:
    """The store, closed again; its troubles in words.

    Raises:
        RingbackError: it cannot be opened or used.
    """
    try:
        store = await open_store(settings.database_url)
        try:
            yield store
        finally:
            await store.close()
    except StoreError as error:
        raise RingbackError(
            f"The database cannot be used: {error}.", means=NOTHING, do="look at `ringback doctor`."
        ) from None


def at_the_command_line() -> str:
    """Who runs this command, for histories."""
    try:
        return f"cli:{getpass.getuser()}"
    except (OSError, KeyError):  # a container may run under a number that has no name
        return "cli"


def _runs(action: Any) -> Any:
    def run(args: argparse.Namespace) -> int:
        settings = load()

        async def go() -> int:
            async with opened(settings) as database:
                vault = open_vault(settings)
                configurations = Configurations(database, vault, now_ms)
                return int(await action(args, Desk(database, vault, configurations, at_the_command_line())))

        return asyncio.run(go())

    return run


def _schema(_args: argparse.Namespace) -> int:
    out.as_json(LocationFile.model_json_schema())
    return 0


async def _add(args: argparse.Namespace, desk: Desk) -> int:
    if await desk.database.get_location(args.location) is not None:
        raise UsageError(
            f"Sub-account {args.location} is registered already.", means=NOTHING, do="change it with `location set`."
        )
    if not args.token or not (args.trunk or args.mapping or args.file):
        raise UsageError(
            "A new sub-account needs --token and --trunk.", means=NOTHING, do="see `ringback location add --help`."
        )
    # One removed before has a version, too: what comes in between counts as a change.
    version = await desk.database.history.version(Owner("location", args.location))
    return await _keep(args, desk, {}, frozenset(), version)


async def _set(args: argparse.Namespace, desk: Desk) -> int:
    row = await _row(args.location, desk)
    return await _keep(args, desk, orjson.loads(row.document), frozenset(row.secrets), row.version)


async def _keep(
    args: argparse.Namespace, desk: Desk, document: dict[str, Any], kept: frozenset[str], version: int
) -> int:
    given: dict[str, tuple[str, ...]] = {}
    if args.file is not None:
        document, given = read_file(args.file)
    if args.mapping is not None:
        _describe(args, document)
    if args.secret and not args.trunk:
        raise UsageError("--secret needs --trunk: whose secret is it?", means=NOTHING, do="name the trunk as well.")
    made = None
    if args.trunk:
        if not args.secret and args.trunk not in given and secret_name(args.trunk) not in kept:
            args.secret = [made := secrets.token_hex(24)]
        if args.secret:
            given[args.trunk] = tuple(args.secret)
    if args.notify_secret == "":
        args.notify_secret = notify_secret.made()
        out.line(f"Secret of its notifications (shown this once): {args.notify_secret}")
    config = config_of(_chosen(args, document))
    sealed = _sealed(args, desk.vault, given)
    what = "; ".join(["configuration", *(f"secret {name}" for name in sealed)])
    put = desk.configurations.put(args.location, config, who=desk.who, what=what, sealed=sealed, expected=version)
    await location_history.refusing(put)
    if args.company is not None:
        company = None if args.company == "none" else args.company
        await location_history.refusing(desk.configurations.assign(args.location, company, who=desk.who))
    if config.book is not None:
        await _look_up(args.location, desk)
    _told(args, made, sorted(name for name in config.trunks if secret_name(name) not in {*kept, *sealed}))
    return 0


async def _look_up(location: str, desk: Desk) -> None:
    """Say what the saved book names and the CRM does not have."""
    # Imported for who saves a book: the CRM's client takes a third of a second.
    from connector.book_names import BookNames  # noqa: PLC0415 - see above
    from connector.crm.client import Crm  # noqa: PLC0415 - likewise
    from connector.crm.pace import Pace  # noqa: PLC0415 - likewise
    from connector.crm.transport import AiohttpTransport  # noqa: PLC0415 - likewise
    from oauth.keeper import Keeper, Market  # noqa: PLC0415 - likewise

    settings = load()
    transport = AiohttpTransport(settings.crm_url, timeout_s=5)
    market = Market(grants=desk.database.grants, endpoint=None, now_ms=now_ms)
    keeper = Keeper(StoredSecrets(desk.database), desk.vault, market)
    try:
        crm = Crm(transport, keeper, Pace(None), crm_url=settings.crm_url)
        config = effective(await _row(location, desk))
        for path, message in await BookNames(crm).warnings(location, config):
            out.line(f"Warning: {path}: {message}" if path else f"Warning: {message}")
    finally:
        await transport.close()


def _sealed(args: argparse.Namespace, vault: Vault, given: dict[str, tuple[str, ...]]) -> dict[str, bytes | None]:
    sealed: dict[str, bytes | None] = {}
    if args.token:
        sealed[TOKEN] = vault.seal(args.token, bound_to=place(args.location, TOKEN))
    if args.notify_secret:
        sealed[notify_secret.SECRET] = vault.seal(
            args.notify_secret, bound_to=place(args.location, notify_secret.SECRET)
        )
    for trunk, values in given.items():
        sealed[secret_name(trunk)] = seal_trunk(vault, args.location, trunk, values)
    return sealed


def _chosen(args: argparse.Namespace, document: dict[str, Any]) -> dict[str, Any]:
    """The document with what the options say."""
    if args.trunk:
        own = [one.get("name") for one in document.get("custom_trunks", ())]
        if args.trunk not in (*names(), *own):
            raise UsageError(
                f"There is no trunk {args.trunk!r}.", means=NOTHING, do=f"choose one of: {', '.join(names())}."
            )
        trunk = document.setdefault("trunks", {}).setdefault(args.trunk, {})
        if args.window is not None:
            trunk["window_s"] = args.window
    for name in ("unknown_number", "time_zone", "country", "when_in_doubt"):
        if (value := getattr(args, name)) is not None:
            document[name] = value
    if args.no_answer_workflow is not None:
        document.setdefault("workflows", {})["no_answer"] = args.no_answer_workflow
    if args.book is not None:
        document["book"] = read_book_file(args.book).model_dump(mode="json", exclude_none=True, by_alias=True)
    return document


def _describe(args: argparse.Namespace, document: dict[str, Any]) -> None:
    """Put the trunk of --mapping in place of one of the same name; it is the --trunk if no other is named."""
    adapter, described = read_mapping_file(args.mapping)
    others = [one for one in document.get("custom_trunks", ()) if one.get("name") != adapter.name]
    document["custom_trunks"] = [*others, described]
    args.trunk = args.trunk or adapter.name


def _told(args: argparse.Namespace, made: str | None, closed: list[str]) -> None:
    settings = load()
    out.line(f"Sub-account {args.location} is kept. A running service takes it up within a second or two.")
    if args.trunk:
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        out.line(f"Webhook address for {args.trunk}: {base}/hooks/{args.location}/{args.trunk}")
    if made is not None:
        out.line(f"Secret (shown this once): {made}")
    for trunk in closed:
        out.line(f"Trunk {trunk} has no secret, so nothing gets in there: `ringback location set ... --trunk {trunk}`.")


async def _list(args: argparse.Namespace, desk: Desk) -> int:
    rows: list[LocationRow] = []
    while page := await desk.database.list_locations(after=rows[-1].id if rows else ""):
        rows += page
    if args.json:
        out.as_json([_shown(row) for row in rows])
    elif not rows:
        out.line("No sub-account is registered. Add one with `ringback location add`.")
    else:
        out.table(
            ["LOCATION", "AGENCY", "TRUNKS"],
            [[row.id, row.company or "-", ", ".join(effective(row).trunks) or "none"] for row in rows],
        )
    return 0


async def _show(args: argparse.Namespace, desk: Desk) -> int:
    row = await _row(args.location, desk)
    shown = _shown(row) | await _standing(row.id, desk.database)
    if args.effective:
        shown["config"] = in_full(effective(row)).model_dump(mode="json")
    if args.toml:
        out.line(as_toml(shown["config"], f"Sub-account {row.id}, version {row.version}.").rstrip("\n"))
    elif args.json:
        out.as_json(shown)
    else:
        for name, value in shown.items():
            out.line(f"{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}")
    return 0


def _shown(row: LocationRow) -> dict[str, Any]:
    return {
        "location": row.id,
        "company": row.company,
        "version": row.version,
        "config": orjson.loads(row.document),
        "secrets": sorted(row.secrets),
        "updated": iso(row.updated_ms),
    }


async def _standing(location: str, database: Database) -> dict[str, Any]:
    pause = (await database.pauses()).get(location)
    waiting = await database.list_deliveries(location=location, state=State.WAITING, limit=1000)
    parked = await database.list_deliveries(location=location, state=State.PARKED, limit=1000)
    return {
        "paused": None if pause is None else {"until": iso(pause.until_ms), "reason": pause.reason},
        "waiting": len(waiting),
        "parked": len(parked),
    }


async def _remove(args: argparse.Namespace, desk: Desk) -> int:
    await _row(args.location, desk)
    await desk.database.history.remove(Owner("location", args.location), who=desk.who, now_ms=desk.now_ms())
    out.line(
        f"Sub-account {args.location} is forgotten, its API keys are revoked. Its calls stay; those that wait will be "
        "parked."
    )
    return 0


async def _row(location: str, desk: Desk) -> LocationRow:
    row = await desk.database.get_location(location)
    if row is None:
        raise RingbackError(
            f"Sub-account {location} is not registered.", means=NOTHING, do="see `ringback location list`."
        )
    return row
