"""Facts and samples that live beside the project; tests that need them skip where they are absent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parents[2] / ".." / "shared" / "samples"
ABSENT = f"the samples folder is not here: {SAMPLES}"


def expected() -> dict[str, dict[str, Any]]:
    """What each sample says, by its file's name; empty where the samples are absent."""
    file = SAMPLES / "expected.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return found


def vectors(name: str) -> list[dict[str, Any]]:
    """The signature vectors of one file; empty where it is absent."""
    file = SAMPLES / "signatures" / name
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["vectors"] if file.exists() else []
    return found
