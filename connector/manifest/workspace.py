"""What stays as it is when files in the vendor's folder are written again. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_FIRST: Final = "1.0"


def owned(before: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What is there, or nothing."""
    return {name: before[name]} if name in before else {}


def draft(key: str, made: dict[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """A trigger's or an action's file with `made` as its draft.

    One that is not in the portal yet is a single draft, of version 1.0 whatever the manifest counts. One that is
    there has versions: only its draft can be changed, and where it has none the file stays as it is (`is_frozen`).
    """
    head = {**owned(before, "$schema"), "schemaVersion": 1, "key": key, **owned(before, "templateId")}
    versions = before.get("versions", [])
    if "templateId" not in before:
        return {**head, "versions": [made | {"version": _FIRST}]}
    return {**head, "versions": [_redrafted(one, made) for one in versions]}


def is_frozen(before: Mapping[str, Any]) -> bool:
    """Whether it is in the portal without a draft that could be changed."""
    return "templateId" in before and not any(one.get("status") == "draft" for one in before.get("versions", []))


def _redrafted(version: dict[str, Any], made: dict[str, Any]) -> dict[str, Any]:
    if version.get("status") != "draft":
        return version
    # What the portal's people added there (an icon, screenshots, branches) is not ours to take away.
    return version | made | {"version": version.get("version"), "info": version.get("info", {}) | made["info"]}
