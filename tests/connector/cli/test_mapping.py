"""A trunk of one's own, described in a file: tried with `explain`, kept with the sub-account, taken by the webhook."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import orjson
import pytest

from connector.locations import LocationConfig, TrunkConfig, seal_trunk, secret_name
from tests.connector.door import SECRET, open_door

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

MAPPING = """
name = "our-dialer"
title = "Our dialer"
auth = { scheme = "bearer" }
[event]
path = "kind"
completed = ["hangup"]
[fields]
call_id = "call.id"
from = "call.caller"
to = "call.callee"
end = "ended_at"
cause = "why"
[causes]
"nobody home" = "No Answer"
[constants]
direction = "outbound"
"""
BODY = {
    "kind": "hangup",
    "call": {"id": "x-1", "caller": "+14155550100", "callee": "+14155550111"},
    "ended_at": "2026-11-23T10:00:25Z",
    "why": "nobody home",
}


def test_a_mapping_is_tried_with_explain(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text(MAPPING)
    (tmp_path / "call.json").write_bytes(orjson.dumps(BODY))
    told = ringback.json("explain", "--mapping", "dialer.toml", "call.json")
    (call,) = told["calls"]
    assert (call["trunk"], call["call_id"], call["disposition"]) == ("our-dialer", "x-1", "No Answer")


def test_a_mapping_that_is_none_names_its_wrong_fields(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text(MAPPING.replace('scheme = "bearer"', 'scheme = "magic"'))
    (tmp_path / "call.json").write_bytes(orjson.dumps(BODY))
    code, _, trouble = ringback("explain", "--mapping", "dialer.toml", "call.json")
    assert code == 2
    assert "auth" in trouble


def test_a_mapping_is_kept_with_the_sub_account_and_replaced_by_name(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text(MAPPING)
    words = ("--token", "t", "--mapping", "dialer.toml", "--secret", "s")
    code, told, _ = ringback("location", "add", "LOC", *words)
    assert code == 0
    assert "/hooks/LOC/our-dialer" in told
    (tmp_path / "dialer.toml").write_text(MAPPING.replace("Our dialer", "Dialer two"))
    assert ringback("location", "set", "LOC", "--mapping", "dialer.toml")[0] == 0
    config = ringback.json("location", "show", "LOC")["config"]
    assert [one["title"] for one in config["custom_trunks"]] == ["Dialer two"]
    assert list(config["trunks"]) == ["our-dialer"]


def test_a_mapping_cannot_take_the_name_of_a_trunk_that_is_there(ringback: Command, tmp_path: Path) -> None:
    (tmp_path / "dialer.toml").write_text(MAPPING.replace("our-dialer", "twilio"))
    code, _, trouble = ringback("location", "add", "LOC", "--token", "t", "--mapping", "dialer.toml")
    assert code == 2
    assert "another name" in trouble


@pytest.mark.parametrize(("secret", "status"), [(SECRET, 200), ("wrong", 401)])
async def test_its_calls_are_taken_by_the_webhook(tmp_path: Path, secret: str, status: int) -> None:
    async with open_door(tmp_path) as door:
        vault = door.service.locations._vault  # noqa: SLF001 - the installation's own
        config = LocationConfig(
            trunks={"our-dialer": TrunkConfig()},
            custom_trunks=(tomllib.loads(MAPPING),),
        )
        await door.service.store.put_location(
            "LOC",
            document=config.model_dump_json(exclude_none=True).encode(),
            secrets={secret_name("our-dialer"): seal_trunk(vault, "LOC", "our-dialer", (SECRET,))},
            now_ms=2,
        )
        await door.service.locations.refresh()
        answer, _ = await door.post(BODY, path="/hooks/LOC/our-dialer", headers={"Authorization": f"Bearer {secret}"})
        assert answer == status
        assert len(await door.kept()) == (1 if status == 200 else 0)
