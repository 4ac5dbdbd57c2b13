"""The control routes: register, seed, read back, begin again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm


async def control(crm: Crm, path: str, body: Any = None) -> tuple[int, Any]:
    async with crm.client.post(f"/_sandbox/{path}", json=body) as response:
        return response.status, await response.json() if response.content_length else None


async def state(crm: Crm, query: str = "") -> Any:
    async with crm.client.get(f"/_sandbox/state{query}") as response:
        return await response.json()


REGISTRATION = {
    "id": "Three",
    "name": "Third",
    "timezone": "US/Central",
    "token": "pit-three",
    "tokens": [{"token": "pit-read", "scopes": ["contacts.readonly"]}],
    "workflows": [{"id": "w1", "name": "Follow-up", "status": "draft"}],
    "users": [{"id": "u1", "name": "Maya Lind"}],
    "customFields": [{"name": "Outcome"}],
    "settings": {"allowDuplicateContact": True},
}


async def test_a_registered_sub_account_is_as_it_was_described(crm: Crm) -> None:
    status, made = await control(crm, "locations", REGISTRATION)
    _, told = await crm.ask("GET", "/locations/Three", Authorization="Bearer pit-three")
    _, flows = await crm.ask("GET", "/workflows/?locationId=Three", Authorization="Bearer pit-three")
    refused, _ = await crm.ask("GET", "/locations/Three", Authorization="Bearer pit-read")
    assert (status, made["customFields"][0]["fieldKey"]) == (201, "contact.outcome")
    assert (told["location"]["timezone"], told["location"]["settings"]["allowDuplicateContact"]) == (
        "US/Central",
        True,
    )
    assert (flows["workflows"][0]["status"], refused) == ("draft", 401)


async def test_registering_again_keeps_what_was_written(crm: Crm) -> None:
    ada = await crm.person(name="Ada")
    await control(crm, "locations", {"id": LOCATION, "name": "Renamed"})
    assert (await crm.ask("GET", f"/contacts/{ada}"))[0] == 200
    assert (await state(crm))["locations"][0]["name"] == "Renamed"


async def test_contacts_are_seeded_with_ids_of_ones_own(crm: Crm) -> None:
    order = {
        "location": LOCATION,
        "contacts": [{"id": "ada-1", "name": "Ada", "phone": "+12125550101"}],
        "count": 3,
    }
    status, made = await control(crm, "contacts", order)
    query = f"/contacts/search/duplicate?locationId={LOCATION}&number={quote('+12125550101')}"
    assert (status, (await crm.ask("GET", query))[1]["contact"]["id"]) == (201, "ada-1")
    # One of the three invented numbers is Ada's already.
    assert len(made["contacts"]) == 3


async def test_an_unknown_sub_account_cannot_be_seeded(crm: Crm) -> None:
    assert (await control(crm, "contacts", {"location": "none"}))[0] == 404


async def test_a_misspelt_order_is_a_422(crm: Crm) -> None:
    status, answer = await control(crm, "locations", {"id": "x", "nmae": "y"})
    assert (status, answer["message"]) == (422, ["property nmae should not exist"])


async def test_the_state_counts_requests_by_verb_and_by_sub_account(crm: Crm) -> None:
    ada = await crm.person(name="Ada")
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "one"})
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "two"})
    await crm.ask("GET", "/locations/x", Authorization="Bearer nobody")
    assert (await state(crm))["requests"] == {
        "total": 4,
        "by_verb": {
            "POST /contacts/": 1,
            "POST /contacts/{contactId}/notes": 2,
            "GET /locations/{locationId}": 1,
        },
        "by_location": {
            LOCATION: {"POST /contacts/": 1, "POST /contacts/{contactId}/notes": 2},
            "unknown": {"GET /locations/{locationId}": 1},
        },
    }


async def test_the_log_tells_what_was_applied(crm: Crm) -> None:
    await crm.ask("POST", "/contacts/", {"locationId": LOCATION})
    await crm.ask("POST", "/contacts/nobody/notes", {"body": "x"})
    await crm.ask("GET", f"/workflows/?locationId={LOCATION}")
    log = (await state(crm))["log"]
    assert [(one["method"], one["path"], one["status"], one["applied"]) for one in log] == [
        ("POST", "/contacts/", 201, True),
        ("POST", "/contacts/nobody/notes", 400, False),
        ("GET", f"/workflows/?locationId={LOCATION}", 200, False),
    ]
    assert {one["time"] for one in log} == {crm.clock.now_ms}


async def test_the_state_can_be_narrowed(crm: Crm) -> None:
    await crm.person(name="Ada")
    narrowed = await state(crm, "?location=LocationTwo&log=0")
    assert ([one["id"] for one in narrowed["locations"]], narrowed["log"]) == (["LocationTwo"], [])


async def test_the_state_holds_everything_written_on_a_contact(crm: Crm) -> None:
    ada = await crm.person(name="Ada", tags=["Hot"])
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "Call ID: 1"})
    await crm.ask("POST", f"/contacts/{ada}/workflow/wf-live", {})
    contact = (await state(crm))["locations"][0]["contacts"][0]
    assert (contact["tags"], contact["notes"][0]["body"]) == (["hot"], "Call ID: 1")
    assert contact["enrolments"] == [{"workflowId": "wf-live", "active": True, "asked": 1}]


async def test_a_reset_forgets_what_was_written_and_keeps_the_sub_accounts(crm: Crm) -> None:
    await crm.person(name="Ada", phone="+12125550101")
    await control(crm, "faults", {"kind": "outage"})
    assert (await control(crm, "reset"))[0] == 204
    fresh = await state(crm)
    assert (fresh["requests"]["total"], fresh["log"], fresh["faults"]) == (0, [], [])
    assert [(one["contacts"], one["rate"]["peak"]) for one in fresh["locations"]] == [([], 0), ([], 0)]
    assert await crm.person(name="Ada", phone="+12125550101")
