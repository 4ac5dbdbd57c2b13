"""What is asked for at an installation, and what each of it is for: the manifest says so."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from connector.manifest.read import content
from oauth.standing import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def needed(kind: Kind | None = None) -> Mapping[str, str]:
    """Scopes with the feature each is for; those for agencies only where a sub-account is not asked for."""
    without = kind is Kind.LOCATION
    return {one["scope"]: one["feature"] for one in content()["scopes"] if not (without and one.get("agency"))}
