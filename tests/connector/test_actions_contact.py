"""Custom fields and do-not-disturb: written as the rule book says, made where they are missing, once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store import State
from tests.connector.shift import Shift, book, on_shift
from tests.connector.stage import LOC

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

LIST, MAKE, WRITE = (
    "GET /locations/{locationId}/customFields",
    "POST /locations/{locationId}/customFields",
    "PUT /contacts/{contactId}",
)


@pytest.fixture
async def shift(tmp_path: Path) -> AsyncIterator[Shift]:
    async with on_shift(tmp_path) as made:
        await made.met()
        yield made


async def plan(shift: Shift, *steps: dict[str, Any]) -> None:
    await shift.stage.register(LOC, book=book({"do": list(steps)}))


def fields(shift: Shift) -> dict[str, Any]:
    """Ada's custom fields by name."""
    known = shift.stage.sandbox.locations[LOC].custom_fields
    return {known[key]["name"]: value for key, value in shift.stage.contact().custom.items()}


async def test_a_field_that_is_missing_is_made_and_written(shift: Shift) -> None:
    await plan(
        shift, {"kind": "field", "fields": {"Last talk": "{{ talk_s | in_words }}", "Last agent": "{{ agent }}"}}
    )
    await shift.call(60, agent="Ana")
    assert fields(shift) == {"Last talk": "1 min 0 s", "Last agent": "Ana"}


async def test_known_fields_cost_one_request_for_all_of_them(shift: Shift) -> None:
    await plan(shift, {"kind": "field", "fields": {"Last talk": "{{ talk_s }}", "Last agent": "{{ agent }}"}})
    await shift.call(60, agent="Ana")
    await shift.call(60, agent="Ana")
    shift.asked()
    await shift.call(61, agent="Ben")
    assert shift.asked() == [WRITE]


async def test_the_sub_accounts_own_fields_are_written_after_every_call(shift: Shift) -> None:
    await shift.stage.register(LOC, fields={"disposition": "Last outcome"})
    await shift.call(60)
    assert fields(shift) == {"Last outcome": "Connected"}


async def test_a_field_is_written_again_when_the_agent_says_otherwise(shift: Shift) -> None:
    await shift.stage.register(LOC, fields={"disposition": "Last outcome"})
    call = await shift.call(60)
    await shift.wrap_up(call, "Interested")
    assert fields(shift) == {"Last outcome": "Interested"}


@pytest.mark.parametrize("name", ["Region", "contact.region", "its id"])
async def test_a_rule_may_ask_for_a_field_by_its_name_its_key_or_its_id(shift: Shift, name: str) -> None:
    made = await shift.stage.crm.create_custom_field(LOC, "Region")
    await shift.stage.crm.set_fields(LOC, shift.stage.contact().id, {made.id: "North"})
    wanted = {made.id if name == "its id" else name: "North"}
    tagged = {"when": {"fields": wanted}, "do": [{"kind": "add_tags", "tags": ["northern"]}]}
    await shift.stage.register(LOC, book=book(tagged))
    await shift.call(60)
    assert "northern" in shift.stage.contact().tags


async def test_two_names_of_one_field_are_one_field_which_the_first_has(shift: Shift) -> None:
    made = await shift.stage.crm.create_custom_field(LOC, "Last agent")
    await plan(shift, {"kind": "field", "fields": {"last AGENT": "{{ agent }}", made.id: "nobody"}})
    call = await shift.call(60, agent="Ana")
    assert ((await shift.end(call)).state, fields(shift)) == (State.DONE, {"Last agent": "Ana"})


async def test_a_field_whose_making_is_in_doubt_is_made_once(shift: Shift) -> None:
    await plan(shift, {"kind": "field", "fields": {"Last agent": "{{ agent }}"}})
    shift.stage.fault("applied_then_closed", "/customFields$", method="POST", count=1)
    await shift.call(60, agent="Ana")
    await shift.stage.work_for(20)
    assert fields(shift) == {"Last agent": "Ana"}
    assert len(shift.stage.sandbox.locations[LOC].custom_fields) == 1


