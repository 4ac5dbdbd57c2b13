"""`ringback book show|check|test`: rule books kept in files. Also reads books and trunk mappings for other commands."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson

from connector.cli import out
from connector.errors import UsageError
from mappings import books
from mappings.rules import BookError, read_book

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from mappings.rules import Book
    from mappings.trunks import Trunk

T = TypeVar("T")


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    what = command.add_subparsers(dest="what", required=True, metavar="WHAT")
    for name, run, about in (
        ("show", _show, "print a shipped book, to start one's own from"),
        ("check", _check, "is it a rule book, and are there rules that can never fire"),
        ("test", _test, "run its cases: payloads and the actions expected of them"),
    ):
        one = what.add_parser(name, help=about, description=about.capitalize() + ".")
        one.add_argument("book", metavar="BOOK", help="a file (TOML or JSON), or the name of a shipped book")
        one.set_defaults(run=run)
        if name == "test":
            one.add_argument("--cases", metavar="FILE", help="the cases; BOOK's name with .cases.toml if left out")
        if name != "show":
            one.add_argument("--json", action="store_true", help="as JSON")


def _show(args: argparse.Namespace) -> int:
    if args.book not in books.names():
        raise UsageError(
            f"There is no shipped book {args.book!r}.",
            means="nothing was shown.",
            do=f"choose of: {', '.join(books.names())}.",
        )
    out.line(books.source(args.book).rstrip())
    return 0


def _check(args: argparse.Namespace) -> int:
    """Exit code 0 for a valid book, with warnings too; 2 for one that is none."""
    from mappings.lint import warnings  # noqa: PLC0415 - only where it is asked for

    book = named_book(args.book)
    told = warnings(book)
    if args.json:
        shown = [{"path": path, "message": message} for path, message in told]
        out.as_json({"name": book.name, "rules": len(book.rules), "warnings": shown})
        return 0
    for path, message in told:
        out.line(f"warning {path}: {message}")
    out.line(f"{args.book} is a valid rule book: {book.name}, {len(book.rules)} rules.")
    return 0


def _test(args: argparse.Namespace) -> int:
    """Exit code 0 if every case comes out as expected, else 1."""
    from connector.cli.book_cases import read_cases_file, tried  # noqa: PLC0415 - only where it is asked for

    book = named_book(args.book)
    path = Path(args.cases) if args.cases else Path(args.book).with_suffix(".cases.toml")
    results = [(case.name, tried(case, book, path.parent)) for case in read_cases_file(path)]
    failed = sum(bool(differences) for _, differences in results)
    if args.json:
        out.as_json([{"case": name, "ok": not found, "differences": found} for name, found in results])
    else:
        for name, differences in results:
            out.line(f"{'FAILED' if differences else 'ok':<7} {name}")
            for difference in differences:
                out.line(f"        {difference}")
        out.line(f"\n{len(results) - failed} of {len(results)} cases as expected")
    return int(failed > 0)


def named_book(name: str) -> Book:
    """The rule book in that file, or the shipped one of that name where there is no such file.

    Raises:
        UsageError: as `read_book_file`.
    """
    if name in books.names() and not Path(name).exists():
        return books.book(name)
    return read_book_file(name)


def read_book_file(name: str) -> Book:
    """The rule book in that file, TOML or JSON by its ending.

    Raises:
        UsageError: it cannot be read, or is no rule book; names each field that is wrong.
    """
    try:
        return read_file(name, read_book)
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
        return custom_trunk(read_file(name, read_mapping)), read_file(name, _document)
    except MappingError as error:
        raise UsageError(
            f"{name} is no valid trunk mapping:\n{error}",
            means="nothing was changed.",
            do="correct the fields named above (docs/trunks/custom.md).",
        ) from None


def _document(raw: bytes, form: Literal["toml", "json"]) -> dict[str, Any]:
    found = orjson.loads(raw) if form == "json" else tomllib.loads(raw.decode())
    return dict(found)


def read_file(name: str, read: Callable[[bytes, Literal["toml", "json"]], T]) -> T:
    """What `read` makes of the file, TOML or JSON by its ending.

    Raises:
        UsageError: it cannot be read.
    """
    path = Path(name)
    try:
        return read(path.read_bytes(), "json" if path.suffix == ".json" else "toml")
    except OSError as error:
        raise UsageError(
            f"{name} cannot be read: {error.strerror or error}.", means="nothing was changed.", do="check the path."
        ) from None
