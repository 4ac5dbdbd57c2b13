"""Sub-accounts written straight into a database: a hundred CLI calls would take a minute."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from connector.clock import now_ms
from connector.locations import LocationConfig, TrunkConfig, seal_trunk, secret_name
from connector.store.open import open_store
from mappings.rules import read_book
from oauth.keeper import TOKEN
from oauth.vault import Vault, load_or_make_keys, place

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.store import Store

_TRUNK = "generic"
_BOOK = read_book("""
version = 1
name = "note, tag, enrol"

[[rules]]
name = "every call"
do = [{ kind = "note" }, { kind = "add_tags", tags = ["call-{disposition}"] }]

[[rules]]
name = "no answer"
when = { disposition = "No Answer" }
do = [{ kind = "enrol", workflow = "no_answer" }]
""")
"""What the flows that we are compared with do, no more: the shipped book makes a task besides, and counts attempts."""
_CONFIG = LocationConfig(trunks={_TRUNK: TrunkConfig()}, workflows={"no_answer": "W"}, book=_BOOK)
_DOCUMENT = _CONFIG.document()


def register(database: Path, locations: Sequence[str], *, secret: str) -> None:
    """Make the database and its keys, with these sub-accounts; the CRM token of each is its own id."""
    asyncio.run(_register(database, locations, secret))


async def _register(database: Path, locations: Sequence[str], secret: str) -> None:
    vault = Vault(load_or_make_keys(Path(f"{database}.keys")))  # where the service looks for them
    store = await open_store(f"sqlite:///{database}")
    try:
        await asyncio.gather(*(_put(store, vault, location, secret) for location in locations))
    finally:
        await store.close()


async def _put(store: Store, vault: Vault, location: str, secret: str) -> None:
    sealed = {
        TOKEN: vault.seal(location, bound_to=place(location, TOKEN)),
        secret_name(_TRUNK): seal_trunk(vault, location, _TRUNK, (secret,)),
    }
    await store.put_location(location, document=_DOCUMENT, secrets=sealed, now_ms=now_ms())
