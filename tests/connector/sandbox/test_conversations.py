"""Conversations and call records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

ADA = "+12125550101"
US = "+13055550100"
MESSAGES = "/conversations/messages"


def record(contact: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "Call",
        "conversationProviderId": "provider-1",
        "contactId": contact,
        "call": {"to": ADA, "from": US, "status": "no-answer"},
        "date": "2026-11-23T15:00:00.000Z",
        **more,
    }


@pytest.fixture
async def ada(crm: Crm) -> str:
    return await crm.person(name="Ada Abbot", phone=ADA)


async def test_an_outbound_record_opens_the_conversation(crm: Crm, ada: str) -> None:
    status, made = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada, altId="call-1"))
    _, read = await crm.ask("GET", f"{MESSAGES}/{made['messageId']}")
    assert (status, made["success"], made["contactId"]) == (200, True, ada)
    assert (read["direction"], read["meta"]["call"]["status"], read["altId"]) == (
        "outbound",
        "no-answer",
        "call-1",
    )
    assert (read["dateAdded"], read["conversationId"]) == ("2026-11-23T15:00:00.000Z", made["conversationId"])


async def test_the_same_record_twice_is_two_records(crm: Crm, ada: str) -> None:
    """Whether the CRM tells by altId is unknown, so the sandbox assumes the worse."""
    _, one = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada, altId="call-1"))
    _, two = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada, altId="call-1"))
    assert one["messageId"] != two["messageId"]
    assert one["conversationId"] == two["conversationId"]


async def test_the_called_number_must_be_the_contacts(crm: Crm, ada: str) -> None:
    wrong = record(ada, call={"to": US, "from": ADA, "status": "busy"})
    assert (await crm.ask("POST", f"{MESSAGES}/outbound", wrong))[0] == 400


async def test_an_inbound_record_without_a_direction_becomes_outbound(crm: Crm, ada: str) -> None:
    call = {"to": US, "from": ADA, "status": "completed"}
    _, silent = await crm.ask("POST", f"{MESSAGES}/inbound", record(ada, call=call))
    _, told = await crm.ask("POST", f"{MESSAGES}/inbound", record(ada, call=call, direction="inbound"))
    directions = [(await crm.ask("GET", f"{MESSAGES}/{made['messageId']}"))[1]["direction"] for made in (silent, told)]
    assert directions == ["outbound", "inbound"]


async def test_an_inbound_record_without_a_provider_is_a_201_that_wrote_nothing(crm: Crm, ada: str) -> None:
    body = record(ada, call={"to": US, "from": ADA, "status": "completed"})
    del body["conversationProviderId"]
    assert await crm.ask("POST", f"{MESSAGES}/inbound", body) == (201, None)
    assert crm.sandbox.locations[LOCATION].messages == {}


@pytest.mark.parametrize(
    ("missing", "message"),
    [("contactId", "conversationId should not be empty"), ("call", "call should not be empty")],
)
async def test_what_a_record_cannot_be_without(crm: Crm, ada: str, missing: str, message: str) -> None:
    body = record(ada)
    del body[missing]
    status, answer = await crm.ask("POST", f"{MESSAGES}/outbound", body)
    assert (status, answer["message"]) == (422, [message])


async def test_attachments_are_replaced_and_reads_do_not_show_them(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada, attachments=["https://x.example/1.mp3"]))
    path = f"{MESSAGES}/{made['messageId']}"
    assert (await crm.ask("PUT", f"{path}/attachments", {"attachments": ["https://x.example/2.mp3"]}))[0] == 200
    assert (await crm.ask("GET", path))[1]["attachments"] == []
    assert crm.sandbox.locations[LOCATION].messages[made["messageId"]]["attachments"] == ["https://x.example/2.mp3"]


async def test_more_than_five_attachments_are_refused(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada))
    body = {"attachments": ["https://x.example"] * 6}
    status, answer = await crm.ask("PUT", f"{MESSAGES}/{made['messageId']}/attachments", body)
    assert (status, answer["message"]) == (422, ["attachments must contain no more than 5 elements"])


async def test_only_call_records_take_attachments(crm: Crm, ada: str) -> None:
    body = {
        "type": "SMS",
        "conversationProviderId": "p",
        "contactId": ada,
        "message": "hi",
        "direction": "inbound",
    }
    _, made = await crm.ask("POST", f"{MESSAGES}/inbound", body)
    path = f"{MESSAGES}/{made['messageId']}/attachments"
    assert (await crm.ask("PUT", path, {"attachments": []}))[0] == 403


async def test_an_unknown_message_is_a_404(crm: Crm) -> None:
    assert (await crm.ask("PUT", f"{MESSAGES}/none/attachments", {"attachments": []}))[0] == 404


async def test_a_message_of_another_sub_account_is_out_of_reach(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", f"{MESSAGES}/outbound", record(ada))
    status, _ = await crm.ask("GET", f"{MESSAGES}/{made['messageId']}", Authorization="Bearer pit-two")
    assert status == 403


async def test_messages_come_newest_first_and_in_pages(crm: Crm, ada: str) -> None:
    made = [(await crm.ask("POST", f"{MESSAGES}/outbound", record(ada)))[1] for _ in range(3)]
    path = f"/conversations/{made[0]['conversationId']}/messages?limit=2&type=TYPE_CALL"
    _, first = await crm.ask("GET", path)
    _, second = await crm.ask("GET", f"{path}&lastMessageId={first['lastMessageId']}")
    ids = [one["id"] for page in (first, second) for one in page["messages"]]
    assert ids == [one["messageId"] for one in reversed(made)]
    assert (first["nextPage"], second["nextPage"]) == (True, False)


async def test_a_limit_must_be_a_number(crm: Crm) -> None:
    status, answer = await crm.ask("GET", f"/conversations/search?locationId={LOCATION}&limit=all")
    assert (status, answer["message"]) == (422, ["limit must be a number string"])


async def test_a_contact_has_one_conversation(crm: Crm, ada: str) -> None:
    body = {"locationId": LOCATION, "contactId": ada}
    status, made = await crm.ask("POST", "/conversations/", body)
    again, refused = await crm.ask("POST", "/conversations/", body)
    _, found = await crm.ask("GET", f"/conversations/search?locationId={LOCATION}&contactId={ada}")
    assert (status, again) == (201, 400)
    assert refused["conversationId"] == made["conversation"]["id"] == found["conversations"][0]["id"]


async def test_a_record_goes_into_the_named_conversation(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", "/conversations/", {"locationId": LOCATION, "contactId": ada})
    body = record(ada, conversationId=made["conversation"]["id"])
    del body["contactId"]
    _, answer = await crm.ask("POST", f"{MESSAGES}/outbound", body)
    assert answer["conversationId"] == made["conversation"]["id"]


async def test_an_unknown_conversation_is_refused(crm: Crm) -> None:
    assert (await crm.ask("GET", "/conversations/none/messages"))[0] == 400


async def test_a_conversation_of_another_sub_account_is_out_of_reach(crm: Crm, ada: str) -> None:
    _, made = await crm.ask("POST", "/conversations/", {"locationId": LOCATION, "contactId": ada})
    path = f"/conversations/{made['conversation']['id']}/messages"
    assert (await crm.ask("GET", path, Authorization="Bearer pit-two"))[0] == 403
