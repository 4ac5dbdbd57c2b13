"""Contacts as the CRM keeps them: duplicates, lookups, tags, custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from connector.sandbox.locations import make_field
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

ADA = "+12125550101"
BOB = "+12125550102"


async def duplicate(crm: Crm, query: str) -> Any:
    return await crm.ask("GET", f"/contacts/search/duplicate?locationId={LOCATION}{query}")


async def test_a_caller_is_found_by_an_escaped_e164_number(crm: Crm) -> None:
    ada = await crm.person(name="Ada Abbot", phone=ADA)
    status, answer = await duplicate(crm, f"&number={quote(ADA)}")
    assert (status, answer["contact"]["id"]) == (200, ada)


async def test_an_unescaped_plus_arrives_as_a_space_and_finds_nothing(crm: Crm) -> None:
    await crm.person(name="Ada", phone=ADA)
    assert await duplicate(crm, f"&number={ADA}") == (200, {"contact": None})


async def test_email_is_looked_at_before_the_number(crm: Crm) -> None:
    ada = await crm.person(name="Ada", email="ada@example.com", phone=ADA)
    await crm.person(name="Bob", phone=BOB)
    _, answer = await duplicate(crm, f"&email=ADA@example.com&number={quote(BOB)}")
    assert answer["contact"]["id"] == ada


async def test_a_duplicate_search_needs_something_to_look_for(crm: Crm) -> None:
    status, answer = await duplicate(crm, "")
    assert (status, answer["message"]) == (400, "Pass at least one of number, email query parameter")


async def test_a_query_without_its_sub_account_is_a_422(crm: Crm) -> None:
    status, answer = await crm.ask("GET", "/contacts/search/duplicate?number=1")
    assert (status, answer["message"]) == (422, ["locationId should not be empty"])


async def test_a_second_contact_with_the_same_number_is_refused_with_the_firsts_id(crm: Crm) -> None:
    ada = await crm.person(name="Ada Abbot", phone=ADA)
    assert await crm.ask("POST", "/contacts/", {"locationId": LOCATION, "phone": "(212) 555-0101"}) == (
        400,
        {
            "statusCode": 400,
            "message": "This location does not allow duplicated contacts.",
            "meta": {"contactId": ada, "contactName": "Ada Abbot", "matchingField": "phone"},
        },
    )


async def test_a_sub_account_may_allow_duplicates(crm: Crm) -> None:
    crm.sandbox.locations[LOCATION].allow_duplicates = True
    assert await crm.person(phone=ADA) != await crm.person(phone=ADA)


async def test_numbers_are_saved_in_e164(crm: Crm) -> None:
    ada = await crm.person(phone="212 555 0101")
    _, answer = await crm.ask("GET", f"/contacts/{ada}")
    assert answer["contact"]["phone"] == ADA


async def test_an_unknown_contact_is_a_400_not_a_404(crm: Crm) -> None:
    assert await crm.ask("GET", "/contacts/nobody") == (
        400,
        {"statusCode": 400, "message": "Contact with id nobody not found"},
    )


async def test_upsert_makes_a_contact_once(crm: Crm) -> None:
    body = {"locationId": LOCATION, "phone": ADA, "firstName": "Ada"}
    first, second = (
        await crm.ask("POST", "/contacts/upsert", body),
        await crm.ask("POST", "/contacts/upsert", body),
    )
    assert (first[0], first[1]["new"], second[1]["new"]) == (200, True, False)
    assert first[1]["contact"]["id"] == second[1]["contact"]["id"]


async def test_upsert_drops_the_number_that_belongs_to_somebody_else(crm: Crm) -> None:
    ada = await crm.person(email="ada@example.com", phone=ADA)
    await crm.person(phone=BOB)
    body = {"locationId": LOCATION, "email": "ada@example.com", "phone": BOB}
    _, answer = await crm.ask("POST", "/contacts/upsert", body)
    assert (answer["contact"]["id"], answer["contact"]["phone"]) == (ada, ADA)


@pytest.mark.parametrize(("method", "path"), [("POST", "/contacts/upsert"), ("PUT", "/contacts/{id}")])
async def test_tags_in_a_write_of_the_contact_replace_all(crm: Crm, method: str, path: str) -> None:
    ada = await crm.person(phone=ADA, tags=["Old", "Older"])
    body: dict[str, Any] = {"tags": ["New"]}
    if method == "POST":
        body |= {"locationId": LOCATION, "phone": ADA}
    _, answer = await crm.ask(method, path.format(id=ada), body)
    assert answer["contact"]["tags"] == ["new"]


async def test_put_refuses_what_only_create_takes(crm: Crm) -> None:
    ada = await crm.person(phone=ADA)
    status, answer = await crm.ask("PUT", f"/contacts/{ada}", {"gender": "f"})
    assert (status, answer["message"]) == (422, ["property gender should not exist"])


async def test_the_success_flag_is_misspelt_and_v3_has_both(crm: Crm) -> None:
    ada = await crm.person(phone=ADA)
    _, old = await crm.ask("PUT", f"/contacts/{ada}", {"city": "Rome"})
    _, new = await crm.ask("DELETE", f"/contacts/{ada}", Version="v3")
    assert old["succeded"] is True
    assert "succeeded" not in old
    assert new == {"succeeded": True, "succeded": True}


async def test_a_changed_number_is_found_and_the_old_one_is_not(crm: Crm) -> None:
    ada = await crm.person(phone=ADA)
    await crm.ask("PUT", f"/contacts/{ada}", {"phone": BOB})
    found = await duplicate(crm, f"&number={quote(BOB)}")
    assert found[1]["contact"]["id"] == ada
    assert await duplicate(crm, f"&number={quote(ADA)}") == (200, {"contact": None})


async def test_a_deleted_contact_is_gone_with_its_conversation(crm: Crm) -> None:
    ada = await crm.person(phone=ADA)
    await crm.ask("POST", "/conversations/", {"locationId": LOCATION, "contactId": ada})
    await crm.ask("DELETE", f"/contacts/{ada}")
    assert (await crm.ask("GET", f"/contacts/{ada}"))[0] == 400
    assert (await crm.ask("GET", f"/conversations/search?locationId={LOCATION}"))[1]["total"] == 0


@pytest.mark.parametrize("name", ["field_value", "fieldValue"])
async def test_a_custom_value_is_written_under_one_name_and_read_under_another(crm: Crm, name: str) -> None:
    field = make_field(crm.sandbox, crm.sandbox.locations[LOCATION], "Last outcome", "TEXT", "contact")
    ada = await crm.person(phone=ADA, customFields=[{"id": field["id"], name: "Busy"}])
    _, answer = await crm.ask("GET", f"/contacts/{ada}")
    assert answer["contact"]["customFields"] == [{"id": field["id"], "value": "Busy"}]


async def test_a_value_of_an_unknown_field_is_dropped_without_a_word(crm: Crm) -> None:
    ada = await crm.person(phone=ADA, customFields=[{"id": "nothing", "field_value": "x"}])
    _, answer = await crm.ask("GET", f"/contacts/{ada}")
    assert answer["contact"]["customFields"] == []


async def test_do_not_disturb_is_read_as_it_was_written(crm: Crm) -> None:
    ada = await crm.person(phone=ADA, dndSettings={"Call": {"status": "active"}})
    _, answer = await crm.ask("GET", f"/contacts/{ada}")
    assert answer["contact"]["dndSettings"] == {"Call": {"status": "active"}}


async def test_search_needs_its_page_limit(crm: Crm) -> None:
    status, answer = await crm.ask("POST", "/contacts/search", {"locationId": LOCATION})
    assert (status, answer["message"]) == (422, ["pageLimit should not be empty"])


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ([{"field": "phone", "operator": "eq", "value": ADA}], ["Ada"]),
        ([{"field": "phone", "operator": "not_eq", "value": ADA}], ["Bob", "Eve"]),
        ([{"field": "tags", "operator": "contains", "value": "vip"}], ["Bob"]),
        ([{"field": "email", "operator": "exists"}], ["Eve"]),
        (
            [
                {"field": "email", "operator": "not_exists"},
                {"field": "name", "operator": "eq", "value": "Bob"},
            ],
            ["Bob"],
        ),
        (
            [
                {
                    "group": "OR",
                    "filters": [{"field": "name", "value": "Ada"}, {"field": "name", "value": "Eve"}],
                }
            ],
            ["Ada", "Eve"],
        ),
        ([{"field": "dndSettings.Call.status", "operator": "eq", "value": "active"}], ["Eve"]),
    ],
)
async def test_search_filters(crm: Crm, filters: list[Any], names: list[str]) -> None:
    await crm.person(name="Ada", phone=ADA)
    await crm.person(name="Bob", phone=BOB, tags=["VIP"])
    await crm.person(name="Eve", email="eve@example.com", dndSettings={"Call": {"status": "active"}})
    body = {"locationId": LOCATION, "pageLimit": 10, "filters": filters, "sort": [{"field": "name"}]}
    _, answer = await crm.ask("POST", "/contacts/search", body)
    assert [one["name"].strip() for one in answer["contacts"]] == names


async def test_search_looks_into_custom_fields_by_their_id(crm: Crm) -> None:
    field = make_field(crm.sandbox, crm.sandbox.locations[LOCATION], "Last outcome", "TEXT", "contact")
    for name in ("Busy", "Voicemail"):
        await crm.person(name=name, customFields=[{"key": "contact.last_outcome", "field_value": name}])
    condition = {"field": f"customFields.{field['id']}", "operator": "eq", "value": "Busy"}
    body = {"locationId": LOCATION, "pageLimit": 10, "filters": [condition]}
    _, answer = await crm.ask("POST", "/contacts/search", body)
    assert [one["name"] for one in answer["contacts"]] == ["Busy"]


async def test_search_goes_on_after_its_cursor(crm: Crm) -> None:
    for name in ("Ada", "Bob", "Eve"):
        await crm.person(name=name)
    body = {"locationId": LOCATION, "pageLimit": 2}
    _, first = await crm.ask("POST", "/contacts/search", body)
    cursor = first["contacts"][-1]["searchAfter"]
    _, second = await crm.ask("POST", "/contacts/search", body | {"searchAfter": cursor})
    assert ([one["name"] for one in second["contacts"]], second["total"]) == (["Eve"], 3)


async def test_the_search_index_is_late(crm: Crm) -> None:
    crm.sandbox.search_lag_ms = 2_000
    await crm.person(name="Ada")
    body = {"locationId": LOCATION, "pageLimit": 10}
    assert (await crm.ask("POST", "/contacts/search", body))[1]["total"] == 0
    crm.clock.now_ms += 2_000
    assert (await crm.ask("POST", "/contacts/search", body))[1]["total"] == 1
