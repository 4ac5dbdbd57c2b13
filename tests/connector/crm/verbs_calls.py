"""The rows of the verbs on conversations, call records, pipelines and opportunities."""

from __future__ import annotations

from connector.crm.model import CallMessage, CallPage, CallRecord, Opportunity, Pipeline, Recorded, Stage
from tests.connector.crm.contract import BROKEN, CONTACT, LOCATION, NO_ID, NO_LIST, NUMBER, Verb

CONVERSATION = "conv0000000000000C3"
OURS = "+13055550100"
AT = "2026-11-23T15:00:00.000Z"
OUTBOUND = CallRecord("outbound", OURS, NUMBER, "no-answer", AT, "call-1", "prov1")
INBOUND = CallRecord("inbound", NUMBER, OURS, "completed", AT, "call-2", "prov1", ("https://x.example/1.mp3",))

_SENT = {"type": "Call", "conversationProviderId": "prov1", "date": AT}
_ADDED = {"success": True, "conversationId": CONVERSATION, "messageId": "msg1", "message": "added"}
_NOT_ADDED = (*BROKEN, "{}", '{"success":true,"conversationId":"c"}', '{"success":false,"messageId":"m"}')
_DEAL = {
    "id": "opp1",
    "name": "Deal",
    "pipelineId": "pipe1",
    "pipelineStageId": "stage1",
    "status": "open",
    "contactId": CONTACT,
}
_KNOWN = Opportunity("opp1", "Deal", "pipe1", "stage1", "open", CONTACT)

CALLS = (
    Verb(
        "add_outbound_call",
        lambda crm: crm.add_call(LOCATION, OUTBOUND, contact_id=CONTACT, conversation_id=CONVERSATION),
        "POST",
        "/conversations/messages/outbound",
        200,
        _ADDED,
        Recorded("msg1", CONVERSATION),
        {
            **_SENT,
            "conversationId": CONVERSATION,
            "altId": "call-1",
            "call": {"to": NUMBER, "from": OURS, "status": "no-answer"},
        },
        repeatable=False,
        needs=_NOT_ADDED,
    ),
    Verb(
        "add_inbound_call",
        lambda crm: crm.add_call(LOCATION, INBOUND, contact_id=CONTACT, conversation_id=CONVERSATION),
        "POST",
        "/conversations/messages/inbound",
        200,
        _ADDED,
        Recorded("msg1", CONVERSATION),
        {
            **_SENT,
            "conversationId": CONVERSATION,
            "contactId": CONTACT,
            "altId": "call-2",
            "direction": "inbound",
            "call": {"to": OURS, "from": NUMBER, "status": "completed"},
            "attachments": ["https://x.example/1.mp3"],
        },
        repeatable=False,
        needs=_NOT_ADDED,
    ),
    Verb(
        "list_calls",
        lambda crm: crm.list_calls(LOCATION, CONVERSATION, after="msg0"),
        "GET",
        f"/conversations/{CONVERSATION}/messages?limit=100&type=TYPE_CALL,TYPE_CUSTOM_CALL&lastMessageId=msg0",
        200,
        {
            "messages": [
                {
                    "id": "msg1",
                    "direction": "outbound",
                    "dateAdded": AT,
                    "from": OURS,
                    "to": NUMBER,
                    "altId": "call-1",
                    "meta": {"call": {"status": "busy"}},
                },
                {"id": "msg2", "status": "pending", "meta": {"callStatus": "voicemail"}},
            ],
            "nextPage": True,
            "lastMessageId": "msg2",
        },
        CallPage(
            [
                CallMessage("msg1", "outbound", AT, "busy", OURS, NUMBER, "call-1"),
                CallMessage("msg2", None, None, "voicemail", None, None, None),
            ],
            "msg2",
        ),
        of_contact=False,
        needs=(*BROKEN, "{}", '{"messages":[1]}', '{"messages":[{}]}', '{"messages":[],"nextPage":true}'),
    ),
    Verb(
        "find_conversation",
        lambda crm: crm.find_conversation(LOCATION, CONTACT),
        "GET",
        f"/conversations/search?locationId={LOCATION}&contactId={CONTACT}",
        200,
        {"conversations": [{"id": "other", "contactId": "another"}, {"id": CONVERSATION, "contactId": CONTACT}]},
        CONVERSATION,
        of_contact=False,
        needs=(*BROKEN, "{}", f'{{"conversations":[{{"contactId":"{CONTACT}"}}]}}'),
    ),
    Verb(
        "create_conversation",
        lambda crm: crm.create_conversation(LOCATION, CONTACT),
        "POST",
        "/conversations/",
        201,
        {"success": True, "conversation": {"id": CONVERSATION}},
        CONVERSATION,
        {"locationId": LOCATION, "contactId": CONTACT},
        repeatable=False,
        needs=NO_ID,
    ),
    Verb(
        "set_attachments",
        lambda crm: crm.set_attachments(LOCATION, "msg1", ["https://x.example/1.mp3"]),
        "PUT",
        "/conversations/messages/msg1/attachments",
        200,
        {},
        None,
        {"attachments": ["https://x.example/1.mp3"]},
        of_contact=False,
    ),
)

OPPORTUNITIES = (
    Verb(
        "list_pipelines",
        lambda crm: crm.list_pipelines(LOCATION),
        "GET",
        f"/opportunities/pipelines?locationId={LOCATION}",
        200,
        {"pipelines": [{"id": "pipe1", "name": "Sales", "stages": [{"id": "stage1", "name": "New"}]}]},
        [Pipeline("pipe1", "Sales", (Stage("stage1", "New"),))],
        of_contact=False,
        needs=(*BROKEN, "{}", '{"pipelines":[{"id":"p"}]}', '{"pipelines":[{"id":"p","stages":[{}]}]}'),
    ),
    Verb(
        "find_opportunities",
        lambda crm: crm.find_opportunities(LOCATION, CONTACT, pipeline_id="pipe1"),
        "GET",
        f"/opportunities/search?location_id={LOCATION}&contact_id={CONTACT}&status=all&limit=100&pipeline_id=pipe1",
        200,
        {"opportunities": [_DEAL, {**_DEAL, "id": "opp2", "contactId": "another"}], "meta": {"total": 2}},
        [_KNOWN],
        of_contact=False,
        needs=NO_LIST,
    ),
    Verb(
        "create_opportunity",
        lambda crm: crm.create_opportunity(
            LOCATION, CONTACT, "Deal", pipeline_id="pipe1", stage_id="stage1", value=12.5, assigned_to="u1"
        ),
        "POST",
        "/opportunities/",
        201,
        {"opportunity": _DEAL},
        _KNOWN,
        {
            "locationId": LOCATION,
            "contactId": CONTACT,
            "name": "Deal",
            "pipelineId": "pipe1",
            "pipelineStageId": "stage1",
            "status": "open",
            "monetaryValue": 12.5,
            "assignedTo": "u1",
        },
        repeatable=False,
        needs=NO_ID,
    ),
    Verb(
        "update_opportunity",
        lambda crm: crm.update_opportunity(LOCATION, "opp1", pipeline_id="pipe1", stage_id="stage2", status="won"),
        "PUT",
        "/opportunities/opp1",
        200,
        {"opportunity": {**_DEAL, "pipelineStageId": "stage2", "status": "won", "contactId": None}},
        Opportunity("opp1", "Deal", "pipe1", "stage2", "won", None),
        {"pipelineId": "pipe1", "pipelineStageId": "stage2", "status": "won"},
        of_contact=False,
        needs=NO_ID,
    ),
)
