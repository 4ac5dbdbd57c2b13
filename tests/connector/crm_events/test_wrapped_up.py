"""The whole connector: an agent says how a call went, in the CRM or over the API, and it is in the call's one note."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest_asyncio

from connector.api.access import new_key
from connector.api.scope import ALL
from connector.location_config import LocationConfig
from connector.store.history import Owner
from tests.connector.crm_events.test_service import ADA, Town, open_town
from tests.connector.door import payload

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.sandbox.state import Contact


@pytest_asyncio.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    """Ada had a call of a minute, and nobody has said how it went."""
    async with open_town(tmp_path) as made:
        await made.install()
        await made.write("/contacts/", locationId="LOC", phone=ADA)
        now = datetime.now(UTC)
        began, ended = ((now - timedelta(seconds=ago)).isoformat() for ago in (70, 5))
        call = payload(to=ADA, start=began, answer=began, end=ended, duration=65, hangup_cause=16)
        assert (await made.door.post(call))[0] == 200
        await made.delivered()
        assert await timers(made) == ["review"]
        yield made


async def key(town: Town) -> dict[str, str]:
    """The headers of somebody who may do all for LOC."""
    kept, secret = new_key("location", "LOC", ALL, label="dialler", made_by="test", now_ms=1)
    await town.database.access.add(kept)
    return {"Authorization": f"Bearer {secret}"}


async def timers(town: Town) -> list[str]:
    return [timer.key for timer in await town.database.follow_up.list_timers("LOC")]


def ada(town: Town) -> Contact:
    found = town.sandbox.locations["LOC"].find(ADA)
    assert found is not None
    return found


def note(town: Town) -> str:
    """Ada's one note."""
    (found,) = ada(town).notes.values()
    return str(found["body"])


async def test_a_tag_in_the_crm_is_an_agents_word(town: Town) -> None:
    await town.write(f"/contacts/{ada(town).id}/tags", tags=["disposition:sold"])
    await town.heard()
    await town.delivered()
    assert "Outcome: sold (agent), Connected (trunk)" in note(town)
    assert await timers(town) == []


async def test_so_is_what_a_dialler_posts(town: Town) -> None:
    url = "/api/v1/locations/LOC/calls/call-1/wrapup"
    async with town.door.client.post(url, json={"disposition": "Sold"}, headers=await key(town)) as answer:
        assert answer.status == 202, await answer.text()
    await town.delivered()
    assert "Outcome: Sold (agent), Connected (trunk)" in note(town)
    assert await timers(town) == []


async def test_the_dial_advice_knows_of_the_call(town: Town) -> None:
    config = LocationConfig.model_validate({"trunks": {"generic": {}}, "caller_ids": ["+14155550100"]})
    await town.database.history.put(
        Owner("location", "LOC"), document=config.document(), who="test", what="test", now_ms=2
    )
    await town.door.service.locations.refresh()
    url, asked = "/api/v1/locations/LOC/dial-advice", {"to": ADA, "check_dnd": "true"}
    async with town.door.client.get(url, params=asked, headers=await key(town)) as answer:
        told = await answer.json()
    assert (told["last_disposition"], told["dnd"], told["caller_id"]) == ("Connected", False, "+14155550100")
