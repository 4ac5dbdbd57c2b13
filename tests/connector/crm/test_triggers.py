"""The access token goes to the CRM's trigger addresses and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from connector.crm.errors import ForeignTriggerError, RefusedError, TriggerInactiveError, WrongVersionError
from connector.crm.triggers import CRM_URL, PREFIX, fire_trigger
from tests.connector.crm.contract import LOCATION

if TYPE_CHECKING:
    import respx

    from connector.crm.client import Crm

TARGET = f"{CRM_URL}{PREFIX}{LOCATION}/trg1"


@pytest.mark.parametrize(
    "target",
    [
        "",
        f"http://services.leadconnectorhq.com{PREFIX}a/b",
        f"https://services.leadconnectorhq.com.evil.example{PREFIX}a/b",
        f"https://services.leadconnectorhq.com@evil.example{PREFIX}a/b",
        f"https://services.leadconnectorhq.com:8443{PREFIX}a/b",
        f"https://user@services.leadconnectorhq.com{PREFIX}a/b",
        f"//services.leadconnectorhq.com{PREFIX}a/b",
        f"{CRM_URL}/contacts/x/notes",
        f"{CRM_URL}{PREFIX}",
        f"{CRM_URL}{PREFIX}/a/b",
        f"{CRM_URL}{PREFIX}a/../../../contacts",
        f"{CRM_URL}{PREFIX}a/%2e%2e/b",
        f"{CRM_URL}{PREFIX}a/b?x=1",
        f"{CRM_URL}{PREFIX}a/b#x",
        f"{CRM_URL}{PREFIX}a/b\n",
        f"{CRM_URL}{PREFIX}a\\b",
        f" {TARGET}",
    ],
)
def test_a_foreign_address_is_refused(target: str) -> None:
    with pytest.raises(ForeignTriggerError):
        fire_trigger(target, {}, crm_url=CRM_URL)


@given(st.text(max_size=40))
@example("a/b")
@example("../../contacts")
def test_whatever_is_fired_stays_under_the_prefix(rest: str) -> None:
    try:
        path = fire_trigger(f"{CRM_URL}{PREFIX}{rest}", {}, crm_url=CRM_URL).path
    except ForeignTriggerError:
        return
    assert str(URL(CRM_URL + path)) == f"{CRM_URL}{PREFIX}{rest}"


def test_the_crm_is_the_one_that_was_configured() -> None:
    request = fire_trigger(f"http://127.0.0.1:8901{PREFIX}a/b", {}, crm_url="http://127.0.0.1:8901/")
    assert request.path == f"{PREFIX}a/b"
    with pytest.raises(ForeignTriggerError):
        fire_trigger(TARGET, {}, crm_url="http://127.0.0.1:8901")


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "Inactive trigger", TriggerInactiveError),
        (404, "Trigger not found", TriggerInactiveError),
        (422, "The workflow trigger is not active", TriggerInactiveError),
        (410, "Trigger was deleted", TriggerInactiveError),
        (400, "bad payload", RefusedError),
        (404, f"Cannot POST {PREFIX}a/b", WrongVersionError),
    ],
)
async def test_a_stale_subscription_is_told_from_other_refusals(
    status: int, message: str, error: type[RefusedError], router: respx.MockRouter, crm: Crm
) -> None:
    router.post(f"{PREFIX}{LOCATION}/trg1").respond(status, json={"message": message})
    with pytest.raises(error) as caught:
        await crm.fire_trigger(LOCATION, TARGET, {})
    assert type(caught.value) is error


@pytest.mark.parametrize("answer", ["", "OK", "[]"])
async def test_any_success_will_do(answer: str, router: respx.MockRouter, crm: Crm) -> None:
    route = router.post(f"{PREFIX}{LOCATION}/trg1").respond(200, text=answer)
    await crm.fire_trigger(LOCATION, TARGET, {})
    assert route.call_count == 1
