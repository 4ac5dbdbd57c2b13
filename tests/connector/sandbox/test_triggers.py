"""Custom triggers, users with what an agent is known by, and how both are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.triggers import make_trigger
from tests.connector.sandbox.crm import LOCATION

if TYPE_CHECKING:
    from tests.connector.sandbox.crm import Crm

EXECUTE = "/workflows-marketplace/triggers/execute"


async def test_a_trigger_keeps_what_fired_it(crm: Crm) -> None:
    trigger = make_trigger(crm.sandbox.locations[LOCATION], "trg")
    assert (await crm.ask("POST", f"{EXECUTE}/{LOCATION}/trg", {"any": {"thing": 1}}))[0] == 200
    assert trigger["fired"] == [{"any": {"thing": 1}}]
    assert crm.sandbox.journal.entries[-1].applied


async def test_a_trigger_needs_a_token(crm: Crm) -> None:
    make_trigger(crm.sandbox.locations[LOCATION], "trg")
    assert (await crm.ask("POST", f"{EXECUTE}/{LOCATION}/trg", {}, Authorization="Bearer none"))[0] == 401


async def test_a_trigger_that_is_gone_or_inactive_says_so(crm: Crm) -> None:
    make_trigger(crm.sandbox.locations[LOCATION], "off", active=False)
    answers = [await crm.ask("POST", f"{EXECUTE}/{LOCATION}/{name}", {}) for name in ("none", "off")]
    assert [(status, answer["message"]) for status, answer in answers] == [
        (404, "Trigger not found"),
        (400, "Inactive trigger"),
    ]


async def test_a_trigger_of_another_sub_account_is_out_of_reach(crm: Crm) -> None:
    assert (await crm.ask("POST", f"{EXECUTE}/LocationTwo/trg", {}))[0] == 403


async def test_users_pipelines_and_triggers_are_registered_and_shown(crm: Crm) -> None:
    order = {
        "id": "LocationThree",
        "token": "pit-three",
        "users": [
            {"id": "u1", "name": "Maya Lind", "phone": "+13055550100", "extension": "7", "email": "m@example.com"}
        ],
        "pipelines": [{"id": "p1", "name": "Sales", "stages": [{"id": "s1", "name": "New"}]}],
        "triggers": [{"id": "t1"}, {"id": "t2", "active": False}],
    }
    assert (await crm.ask("POST", "/_sandbox/locations", order))[0] == 201
    await crm.ask("POST", f"{EXECUTE}/LocationThree/t1", {"x": 1}, Authorization="Bearer pit-three")
    _, state = await crm.ask("GET", "/_sandbox/state?location=LocationThree")
    shown = state["locations"][0]
    user = shown["users"][0]
    assert (user["phone"], user["extension"], user["email"]) == ("+13055550100", "7", "m@example.com")
    assert [one["stages"] for one in shown["pipelines"]] == [[{"id": "s1", "name": "New", "position": 0}]]
    assert shown["triggers"] == [
        {"id": "t1", "active": True, "fired": [{"x": 1}]},
        {"id": "t2", "active": False, "fired": []},
    ]


async def test_a_reset_forgets_what_fired(crm: Crm) -> None:
    trigger = make_trigger(crm.sandbox.locations[LOCATION], "trg")
    await crm.ask("POST", f"{EXECUTE}/{LOCATION}/trg", {})
    crm.sandbox.reset()
    assert (trigger["fired"], list(crm.sandbox.locations[LOCATION].triggers)) == ([], ["trg"])


async def test_users_come_in_pages(crm: Crm) -> None:
    location = crm.sandbox.locations[LOCATION]
    location.users = [{**location.users[0], "id": f"u{n}"} for n in range(30)]
    _, first = await crm.ask("GET", "/users/search?companyId=SandboxAgency")
    _, rest = await crm.ask("GET", "/users/search?companyId=SandboxAgency&skip=25&limit=10")
    assert (len(first["users"]), first["count"], [one["id"] for one in rest["users"]]) == (
        25,
        30,
        [f"u{n}" for n in range(25, 30)],
    )
