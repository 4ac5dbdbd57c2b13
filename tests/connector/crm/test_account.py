"""The sub-account's own facts beyond one request: users page by page, fields by their names, what a contact tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from connector.crm.errors import RefusedError
from connector.crm.model import ChannelDnd, Contact, CustomField
from tests.connector.crm.contract import CONTACT, LOCATION

if TYPE_CHECKING:
    import respx

    from connector.crm.client import Crm

OUTCOME = CustomField("cf1", "Last Outcome", "contact.last_outcome", "TEXT")


async def test_users_are_asked_for_until_a_page_is_not_full(router: respx.MockRouter, crm: Crm) -> None:
    pages = [{"users": [{"id": f"u{n}"} for n in range(100)]}, {"users": [{"id": "last"}]}]
    route = router.get("/users/search").mock(side_effect=[httpx.Response(200, json=one) for one in pages])
    assert [user.id for user in await crm.list_users(LOCATION, "comp1")][-2:] == ["u99", "last"]
    assert [call.request.url.params["skip"] for call in route.calls] == ["0", "100"]


async def test_users_that_never_end_are_not_asked_for_for_ever(router: respx.MockRouter, crm: Crm) -> None:
    route = router.get("/users/search").respond(200, json={"users": [{"id": "u"}] * 100})
    assert len(await crm.list_users(LOCATION, "comp1")) == 10_000
    assert route.call_count == 100


async def test_the_agency_is_asked_for_where_it_is_not_known(router: respx.MockRouter, crm: Crm) -> None:
    router.get(f"/locations/{LOCATION}").respond(200, json={"location": {"id": LOCATION, "companyId": "comp9"}})
    route = router.get("/users/search").respond(200, json={"users": []})
    assert await crm.list_users(LOCATION) == []
    assert route.calls.last.request.url.params["companyId"] == "comp9"


async def test_a_sub_account_without_an_agency_has_no_list_of_users(router: respx.MockRouter, crm: Crm) -> None:
    router.get(f"/locations/{LOCATION}").respond(200, json={"location": {"id": LOCATION}})
    with pytest.raises(RefusedError, match="agency"):
        await crm.list_users(LOCATION)


@pytest.mark.parametrize(
    "name", ["cf1", "contact.last_outcome", "last_outcome", "Last Outcome", " last outcome ", "LAST OUTCOME"]
)
def test_a_field_is_called_by_id_key_or_name(name: str) -> None:
    assert OUTCOME.is_called(name)


@pytest.mark.parametrize("name", ["", "contact", "outcome", "CF1", "Last  Outcome"])
def test_a_field_is_called_by_nothing_else(name: str) -> None:
    assert not OUTCOME.is_called(name)


def test_a_field_that_tells_nothing_is_called_by_its_id() -> None:
    bare = CustomField("cf1", None, None, None)
    assert (bare.is_called("cf1"), bare.is_called(""), bare.is_called("x")) == (True, False, False)


async def test_a_contact_tells_its_fields_and_do_not_disturb(router: respx.MockRouter, crm: Crm) -> None:
    told = {
        "id": CONTACT,
        "customFields": [{"id": "cf1", "value": "Busy"}, {"id": "cf2", "value": ["a"]}, {"value": "x"}, "y"],
        "dnd": True,
        "dndSettings": {"Call": {"status": "active", "message": "m", "code": "c"}, "whatsApp": {"status": "inactive"}},
        "assignedTo": "u1",
        "timezone": "US/Central",
    }
    router.get(f"/contacts/{CONTACT}").respond(200, json={"contact": told})
    assert await crm.get_contact(LOCATION, CONTACT) == Contact(
        CONTACT,
        fields={"cf1": "Busy", "cf2": ["a"]},
        dnd=True,
        dnd_settings={"Call": ChannelDnd("active", "m", "c"), "WhatsApp": ChannelDnd("inactive")},
        assigned_to="u1",
        timezone="US/Central",
    )


@pytest.mark.parametrize(
    "told",
    [
        {"customFields": None, "dndSettings": None, "dnd": None},
        {"customFields": {}, "dndSettings": [], "dnd": "yes"},
        {"dndSettings": {"Call": None, "SMS": {"status": 1}}, "assignedTo": "", "timezone": None},
    ],
)
async def test_what_a_contact_does_not_tell_is_empty(told: dict[str, Any], router: respx.MockRouter, crm: Crm) -> None:
    router.get(f"/contacts/{CONTACT}").respond(200, json={"contact": {"id": CONTACT, **told}})
    assert await crm.get_contact(LOCATION, CONTACT) == Contact(CONTACT)


@pytest.mark.parametrize("flag", ["succeded", "succeeded"])
async def test_a_change_that_says_it_failed_is_refused(flag: str, router: respx.MockRouter, crm: Crm) -> None:
    router.put(f"/contacts/{CONTACT}").respond(200, json={flag: False, "contact": {"id": CONTACT}})
    with pytest.raises(RefusedError, match="did not succeed"):
        await crm.set_fields(LOCATION, CONTACT, {"cf1": "x"})
