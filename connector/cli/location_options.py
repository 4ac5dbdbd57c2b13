"""The arguments of `ringback location`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping


def configure(command: argparse.ArgumentParser, runs: Mapping[str, Callable[[Any], int]]) -> None:
    """The sub-commands' arguments; `runs` is what each does."""
    kinds = command.add_subparsers(dest="kind", required=True, metavar="|".join(runs))

    def add(name: str, about: str) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = kinds.add_parser(name, help=about, description=about.capitalize() + ".")
        made.set_defaults(run=runs[name])
        return made

    _options(add("add", "register a sub-account with a private integration token"))
    _options(add("set", "change a sub-account; what is not named stays"))
    _json(add("list", "all sub-accounts"))
    _show(add("show", "one sub-account: configuration and what is waiting; never its secrets"))
    _location(add("remove", "forget a sub-account's configuration and secrets; its calls stay"))
    history = add("history", "who changed a configuration when, and what it was before")
    _location(history)
    _company(history)
    history.add_argument("--limit", type=int, default=20, metavar="N", help="how many changes at most (20)")
    _json(history)
    undo = add("undo", "bring a configuration back as it was before its last change")
    _location(undo)
    _company(undo)
    undo.add_argument("--to", type=int, metavar="N", help="as it was in version N")
    _defaults(add("defaults", "what an agency chooses for all its sub-accounts; their own configuration wins"))
    add("schema", "the JSON Schema of a configuration file, for editors")


def _location(command: argparse.ArgumentParser) -> None:
    command.add_argument("location", metavar="LOC", help="the CRM's id of the sub-account")


def _json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="as JSON")


def _company(command: argparse.ArgumentParser) -> None:
    command.add_argument("--company", action="store_true", help="LOC is an agency: its defaults")


def _show(command: argparse.ArgumentParser) -> None:
    _location(command)
    command.add_argument("--effective", action="store_true", help="with the agency's and the shipped defaults")
    how = command.add_mutually_exclusive_group()
    how.add_argument("--json", action="store_true", help="as JSON")
    how.add_argument("--toml", action="store_true", help="the configuration only, as a file for `set --file`")


def _defaults(command: argparse.ArgumentParser) -> None:
    command.add_argument("company", metavar="COMPANY", help="the CRM's id of the agency")
    what = command.add_mutually_exclusive_group()
    what.add_argument("--file", metavar="FILE", help="replace them by this file (TOML or JSON)")
    what.add_argument("--remove", action="store_true", help="take them away")
    what.add_argument("--json", action="store_true", help="show them as JSON; as TOML if nothing is named")


def _options(command: argparse.ArgumentParser) -> None:
    _location(command)
    command.add_argument("--token", help="the sub-account's private integration token")
    command.add_argument("--trunk", help="the trunk that may post (see `ringback trunks`)")
    command.add_argument(
        "--secret",
        action="append",
        metavar="S",
        help="the trunk's secret, newest first if given more than once; made and shown once if left out",
    )
    command.add_argument(
        "--notify-secret",
        nargs="?",
        const="",
        metavar="S",
        help="the secret (whsec_...) that signs the notifications of its rule book; made and shown once if not given",
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
    command.add_argument(
        "--company", metavar="ID", help="the agency it belongs to, whose defaults count; none for none"
    )
