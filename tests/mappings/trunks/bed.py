"""What real switches posted in the call bed that lies beside the project, and what each post says."""

from __future__ import annotations

import json
from typing import Any

from mappings.disposition import disposition
from mappings.payload.recorded import recorded
from mappings.trunks import read, trunk
from tests.mappings.shared import SAMPLES

BED = SAMPLES.parent / "sipbed" / "samples"
ABSENT = f"the call bed's folder is not here: {BED}"
RECEIVED_MS = 1_796_000_000_000
FACTS = ("call_id", "from", "to", "start", "answer", "end", "q850", "sip", "disposition", "direction", "amd")


def posts(trunk_name: str) -> dict[str, dict[str, Any]]:
    """What each post of one switch says, by its file's name (and line); empty where the folder is absent."""
    file = BED / "expected.json"
    found: dict[str, dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    return {name: facts for name, facts in found.items() if facts["trunk"] == trunk_name}


def body(name: str) -> bytes:
    """One post's body; `file#3` is the third line of a log of posts."""
    file, _, line = name.partition("#")
    raw = (BED / file).read_bytes()
    return json.dumps(json.loads(raw.splitlines()[int(line) - 1])["body"]).encode() if line else raw


def told(trunk_name: str, name: str) -> dict[str, Any]:
    """What our adapter makes of one post."""
    (call,) = read(trunk(trunk_name), recorded(body(name), RECEIVED_MS))
    return call.facts() | {"disposition": disposition(call), "hangup_by": call.hangup_by}
