"""Call records beyond one request: which ids go out, reading back page by page, a conversation that is there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from connector.crm.errors import InDoubtError, RefusedError
from tests.connector.crm.contract import CONTACT, LOCATION
from tests.connector.crm.verbs_calls import CONVERSATION, INBOUND, OUTBOUND

if TYPE_CHECKING:
    import respx

    from connector.crm.client import Crm
    from connector.crm.model import CallRecord

MESSAGES = f"/conversations/{CONVERSATION}/messages"


def page(*ids: str, more: bool, **shown: Any) -> dict[str, Any]:
    return {
        "messages": [{"id": one, "altId": one, **shown} for one in ids],
        "nextPage": more,
        "lastMessageId": ids[-1] if ids else "",
    }


@pytest.mark.parametrize("record", [OUTBOUND, INBOUND], ids=["outbound", "inbound"])
@pytest.mark.parametrize("ids", [{"contactId": CONTACT}, {"conversationId": CONVERSATION}], ids=["contact", "conv"])
async def test_one_id_is_enough(record: CallRecord, ids: dict[str, str], router: respx.MockRouter, crm: Crm) -> None:
    route = router.post(f"/conversations/messages/{record.direction}").respond(200, json={"messageId": "m"})
    await crm.add_call(LOCATION, record, contact_id=ids.get("contactId"), conversation_id=ids.get("conversationId"))
    sent = orjson.loads(route.calls.last.request.content)
    assert {name: sent[name] for name in ("contactId", "conversationId") if name in sent} == ids


async def test_a_call_record_needs_a_place_to_go(crm: Crm) -> None:
    with pytest.raises(ValueError, match="conversation"):
        await crm.add_call(LOCATION, OUTBOUND)


async def test_an_answer_without_the_conversation_will_do(router: respx.MockRouter, crm: Crm) -> None:
    router.post("/conversations/messages/outbound").respond(201, json={"messageId": "m"})
    assert (await crm.add_call(LOCATION, OUTBOUND, contact_id=CONTACT)).conversation_id is None


async def test_more_than_five_attachments_are_not_sent(crm: Crm) -> None:
    with pytest.raises(ValueError, match="5 attachments"):
        await crm.set_attachments(LOCATION, "m", ["https://x.example"] * 6)


async def test_a_call_is_looked_for_page_after_page(router: respx.MockRouter, crm: Crm) -> None:
    pages = [page("a", "b", more=True), page("c", "call-1", more=True)]
    route = router.get(MESSAGES).mock(side_effect=[httpx.Response(200, json=one) for one in pages])
    assert await crm.find_call(LOCATION, CONVERSATION, OUTBOUND) == "call-1"
    assert [call.request.url.params.get("lastMessageId") for call in route.calls] == [None, "b"]


async def test_a_call_on_no_page_is_not_there(router: respx.MockRouter, crm: Crm) -> None:
    pages = [page("a", more=True), page(more=False)]
    router.get(MESSAGES).mock(side_effect=[httpx.Response(200, json=one) for one in pages])
    assert await crm.find_call(LOCATION, CONVERSATION, OUTBOUND) is None


async def test_a_conversation_too_long_to_read_leaves_the_call_in_doubt(router: respx.MockRouter, crm: Crm) -> None:
    route = router.get(MESSAGES).respond(200, json=page("a", more=True))
    with pytest.raises(InDoubtError):
        await crm.find_call(LOCATION, CONVERSATION, OUTBOUND)
    assert route.call_count == 10


async def test_a_page_nested_as_live_answers_nest_it_is_read(router: respx.MockRouter, crm: Crm) -> None:
    router.get(MESSAGES).respond(200, json={"messages": page("call-1", more=False)})
    assert await crm.find_call(LOCATION, CONVERSATION, replace(OUTBOUND, status="busy")) == "call-1"


async def test_no_conversation_is_none(router: respx.MockRouter, crm: Crm) -> None:
    router.get("/conversations/search").respond(200, json={"conversations": [], "total": 0})
    assert await crm.find_conversation(LOCATION, CONTACT) is None


async def test_a_conversation_that_exists_is_the_one(router: respx.MockRouter, crm: Crm) -> None:
    exists = {"statusCode": 400, "message": "Conversation already exists", "conversationId": "there"}
    router.post("/conversations/").respond(400, json=exists)
    assert await crm.create_conversation(LOCATION, CONTACT) == "there"


async def test_a_conversation_refused_for_another_reason_is_refused(router: respx.MockRouter, crm: Crm) -> None:
    router.post("/conversations/").respond(400, json={"message": "bad value", "conversationId": "x"})
    with pytest.raises(RefusedError):
        await crm.create_conversation(LOCATION, CONTACT)
