"""`ringback explain --trunk T FILE`: what a payload means and what would be done about it; touches nothing."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from connector.cli import out
from connector.cli.book import named_book, read_mapping_file
from connector.cli.location import opened
from connector.clock import now_ms
from connector.errors import RingbackError, UsageError
from connector.locations import effective
from connector.settings import load
from mappings.books import default_book
from mappings.disposition import standing
from mappings.facts import Settings
from mappings.lint import warnings
from mappings.payload.recorded import recorded
from mappings.payload.request import NotUnderstoodError
from mappings.plan import ContactState, plan
from mappings.trunks import names, read, trunk
from mappings.words import USUAL

if TYPE_CHECKING:
    import argparse

    from connector.locations import LocationConfig
    from mappings.rules import Book
    from mappings.trunks import Trunk


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("file", metavar="FILE", help="the payload as the trunk sent it; - for standard input")
    whose = command.add_mutually_exclusive_group(required=True)
    whose.add_argument("--trunk", help="whose payload it is (see `ringback trunks`)")
    whose.add_argument("--mapping", metavar="FILE", help="read it by this trunk mapping (docs/trunks/custom.md)")
    which = command.add_mutually_exclusive_group()
    which.add_argument("--location", metavar="LOC", help="plan with this sub-account's rule book")
    which.add_argument("--book", metavar="BOOK", help="plan with this rule book (TOML or JSON)")
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Explain one file. Exit code 0 whatever it means; 2 if it cannot be read."""
    book, config = _configured(args)
    told = explained(_adapter(args), _bytes(args.file), book, config)
    if doubts := warnings(book, Settings() if config is None else config.numbers):
        told["warnings"] = [{"path": path, "message": message} for path, message in doubts]
    if args.json:
        out.as_json(told)
    else:
        _print(told)
    return 0


def _adapter(args: argparse.Namespace) -> Trunk:
    if args.mapping is not None:
        return read_mapping_file(args.mapping)[0]
    if args.trunk in names():
        return trunk(args.trunk)
    raise UsageError(
        f"There is no trunk {args.trunk!r}.", means="nothing was read.", do=f"choose of: {', '.join(names())}."
    )


def explained(adapter: Trunk, raw: bytes, book: Book, config: LocationConfig | None) -> dict[str, Any]:
    """The outer surface's document (docs/design.md, "Outer surface"). No signature is asked for: it is a file.

    The contact is taken as known and without history. Without a sub-account the workflows keep their names, and
    times are in UTC.
    """
    now = now_ms()
    try:
        calls = read(adapter, recorded(raw, now))
    except NotUnderstoodError as error:
        return {"status": "quarantined", "reason": str(error), "calls": [], "actions": [], "not_fired": []}
    told: dict[str, Any] = {"status": "ignored", "reason": None, "calls": [], "actions": [], "not_fired": []}
    zone = ZoneInfo(config.time_zone if config is not None and config.time_zone else "UTC")
    words = USUAL if config is None else config.words
    chosen = {} if config is None else _chosen(config)
    for call in calls:
        stands = standing(call)
        meant = words.meaning(call)
        told["calls"].append(call.facts() | {"disposition": None if meant is None else meant.value})
        if stands.status == "accepted":
            workflows = None if config is None else config.workflows
            planned = plan(
                call, ContactState(), book, now_ms=now, zone=zone, workflows=workflows, words=words, **chosen
            ).surface()
            told["actions"] += planned["actions"]
            told["not_fired"] += planned["not_fired"]
        if told["status"] == "ignored" or stands.status == "accepted":
            told["status"], told["reason"] = stands.status, stands.reason
    return told


def _chosen(config: LocationConfig) -> dict[str, Any]:
    """What the sub-account's settings add to planning."""
    return {
        "calendar": config.calendar,
        "settings": config.numbers,
        "country": config.country,
        "timeline": config.call_record,
        "fields": config.fields,
        "agents": config.agents,
    }


def _configured(args: argparse.Namespace) -> tuple[Book, LocationConfig | None]:
    if args.location is None:
        return (named_book(args.book) if args.book else default_book()), None

    async def look() -> LocationConfig:
        async with opened(load()) as store:
            row = await store.get_location(args.location)
        if row is None:
            raise RingbackError(
                f"Sub-account {args.location} is not registered.",
                means="nothing was read.",
                do="see `ringback location list`.",
            )
        return effective(row)

    config = asyncio.run(look())
    return config.book or default_book(), config


def _bytes(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", means="nothing was read.", do="check the path."
        ) from None


def _print(told: dict[str, Any]) -> None:
    out.line(f"{told['status']}" + (f": {told['reason']}" if told["reason"] else ""))
    for call in told["calls"]:
        out.line()
        for name, value in call.items():
            if name != "notes":
                out.line(f"  {name:<12} {'-' if value is None else value}")
        for note in call["notes"]:
            out.line(f"  {'inferred':<12} {note}")
    for action in told["actions"]:
        due = f" at {action['due']}" if action["due"] else ""
        out.line(f"\n  would do {action['key']}{due}: {action['reason']}  [rule: {action['rule']}]")
        for name, value in action["args"].items():
            text = ", ".join(value) if isinstance(value, list) else str(value)
            out.line("    " + f"{name}: {text}".replace("\n", "\n    "))
    for rule in told["not_fired"]:
        out.line(f"\n  not fired {rule['rule']}: {rule['reason']}")
    for doubt in told.get("warnings", ()):
        out.line(f"\n  warning {doubt['path']}: {doubt['message']}")
