"""`ringback key add|list|revoke`: keys to the API, of the operator, an agency or a sub-account."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector.api.access import new_key
from connector.api.keys import key_json
from connector.api.scope import ALL, Scope
from connector.cli import out
from connector.cli.location import at_the_command_line, opened
from connector.clock import now_ms
from connector.errors import RingbackError
from connector.settings import load
from connector.store.access import MOST_KEYS

if TYPE_CHECKING:
    import argparse

    from connector.store.access import ApiKey, KeyKind
    from connector.store.database import Database

NOTHING = "nothing was changed."


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = command.add_subparsers(dest="kind", required=True, metavar="add|list|revoke")
    add = kinds.add_parser("add", help="make a key; it is shown once")
    _whose(add, required=True)
    add.add_argument(
        "--scope",
        action="append",
        required=True,
        choices=[*(scope.value for scope in Scope), "all"],
        metavar="SCOPE",
        help=f"what it is for, as often as needed: all, {', '.join(Scope)}",
    )
    add.add_argument("--label", default="", help="what you call it")
    add.add_argument("--json", action="store_true", help="as JSON")
    add.set_defaults(run=_runs(_add))
    listing = kinds.add_parser("list", help="all keys, or one owner's; never their secrets")
    _whose(listing, required=False)
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.set_defaults(run=_runs(_list))
    revoke = kinds.add_parser("revoke", help="let a key open nothing any more, at once")
    revoke.add_argument("key", metavar="ID", help="the key's id, or the whole key")
    revoke.set_defaults(run=_runs(_revoke))


def _whose(command: argparse.ArgumentParser, *, required: bool) -> None:
    whose = command.add_mutually_exclusive_group(required=required)
    whose.add_argument("--location", metavar="LOC", help="a sub-account's: it opens nothing else")
    whose.add_argument("--company", metavar="ID", help="an agency's: it opens what belongs to its sub-accounts")
    whose.add_argument("--operator", action="store_true", help="the operator's: it opens everything")


def _runs(action: Any) -> Any:
    def run(args: argparse.Namespace) -> int:
        async def go() -> int:
            async with opened(load()) as database:
                return int(await action(args, database))

        return asyncio.run(go())

    return run


def _owner(args: argparse.Namespace) -> tuple[KeyKind, str] | None:
    if args.location is not None:
        return "location", args.location
    if args.company is not None:
        return "company", args.company
    return ("operator", "") if args.operator else None


async def _add(args: argparse.Namespace, database: Database) -> int:
    kind, owner = _owner(args) or ("operator", "")
    scopes = ALL if "all" in args.scope else frozenset(args.scope)
    kept, key = new_key(kind, owner, scopes, label=args.label, made_by=at_the_command_line(), now_ms=now_ms())
    if not await database.access.add(kept):
        raise RingbackError(
            f"One owner may have {MOST_KEYS} keys.", means=NOTHING, do="revoke one with `ringback key revoke`."
        )
    if args.json:
        out.as_json(key_json(kept) | {"key": key})
    else:
        out.line(f"Key {kept.id} is made. Send it as `Authorization: Bearer ...`.")
        out.line(f"Key (shown this once): {key}")
    return 0


async def _list(args: argparse.Namespace, database: Database) -> int:
    owner = _owner(args)
    keys: list[ApiKey] = []
    while page := await database.access.page(owner=owner, after=keys[-1].id if keys else ""):
        keys += page
    shown = [key_json(key) for key in keys]
    if args.json:
        out.as_json(shown)
    elif not shown:
        out.line("There are no keys. Make one with `ringback key add`.")
    else:
        out.table(["ID", "WHOSE", "LAST USED", "REVOKED", "LABEL", "SCOPES"], list(map(_cells, shown)))
    return 0


def _cells(key: dict[str, Any]) -> list[str]:
    whose = " ".join(filter(None, (key["kind"], key["owner"])))
    return [key["id"], whose, key["last_used"] or "-", key["revoked"] or "-", key["label"], " ".join(key["scopes"])]


async def _revoke(args: argparse.Namespace, database: Database) -> int:
    parts = args.key.split("_")
    key_id = parts[1] if len(parts) > 1 else args.key
    if not await database.access.revoke(key_id, now_ms=now_ms()):
        raise RingbackError(
            f"There is no key {key_id}, or it is revoked already.", means=NOTHING, do="see `ringback key list`."
        )
    out.line(f"Key {key_id} opens nothing any more.")
    return 0
