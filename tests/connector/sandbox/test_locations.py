"""A sub-account's own facts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

HOME = f"/locations/{LOCATION}"


async def test_a_sub_account_tells_its_time_zone_and_duplicate_setting(crm: Crm) -> None:
    _, answer = await crm.ask("GET", HOME)
    location = answer["location"]
    assert (location["id"], location["timezone"], location["country"]) == (LOCATION, "UTC", "US")
    assert location["settings"] == {"allowDuplicateContact": False}


async def test_a_new_tag_is_a_200_and_in_lower_case(crm: Crm) -> None:
    status, made = await crm.ask("POST", f"{HOME}/tags", {"name": " Hot Lead "})
    assert (status, made["tag"]["name"]) == (200, "hot lead")
    assert await crm.ask("GET", f"{HOME}/tags") == (200, {"tags": [made["tag"]]})


async def test_a_tag_of_nothing_but_space_is_refused(crm: Crm) -> None:
    assert (await crm.ask("POST", f"{HOME}/tags", {"name": "  "}))[0] == 422


async def test_tags_of_contacts_join_the_sub_accounts_list(crm: Crm) -> None:
    await crm.person(tags=["Hot"])
    assert [tag["name"] for tag in (await crm.ask("GET", f"{HOME}/tags"))[1]["tags"]] == ["hot"]


async def test_a_custom_field_gets_a_key_of_its_name(crm: Crm) -> None:
    status, made = await crm.ask("POST", f"{HOME}/customFields", {"name": "Last Outcome!", "dataType": "TEXT"})
    _, other = await crm.ask("GET", f"{HOME}/customFields?model=opportunity")
    _, listed = await crm.ask("GET", f"{HOME}/customFields?model=contact")
    assert (status, made["customField"]["fieldKey"]) == (201, "contact.last_outcome")
    assert (listed["customFields"], other["customFields"]) == ([made["customField"]], [])


async def test_workflows_tell_their_status_and_no_more(crm: Crm) -> None:
    _, answer = await crm.ask("GET", f"/workflows/?locationId={LOCATION}")
    assert [one["status"] for one in answer["workflows"]] == ["published", "draft", "published"]
    assert "allowReentry" not in answer["workflows"][0]


async def test_users_are_searched_with_the_agencys_id(crm: Crm) -> None:
    status, answer = await crm.ask("GET", "/users/search?companyId=SandboxAgency&query=maya")
    assert (status, answer["count"], answer["users"][0]["id"]) == (200, 1, "user-1")
    assert (await crm.ask("GET", "/users/search"))[0] == 422
    assert (await crm.ask("GET", "/users/search?companyId=Other"))[0] == 403
