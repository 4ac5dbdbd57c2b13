"""What people see: nothing from elsewhere, nothing unescaped, readable without a script."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from connector.install import trouble
from connector.install.routes import failed
from connector.install.trouble import Trouble
from connector.pages.render import CSP, page, style

EVIL = '"><script>alert(1)</script>'
MISSING = [{"scope": EVIL, "feature": EVIL}]
PAGES: dict[str, dict[str, Any]] = {
    "connected": {"location": EVIL, "name": EVIL, "url": EVIL, "secret": EVIL, "missing": MISSING},
    "agency": {"company": EVIL, "missing": MISSING, "future": True},
    "confirm": {"id": EVIL, "is_agency": False, "missing": MISSING},
    "error": {"title": EVIL, "happened": EVIL, "means": EVIL, "do": EVIL, "again": "/oauth/install"},
}
TROUBLES = sorted(
    (name for name, value in vars(trouble).items() if isinstance(value, Trouble)),
)


class Outline(HTMLParser):
    """Elements in their order, those that stand open, and what they point to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.elements: list[str] = []
        self.links: list[str] = []
        self.lang: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.elements.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action") and value]
        if tag == "html":
            self.lang = found.get("lang")
        if tag not in ("meta", "link"):
            self.opened.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.opened.pop() == tag


def shown(name: str) -> str:
    text = page(name, **PAGES[name]).text
    assert text is not None
    return text


@pytest.mark.parametrize("name", PAGES)
def test_what_came_from_outside_is_text(name: str) -> None:
    assert "<script" not in shown(name)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_well_formed(name: str) -> None:
    outline = Outline(shown(name))
    assert (outline.opened, outline.lang, outline.elements.count("h1")) == ([], "en", 1)


@pytest.mark.parametrize("name", PAGES)
def test_nothing_comes_from_a_third_host(name: str) -> None:
    links = [link for link in Outline(shown(name)).links if not link.startswith("/")]
    assert links == ["data:,"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_small_screens_and_has_no_script(name: str) -> None:
    text = shown(name)
    assert ("width=device-width" in text, "<style" in text, "script" in Outline(text).elements) == (True, False, False)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_kept_by_no_cache_and_sits_in_no_frame(name: str) -> None:
    headers = page(name, **PAGES[name]).headers
    assert (headers["Cache-Control"], headers["Content-Security-Policy"]) == ("no-store", CSP)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_tells_nobody_its_address(name: str) -> None:
    assert page(name, **PAGES[name]).headers["Referrer-Policy"] == "no-referrer"


async def test_the_sheet_knows_light_and_dark_and_small() -> None:
    text = (await style(None)).text  # type: ignore[arg-type, attr-defined]  # it looks at no request
    assert [bool(re.search(part, text)) for part in ("prefers-color-scheme: dark", "max-width", "focus-visible")] == [
        True,
        True,
        True,
    ]


@pytest.mark.parametrize("name", TROUBLES)
def test_every_trouble_says_what_happened_what_it_means_and_what_to_do(name: str) -> None:
    why = getattr(trouble, name)
    text = failed(why).text or ""
    assert all(part and part.replace("'", "&#39;") in text for part in (why.title, why.happened, why.means, why.do))
