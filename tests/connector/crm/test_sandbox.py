"""Every verb of the client against the sandbox, over a real socket: contacts and what hangs on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.crm.errors import (
    ContactGoneError,
    RefusedError,
    ScopeMissingError,
    UnauthorizedError,
    WrongLocationError,
)
from tests.connector.crm.side import LOC, PHONE, WORKFLOW

if TYPE_CHECKING:
    from tests.connector.crm.side import Side


async def test_a_contact_is_made_found_and_read(side: Side) -> None:
    assert await side.crm.find_contact(LOC, PHONE) is None
    made = await side.crm.create_contact(LOC, PHONE, "Ada Moreno")
    found = await side.crm.find_contact(LOC, PHONE)
    assert found is not None
    assert (found.id, found.phone) == (made.id, PHONE)
    assert (await side.crm.get_contact(LOC, made.id)).id == made.id


async def test_a_contact_made_twice_is_the_one_that_is_there(side: Side) -> None:
    first = await side.crm.create_contact(LOC, PHONE)
    assert (await side.crm.create_contact(LOC, PHONE)).id == first.id


async def test_a_note_is_written_listed_and_replaced(side: Side) -> None:
    contact = (await side.crm.create_contact(LOC, PHONE)).id
    note = await side.crm.add_note(LOC, contact, "one\nCall ID: c")
    assert await side.crm.update_note(LOC, contact, note, "two\nCall ID: c") == note
    assert [(n.id, n.body) for n in await side.crm.list_notes(LOC, contact)] == [(note, "two\nCall ID: c")]


async def test_tags_come_and_go_in_lower_case(side: Side) -> None:
    contact = (await side.crm.create_contact(LOC, PHONE)).id
    assert await side.crm.add_tags(LOC, contact, [" Call-Busy ", "vip"]) == ("call-busy", "vip")
    assert await side.crm.remove_tags(LOC, contact, ["CALL-BUSY"]) == ("vip",)


async def test_a_contact_is_enrolled_and_taken_out(side: Side) -> None:
    contact = (await side.crm.create_contact(LOC, PHONE)).id
    await side.crm.enrol(LOC, contact, WORKFLOW)
    enrolment = side.sandbox.locations[LOC].contacts[contact].enrolments[WORKFLOW]
    assert enrolment.active
    await side.crm.unenrol(LOC, contact, WORKFLOW)
    assert not enrolment.active


async def test_a_task_is_made_and_listed(side: Side) -> None:
    contact = (await side.crm.create_contact(LOC, PHONE)).id
    task = await side.crm.create_task(LOC, contact, "Call back", due_ms=1_790_000_000_000)
    assert [one.id for one in await side.crm.list_tasks(LOC, contact)] == [task]


async def test_a_task_is_found_by_its_marker_changed_and_ticked_off(side: Side) -> None:
    contact = (await side.crm.create_contact(LOC, PHONE)).id
    await side.crm.create_task(LOC, contact, "Another", due_ms=1_790_000_000_000, body="Call ID: other")
    task = await side.crm.create_task(LOC, contact, "Call back", due_ms=0, body="No answer\nCall ID: c-1")
    await side.crm.update_task(LOC, contact, task, title="Call again", due_ms=1_790_000_000_000)
    await side.crm.complete_task(LOC, contact, task)
    found = await side.crm.find_task(LOC, contact, "Call ID: c-1")
    assert found is not None
    assert (found.id, found.title, found.due, found.completed) == (task, "Call again", "2026-09-21T14:13:20.000Z", True)
    assert await side.crm.find_task(LOC, contact, "Call ID: c-2") is None


async def test_the_sub_account_and_its_workflows_are_read(side: Side) -> None:
    assert (await side.crm.get_location(LOC)).timezone == "America/Chicago"
    assert [one.id for one in await side.crm.list_workflows(LOC)] == [WORKFLOW]


async def test_what_the_crm_refuses_is_told_apart(side: Side) -> None:
    with pytest.raises(ContactGoneError):
        await side.crm.add_note(LOC, "nobody", "text")
    with pytest.raises(RefusedError):
        await side.crm.enrol(LOC, (await side.crm.create_contact(LOC, PHONE)).id, "no-such-workflow")
    side.tokens.token = "pit-unknown"
    with pytest.raises(UnauthorizedError):
        await side.crm.find_contact(LOC, PHONE)
    side.sandbox.register("LocationTwo")
    side.sandbox.grant("pit-two", "LocationTwo")
    side.tokens.token = "pit-two"
    with pytest.raises(WrongLocationError):
        await side.crm.get_location(LOC)
    side.sandbox.grant("pit-narrow", LOC, scopes=["contacts.readonly"])
    side.tokens.token = "pit-narrow"
    with pytest.raises(ScopeMissingError):
        await side.crm.create_contact(LOC, "+14155550112")
