"""The statements of sql/*.sql, by name: queries.sql for events and deliveries, a file for each other subject."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


def parse(text: str) -> dict[str, str]:
    """Statements by name: each block begins with `-- name: ...`, then a sentence as a comment, then SQL."""
    return dict(map(_block, text.split("-- name: ")[1:]))


def _block(text: str) -> tuple[str, str]:
    name, _, body = text.partition("\n")
    statement = "\n".join(line for line in body.splitlines() if not line.startswith("--"))
    return name.strip(), statement.strip()


def statements(subject: str) -> Mapping[str, str]:
    """The statements of `sql/<subject>.sql`, by name."""
    return parse(files("connector.store").joinpath("sql", f"{subject}.sql").read_text(encoding="utf-8"))


QUERIES: Final[Mapping[str, str]] = statements("queries")
