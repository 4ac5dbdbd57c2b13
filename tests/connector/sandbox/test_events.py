"""What the CRM tells the app, when, how often, and signed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.exceptions import InvalidSignature

from connector.sandbox.apps import DEFAULT_APP, DEFAULT_CLIENT_ID, SCOPES
from tests.connector.sandbox.crm import LOCATION
from tests.connector.sandbox.market import (
    AGENCY,
    Receiver,
    choose,
    consented,
    exchanged,
    installed,
    verify,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.connector.sandbox.crm import Crm


@pytest.fixture
async def receiver(crm: Crm) -> AsyncIterator[Receiver]:
    """The default app's webhook."""
    heard = Receiver()
    app = web.Application()
    app.router.add_post("/crm/events", heard.hear)
    async with TestServer(app) as server:
        heard.url = str(server.make_url("/crm/events"))
        crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=heard.url))
        yield heard
        await crm.sandbox.market.outbox.settled()


async def settled(crm: Crm, receiver: Receiver) -> list[tuple[str, str | None]]:
    """The types and sub-accounts heard, once nothing is under way."""
    await crm.sandbox.market.outbox.settled()
    return receiver.kinds


def without_ids(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "webhookId"}


OWN = {"appId": "sandbox", "versionId": "sandbox", "timestamp": "2026-09-21T14:13:20.000Z"}
FACTS = {
    "companyId": AGENCY,
    "userId": "SandboxAdminUser0001",
    "companyName": AGENCY,
    "isWhitelabelCompany": False,
    "whitelabelDetails": {},
}


async def test_an_install_is_told_after_the_code_was_exchanged(crm: Crm, receiver: Receiver) -> None:
    code = consented(crm, LOCATION)
    assert await settled(crm, receiver) == []
    await exchanged(crm, code)
    assert await settled(crm, receiver) == [("INSTALL", LOCATION)]
    told = {"type": "INSTALL", "installType": "Location", "locationId": LOCATION}
    assert without_ids(receiver.events[0]) == told | FACTS | OWN


async def test_or_before_the_app_has_its_code(crm: Crm, receiver: Receiver) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=receiver.url, order="before"))
    await choose(crm, {"answer": "install", "location": LOCATION})
    assert receiver.kinds == [("INSTALL", LOCATION)]


async def test_or_twice_the_very_same(crm: Crm, receiver: Receiver) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=receiver.url, twice=True))
    await installed(crm, LOCATION)
    assert await settled(crm, receiver) == [("INSTALL", LOCATION)] * 2
    (first, body), (second, same) = receiver.requests
    assert (first["deliveryId"], body) == (second["deliveryId"], same)


async def test_a_bulk_install_is_told_for_the_agency_and_for_each_sub_account(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, bulk=True)
    assert await settled(crm, receiver) == [("INSTALL", None), ("INSTALL", LOCATION), ("INSTALL", "LocationTwo")]
    assert without_ids(receiver.events[0]) == {"type": "INSTALL", "installType": "Company"} | FACTS | OWN


async def test_a_sub_account_that_joins_is_installed_without_naming_anybody(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, LOCATION, future=True)
    crm.sandbox.register("Late")
    crm.sandbox.register("Late", name="Renamed")
    crm.sandbox.register("Foreign", company_id="OtherAgency")
    assert (await settled(crm, receiver))[2:] == [("INSTALL", "Late")]
    assert (
        without_ids(receiver.events[-1]) == {"type": "INSTALL", "installType": "Location", "locationId": "Late"} | OWN
    )


async def test_without_future_a_sub_account_that_joins_is_left_alone(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, bulk=True)
    crm.sandbox.register("Late")
    assert ("INSTALL", "Late") not in await settled(crm, receiver)


async def test_an_uninstall_names_the_sub_account_only(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, LOCATION)
    crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location=LOCATION)
    await settled(crm, receiver)
    assert without_ids(receiver.events[-1]) == {"type": "UNINSTALL", "locationId": LOCATION} | OWN


