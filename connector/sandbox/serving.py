"""Run a sandbox: inside another program, or until somebody says stop."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from connector.sandbox.app import make_app

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable

    from connector.sandbox.state import Sandbox


@asynccontextmanager
async def serving(sandbox: Sandbox, *, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """The sandbox's address while it listens; port 0 takes a free one.

    Raises:
        OSError: the address cannot be had.
    """
    runner = web.AppRunner(make_app(sandbox), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def run(
    sandbox: Sandbox,
    *,
    host: str,
    port: int,
    ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Serve, say the address when it listens, and end when told to.

    Raises:
        OSError: the address cannot be had.
    """
    async with serving(sandbox, host=host, port=port) as url:
        ready(url)
        await stop.wait()
