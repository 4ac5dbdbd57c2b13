"""Configuration files: what `ringback location set --file` reads and `show --toml` writes."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from connector.configuration import UnfitError, read_config
from connector.errors import UsageError
from connector.location_config import LocationFile
from connector.toml import to_toml
from mappings.problems import problems_of

if TYPE_CHECKING:
    from connector.location_config import LocationConfig

NOTHING = "nothing was changed."


def read_file(name: str) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """The document in that file (TOML, or JSON by its ending), and the secrets by trunk that it names.

    Raises:
        UsageError: it cannot be read, is no valid configuration, or names an environment variable that is not set.
    """
    document = _read(Path(name))
    try:
        LocationFile.model_validate(document)
    except ValidationError as error:
        raise that_cannot_be(UnfitError(problems_of(error))) from None
    except RecursionError:
        raise that_cannot_be(UnfitError([("", "is nested too deeply")])) from None
    secrets: dict[str, tuple[str, ...]] = {}
    for trunk, table in document.get("trunks", {}).items():
        if named := table.pop("secrets", ()):
            secrets[trunk] = tuple(_secret(trunk, one) for one in named)
    return document, secrets


def as_toml(document: dict[str, Any], about: str) -> str:
    """The document as a file, with a line that says whose it is."""
    return (
        f"# {about}\n# Secrets are kept apart and are never written out; they stay when this file is read again.\n"
        + (to_toml(document))
    )


def config_of(document: dict[str, Any]) -> LocationConfig:
    """The configuration that this document is.

    Raises:
        UsageError: it is none; names each field that is wrong.
    """
    try:
        return read_config(document)
    except UnfitError as error:
        raise that_cannot_be(error) from None


def that_cannot_be(error: UnfitError) -> UsageError:
    """What is said of a document that is not valid."""
    return UsageError(f"That cannot be: {error}.", means=NOTHING, do="correct it and run the command again.")


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        found = orjson.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}.", means=NOTHING, do="correct the file or its path."
        ) from None
    if not isinstance(found, dict):
        raise UsageError(f"{path} holds no table of settings.", means=NOTHING, do="see docs/sub-accounts.md.")
    return found


def _secret(trunk: str, named: str) -> str:
    scheme, _, name = named.partition(":")
    if scheme != "env":
        return named
    found = os.environ.get(name)
    if not found:
        raise UsageError(
            f"trunks.{trunk}.secrets: the environment variable {name} is not set.",
            means=NOTHING,
            do="set it for this command, or leave the entry out: the secret that is kept stays.",
        )
    return found
