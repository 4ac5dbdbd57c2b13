"""Reading a rule book or a trunk mapping from a file, for the commands that take one."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson

from connector.errors import UsageError
from mappings.rules import BookError, read_book

if TYPE_CHECKING:
    from collections.abc import Callable

    from mappings.rules import Book
    from mappings.trunks import Trunk

T = TypeVar("T")


def read_book_file(name: str) -> Book:
    """The rule book in that file, TOML or JSON by its ending.

    Raises:
        UsageError: it cannot be read, or is no rule book; names each field that is wrong.
    """
    try:
        return _read(name, read_book)
    except BookError as error:
        raise UsageError(
            f"{name} is no valid rule book:\n{error}",
            means="nothing was changed; a book that does not validate never replaces one that does.",
            do="correct the fields named above (docs/rule-books.md).",
        ) from None


def read_mapping_file(name: str) -> tuple[Trunk, dict[str, Any]]:
    """The trunk that the mapping in that file describes, and the document as it is kept.

    Raises:
        UsageError: it cannot be read, or is no mapping; names each field that is wrong.
    """
    from mappings.custom import MappingError, custom_trunk, read_mapping  # noqa: PLC0415 - only where one is given

    try:
        return custom_trunk(_read(name, read_mapping)), _read(name, _document)
    except MappingError as error:
        raise UsageError(
            f"{name} is no valid trunk mapping:\n{error}",
            means="nothing was changed.",
            do="correct the fields named above (docs/trunks/custom.md).",
        ) from None


def _document(raw: bytes, form: Literal["toml", "json"]) -> dict[str, Any]:
    found = orjson.loads(raw) if form == "json" else tomllib.loads(raw.decode())
    return dict(found)


def _read(name: str, read: Callable[[bytes, Literal["toml", "json"]], T]) -> T:
    path = Path(name)
    try:
        return read(path.read_bytes(), "json" if path.suffix == ".json" else "toml")
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", means="nothing was changed.", do="check the path."
        ) from None
