"""Two rows of the fault table, small: the rest is `make faults`."""

from __future__ import annotations

import pytest

from tests.faults.table import ROWS, run


@pytest.mark.parametrize("name", ["5 % 503", "applied, then closed 5 %"])
async def test_a_row_loses_and_doubles_nothing(name: str) -> None:
    row = next(row for row in ROWS if row.name == name)
    outcome = await run(row, seed=1, quick=True)
    assert outcome.report.acknowledged == outcome.offered == row.calls // 4
    assert (outcome.report.lost, outcome.report.doubled, outcome.report.partial) == ([], [], [])