async def test_an_agencys_uninstall_names_the_agency_only(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, bulk=True)
    crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, company=AGENCY)
    await settled(crm, receiver)
    assert without_ids(receiver.events[-1]) == {"type": "UNINSTALL", "companyId": AGENCY} | OWN


async def test_nothing_is_told_of_what_was_not_installed(crm: Crm, receiver: Receiver) -> None:
    assert crm.sandbox.market.uninstall(DEFAULT_CLIENT_ID, location=LOCATION) is False
    assert await settled(crm, receiver) == []


async def test_the_signature_is_over_the_raw_body(crm: Crm, receiver: Receiver) -> None:
    await installed(crm, LOCATION)
    await settled(crm, receiver)
    headers, body = receiver.requests[0]
    pem = crm.sandbox.market.outbox.public_key
    verify(pem, headers["X-GHL-Signature"], body)
    with pytest.raises(InvalidSignature):
        verify(pem, headers["X-GHL-Signature"], body + b" ")
    assert headers["Content-Type"] == "application/json"


async def test_what_is_not_answered_2xx_is_repeated_unchanged(crm: Crm, receiver: Receiver) -> None:
    receiver.answers = [500, 302]
    await installed(crm, LOCATION)
    await settled(crm, receiver)
    assert len({(headers["deliveryId"], body) for headers, body in receiver.requests}) == 1
    assert [(one.tries, one.status) for one in crm.sandbox.market.outbox.log] == [(3, 200)]


async def test_in_the_end_it_is_given_up(crm: Crm, receiver: Receiver) -> None:
    receiver.answers = [503] * 9
    await installed(crm, LOCATION)
    await settled(crm, receiver)
    assert [(one.tries, one.status) for one in crm.sandbox.market.outbox.log] == [(3, 503)]


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "no address"])
async def test_a_receiver_that_is_not_there_stops_nobody(crm: Crm, receiver: Receiver, url: str) -> None:
    crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=url))
    await installed(crm, LOCATION)
    await settled(crm, receiver)
    crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=receiver.url))
    await installed(crm, "LocationTwo")
    assert await settled(crm, receiver) == [("INSTALL", "LocationTwo")]


@pytest.fixture
async def ada(crm: Crm, receiver: Receiver) -> str:
    """A contact of a sub-account in which the app is installed; what was told so far is forgotten."""
    await installed(crm, LOCATION)
    ada = await crm.person(name="Ada", phone="+12125550101", tags=["old"])
    await settled(crm, receiver)
    assert receiver.kinds == [("INSTALL", LOCATION), ("ContactCreate", LOCATION)]
    receiver.requests.clear()
    return ada


async def test_a_contacts_event_is_flat(crm: Crm, receiver: Receiver, ada: str) -> None:
    await crm.ask("PUT", f"/contacts/{ada}", {"city": "Rome"})
    await settled(crm, receiver)
    event = receiver.events[0]
    shown = {name: event[name] for name in ("type", "id", "locationId", "phone", "tags", "city", "customFields")}
    assert shown == {
        "type": "ContactUpdate",
        "id": ada,
        "locationId": LOCATION,
        "phone": "+12125550101",
        "tags": ["old"],
        "city": "Rome",
        "customFields": [],
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "kinds"),
    [
        ("PUT", "", {"tags": ["new"]}, ["ContactUpdate", "ContactTagUpdate"]),
        ("PUT", "", {"dndSettings": {"Call": {"status": "active"}}}, ["ContactUpdate", "ContactDndUpdate"]),
        ("DELETE", "", {}, ["ContactDelete"]),
        ("POST", "/tags", {"tags": ["New"]}, ["ContactTagUpdate"]),
        ("POST", "/tags", {"tags": ["OLD"]}, []),
        ("DELETE", "/tags", {"tags": ["old"]}, ["ContactTagUpdate"]),
        ("POST", "/workflow/wf-live", {}, []),
        ("POST", "/notes", {"body": "x", "colour": "red"}, []),
    ],
)
async def test_a_write_is_told_if_it_changed_something(
    crm: Crm, receiver: Receiver, ada: str, *, method: str, path: str, body: Any, kinds: list[str]
) -> None:
    await crm.ask(method, f"/contacts/{ada}{path}", body)
    assert await settled(crm, receiver) == [(kind, LOCATION) for kind in kinds]


