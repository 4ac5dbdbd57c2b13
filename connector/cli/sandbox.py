"""`ringback sandbox`: a local CRM to try a rule book on, without touching a live account."""

from __future__ import annotations

import argparse
import asyncio
import secrets
import shlex
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from connector.errors import RingbackError
from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.sandbox.rate import Rate
from connector.sandbox.seed import MOST_CONTACTS, furnish, seed_contacts
from connector.sandbox.serving import run as serve
from connector.sandbox.state import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable

LOCATION: Final = "SandboxLocation00001"
TOKEN: Final = "pit-sandbox"  # noqa: S105 - opens nothing but invented data


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.epilog = "Everything in it is invented, and gone when it ends (SIGTERM or Ctrl-C)."
    command.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    command.add_argument("--port", type=_port, default=0, help="port; 0 takes a free one (default)")
    command.add_argument(
        "--location", action="append", metavar="ID", help=f"sub-account, repeatable (default: {LOCATION})"
    )
    command.add_argument(
        "--token",
        default=TOKEN,
        help="access token of the first sub-account (default: %(default)s); others: it and their id",
    )
    command.add_argument(
        "--rate",
        type=_rate,
        default="100/10s",
        help="requests a window and sub-account, or off (default: %(default)s)",
    )
    command.add_argument(
        "--seed-contacts",
        type=_contacts,
        default=10,
        metavar="N",
        help="invented contacts a sub-account (default: %(default)s)",
    )
    command.add_argument("--webhook-url", metavar="URL", help="where the marketplace app gets the CRM's signed events")
    command.add_argument(
        "--access-seconds",
        type=_seconds,
        default=DEFAULT_APP.access_s,
        metavar="N",
        help="how long the marketplace app's access tokens live (default: %(default)s)",
    )
    command.add_argument("--json", action="store_true", help="say what was started as one line of JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; 0 then.

    Raises:
        RingbackError: the address cannot be had.
    """
    ids = list(dict.fromkeys(args.location or [LOCATION]))
    tokens = {location: args.token if i == 0 else f"{args.token}-{location}" for i, location in enumerate(ids)}
    sandbox = Sandbox(rate=args.rate)
    sandbox.market.register(replace(DEFAULT_APP, webhook_url=args.webhook_url, access_s=args.access_seconds))
    for location, token in tokens.items():
        seed_contacts(sandbox, furnish(sandbox, location, token=token), args.seed_contacts)
    try:
        asyncio.run(_until_signal(sandbox, args.host, args.port, lambda url: _say(sandbox, tokens, url, args)))
    except OSError as error:
        raise RingbackError(
            f"The sandbox cannot listen on {args.host} port {args.port}: {error.strerror or error}",
            means="nothing was started, nothing is touched.",
            do="choose another --port (0 takes a free one) or --host.",
        ) from error
    return 0


async def _until_signal(sandbox: Sandbox, host: str, port: int, ready: Callable[[str], None]) -> None:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await serve(sandbox, host=host, port=port, ready=ready, stop=stop)


def _say(sandbox: Sandbox, tokens: dict[str, str], url: str, args: argparse.Namespace) -> None:
    facts = [_facts(sandbox, location, token) for location, token in tokens.items()]
    if args.json:
        key = sandbox.market.outbox.public_key
        text = orjson.dumps({"url": url, "locations": facts, "app": _app_facts(), "webhook_key": key}).decode()
    else:
        lines = "\n".join(f"  {fact['add']}" for fact in facts)
        text = (
            f"Sandbox CRM at {url} (a page for people; control and state under {url}/_sandbox/state)\n"
            f"To use it:\n  export RINGBACK_CRM_URL={url}\n{lines}\n"
            f"Or install it as from the marketplace: client id {DEFAULT_CLIENT_ID}, secret {DEFAULT_CLIENT_SECRET};\n"
            f"  the key of the CRM's events: {url}/_sandbox/webhook-key\nCtrl-C ends it."
        )
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _app_facts() -> dict[str, str]:
    return {
        "client_id": DEFAULT_CLIENT_ID,
        "client_secret": DEFAULT_CLIENT_SECRET,
        "app_id": DEFAULT_APP.app_id,
        "version_id": DEFAULT_APP.app_id,
    }


def _facts(sandbox: Sandbox, location: str, token: str) -> dict[str, Any]:
    workflows = [
        {"id": one["id"], "name": one["name"], "status": one["status"]}
        for one in sandbox.locations[location].workflows.values()
    ]
    words = ["ringback", "location", "add", location, "--token", token, "--trunk", "generic"]
    words += ["--secret", secrets.token_hex(24), "--no-answer-workflow", workflows[0]["id"]]
    return {"id": location, "token": token, "workflows": workflows, "add": shlex.join(words)}


def _rate(text: str) -> str:
    try:
        Rate.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    return text


def _port(text: str) -> int:
    return _number(text, 65_535)


def _seconds(text: str) -> int:
    return _number(text, 31_536_000)


def _contacts(text: str) -> int:
    return _number(text, MOST_CONTACTS)


def _number(text: str, most: int) -> int:
    if not text.isdecimal() or int(text) > most:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {most}")
    return int(text)
