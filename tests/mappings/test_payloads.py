"""Our own recorded payloads: tests/payloads/<trunk>/<case>/body.* reads as expected.json beside it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.recorded import recorded
from mappings.trunks import read, trunk

RECEIVED_MS = 1_777_903_500_000
CASES = sorted((Path(__file__).parents[1] / "payloads").glob("*/*/expected.json"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parts[-3]}/{case.parts[-2]}")
def test_a_payload_reads_as_expected(case: Path) -> None:
    (body,) = case.parent.glob("body.*")
    (call,) = read(trunk(case.parts[-3]), recorded(body.read_bytes(), RECEIVED_MS))
    found = call.facts() | {"disposition": disposition(call), "status": standing(call).status}
    facts = json.loads(case.read_text(encoding="utf-8"))
    assert {name: found[name] for name in facts} == facts


def test_every_trunk_has_payloads_of_its_own() -> None:
    assert {case.parts[-3] for case in CASES} >= {"freeswitch", "generic", "twilio", "vobiz"}
