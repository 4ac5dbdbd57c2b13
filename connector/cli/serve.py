"""`ringback serve`: the running service."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

from aiohttp import web

from connector.app import build
from connector.cli import out
from connector.errors import RingbackError
from connector.observe import configure_logs
from connector.settings import load
from connector.store import StoreError
from connector.web import make_app

if TYPE_CHECKING:
    import argparse
    from collections.abc import Awaitable, Callable

    from connector.app import Service
    from connector.settings import Settings


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("--host", help="address to listen on (RINGBACK_HOST)")
    command.add_argument("--port", type=int, help="port to listen on, 0 for a free one (RINGBACK_PORT)")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; a second one leaves at once."""
    given = {name: value for name in ("host", "port") if (value := getattr(args, name)) is not None}
    settings = load(**given)
    sys.setswitchinterval(
        0.001
    )  # the writer thread waits up to this long for a busy event loop: measured, 2.8 -> 4.5 k/s
    try:
        import uvloop  # noqa: PLC0415 - not everywhere
    except ImportError:
        return asyncio.run(serve(settings))
    return uvloop.run(serve(settings))


async def serve(settings: Settings, made: Callable[[Settings], Awaitable[Service]] = build) -> int:
    """Make the service, listen, say where, and stop cleanly on the first signal."""
    configure_logs(level=settings.log_level, fmt=settings.log_format)
    try:
        service = await made(settings)
    except StoreError as error:
        raise RingbackError(
            f"The database cannot be opened: {error}.",
            means="nothing was started; calls are not being taken, trunks that retry will send theirs again.",
            do="mend what it says, or point RINGBACK_DATABASE_URL elsewhere; `ringback doctor` looks closer.",
        ) from None
    runner = web.AppRunner(make_app(service), access_log=None, shutdown_timeout=5)
    await runner.setup()
    stop = _stop_on_signals()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        await _listen(site, settings)
        host, port = runner.addresses[0][:2]
        out.line(f"ringback listens on http://{host}:{port}")
        await stop.wait()
    finally:
        await runner.cleanup()
    return 0


async def _listen(site: web.TCPSite, settings: Settings) -> None:
    try:
        await site.start()
    except OSError as error:
        raise RingbackError(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror or error}.",
            means="nothing was started; what is kept in the database waits.",
            do="stop what uses that port, or choose another with --port or RINGBACK_PORT.",
        ) from None


def _stop_on_signals() -> asyncio.Event:
    """Set by the first SIGTERM or SIGINT; the second leaves at once: what is durable stays, leases end later."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    return stop
