"""The rule books that come with Ringback: one TOML file each, beside this one."""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from mappings.rules import read_book

if TYPE_CHECKING:
    from mappings.rules import Book

DEFAULT = "default"
"""The book of a sub-account that chose none."""


@cache
def names() -> tuple[str, ...]:
    """The names of the shipped books, in alphabetical order."""
    files = (entry.name for entry in resources.files(__name__).iterdir())
    return tuple(sorted(file.removesuffix(".toml") for file in files if file.endswith(".toml")))


def source(name: str = DEFAULT) -> str:
    """The shipped book's text, comments included: what a person starts from to write their own.

    Raises:
        KeyError: no book of that name is shipped.
    """
    if name not in names():
        raise KeyError(name)
    return resources.files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")


@cache
def book(name: str = DEFAULT) -> Book:
    """The shipped book of that name, read once.

    Raises:
        KeyError: no book of that name is shipped.
    """
    return read_book(source(name))


def default_book() -> Book:
    """The book of a sub-account that chose none."""
    return book(DEFAULT)
