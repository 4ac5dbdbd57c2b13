"""Other people's payloads read as the facts about them say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mappings.disposition import disposition, standing
from mappings.payload.recorded import recorded
from mappings.payload.request import NotUnderstoodError
from mappings.trunks import names, read, trunk
from tests.mappings.shared import ABSENT, SAMPLES, expected

if TYPE_CHECKING:
    from mappings.call import Call

RECEIVED_MS = 1_790_000_000_000
FACTS = ("call_id", "from", "to", "start", "answer", "end", "q850", "sip", "disposition", "direction", "amd")
SPOKEN = {"standardwebhooks": "generic"} | {name: name for name in names()}
CALLS = {file: facts for file, facts in expected().items() if facts["trunk"] in SPOKEN and "kind" not in facts}
OTHERS = {file: facts for file, facts in expected().items() if facts["trunk"] in SPOKEN and "kind" in facts}

pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason=ABSENT)


def read_sample(file: str, trunk_name: str) -> list[Call]:
    request = recorded((SAMPLES / file).read_bytes(), RECEIVED_MS)
    return read(trunk(SPOKEN[trunk_name]), request)


@pytest.mark.parametrize(("file", "facts"), CALLS.items(), ids=CALLS.keys())
def test_a_sample_reads_as_expected(file: str, facts: dict[str, Any]) -> None:
    (call,) = read_sample(file, facts["trunk"])
    found = call.facts() | {"disposition": disposition(call)}
    assert {name: found[name] for name in FACTS} == {name: facts[name] for name in FACTS}


@pytest.mark.parametrize(("file", "facts"), CALLS.items(), ids=CALLS.keys())
def test_a_samples_talk_time_is_as_expected(file: str, facts: dict[str, Any]) -> None:
    (call,) = read_sample(file, facts["trunk"])
    assert call.duration_s == (None if facts["duration_s"] is None else pytest.approx(facts["duration_s"], abs=0.01))


@pytest.mark.parametrize(("file", "facts"), OTHERS.items(), ids=OTHERS.keys())
def test_a_sample_of_another_kind_is_no_finished_call(file: str, facts: dict[str, Any]) -> None:
    try:
        (call,) = read_sample(file, facts["trunk"])
    except NotUnderstoodError:
        return
    told = "extra" if facts["kind"] == "other" else facts["kind"]  # something of a call, but not of its course
    assert call.event == told or standing(call).status == "quarantined"
