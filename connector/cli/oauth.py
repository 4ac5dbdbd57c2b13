"""`ringback oauth install-url|status|confirm|reveal`: installing from the marketplace, and how it stands."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from connector.cli import out
from connector.cli.location import opened
from connector.clock import now_ms
from connector.errors import RingbackError, UsageError
from connector.install.app import app_of, base_url
from connector.install.confirm import confirm
from connector.install.connection import Connections
from connector.keys import open_vault
from connector.settings import load
from mappings.call import iso
from oauth.install import consent_url
from oauth.standing import Kind, Standing

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator

    from connector.install.connection import Connection
    from connector.settings import Settings
    from connector.store.database import Database
    from connector.store.grants import Grants
    from oauth.standing import GrantRow

NOTHING = "nothing was changed."
SHOWN = 50
"""How many sub-accounts that are not connected are printed; --json has all."""


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    kinds = command.add_subparsers(dest="kind", required=True, metavar="install-url|status|confirm|reveal")
    url = kinds.add_parser("install-url", help="the link with which an admin installs")
    url.add_argument("--white-label", action="store_true", help="for agencies with a name of their own")
    url.add_argument("--direct", action="store_true", help="the CRM's own page at once; needs to be confirmed later")
    url.set_defaults(run=_install_url)
    status = kinds.add_parser("status", help="agencies and sub-accounts: how many are connected, and what is not")
    status.add_argument("--company", metavar="ID", help="the sub-accounts of one agency")
    status.add_argument("--json", action="store_true", help="as JSON")
    status.set_defaults(run=_status)
    confirming = kinds.add_parser("confirm", help="say that an installation begun in the marketplace was meant")
    confirming.add_argument("location", metavar="LOC", help="the CRM's id of the sub-account, or of the agency")
    confirming.set_defaults(run=_confirm)
    reveal = kinds.add_parser("reveal", help="address and secret for the phone provider of a sub-account")
    reveal.add_argument("location", metavar="LOC", help="the CRM's id of the sub-account")
    reveal.set_defaults(run=_reveal)


def _install_url(args: argparse.Namespace) -> int:
    settings = load()
    app = app_of(settings)
    if app is None:
        raise UsageError(
            "RINGBACK_CLIENT_ID and RINGBACK_CLIENT_SECRET are not set.",
            means=NOTHING,
            do="copy them from the marketplace portal; see docs/oauth.md.",
        )
    if args.direct:
        host = settings.oauth_white_label if args.white_label else settings.oauth_host
        out.line(consent_url(app, host=host))
    else:
        out.line(f"{base_url(settings)}/oauth/install{'?white_label=1' if args.white_label else ''}")
    return 0


def _status(args: argparse.Namespace) -> int:
    async def go() -> int:
        async with opened(load()) as database:
            shown = await _standing(database.grants, args.company)
        if args.json:
            out.as_json(shown)
        else:
            _tell(shown)
        return 0

    return asyncio.run(go())


async def _standing(grants: Grants, company: str | None) -> dict[str, Any]:
    """Counts, agencies, and every sub-account that is not connected."""
    counts = {standing.value: number for standing, number in (await grants.counts(company)).items()}
    agencies = [
        _shown(row) | {"sub_accounts": {one.value: n for one, n in (await grants.counts(row.id)).items() if n}}
        async for row in _rows(grants, Kind.COMPANY)
        if company in (None, row.id)
    ]
    open_rows = [
        _shown(row)
        async for row in _rows(grants, Kind.LOCATION)
        if row.standing is not Standing.ACTIVE and company in (None, row.company_id)
    ]
    return {"sub_accounts": counts, "agencies": agencies, "not_connected": open_rows}


async def _rows(grants: Grants, kind: Kind) -> AsyncIterator[GrantRow]:
    last = ("", "")
    while rows := await grants.page(kind=kind, after=last, limit=500):
        for row in rows:
            yield row
        last = (rows[-1].kind, rows[-1].id)


def _shown(row: GrantRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "company": row.company_id,
        "standing": row.standing.value,
        "since": iso(row.standing_ms),
        "reason": row.reason,
    }


def _tell(shown: dict[str, Any]) -> None:
    counts = {name: number for name, number in shown["sub_accounts"].items() if number}
    out.line(f"Sub-accounts: {', '.join(f'{number} {name}' for name, number in counts.items()) or 'none installed'}")
    for title, rows in (("AGENCY", shown["agencies"]), ("NOT CONNECTED", shown["not_connected"])):
        if rows:
            out.line()
            cells = [[row["id"], row["standing"], row["since"], _detail(row)] for row in rows[:SHOWN]]
            out.table([title, "STANDING", "SINCE", ""], cells)
            if len(rows) > SHOWN:
                out.line(f"... and {len(rows) - SHOWN} more (--json has all)")


def _detail(row: dict[str, Any]) -> str:
    counts = row.get("sub_accounts", {})
    return ", ".join([f"{number} {name}" for name, number in counts.items()] + [row["reason"] or ""]).strip(", ")


def _confirm(args: argparse.Namespace) -> int:
    settings = load()

    async def go() -> int:
        async with opened(settings) as database:
            row = await _unconfirmed(database.grants, args.location)
            connections = _connections(settings, database)
            if not await confirm(database.grants, connections, row, now_ms=now_ms()):
                raise _waits(row)
            if row.kind is Kind.COMPANY:
                out.line(f"Agency {row.id} is confirmed. Its sub-accounts are connected within a minute or two.")
            else:
                out.line(f"Sub-account {row.id} is confirmed. A running service takes it up within a second or two.")
                _paste(await connections.reveal(row.id))
            return 0

    return asyncio.run(go())


def _reveal(args: argparse.Namespace) -> int:
    settings = load()

    async def go() -> int:
        async with opened(settings) as database:
            connection = await _connections(settings, database).reveal(args.location)
            if connection is None or connection.url is None:
                raise RingbackError(
                    f"{args.location} has no trunk that an installation made.",
                    means=NOTHING,
                    do="see `ringback location show` and `ringback oauth status`.",
                )
            _paste(connection)
            return 0

    return asyncio.run(go())


def _connections(settings: Settings, database: Database) -> Connections:
    vault = open_vault(settings)
    return Connections(database, database.history, vault, public_url=base_url(settings), now_ms=now_ms)


def _paste(connection: Connection | None) -> None:
    if connection is not None and connection.url is not None:
        out.line(f"Webhook address for its phone provider: {connection.url}")
        out.line(f"Secret: {connection.secret}")


async def _unconfirmed(grants: Grants, named: str) -> GrantRow:
    rows = [row for kind in (Kind.LOCATION, Kind.COMPANY) if (row := await grants.get(kind, named)) is not None]
    for row in rows:
        if row.standing is Standing.UNCONFIRMED:
            return row
    if rows:
        raise RingbackError(
            f"{named} is not waiting to be confirmed: it is {rows[0].standing.value.replace('_', ' ')}.",
            means=NOTHING,
            do="see `ringback oauth status`.",
        )
    raise RingbackError(f"{named} was not installed.", means=NOTHING, do="see `ringback oauth status`.")


def _waits(row: GrantRow) -> RingbackError:
    return RingbackError(
        f"The CRM has announced the installation of {row.id}, and its permission has not arrived yet.",
        means=NOTHING,
        do="finish the installation in the browser; then nothing needs to be confirmed.",
    )
