"""Addresses of stores."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.store import StoreError
from connector.store.open import open_store

if TYPE_CHECKING:
    from pathlib import Path


async def test_an_absolute_address(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/absolute.db")
    assert (tmp_path / "absolute.db").exists()
    await store.close()


async def test_a_relative_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    store = await open_store("sqlite:///relative.db")
    assert (tmp_path / "relative.db").exists()
    await store.close()


async def test_an_address_with_escapes(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/with%20space.db")
    assert (tmp_path / "with space.db").exists()
    await store.close()


async def test_exclusive_is_passed_on(tmp_path: Path) -> None:
    store = await open_store(f"sqlite:///{tmp_path}/ringback.db", exclusive=True)
    with pytest.raises(StoreError, match="in use"):
        await open_store(f"sqlite:///{tmp_path}/ringback.db", exclusive=True)
    await store.close()


async def test_postgresql_is_not_there_yet() -> None:
    with pytest.raises(StoreError, match="later version"):
        await open_store("postgresql://ringback@localhost/ringback")


@pytest.mark.parametrize(
    "url", ["", "memory:", "ringback.db", "sqlite:ringback.db", "sqlite://host/ringback.db", "sqlite:///"]
)
async def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(StoreError, match="must be"):
        await open_store(url)


async def test_a_refused_address_is_not_repeated() -> None:
    with pytest.raises(StoreError) as caught:
        await open_store("mysql://ringback:s3cret@localhost/ringback")
    assert "s3cret" not in str(caught.value)
