"""`ringback replay`: what is parked or quarantined is listed with its reason and can be brought back."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import orjson

from connector.store import Ending, NewEvent, NewQuarantine, State
from connector.store.open import open_store
from tests.connector.door import payload

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

ADD = ("location", "add", "LOC", "--token", "t", "--trunk", "generic", "--secret", "s")


async def _leave(database: Path, body: bytes) -> None:
    """One parked delivery and one quarantined request."""
    store = await open_store(f"sqlite:///{database}")
    event = NewEvent(
        location="LOC", trunk="generic", call_id="old", event="completed", lane="x", call=b"{}", received_ms=1
    )
    await store.record([event])
    (held,) = await store.claim("test", now_ms=2, lease_ms=1000, limit=1, per_location=1)
    await store.write_down(held.lease, now_ms=3, ending=Ending(State.PARKED, "the CRM refused it"))
    await store.quarantine(
        NewQuarantine(
            location="LOC",
            trunk="generic",
            method="POST",
            url="http://localhost/hooks/LOC/generic",
            headers={"content-type": "application/json"},
            body=body,
            reason="there is no call in it",
            received_ms=1_790_000_000_000,
        )
    )
    await store.close()


def test_both_kinds_are_listed_with_their_reasons(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    asyncio.run(_leave(tmp_path / "ringback.db", b"{}"))
    rows = ringback.json("replay", "--list")
    assert [(row["id"][0], row["state"], row["reason"]) for row in rows] == [
        ("d", "parked", "the CRM refused it"),
        ("q", "quarantined", "there is no call in it"),
    ]
    assert len(ringback.json("replay", "--list", "--reason", "refused")) == 1
    assert ringback.json("replay", "--list", "--location", "OTHER") == []


def test_a_parked_delivery_waits_again(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    asyncio.run(_leave(tmp_path / "ringback.db", b"{}"))
    ident = ringback.json("replay", "--list")[0]["id"]
    assert ringback("replay", "--id", ident)[0] == 0
    assert [row["state"] for row in ringback.json("replay", "--list")] == ["quarantined"]
    assert ringback.json("location", "show", "LOC")["waiting"] == 1


def test_a_quarantined_call_that_is_understood_now_is_recorded_once(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    asyncio.run(_leave(tmp_path / "ringback.db", orjson.dumps(payload("new"))))
    ident = ringback.json("replay", "--list")[1]["id"]
    assert ringback("replay", "--id", ident)[0] == 0
    assert ringback("replay", "--id", ident)[0] == 1
    assert ringback.json("location", "show", "LOC")["waiting"] == 1


def test_what_is_still_not_understood_stays(ringback: Command, tmp_path: Path) -> None:
    ringback(*ADD)
    asyncio.run(_leave(tmp_path / "ringback.db", b"{}"))
    code, told, trouble = ringback("replay", "--all")
    assert code == 1
    assert "still not understood" in told
    assert "1 of 2" in trouble
    assert [row["state"] for row in ringback.json("replay", "--list")] == ["quarantined"]


def test_a_wrong_id_is_exit_code_2(ringback: Command) -> None:
    assert ringback("replay", "--id", "seven")[0] == 2
