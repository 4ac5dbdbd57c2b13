"""Reading a rule book from a file, for the commands that take one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from connector.errors import UsageError
from mappings.rules import BookError, read_book

if TYPE_CHECKING:
    from mappings.rules import Book


def read_book_file(name: str) -> Book:
    """The rule book in that file, TOML or JSON by its ending.

    Raises:
        UsageError: it cannot be read, or is no rule book; names each field that is wrong.
    """
    path = Path(name)
    try:
        return read_book(path.read_bytes(), format="json" if path.suffix == ".json" else "toml")
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", means="nothing was changed.", do="check the path."
        ) from None
    except BookError as error:
        raise UsageError(
            f"{name} is no valid rule book:\n{error}",
            means="nothing was changed; a book that does not validate never replaces one that does.",
            do="correct the fields named above (docs/rule-books.md).",
        ) from None
