"""The rows of the verbs that change a contact's fields and tasks, and of those on the sub-account itself."""

from __future__ import annotations

from connector.crm.model import ChannelDnd, Contact, CustomField, User
from tests.connector.crm.contract import CONTACT, DUE_MS, LOCATION, NO_ID, NO_LIST, Verb

_FIELD = {"id": "cf1", "name": "Last Outcome", "fieldKey": "contact.last_outcome", "dataType": "TEXT"}
_MAYA = {"id": "u1", "name": "Maya Lind", "email": "maya@example.com", "phone": "+13055550100", "extension": "7"}
_REFUSED = (*NO_ID, '{"contact":{}}')

CONTACT_WRITES = (
    Verb(
        "update_task",
        lambda crm: crm.update_task(
            LOCATION, CONTACT, "task1", title="t", body="b", due_ms=DUE_MS, completed=False, assigned_to="u1"
        ),
        "PUT",
        f"/contacts/{CONTACT}/tasks/task1",
        200,
        {"task": {"id": "task1"}},
        "task1",
        {
            "title": "t",
            "body": "b",
            "dueDate": "2023-11-14T22:13:20.250Z",
            "completed": False,
            "assignedTo": "u1",
        },
        needs=NO_ID,
    ),
    Verb(
        "complete_task",
        lambda crm: crm.complete_task(LOCATION, CONTACT, "task1"),
        "PUT",
        f"/contacts/{CONTACT}/tasks/task1/completed",
        200,
        {"task": {"id": "task1", "completed": True}},
        "task1",
        {"completed": True},
        needs=NO_ID,
    ),
    Verb(
        "set_fields",
        lambda crm: crm.set_fields(LOCATION, CONTACT, {"cf1": "Busy", "cf2": 3, "cf3": ["a", "b"]}),
        "PUT",
        f"/contacts/{CONTACT}",
        200,
        {"succeded": True, "contact": {"id": CONTACT, "customFields": [{"id": "cf1", "value": "Busy"}]}},
        Contact(CONTACT, fields={"cf1": "Busy"}),
        {
            "customFields": [
                {"id": "cf1", "field_value": "Busy"},
                {"id": "cf2", "field_value": 3},
                {"id": "cf3", "field_value": ["a", "b"]},
            ]
        },
        needs=_REFUSED,
    ),
    Verb(
        "write_dnd",
        lambda crm: crm.write_dnd(
            LOCATION,
            CONTACT,
            {"Call": ChannelDnd("active"), "SMS": ChannelDnd("permanent", "STOP", "21610")},
            everything=False,
        ),
        "PUT",
        f"/contacts/{CONTACT}",
        200,
        {
            "succeeded": True,
            "contact": {
                "id": CONTACT,
                "dnd": False,
                "dndSettings": {"call": {"status": "active"}, "sms": {"status": "permanent", "message": "STOP"}},
            },
        },
        Contact(
            CONTACT,
            dnd=False,
            dnd_settings={"Call": ChannelDnd("active"), "SMS": ChannelDnd("permanent", "STOP")},
        ),
        {
            "dnd": False,
            "dndSettings": {
                "Call": {"status": "active"},
                "SMS": {"status": "permanent", "message": "STOP", "code": "21610"},
            },
        },
        needs=_REFUSED,
    ),
)

ACCOUNT = (
    Verb(
        "list_tags",
        lambda crm: crm.list_tags(LOCATION),
        "GET",
        f"/locations/{LOCATION}/tags",
        200,
        {"tags": [{"id": "t1", "name": "Hot Lead"}, {"id": "t2", "name": "vip"}, {"id": "t3", "name": "hot lead"}]},
        ("hot lead", "vip"),
        of_contact=False,
        needs=NO_LIST,
    ),
    Verb(
        "list_custom_fields",
        lambda crm: crm.list_custom_fields(LOCATION),
        "GET",
        f"/locations/{LOCATION}/customFields?model=contact",
        200,
        {"customFields": [_FIELD]},
        [CustomField("cf1", "Last Outcome", "contact.last_outcome", "TEXT")],
        of_contact=False,
        needs=NO_LIST,
    ),
    Verb(
        "create_custom_field",
        lambda crm: crm.create_custom_field(LOCATION, "Last Outcome"),
        "POST",
        f"/locations/{LOCATION}/customFields",
        201,
        {"customField": _FIELD},
        CustomField("cf1", "Last Outcome", "contact.last_outcome", "TEXT"),
        {"name": "Last Outcome", "dataType": "TEXT", "model": "contact"},
        repeatable=False,
        of_contact=False,
        needs=NO_ID,
    ),
    Verb(
        "list_users",
        lambda crm: crm.list_users(LOCATION, "comp1"),
        "GET",
        f"/users/search?companyId=comp1&locationId={LOCATION}&skip=0&limit=100",
        200,
        {"users": [_MAYA, {"id": "u2", "deleted": True}, {"id": "u3", "phone": ""}], "count": 3},
        [User("u1", "Maya Lind", "maya@example.com", "+13055550100", "7"), User("u3", None, None, None, None)],
        of_contact=False,
        needs=NO_LIST,
    ),
    Verb(
        "fire_trigger",
        lambda crm: crm.fire_trigger(
            LOCATION,
            f"https://services.leadconnectorhq.com/workflows-marketplace/triggers/execute/{LOCATION}/trg1",
            {"disposition": "Busy", "contactId": CONTACT},
        ),
        "POST",
        f"/workflows-marketplace/triggers/execute/{LOCATION}/trg1",
        200,
        {"success": True},
        None,
        {"disposition": "Busy", "contactId": CONTACT},
        repeatable=False,
        of_contact=False,
    ),
)
