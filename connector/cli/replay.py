"""`ringback replay`: what is parked or quarantined, and bringing it back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector.cli import out
from connector.cli.location import opened
from connector.clock import now_ms
from connector.errors import RingbackError, UsageError
from connector.keys import open_vault
from connector.locations import LocationBook
from connector.requarantine import read_again
from connector.settings import load
from connector.store import State
from mappings.call import iso

if TYPE_CHECKING:
    import argparse

    from connector.store import DeliveryRow, QuarantineRow, Store

PAGE = 500


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    what = command.add_mutually_exclusive_group(required=True)
    what.add_argument("--list", action="store_true", help="show what is parked and quarantined, change nothing")
    what.add_argument("--id", metavar="ID", help="bring one back: d12 is a delivery, q3 a quarantined request")
    what.add_argument("--all", action="store_true", help="bring all of them back (narrow it with --reason)")
    command.add_argument("--reason", metavar="TEXT", help="only those whose reason contains this text")
    command.add_argument("--location", metavar="LOC", help="only those of this sub-account")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List or bring back."""
    settings = load()

    async def go() -> int:
        async with opened(settings) as store:
            if args.list:
                return _listed(await _waiting(args, store), as_json=args.json)
            return await _bring_back(args, store, LocationBook(store, open_vault(settings)))

    return asyncio.run(go())


async def _waiting(args: argparse.Namespace, store: Store) -> list[dict[str, Any]]:
    """Everything parked or quarantined that the options name, oldest first."""
    found: list[dict[str, Any]] = []
    after = 0
    while page := await store.list_deliveries(location=args.location, state=State.PARKED, limit=PAGE, after=after):
        after = page[-1].id
        found += [_row(f"d{one.id}", "parked", one, one.call_id) for one in page]
    after = 0
    while held := await store.list_quarantined(location=args.location, limit=PAGE, after=after):
        after = held[-1].id
        found += [_row(f"q{one.id}", "quarantined", one, None) for one in held]
    return [row for row in found if args.reason is None or args.reason in (row["reason"] or "")]


def _row(ident: str, state: str, one: DeliveryRow | QuarantineRow, call_id: str | None) -> dict[str, Any]:
    return {
        "id": ident,
        "state": state,
        "location": one.location,
        "trunk": one.trunk,
        "call_id": call_id,
        "received": iso(one.received_ms),
        "reason": one.reason,
    }


def _listed(rows: list[dict[str, Any]], *, as_json: bool) -> int:
    if as_json:
        out.as_json(rows)
    elif not rows:
        out.line("Nothing is parked and nothing is quarantined.")
    else:
        names = ["id", "state", "location", "trunk", "call_id", "received", "reason"]
        out.table([name.upper() for name in names], [[row[name] or "-" for name in names] for row in rows])
    return 0


async def _bring_back(args: argparse.Namespace, store: Store, locations: LocationBook) -> int:
    ids = [args.id] if args.id else [row["id"] for row in await _waiting(args, store)]
    failed = 0
    for ident in ids:
        if ident[:1] not in ("d", "q") or not ident[1:].isdigit():
            raise UsageError(
                f"{ident!r} is no id of the list.", means="nothing was changed.", do="see `ringback replay --list`."
            )
        number = int(ident[1:])
        if ident[0] == "d":
            problem = None if await store.replay(number, now_ms=now_ms()) else "there is no such parked delivery"
        else:
            problem = await read_again(number, store, locations)
        failed += problem is not None
        out.line(f"{ident}: {problem or 'brought back; the running service takes it up'}")
    if failed:
        raise RingbackError(
            f"{failed} of {len(ids)} could not be brought back.",
            means="they stay where they are, nothing is lost.",
            do="read the reasons above; after an update or a change of configuration, try again.",
        )
    return 0
