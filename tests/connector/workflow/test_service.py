"""The running service has the routes, and its worker knows who waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest
from pydantic import SecretStr

from connector.workflow.routes import HEADER
from tests.connector.door import NOWHERE, open_door

if TYPE_CHECKING:
    from pathlib import Path

TOLD = {
    "triggerData": {
        "id": "t1",
        "key": "call_outcome",
        "filters": [],
        "eventType": "CREATED",
        "targetUrl": f"{NOWHERE}/workflows-marketplace/triggers/execute/LOC/t1",
    },
    "extras": {"locationId": "LOC"},
}


async def test_a_trigger_is_kept_by_the_service(tmp_path: Path) -> None:
    async with open_door(tmp_path, workflow_secret=SecretStr("of the portal")) as door:
        headers = {HEADER: "of the portal", "Content-Type": "application/json"}
        status, told = await door.post(TOLD, path="/crm/triggers", headers=headers)
        assert (status, told["status"]) == (200, "subscribed")
        assert [one.id for one in await door.service.workflows.subscriptions.of("LOC")] == ["t1"]


@pytest.mark.parametrize("path", ["/crm/triggers", "/crm/actions/suppress_redial"])
async def test_without_the_setting_there_is_no_entry(tmp_path: Path, path: str) -> None:
    async with open_door(tmp_path) as door:
        for given in ("", "None"):
            headers = {HEADER: given, "Content-Type": "application/json"}
            assert (await door.post(orjson.dumps(TOLD), path=path, headers=headers))[0] == 401