async def test_fields_in_doubt_are_written_again(shift: Shift) -> None:
    await plan(shift, {"kind": "field", "fields": {"Last agent": "{{ agent }}"}})
    shift.stage.fault("applied_then_closed", "/contacts/[^/]*$", method="PUT", count=3)
    call = await shift.call(60, agent="Ana")
    await shift.stage.work_for(20)
    assert ((await shift.end(call)).state, fields(shift)) == (State.DONE, {"Last agent": "Ana"})


async def test_a_refused_field_is_parked_alone(shift: Shift) -> None:
    await plan(shift, {"kind": "field", "fields": {"Last agent": "{{ agent }}"}}, {"kind": "note"})
    shift.stage.fault("status", "/customFields$", method="POST", status=422, message="too many fields", count=1)
    call = await shift.call(60, agent="Ana")
    row = await shift.end(call)
    assert (row.state, len(shift.stage.notes(call))) == (State.PARKED, 1)
    assert "too many fields" in (row.reason or "")
    await shift.replay(call)
    assert fields(shift) == {"Last agent": "Ana"}


async def test_a_field_that_the_crm_does_not_keep_is_named(shift: Shift) -> None:
    made = await shift.stage.crm.create_custom_field(LOC, "Last agent")
    await plan(shift, {"kind": "field", "fields": {"Last agent": "{{ agent }}"}})
    await shift.call(60, agent="Ana")
    del shift.stage.sandbox.locations[LOC].custom_fields[made.id]
    del shift.stage.contact().custom[made.id]
    call = await shift.call(60, agent="Ben")
    assert "did not keep the custom field Last agent" in ((await shift.end(call)).reason or "")


async def test_a_channel_is_switched_off_and_the_others_stay(shift: Shift) -> None:
    await shift.stage.crm.set_dnd(LOC, shift.stage.contact().id, ["SMS"], on=True)
    await plan(shift, {"kind": "dnd", "channels": ["Call"]})
    await shift.call(60)
    settings = shift.stage.contact().fields["dndSettings"]
    assert {channel for channel, one in settings.items() if one["status"] == "active"} == {"Call", "SMS"}


async def test_what_is_off_already_is_not_written_again(shift: Shift) -> None:
    await plan(shift, {"kind": "dnd", "channels": ["Call"]})
    await shift.call(60)
    shift.asked()
    await shift.call(60)
    assert shift.asked() == ["GET /contacts/{contactId}"]


async def test_a_switch_in_doubt_is_looked_at_and_switched_once(shift: Shift) -> None:
    await plan(shift, {"kind": "dnd", "channels": ["Call"]})
    shift.stage.fault("applied_then_closed", "/contacts/[^/]*$", method="PUT", count=1)
    call = await shift.call(60)
    await shift.stage.work_for(20)
    assert (await shift.end(call)).state is State.DONE
    assert shift.stage.contact().fields["dndSettings"]["Call"]["status"] == "active"


async def test_a_refused_switch_is_parked_alone(shift: Shift) -> None:
    await plan(shift, {"kind": "dnd", "channels": ["Call"]}, {"kind": "note"})
    shift.stage.fault("status", "/contacts/[^/]*$", method="PUT", status=422, message="dnd is locked", count=1)
    call = await shift.call(60)
    row = await shift.end(call)
    assert (row.state, len(shift.stage.notes(call))) == (State.PARKED, 1)
    assert "dnd is locked" in (row.reason or "")


@pytest.mark.parametrize("verb", [LIST, MAKE])
async def test_the_list_of_fields_is_asked_for_once_and_a_field_is_made_once(shift: Shift, verb: str) -> None:
    await plan(shift, {"kind": "field", "fields": {"Last agent": "{{ agent }}"}})
    for _ in range(4):
        await shift.call(60, agent="Ana")
    assert shift.stage.requests(verb) == {LIST: 2, MAKE: 1}[verb]  # the list once more after it changed
