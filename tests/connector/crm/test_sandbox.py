"""Every verb of the client against the sandbox, over a real socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.crm.client import Crm
from connector.crm.errors import (
    ContactGoneError,
    RefusedError,
    ScopeMissingError,
    UnauthorizedError,
    WrongLocationError,
)
from connector.crm.pace import Pace
from connector.crm.transport import AiohttpTransport
from connector.sandbox.seed import workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOC, PHONE, WORKFLOW = "LocationOne", "+14155550111", "wf-1"


class Tokens:
    """The same token for whoever asks."""

    def __init__(self) -> None:
        self.token = "pit-one"

    async def access_token(self, location: str) -> str:
        del location
        return self.token


class Side:
    """A client, its token, and the CRM it speaks to."""

    def __init__(self, crm: Crm, tokens: Tokens, sandbox: Sandbox) -> None:
        self.crm = crm
        self.tokens = tokens
        self.sandbox = sandbox


@pytest.fixture
async def side() -> AsyncIterator[Side]:
    sandbox = Sandbox(rate="100/10s", search_lag_ms=0)
    sandbox.register(
        LOC,
        name="One",
        timezone="America/Chicago",
        workflows=[workflow(LOC, WORKFLOW, "SMS", "published", sandbox.now())],
    )
    sandbox.grant("pit-one", LOC)
    async with serving(sandbox) as url:
        transport, tokens = AiohttpTransport(url, timeout_s=2), Tokens()
        yield Side(Crm(transport, tokens, Pace(None)), tokens, sandbox)
        await transport.close()


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
