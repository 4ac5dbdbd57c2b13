"""Reading the manifest: inside an installed package, beside it in a checkout."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import orjson

from connector.errors import UsageError

NAME = "manifest.json"
SCHEMA = "docs/manifest.schema.json"
_UNCHANGED = "nothing was changed."


def path() -> Path:
    """Where this installation's manifest is."""
    package = Path(__file__).parents[1]
    return next(place for place in (package / NAME, package.parent / NAME) if place.exists())


@cache
def content() -> dict[str, Any]:
    """This installation's manifest as it is written."""
    return read(path())


def read(file: Path) -> dict[str, Any]:
    """A manifest as it is written.

    Raises:
        UsageError: it cannot be read, or is not JSON.
    """
    try:
        found = orjson.loads(file.read_bytes())
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error}.", means=_UNCHANGED, do="give the manifest's path.") from None
    except orjson.JSONDecodeError as error:
        raise UsageError(f"{file} is not JSON: {error}.", means=_UNCHANGED, do="correct it there.") from None
    if not isinstance(found, dict):
        raise UsageError(f"{file} is no JSON object.", means=_UNCHANGED, do=f"see {SCHEMA}.")
    return found
