"""`ringback location history|undo|defaults`: who changed what, going back, and what holds for a whole agency."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connector.cli import out
from connector.cli.location_file import NOTHING, as_toml, config_of, read_file, that_cannot_be
from connector.configuration import ChangedMeanwhileError, NotThereError, UnfitError, change_json
from connector.errors import RingbackError, UsageError
from connector.store.history import Owner

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable

    from connector.cli.location import Desk


async def history(args: argparse.Namespace, desk: Desk) -> int:
    """Print the changes, the newest first."""
    changes = await desk.database.history.changes(_owner(args), limit=args.limit)
    if not changes:
        raise RingbackError(
            f"Nothing is known of {args.location}.", means="nothing was read.", do="see `ringback location list`."
        )
    shown = [change_json(change) for change in changes]
    if args.json:
        out.as_json(shown)
    else:
        out.table(
            ["VERSION", "WHEN", "WHO", "WHAT"], [[one["version"], one["at"], one["who"], one["what"]] for one in shown]
        )
    return 0


async def undo(args: argparse.Namespace, desk: Desk) -> int:
    """Bring an earlier document back."""
    version = await refusing(desk.configurations.undo(_owner(args), who=desk.who, to=args.to))
    out.line(f"{args.location} is as it was; this is version {version}. Secrets stay as they are.")
    return 0


async def defaults(args: argparse.Namespace, desk: Desk) -> int:
    """Show an agency's defaults, replace them, or take them away."""
    if args.remove:
        return await _remove(args, desk)
    if args.file is not None:
        return await _replace(args, desk)
    found = await desk.database.history.defaults(args.company)
    if found is None:
        raise RingbackError(
            f"Agency {args.company} chose no defaults.",
            means="nothing was read.",
            do=f"choose some: `ringback location defaults {args.company} --file FILE`.",
        )
    document: dict[str, Any] = orjson.loads(found.document)
    if args.json:
        out.as_json({"company": found.company, "version": found.version, "config": document})
    else:
        out.line(as_toml(document, f"Defaults of agency {found.company}, version {found.version}.").rstrip("\n"))
    return 0


async def _replace(args: argparse.Namespace, desk: Desk) -> int:
    document, secrets = read_file(args.file)
    if secrets:
        raise UsageError(
            "Secrets are each sub-account's own.", means=NOTHING, do="take `secrets` out of the agency's file."
        )
    version = await refusing(desk.configurations.put_defaults(args.company, config_of(document), who=desk.who))
    out.line(f"Agency {args.company}'s defaults are kept as version {version}. They count within a second or two.")
    return 0


async def _remove(args: argparse.Namespace, desk: Desk) -> int:
    owner = Owner("company", args.company)
    await desk.database.history.remove(owner, who=desk.who, now_ms=desk.now_ms())
    out.line(f"Agency {args.company} has no defaults.")
    return 0


async def refusing(change: Awaitable[int]) -> int:
    """What a change of a configuration returns.

    Raises:
        RingbackError: it could not be; nothing was changed.
    """
    try:
        return await change
    except UnfitError as error:
        raise that_cannot_be(error) from None
    except ChangedMeanwhileError:
        raise RingbackError(
            "Somebody else changed it meanwhile.", means=NOTHING, do="look at it, then run the command again."
        ) from None
    except NotThereError as error:
        raise RingbackError(str(error), means=NOTHING, do="see `ringback location history`.") from None


def _owner(args: argparse.Namespace) -> Owner:
    return Owner("company" if args.company else "location", args.location)
