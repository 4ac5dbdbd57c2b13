"""How events are taken: signed, once, kept before they are acknowledged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from connector.crm_events.routes import LIMIT
from connector.sandbox.signing import Signer
from connector.store.inbox import Arrival, EventState
from tests.connector.crm_events.stage import ADA, APP, Stage, open_stage

if TYPE_CHECKING:
    from pathlib import Path

HOUR_S = 3600


async def test_a_signed_event_is_kept_before_it_is_acknowledged(stage: Stage) -> None:
    assert await stage.said(stage.event("ContactDelete", id=ADA)) == "accepted"
    assert await stage.states() == ["waiting"]


async def test_what_is_kept_is_the_body_as_it_came(stage: Stage) -> None:
    raw = b'{"type":"ContactDelete" , "id":"x", "locationId":"LocationOne"}'
    await stage.said(raw)
    assert [row.body for row in await stage.rows()] == [raw]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-GHL-Signature": "N/A"},
        {"X-GHL-Signature": Signer().sign(b"{}")},
        {"X-GHL-Signature": "?"},
        {"X-WH-Signature": "AAAA"},
        {"X-GHL-Signature": "N/A", "X-WH-Signature": "AAAA"},
    ],
)
async def test_what_the_crm_did_not_sign_is_not_kept(stage: Stage, headers: dict[str, str]) -> None:
    status, _ = await stage.post({"type": "INSTALL"}, headers=headers)
    assert (status, await stage.states(), stage.counted("other", "refused")) == (401, [], 1)


async def test_the_retired_header_helps_no_wrong_signature(stage: Stage) -> None:
    raw = orjson.dumps(stage.event("ContactDelete", id=ADA))
    headers = {"X-GHL-Signature": Signer().sign(raw), "X-WH-Signature": stage.signer.sign(raw)}
    assert (await stage.post(raw, headers=headers))[0] == 401


async def test_the_body_is_verified_before_it_is_read(stage: Stage) -> None:
    raw = orjson.dumps(stage.event("ContactDelete", id=ADA))
    same = orjson.dumps(orjson.loads(raw), option=orjson.OPT_INDENT_2)
    status, _ = await stage.post(same, headers={"X-GHL-Signature": stage.signer.sign(raw)})
    assert status == 401


async def test_without_keys_nothing_enters(tmp_path: Path) -> None:
    async with open_stage(tmp_path, keys=()) as stage:
        assert (await stage.post(stage.event("INSTALL")))[0] == 401


async def test_a_new_key_is_accepted_beside_the_old_one(tmp_path: Path) -> None:
    old, new = Signer(), Signer()
    async with open_stage(tmp_path, keys=(old.public_key, new.public_key)) as stage:
        for signer in (old, new):
            stage.signer = signer
            assert await stage.said(stage.event("ContactDelete", id=ADA)) == "accepted"


async def test_the_same_event_counts_once(stage: Stage) -> None:
    event = stage.event("ContactDelete", id=ADA)
    assert [await stage.said(event), await stage.said(event)] == ["accepted", "duplicate"]


async def test_it_counts_once_also_after_it_was_acted_on(stage: Stage) -> None:
    event = stage.event("ContactDelete", id=ADA)
    await stage.said(event)
    await stage.worker.work()
    assert await stage.said(event) == "duplicate"


async def test_it_counts_once_also_after_a_restart(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        event = stage.event("ContactDelete", id=ADA)
        await stage.said(event)
    async with open_stage(tmp_path) as stage:
        assert await stage.said(event) == "duplicate"


async def test_another_app_cannot_use_up_an_id(stage: Stage) -> None:
    event = stage.event("ContactDelete", id=ADA)
    assert await stage.said({**event, "appId": "another"}) == "ignored"
    assert await stage.said(event) == "accepted"


async def test_an_event_without_an_id_is_known_by_its_body(stage: Stage) -> None:
    event = stage.event("ContactDelete", id=ADA)
    del event["webhookId"]
    assert [await stage.said(event), await stage.said(event)] == ["accepted", "duplicate"]


async def test_a_repetition_with_the_time_it_first_had_is_taken(stage: Stage) -> None:
    assert await stage.said(stage.event("ContactDelete", id=ADA, ago_s=47 * HOUR_S)) == "accepted"


@pytest.mark.parametrize("hours", [49, -49])
async def test_an_event_of_another_time_is_acknowledged_and_nothing_else(stage: Stage, hours: int) -> None:
    assert await stage.said(stage.event("INSTALL", ago_s=hours * HOUR_S)) == "stale"
    assert (await stage.states(), stage.counted("INSTALL", "stale")) == ([], 1)


async def test_an_uninstallation_is_never_too_old(stage: Stage) -> None:
    assert await stage.said(stage.event("UNINSTALL", ago_s=1000 * HOUR_S)) == "accepted"


async def test_an_id_is_remembered_for_longer_than_its_event_is_taken(stage: Stage) -> None:
    ahead = stage.event("ContactDelete", id=ADA, ago_s=-47 * HOUR_S)
    await stage.said(ahead)
    await stage.worker.work()
    stage.clock.pass_s(94 * HOUR_S)
    assert await stage.said(ahead) == "duplicate"


async def test_a_type_that_we_do_nothing_with_is_only_remembered(stage: Stage) -> None:
    assert await stage.said(stage.event("InboundMessage", body="Hello")) == "ignored"
    (row,) = await stage.rows()
    assert (row.state, row.type, row.body, stage.counted("other", "ignored")) == (
        EventState.IGNORED,
        "InboundMessage",
        b"",
        1,
    )


@pytest.mark.parametrize("body", [b"not json", b"[]", b"{}", b'{"type": "ContactDelete", "locationId": "LocationOne"}'])
async def test_what_was_signed_and_not_understood_is_kept_for_a_person(stage: Stage, body: bytes) -> None:
    assert await stage.said(body) == "parked"
    (row,) = await stage.rows()
    assert (row.state, row.body, bool(row.reason)) == (EventState.PARKED, body, True)


async def test_our_own_note_is_not_even_kept(stage: Stage) -> None:
    body = "Outbound call · Connected\nCall ID: 4f1c"
    note = stage.event("NoteCreate", id="note", contactId=ADA, body=body)
    assert (await stage.said(note), await stage.states()) == ("echo", [])


async def test_a_body_of_the_largest_size_is_taken(stage: Stage) -> None:
    event = orjson.dumps(stage.event("ContactDelete", id=ADA))
    assert await stage.said(event + b" " * (LIMIT - len(event))) == "accepted"


async def test_a_larger_one_is_refused(stage: Stage) -> None:
    assert (await stage.post(b" " * (LIMIT + 1)))[0] == 413


async def test_nor_is_one_that_does_not_say_how_large_it_is(stage: Stage) -> None:
    async def pieces() -> object:
        for _ in range(6):
            yield b" " * (LIMIT // 5)

    async with stage.client.post("/crm/events", data=pieces()) as answer:
        assert answer.status == 413


async def test_a_full_disk_asks_to_come_again(tmp_path: Path) -> None:
    async with open_stage(tmp_path, max_pages=110) as stage:
        status, answers = 200, 0
        while status == 200 and answers < 100:
            status, _ = await stage.post(stage.event("ContactDelete", id=ADA, filling="x" * 50_000))
            answers += 1
        event = stage.event("ContactDelete", id=ADA, filling="x" * 50_000)
        async with stage.client.post(
            "/crm/events",
            data=orjson.dumps(event),
            headers={"X-GHL-Signature": stage.signer.sign(orjson.dumps(event))},
        ) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "60")
        assert stage.counted("ContactDelete", "not_taken") == 2


async def test_an_event_that_was_not_taken_is_no_duplicate_later(stage: Stage) -> None:
    event = stage.event("ContactDelete", id=ADA)
    arrival = Arrival(
        key=f"{APP}/{event['webhookId']}",
        type="ContactDelete",
        location=None,
        state=EventState.WAITING,
        at_ms=None,
        received_ms=stage.clock(),
        body=b"",
    )
    await stage.database.inbox.put(arrival, most=0)
    assert await stage.said(event) == "accepted"


async def test_what_cannot_be_unpacked_is_refused(stage: Stage) -> None:
    async with stage.client.post("/crm/events", data=b"no gzip", headers={"Content-Encoding": "gzip"}) as answer:
        assert answer.status == 400
