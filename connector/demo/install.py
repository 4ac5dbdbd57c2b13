"""An administrator installs: the links and the form that a browser would follow, from our page to the CRM and back."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp

from connector.errors import RingbackError

if TYPE_CHECKING:
    from collections.abc import Sequence

_VOID = frozenset({"input", "meta", "link", "br", "hr", "img"})
"""Elements that have no end (HTML Living Standard, 13.1.2)."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What the page at the end of an installation shows."""

    name: str
    trunk_url: str
    trunk_secret: str = field(repr=False)


class _Page(HTMLParser):
    """The text of each element that has an id (headings by their tag), and what a form offers to choose."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, str] = {}
        self.offered: set[tuple[str, str]] = set()
        self._open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag in {"input", "button"}:
            self.offered.add((told.get("name") or "", told.get("value") or ""))
        if tag not in _VOID:
            self._open.append(told.get("id") or tag)

    def handle_endtag(self, _tag: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            self.texts[element] = self.texts.get(element, "") + data


async def install(connector: str, location: str) -> Connected:
    """Install in that sub-account, as its administrator.

    Raises:
        RingbackError: it did not end on the page that says "connected".
    """
    # Cookies for an address instead of a name; and the CRM's own spelling of a link is kept: "+" is no space to it.
    cookies = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=cookies, requote_redirect_url=False) as browser:
        async with browser.get(f"{connector}/oauth/install") as answer:
            chooser = _read(answer, await answer.text())
            form = [("location", location), ("answer", "install")]
            if not set(form) <= chooser.offered:
                raise _trouble(chooser, "The CRM's page does not offer the sub-account")
        async with browser.post(answer.url, data=form) as answer:
            return _connected(_read(answer, await answer.text()))


def _read(answer: aiohttp.ClientResponse, text: str) -> _Page:
    page = _Page(text)
    if answer.status != HTTPStatus.OK:
        raise _trouble(page, f"The installation ended with {answer.status}")
    return page


def _connected(page: _Page) -> Connected:
    shown = page.texts
    if "missing-scopes" in shown or not {"location", "trunk-url", "trunk-secret"} <= shown.keys():
        raise _trouble(page, "The installation did not connect the sub-account")
    return Connected(shown["h1"].removesuffix(" is connected"), shown["trunk-url"], shown["trunk-secret"])


def _trouble(page: _Page, what: str) -> RingbackError:
    said = " ".join(page.texts.get("body", page.texts.get("h1", "nothing")).split())
    return RingbackError(
        f"{what}. The page says: {said[:500]}",
        means="the demo keeps everything in a temporary folder; nothing of yours was touched.",
        do="read what the page says; `ringback doctor` looks closer.",
    )
