"""The CRM's page around ours: a frame, and who is signed in, told when asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.frame import payload, told

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

_PAGE = """<!doctype html><html lang="en"><title>CRM</title><link rel="icon" href="data:,">
<style>body { margin: 0 } iframe { width: 100%; height: 100vh; border: 0 }</style>
<iframe id="ours" title="Ringback"></iframe>
<script>
  const ours = document.getElementById("ours");
  window.addEventListener("message", async (event) => {
    if (event.source !== ours.contentWindow || event.data.message !== "REQUEST_USER_DATA") return;
    const word = await (await fetch("/word", { method: "POST" })).json();
    if (word.payload !== null) ours.contentWindow.postMessage({ message: "REQUEST_USER_DATA_RESPONSE", ...word }, "*");
  });
  ours.src = APP;
</script>
<script>EVIL</script></html>"""

INTRUDER = """
  const other = document.createElement("iframe");
  other.srcdoc = "<script>setInterval(() => parent.frames[0].postMessage(" +
    "{ message: 'REQUEST_USER_DATA_RESPONSE', payload: 'forged' }, '*'), 5)<" + "/script>";
  document.body.append(other);
"""
"""Another frame on the same page that answers in the CRM's place, and faster."""


@dataclass
class CrmFrame:
    """What the CRM tells a page inside it."""

    url: str
    user: dict[str, Any] | None
    """None: the app has no shared secret, so the CRM never answers."""
    words: list[str] = field(default_factory=list)
    """What it told so far."""
    repeats: int = 0
    """How often it will tell what it told before."""

    def word(self) -> str | None:
        """What it tells now."""
        if self.user is None:
            return None
        if self.repeats:
            self.repeats -= 1
        else:
            self.words.append(payload(self.user))
        return self.words[-1]


@asynccontextmanager
async def crm_frame(app: str, *, host: str = "localhost", script: str = "", **user: Any) -> AsyncIterator[CrmFrame]:
    """The CRM's page, at that host, around the page at `app`, with that user signed in."""
    frame = CrmFrame("", told(**user))

    async def shown(_request: web.Request) -> web.Response:
        text = _PAGE.replace("APP", f'"{app}"').replace("EVIL", script)
        return web.Response(text=text, content_type="text/html")

    async def word(_request: web.Request) -> web.Response:
        return web.json_response({"payload": frame.word()})

    server = web.Application()
    server.add_routes([web.get("/", shown), web.post("/word", word)])
    async with TestServer(server) as serving:
        frame.url = f"http://{host}:{serving.port}/"
        yield frame
