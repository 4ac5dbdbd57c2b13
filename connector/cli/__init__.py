"""The `ringback` command: one file a sub-command. Exit codes: 0 ok, 1 failed, 2 usage."""

from __future__ import annotations

import argparse
import importlib
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from connector.errors import RingbackError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "serve": "run the service",
    "demo": "a shift of calls against a local CRM, shown and checked",
    "sandbox": "run a local CRM that behaves like the real one",
    "explain": "what a payload means and what would be done, touching nothing",
    "book": "rule books kept in files: show, check, test",
    "location": "the sub-accounts",
    "key": "keys to the API",
    "oauth": "installing from the marketplace, and how it stands",
    "manifest": "what the marketplace must know: check it against the code, write the vendor's files",
    "keys": "the keys that seal tokens and secrets, and sealing everything with a new one",
    "replay": "what is parked or quarantined, and bringing it back",
    "doctor": "settings with their origin, database, CRM, clock: what is missing",
    "trunks": "the trunks, and how to set one up",
}


def parser(chosen: str | None) -> argparse.ArgumentParser:
    """The command line; only the chosen command's file is loaded, so that each starts fast."""
    root = argparse.ArgumentParser(
        prog="ringback", description="Every phone call a sales team makes ends up in their CRM: right, once."
    )
    root.add_argument("--version", action="version", version=f"ringback {version('ringback')}")
    commands = root.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, description=about.capitalize() + ".")
        if name == chosen:
            importlib.import_module(f"{__name__}.{name}").configure(command)
    return root


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; what a person must know goes to standard error in words, never as a traceback."""
    words = sys.argv[1:] if argv is None else argv
    chosen = next((word for word in words if word in COMMANDS), None)
    args = parser(chosen).parse_args(words)
    try:
        return int(args.run(args))
    except UsageError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command line
        return 2
    except RingbackError as error:
        print(error, file=sys.stderr)  # noqa: T201 - this is the command line
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader (head, less) has seen enough
        sys.stderr.close()
        return 0
