"""Templates into answers, with the headers that keep a page to itself."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    import jinja2

STYLE: Final = "/oauth/static/style.css"
"""Where `style` is served."""
CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    # The address of an answer to a consent holds its code.
    "Referrer-Policy": "no-referrer",
}


def page(template: str, *, status: int = 200, csp: str = CSP, **context: Any) -> web.Response:
    """The template of that name (templates/<name>.html) with these values, escaped, as an answer."""
    text = _environment().get_template(f"{template}.html").render(context, style=STYLE)
    headers = {**_HEADERS, "Content-Security-Policy": csp}
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


async def style(_request: web.Request) -> web.StreamResponse:
    """The one style sheet of all pages."""
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=3600"}
    return web.Response(text=_sheet(), content_type="text/css", headers=headers)


@cache
def _sheet() -> str:
    return files("connector.pages").joinpath("templates", "style.css").read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2  # noqa: PLC0415 - 30 ms of every start, for pages that are seldom asked for

    return jinja2.Environment(
        loader=jinja2.PackageLoader("connector.pages"), autoescape=True, undefined=jinja2.StrictUndefined
    )
