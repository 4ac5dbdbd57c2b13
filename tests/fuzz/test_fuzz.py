"""The fuzzer's short form: `make fuzz` feeds each trunk 100,000 inputs, here it is a few hundred."""

from __future__ import annotations

import pytest

from mappings.trunks import names, trunk
from tests.fuzz.corpus import corpus
from tests.fuzz.hunt import Hunt

INPUTS = 300
SLOW_S = 0.25  # the other tests share the machine; what is not linear in the body takes longer than this, too


@pytest.mark.parametrize("name", names())
def test_no_changed_request_makes_a_trunk_fall_over(name: str) -> None:
    adapter = trunk(name)
    report = Hunt(adapter, corpus(adapter), 1, slow_s=SLOW_S).run(range(INPUTS))
    assert [str(finding) for finding in report.findings.values()] == []


@pytest.mark.parametrize("name", names())
def test_many_changed_requests_are_still_read(name: str) -> None:
    # Else the changes would be so coarse that they are refused at the first look.
    adapter = trunk(name)
    report = Hunt(adapter, corpus(adapter), 2, slow_s=SLOW_S).run(range(100))
    assert 15 <= report.read <= 97
