"""`ringback trunks [NAME]`: the trunks Ringback speaks, and how to set one up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.cli import out
from connector.errors import UsageError
from connector.settings import load
from mappings.trunks import names, trunk

if TYPE_CHECKING:
    import argparse


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("name", nargs="?", help="print this trunk's set-up steps")
    command.add_argument("--location", default="LOCATION", metavar="LOC", help="fill in this sub-account")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """List the trunks, or print one's set-up steps with this installation's address filled in."""
    if args.name is not None and args.name not in names():
        raise UsageError(
            f"There is no trunk {args.name!r}.", means="nothing was changed.", do=f"choose of: {', '.join(names())}."
        )
    known = [trunk(name) for name in ([args.name] if args.name else names())]
    urls = {one.name: _url(one.name, args.location) for one in known}
    if args.json:
        out.as_json(
            [
                {
                    "name": one.name,
                    "title": one.title,
                    "proof": one.proof,
                    "methods": sorted(one.methods),
                    "url": urls[one.name],
                    "setup": one.setup.replace("{url}", urls[one.name]),
                }
                for one in known
            ]
        )
    elif args.name:
        out.line(f"{known[0].title}: {known[0].proof}\n")
        out.line(known[0].setup.replace("{url}", urls[args.name]))
    else:
        out.table(["TRUNK", "PROVIDER", "PROOF"], [[one.name, one.title, one.proof] for one in known])
    return 0


def _url(name: str, location: str) -> str:
    settings = load()
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    return f"{base}/hooks/{location}/{name}"
