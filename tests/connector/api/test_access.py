"""Who gets in, with what, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.api.rate import Buckets, Rate, api_rate
from tests.connector.api.bench import NOW, OPERATOR, Bench, furnish, on_bench

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("key", [None, "", "wrong", "None", "rbk_x_y", f"rbk_{'0' * 16}_{'0' * 48}", "Bearer \udcff"])
async def test_nobody_gets_in_without_a_key(bench: Bench, key: str | None) -> None:
    told = await bench.ask("/deliveries", key=key)
    assert told.status == 401
    assert "WWW-Authenticate" in told.headers


async def test_a_key_needs_its_own_secret(bench: Bench) -> None:
    mine, other = bench.keys["LOC1"], bench.keys["LOC2"]
    mixed = "_".join([*mine.split("_")[:2], other.split("_")[2]])
    assert (await bench.ask("/deliveries", key=mixed)).status == 401


async def test_without_the_operators_key_only_keys_that_were_made_get_in(tmp_path: Path) -> None:
    async with on_bench(tmp_path, operator_key=None) as bench:
        await furnish(bench)
        assert (await bench.ask("/deliveries", key="None")).status == 401
        assert (await bench.ask("/deliveries", key="")).status == 401
        assert (await bench.ask("/deliveries", key="LOC1")).status == 200


async def test_a_revoked_key_opens_nothing_at_once(bench: Bench) -> None:
    assert (await bench.ask("/deliveries", key="LOC1")).status == 200
    await bench.database.access.revoke(bench.keys["LOC1"].split("_")[1], now_ms=NOW)
    assert (await bench.ask("/deliveries", key="LOC1")).status == 401


def stored_in(folder: Path) -> bytes:
    """All that the database's files hold."""
    return b"".join(path.read_bytes() for path in folder.glob("ringback.db*"))


async def test_the_secret_is_not_kept(bench: Bench, tmp_path: Path) -> None:
    stored = stored_in(tmp_path)
    _, key_id, secret = bench.keys["LOC1"].split("_")
    assert key_id.encode() in stored
    assert secret.encode() not in stored


async def test_the_last_use_is_kept_to_the_minute(bench: Bench) -> None:
    key_id = bench.keys["LOC1"].split("_")[1]

    async def used_ms() -> int | None:
        found = await bench.database.access.get(key_id)
        assert found is not None
        return found.used_ms

    assert await used_ms() is None
    await bench.ask("/deliveries", key="LOC1")
    assert await used_ms() == NOW
    bench.clock.now_ms += 59_999
    await bench.ask("/deliveries", key="LOC1")
    assert await used_ms() == NOW
    bench.clock.now_ms += 1
    await bench.ask("/deliveries", key="LOC1")
    assert await used_ms() == NOW + 60_000


async def test_a_key_that_asks_too_often_is_told_when_to_come_again(tmp_path: Path) -> None:
    async with on_bench(tmp_path, rate="2/10s") as bench:
        await furnish(bench)
        assert [(await bench.ask("/deliveries", key="LOC1")).status for _ in range(3)] == [200, 200, 429]
        told = await bench.ask("/deliveries", key="LOC1")
        assert told.headers["Retry-After"] == "5"
        bench.clock.now_ms += 5_000
        assert (await bench.ask("/deliveries", key="LOC1")).status == 200


async def test_one_keys_haste_is_nobody_elses(tmp_path: Path) -> None:
    async with on_bench(tmp_path, rate="1/1h") as bench:
        await furnish(bench)
        assert [(await bench.ask("/deliveries", key="LOC1")).status for _ in range(2)] == [200, 429]
        assert (await bench.ask("/deliveries", key="LOC2")).status == 200


async def test_the_operators_key_is_not_counted(tmp_path: Path) -> None:
    async with on_bench(tmp_path, rate="1/1h") as bench:
        assert [(await bench.ask("/deliveries", key=OPERATOR)).status for _ in range(3)] == [200] * 3


def test_a_bucket_never_holds_more_than_its_rate() -> None:
    now = [0.0]
    buckets = Buckets(Rate(3, 30), lambda: now[0])
    now[0] = 10_000
    assert [buckets.take("k") for _ in range(3)] == [0, 0, 0]
    assert buckets.take("k") == pytest.approx(10)


def test_a_refused_request_costs_nothing() -> None:
    now = [0.0]
    buckets = Buckets(Rate(1, 10), lambda: now[0])
    buckets.take("k")
    for _ in range(5):
        assert buckets.take("k") > 0
    now[0] = 10
    assert buckets.take("k") == 0


@pytest.mark.parametrize(
    ("text", "rate"), [("off", None), ("100/10s", (100, 10)), ("5/2m", (5, 120)), ("1/1h", (1, 3600))]
)
def test_a_rate_is_read(text: str, rate: tuple[int, int] | None) -> None:
    assert api_rate(text) == rate


@pytest.mark.parametrize("text", ["", "0/10s", "10/0s", "10/s", "ten/10s", "10/10d"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no rate"):
        api_rate(text)
