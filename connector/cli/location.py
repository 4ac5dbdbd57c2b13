"""`ringback location add|set|list|show|remove`: the sub-accounts."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from connector.cli import out
from connector.cli.book import read_book_file, read_mapping_file
from connector.clock import now_ms
from connector.errors import RingbackError, UsageError
from connector.keys import open_vault
from connector.locations import LocationConfig, seal_trunk, secret_name
from connector.settings import load
from connector.store import State, StoreError
from connector.store.open import open_store
from mappings.call import iso
from mappings.trunks import names
from oauth.keeper import TOKEN
from oauth.vault import place

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from connector.settings import Settings
    from connector.store import LocationRow, Store
    from oauth.vault import Vault

NOTHING = "nothing was changed."


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = command.add_subparsers(dest="kind", required=True, metavar="add|set|list|show|remove")
    add = kinds.add_parser("add", help="register a sub-account with a private integration token")
    change = kinds.add_parser("set", help="change a sub-account; what is not named stays")
    for one in (add, change):
        _options(one)
    add.set_defaults(run=_runs(_add))
    change.set_defaults(run=_runs(_set))
    listing = kinds.add_parser("list", help="all sub-accounts")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_runs(_list))
    show = kinds.add_parser("show", help="one sub-account: configuration and what is waiting; never its secrets")
    show.add_argument("location", metavar="LOC")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(run=_runs(_show))
    remove = kinds.add_parser("remove", help="forget a sub-account's configuration and secrets; its calls stay")
    remove.add_argument("location", metavar="LOC")
    remove.set_defaults(run=_runs(_remove))


def _options(command: argparse.ArgumentParser) -> None:
    command.add_argument("location", metavar="LOC", help="the CRM's id of the sub-account")
    command.add_argument("--token", help="the sub-account's private integration token")
    command.add_argument("--trunk", help="the trunk that may post (see `ringback trunks`)")
    command.add_argument(
        "--secret",
        action="append",
        metavar="S",
        help="the trunk's secret, newest first if given more than once; made and shown once if left out",
    )
    command.add_argument("--window", type=int, metavar="SECONDS", help="replay window of the trunk's signatures")
    command.add_argument("--no-answer-workflow", metavar="ID", help="the workflow a call nobody answered enrols in")
    command.add_argument("--unknown-number", choices=("create", "skip", "hold"), help="numbers the CRM does not know")
    command.add_argument("--time-zone", metavar="ZONE", help="IANA zone for times in notes")
    command.add_argument("--country", metavar="CC", help="ISO country of numbers without a country code")
    command.add_argument("--when-in-doubt", choices=("repeat", "hold"), help="enrolments whose outcome is unknown")
    command.add_argument("--file", metavar="FILE", help="the whole configuration (TOML or JSON); secrets stay")
    command.add_argument("--mapping", metavar="FILE", help="a trunk of your own, described (docs/trunks/custom.md)")
    command.add_argument("--book", metavar="FILE", help="rule book (TOML or JSON) instead of the shipped one")


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
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


def _runs(action: Any) -> Any:
    def run(args: argparse.Namespace) -> int:
        settings = load()

        async def go() -> int:
            async with opened(settings) as store:
                return int(await action(args, store, open_vault(settings)))

        return asyncio.run(go())

    return run


async def _add(args: argparse.Namespace, store: Store, vault: Vault) -> int:
    if await store.get_location(args.location) is not None:
        raise UsageError(
            f"Sub-account {args.location} is registered already.", means=NOTHING, do="change it with `location set`."
        )
    if not args.token or not (args.trunk or args.mapping):
        raise UsageError(
            "A new sub-account needs --token and --trunk.", means=NOTHING, do="see `ringback location add --help`."
        )
    return await _keep(args, {}, store, vault)


async def _set(args: argparse.Namespace, store: Store, vault: Vault) -> int:
    row = await _row(args.location, store)
    return await _keep(args, orjson.loads(row.document), store, vault)


async def _keep(args: argparse.Namespace, document: dict[str, Any], store: Store, vault: Vault) -> int:
    if args.mapping is not None:
        _describe(args, document)
    made = None
    sealed: dict[str, bytes | None] = {}
    if args.token:
        sealed[TOKEN] = vault.seal(args.token, bound_to=place(args.location, TOKEN))
    if args.trunk:
        known = args.trunk in document.get("trunks", {})
        if not args.secret and not known:
            args.secret = [made := secrets.token_hex(24)]
        if args.secret:
            sealed[secret_name(args.trunk)] = seal_trunk(vault, args.location, args.trunk, tuple(args.secret))
    elif args.secret:
        raise UsageError("--secret needs --trunk: whose secret is it?", means=NOTHING, do="name the trunk as well.")
    config = _config(args, document)
    await store.put_location(
        args.location, document=config.model_dump_json(exclude_none=True).encode(), secrets=sealed, now_ms=now_ms()
    )
    _told(args, made)
    return 0


def _config(args: argparse.Namespace, document: dict[str, Any]) -> LocationConfig:
    if args.file is not None:
        document.clear()
        document.update(_document(args.file))
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
    try:
        return LocationConfig.model_validate(document)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"That cannot be: {wrong}.", means=NOTHING, do="correct it and run the command again."
        ) from None


def _describe(args: argparse.Namespace, document: dict[str, Any]) -> None:
    """Put the trunk of --mapping in place of one of the same name; it is the --trunk if no other is named."""
    adapter, described = read_mapping_file(args.mapping)
    others = [one for one in document.get("custom_trunks", ()) if one.get("name") != adapter.name]
    document["custom_trunks"] = [*others, described]
    args.trunk = args.trunk or adapter.name


def _document(name: str) -> dict[str, Any]:
    """The configuration in that file.

    Raises:
        UsageError: it cannot be read, or is neither TOML nor JSON.
    """
    path = Path(name)
    try:
        text = path.read_text(encoding="utf-8")
        found = orjson.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{name} cannot be read: {error}.", means=NOTHING, do="correct the file or its path."
        ) from None
    if not isinstance(found, dict):
        raise UsageError(f"{name} holds no table of settings.", means=NOTHING, do="see docs/sub-accounts.md.")
    return found


def _told(args: argparse.Namespace, made: str | None) -> None:
    settings = load()
    out.line(f"Sub-account {args.location} is kept. A running service takes it up within a second or two.")
    if args.trunk:
        base = settings.public_url or f"http://{settings.host}:{settings.port}"
        out.line(f"Webhook address for {args.trunk}: {base}/hooks/{args.location}/{args.trunk}")
    if made is not None:
        out.line(f"Secret (shown this once): {made}")


async def _list(args: argparse.Namespace, store: Store, vault: Vault) -> int:
    del vault
    rows: list[LocationRow] = []
    while page := await store.list_locations(after=rows[-1].id if rows else ""):
        rows += page
    if args.json:
        out.as_json([_shown(row) for row in rows])
    elif not rows:
        out.line("No sub-account is registered. Add one with `ringback location add`.")
    else:
        out.table(
            ["LOCATION", "TRUNKS"],
            [[row.id, ", ".join(orjson.loads(row.document)["trunks"]) or "none"] for row in rows],
        )
    return 0


async def _show(args: argparse.Namespace, store: Store, vault: Vault) -> int:
    del vault
    row = await _row(args.location, store)
    shown = _shown(row) | await _standing(row.id, store)
    if args.json:
        out.as_json(shown)
    else:
        for name, value in shown.items():
            out.line(f"{name}: {value if isinstance(value, str) else orjson.dumps(value).decode()}")
    return 0


def _shown(row: LocationRow) -> dict[str, Any]:
    return {
        "location": row.id,
        "config": orjson.loads(row.document),
        "secrets": sorted(row.secrets),
        "updated": iso(row.updated_ms),
    }


async def _standing(location: str, store: Store) -> dict[str, Any]:
    pause = (await store.pauses()).get(location)
    waiting = await store.list_deliveries(location=location, state=State.WAITING, limit=1000)
    parked = await store.list_deliveries(location=location, state=State.PARKED, limit=1000)
    return {
        "paused": None if pause is None else {"until": iso(pause.until_ms), "reason": pause.reason},
        "waiting": len(waiting),
        "parked": len(parked),
    }


async def _remove(args: argparse.Namespace, store: Store, vault: Vault) -> int:
    del vault
    await _row(args.location, store)
    await store.remove_location(args.location)
    out.line(f"Sub-account {args.location} is forgotten. Its calls stay; those that wait will be parked.")
    return 0


async def _row(location: str, store: Store) -> LocationRow:
    row = await store.get_location(location)
    if row is None:
        raise RingbackError(
            f"Sub-account {location} is not registered.", means=NOTHING, do="see `ringback location list`."
        )
    return row