@pytest.mark.parametrize(
    ("email", "kinds"),
    [("new@example.com", ["ContactCreate"]), (None, ["ContactUpdate", "ContactTagUpdate"])],
)
async def test_an_upsert_is_told_as_what_it_was(
    crm: Crm, receiver: Receiver, ada: str, email: str | None, kinds: list[str]
) -> None:
    who = {"email": email} if email else {"phone": "+12125550101"}
    _, answer = await crm.ask("POST", "/contacts/upsert", {"locationId": LOCATION, "tags": ["vip"], **who})
    assert await settled(crm, receiver) == [(kind, LOCATION) for kind in kinds]
    assert (receiver.events[-1]["tags"], answer["contact"]["id"] == ada) == (["vip"], email is None)


async def test_a_tag_event_has_all_tags(crm: Crm, receiver: Receiver, ada: str) -> None:
    await crm.ask("POST", f"/contacts/{ada}/tags", {"tags": ["New"]})
    await settled(crm, receiver)
    assert receiver.events[0]["tags"] == ["old", "new"]


async def test_a_notes_event_has_four_fields_and_no_title(crm: Crm, receiver: Receiver, ada: str) -> None:
    path = f"/contacts/{ada}/notes"
    _, made = await crm.ask("POST", path, {"body": "Call ID: 1", "title": "t"})
    await crm.ask("PUT", f"{path}/{made['note']['id']}", {"body": "Call ID: 2"})
    await crm.ask("DELETE", f"{path}/{made['note']['id']}", {})
    assert [kind for kind, _ in await settled(crm, receiver)] == ["NoteCreate", "NoteUpdate", "NoteDelete"]
    note = {"id": made["note"]["id"], "contactId": ada, "dateAdded": OWN["timestamp"], "locationId": LOCATION}
    told = {"type": "NoteCreate", "body": "Call ID: 1"} | note | OWN
    assert without_ids(receiver.events[0]) == told
    assert [one["body"] for one in receiver.events] == ["Call ID: 1", "Call ID: 2", "Call ID: 2"]


async def test_a_tasks_event_lacks_the_contact_and_the_body(crm: Crm, receiver: Receiver, ada: str) -> None:
    path, due = f"/contacts/{ada}/tasks", "2026-11-24T09:00:00Z"
    _, made = await crm.ask("POST", path, {"title": "t", "body": "b", "dueDate": due, "completed": False})
    task = f"{path}/{made['task']['id']}"
    await crm.ask("PUT", task, {"title": "u"})
    await crm.ask("PUT", f"{task}/completed", {"completed": True})
    await crm.ask("PUT", f"{task}/completed", {"completed": True})
    await crm.ask("DELETE", task, {})
    assert [kind for kind, _ in await settled(crm, receiver)] == ["TaskCreate", "TaskComplete", "TaskDelete"]
    facts = {"id": made["task"]["id"], "title": "t", "dueDate": due, "completed": False, "locationId": LOCATION}
    assert without_ids(receiver.events[0]) == {"type": "TaskCreate"} | facts | OWN


async def test_where_the_app_is_not_installed_nothing_is_told(crm: Crm, receiver: Receiver, ada: str) -> None:
    body = {"locationId": "LocationTwo", "name": "Bob"}
    status, _ = await crm.ask("POST", "/contacts/", body, Authorization="Bearer pit-two")
    assert (status, await settled(crm, receiver), bool(ada)) == (201, [], True)


async def test_without_the_scope_for_contacts_nothing_is_told(crm: Crm, receiver: Receiver, ada: str) -> None:
    scopes = SCOPES - {"contacts.readonly"}
    crm.sandbox.market.register(replace(DEFAULT_APP, webhook_url=receiver.url, scopes=scopes))
    await crm.ask("POST", f"/contacts/{ada}/notes", {"body": "x"})
    assert await settled(crm, receiver) == []
