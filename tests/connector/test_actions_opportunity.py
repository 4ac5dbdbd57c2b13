"""The contact's opportunity is moved to a stage, or made, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.sandbox.opportunities import make_pipeline
from connector.store import State
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

STEP = {"kind": "opportunity", "pipeline": "Sales", "stage": "talked", "name": "{{ number }}", "value": 100.0}


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        location = made.stage.sandbox.locations[LOC]
        make_pipeline(location, "pipe1", "Sales", [("stage1", "New"), ("stage2", "Talked")])
        await made.stage.register(LOC, book=book({"do": [STEP, {"kind": "note"}]}))
        yield made


def opportunities(shift: Shift) -> list[dict[str, Any]]:
    return list(shift.stage.sandbox.locations[LOC].opportunities.values())


async def test_where_there_is_none_one_is_made_on_that_stage(shift: Shift) -> None:
    await shift.call(60)
    (made,) = opportunities(shift)
    assert (made["pipelineStageId"], made["name"], made["monetaryValue"]) == ("stage2", "+14155550111", 100.0)
    assert made["contactId"] == shift.stage.contact().id


async def test_an_open_one_is_moved_and_keeps_its_name_and_value(shift: Shift) -> None:
    contact = shift.stage.contact().id
    await shift.stage.crm.create_opportunity(LOC, contact, "Roof", pipeline_id="pipe1", value=7.0)
    await shift.call(60)
    (moved,) = opportunities(shift)
    assert (moved["pipelineStageId"], moved["name"], moved["monetaryValue"]) == ("stage2", "Roof", 7.0)


async def test_one_that_was_lost_stays_lost(shift: Shift) -> None:
    contact = shift.stage.contact().id
    await shift.stage.crm.create_opportunity(LOC, contact, "Roof", pipeline_id="pipe1", status="lost")
    await shift.call(60)
    assert [one["status"] for one in opportunities(shift)] == ["lost", "open"]


@pytest.mark.parametrize("kind", ["applied_then_closed", "applied_then_500"])
async def test_one_in_doubt_is_found_and_not_made_again(shift: Shift, kind: str) -> None:
    shift.stage.fault(kind, "/opportunities/$", method="POST", count=1)
    call = await shift.call(60)
    assert (await shift.end(call)).state is State.WAITING
    await shift.stage.work_for(20)
    assert ((await shift.end(call)).state, len(opportunities(shift))) == (State.DONE, 1)


async def test_one_that_was_not_made_is_made(shift: Shift) -> None:
    shift.stage.fault("reset_before", "/opportunities/$", method="POST", count=1)
    await shift.call(60)
    await shift.stage.work_for(20)
    assert len(opportunities(shift)) == 1


async def test_a_pipeline_that_is_not_there_is_parked_alone_and_the_reason_says_what_is(shift: Shift) -> None:
    step = STEP | {"pipeline": "Sailing"}
    await shift.stage.register(LOC, book=book({"do": [step, {"kind": "note"}]}))
    call = await shift.call(60)
    row = await shift.end(call)
    assert (row.state, len(shift.stage.notes(call))) == (State.PARKED, 1)
    assert "no pipeline called 'Sailing' in this sub-account; there is: 'Sales'" in (row.reason or "")


async def test_a_stage_that_is_not_there_is_named(shift: Shift) -> None:
    await shift.stage.register(LOC, book=book({"do": [STEP | {"stage": "Won"}]}))
    call = await shift.call(60)
    assert "no stage in the pipeline 'Sales' called 'Won'" in ((await shift.end(call)).reason or "")


async def test_a_refused_one_is_made_by_the_replay(shift: Shift) -> None:
    shift.stage.fault("status", "/opportunities/$", method="POST", status=422, message="name is too long", count=1)
    call = await shift.call(60)
    assert "name is too long" in ((await shift.end(call)).reason or "")
    await shift.replay(call)
    assert len(opportunities(shift)) == 1
