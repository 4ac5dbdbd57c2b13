"""Manifests that are wrong in one place."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from connector.manifest.model import Manifest, understood
from connector.manifest.read import content

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    Change: TypeAlias = Callable[[dict[str, Any]], object]

TRIGGER, REVIEW = "workflow.triggers[0]", "workflow.actions[1]"


def put(path: str, value: object) -> Change:
    """`put("scopes.0.scope", "x")` puts it there."""

    def change(document: Any) -> None:
        place, last = within(document, path)
        place[last] = value

    return change


def out(path: str) -> Change:
    """Takes out what is there."""

    def change(document: Any) -> None:
        place, last = within(document, path)
        del place[last]

    return change


def add(path: str, value: object) -> Change:
    """Appends to the list there."""

    def change(document: Any) -> None:
        place, last = within(document, path)
        place[last].append(value)

    return change


def within(document: Any, path: str) -> tuple[Any, Any]:
    """Where the last step of the path is taken, and that step."""
    *way, last = (int(step) if step.isdigit() else step for step in path.split("."))
    for step in way:
        document = document[step]
    return document, last


def changed(change: Change) -> dict[str, Any]:
    document = copy.deepcopy(content())
    change(document)
    return document


def action(**wrong: Any) -> dict[str, Any]:
    made: dict[str, Any] = copy.deepcopy(content()["workflow"]["actions"][1])
    return made | wrong


def manifest(document: dict[str, Any]) -> Manifest:
    """One whose form is right."""
    read = understood(document)
    assert isinstance(read, Manifest), read
    return read
