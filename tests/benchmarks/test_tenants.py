"""Sub-accounts written straight into a database are those the service opens."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from benchmarks.tenants import register
from connector.locations import Location, StoredSecrets, open_location
from connector.store.open import open_store
from oauth.keeper import Keeper
from oauth.vault import Vault, load_or_make_keys

NAMES = ("LOC-000", "LOC-001", "LOC-002")


@pytest.fixture
def database(tmp_path: Path) -> Path:
    file = tmp_path / "b.db"
    register(file, NAMES, secret="s")
    return file


async def opened(database: Path) -> tuple[list[Location], list[str]]:
    """The sub-accounts and their CRM tokens, as the service would open them."""
    vault = Vault(load_or_make_keys(Path(f"{database}.keys")))
    store = await open_store(f"sqlite:///{database}")
    try:
        locations = [open_location(row, vault) for row in await store.list_locations()]
        keeper = Keeper(StoredSecrets(store), vault)
        return locations, [await keeper.access_token(location.id) for location in locations]
    finally:
        await store.close()


def test_each_opens_with_the_trunks_secret(database: Path) -> None:
    locations = asyncio.run(opened(database))[0]
    assert [(one.id, one.credentials["generic"].secrets) for one in locations] == [(name, ("s",)) for name in NAMES]


def test_each_has_its_own_id_as_its_token(database: Path) -> None:
    assert asyncio.run(opened(database))[1] == list(NAMES)
