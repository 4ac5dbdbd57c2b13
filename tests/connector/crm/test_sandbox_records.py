"""The verbs beside the timeline against the sandbox, over a real socket: fields, call records, deals, triggers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.crm.errors import (
    ContactGoneError,
    ForeignTriggerError,
    MalformedError,
    RefusedError,
    ScopeMissingError,
    TriggerInactiveError,
    WrongLocationError,
)
from connector.crm.model import CallRecord, ChannelDnd, Opportunity, Stage, User
from connector.sandbox.opportunities import make_pipeline
from connector.sandbox.triggers import make_trigger
from tests.connector.crm.side import LOC, PHONE

if TYPE_CHECKING:
    from tests.connector.crm.side import Side

OURS = "+13055550100"
CALL = CallRecord("outbound", OURS, PHONE, "no-answer", "2026-11-23T15:00:00.000Z", "call-1", "prov-1")
INBOUND = replace(CALL, direction="inbound", from_number=PHONE, to_number=OURS, status="completed", alt_id="call-2")


@pytest.fixture
async def ada(side: Side) -> str:
    return (await side.crm.create_contact(LOC, PHONE, "Ada Moreno")).id


@pytest.mark.parametrize("record", [CALL, INBOUND], ids=["outbound", "inbound"])
async def test_a_call_record_is_written_and_read_back(side: Side, ada: str, record: CallRecord) -> None:
    made = await side.crm.add_call(LOC, record, contact_id=ada)
    assert made.conversation_id == await side.crm.find_conversation(LOC, ada)
    assert made.conversation_id is not None
    assert await side.crm.find_call(LOC, made.conversation_id, record) == made.message_id
    shown = (await side.crm.list_calls(LOC, made.conversation_id)).calls[0]
    assert (shown.direction, shown.status, shown.date) == (record.direction, record.status, record.date)


async def test_a_call_record_that_was_not_written_is_not_found(side: Side, ada: str) -> None:
    made = await side.crm.add_call(LOC, CALL, contact_id=ada)
    assert made.conversation_id is not None
    assert await side.crm.find_call(LOC, made.conversation_id, replace(CALL, alt_id="call-9")) is None


async def test_a_conversation_is_made_once(side: Side, ada: str) -> None:
    assert await side.crm.find_conversation(LOC, ada) is None
    made = await side.crm.conversation_of(LOC, ada)
    assert [await side.crm.conversation_of(LOC, ada), await side.crm.create_conversation(LOC, ada)] == [made, made]


async def test_a_call_record_goes_into_a_known_conversation(side: Side, ada: str) -> None:
    conversation = await side.crm.conversation_of(LOC, ada)
    assert (await side.crm.add_call(LOC, CALL, conversation_id=conversation)).conversation_id == conversation


async def test_a_call_record_of_another_number_is_refused(side: Side, ada: str) -> None:
    with pytest.raises(RefusedError, match="number"):
        await side.crm.add_call(LOC, replace(CALL, to_number="+14155550199"), contact_id=ada)


async def test_a_call_record_of_nobody_says_so(side: Side) -> None:
    with pytest.raises(ContactGoneError):
        await side.crm.add_call(LOC, CALL, contact_id="nobody")


async def test_a_yes_without_a_message_is_in_doubt(side: Side, ada: str) -> None:
    """The CRM answers an inbound record without a provider with 201 and nothing, and has written nothing."""
    with pytest.raises(MalformedError):
        await side.crm.add_call(LOC, replace(INBOUND, provider_id=""), contact_id=ada)


async def test_a_recording_is_attached_later(side: Side, ada: str) -> None:
    made = await side.crm.add_call(LOC, CALL, contact_id=ada)
    await side.crm.set_attachments(LOC, made.message_id, ["https://x.example/1.mp3"])
    assert side.location.messages[made.message_id]["attachments"] == ["https://x.example/1.mp3"]


async def test_an_attachment_to_nothing_is_refused(side: Side) -> None:
    with pytest.raises(RefusedError):
        await side.crm.set_attachments(LOC, "no-message", [])


async def test_a_custom_field_is_made_listed_and_set(side: Side, ada: str) -> None:
    await side.crm.add_tags(LOC, ada, ["vip"])
    field = await side.crm.create_custom_field(LOC, "Last Outcome")
    assert await side.crm.list_custom_fields(LOC) == [field]
    assert await side.crm.list_custom_fields(LOC, "opportunity") == []
    after = await side.crm.set_fields(LOC, ada, {field.id: "Busy"})
    assert (after.fields, after.tags) == ({field.id: "Busy"}, ("vip",))
    assert (await side.crm.get_contact(LOC, ada)).fields == {field.id: "Busy"}


async def test_a_field_the_crm_does_not_know_is_missing_afterwards(side: Side, ada: str) -> None:
    assert (await side.crm.set_fields(LOC, ada, {"no-field": "Busy"})).fields == {}


async def test_one_channels_do_not_disturb_leaves_the_others_alone(side: Side, ada: str) -> None:
    await side.crm.write_dnd(LOC, ada, {"SMS": ChannelDnd("permanent", "STOP")}, everything=None)
    await side.crm.set_dnd(LOC, ada, ["call"], on=True)
    contact = await side.crm.get_contact(LOC, ada)
    assert contact.dnd_settings == {"Call": ChannelDnd("active"), "SMS": ChannelDnd("permanent", "STOP")}
    assert (contact.dnd, contact.no_calls) == (False, True)


async def test_the_switch_for_all_goes_on_and_off(side: Side, ada: str) -> None:
    await side.crm.set_dnd(LOC, ada, ["all"], on=True)
    assert (await side.crm.get_contact(LOC, ada)).no_calls is True
    await side.crm.set_dnd(LOC, ada, ["all"], on=False)
    assert (await side.crm.get_contact(LOC, ada)).no_calls is False


async def test_do_not_disturb_that_is_so_already_writes_nothing(side: Side, ada: str) -> None:
    await side.crm.set_dnd(LOC, ada, ["Call", "all"], on=True)
    await side.crm.set_dnd(LOC, ada, ["Call", "all"], on=True)
    assert side.sandbox.journal.by_verb()["PUT /contacts/{contactId}"] == 1


async def test_an_opportunity_is_made_found_and_moved(side: Side, ada: str) -> None:
    make_pipeline(side.location, "pipe", "Sales", [("s1", "New"), ("s2", "Called")])
    assert [one.stages for one in await side.crm.list_pipelines(LOC)] == [(Stage("s1", "New"), Stage("s2", "Called"))]
    made = await side.crm.create_opportunity(LOC, ada, "Deal", pipeline_id="pipe", value=100)
    assert made == Opportunity(made.id, "Deal", "pipe", "s1", "open", ada)
    moved = await side.crm.update_opportunity(LOC, made.id, stage_id="s2", status="won")
    assert await side.crm.find_opportunities(LOC, ada) == [moved] == [replace(made, stage_id="s2", status="won")]
    assert await side.crm.find_opportunities(LOC, ada, pipeline_id="another") == []


async def test_an_opportunity_of_another_contact_is_not_found(side: Side, ada: str) -> None:
    make_pipeline(side.location, "pipe", "Sales", [("s1", "New")])
    await side.crm.create_opportunity(LOC, ada, "Deal", pipeline_id="pipe")
    bob = (await side.crm.create_contact(LOC, "+14155550112")).id
    assert await side.crm.find_opportunities(LOC, bob) == []


async def test_a_stage_that_does_not_exist_is_refused(side: Side, ada: str) -> None:
    make_pipeline(side.location, "pipe", "Sales", [("s1", "New")])
    with pytest.raises(RefusedError, match="stage"):
        await side.crm.create_opportunity(LOC, ada, "Deal", pipeline_id="pipe", stage_id="s9")


async def test_all_users_are_read_page_by_page(side: Side) -> None:
    side.location.users[100]["deleted"] = True
    users = await side.crm.list_users(LOC)
    assert len(users) == 100
    assert users[7] == User("user-7", "Agent 7", "agent.7@example.com", "+13055550007", "7")
    assert side.sandbox.journal.by_verb()["GET /users/search"] == 2


async def test_the_sub_accounts_tags_are_read(side: Side, ada: str) -> None:
    await side.crm.add_tags(LOC, ada, ["Hot Lead"])
    assert await side.crm.list_tags(LOC) == ("hot lead",)


async def test_a_trigger_is_fired_with_what_it_is_told(side: Side) -> None:
    trigger = make_trigger(side.location, "trg-1")
    await side.crm.fire_trigger(LOC, target(side, LOC), {"disposition": "Busy"})
    assert trigger["fired"] == [{"disposition": "Busy"}]


async def test_a_trigger_nobody_listens_to_is_told_apart(side: Side) -> None:
    with pytest.raises(TriggerInactiveError):
        await side.crm.fire_trigger(LOC, target(side, LOC), {})
    make_trigger(side.location, "trg-1", active=False)
    with pytest.raises(TriggerInactiveError):
        await side.crm.fire_trigger(LOC, target(side, LOC), {})


async def test_a_trigger_of_another_sub_account_is_out_of_reach(side: Side) -> None:
    with pytest.raises(WrongLocationError):
        await side.crm.fire_trigger(LOC, target(side, "LocationTwo"), {})


async def test_nothing_is_sent_to_an_address_that_is_not_the_crms(side: Side) -> None:
    with pytest.raises(ForeignTriggerError):
        await side.crm.fire_trigger(LOC, "https://services.leadconnectorhq.com.example/x", {})
    assert side.sandbox.journal.total == 0


@pytest.mark.parametrize("scope", ["contacts.readonly", "conversations.readonly"])
async def test_a_missing_scope_is_told_apart(side: Side, ada: str, scope: str) -> None:
    side.sandbox.grant("pit-narrow", LOC, scopes=[scope])
    side.tokens.token = "pit-narrow"
    with pytest.raises(ScopeMissingError):
        await side.crm.add_call(LOC, CALL, contact_id=ada)


def target(side: Side, location: str) -> str:
    return f"{side.url}/workflows-marketplace/triggers/execute/{location}/trg-1"
