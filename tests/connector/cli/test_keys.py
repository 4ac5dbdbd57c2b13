"""`ringback keys`: how many and from where, never which; and sealing everything with the newest."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import pytest

from connector.store.open import open_store
from connector.store.sealed import START
from oauth.keeper import TOKEN
from oauth.standing import Kind, NewGrant, Standing, grant_name
from oauth.vault import Vault, generate_key, load_or_make_keys, place

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from connector.store.database import Database
    from tests.connector.cli.conftest import Command

T = TypeVar("T")
NOW = 1_790_000_000_000
COUNT = 120
"""More than a page."""


@pytest.fixture
def home(ringback: Command, tmp_path: Path) -> Path:
    """A database with many sealed tokens and a grant."""
    vault = Vault(load_or_make_keys(tmp_path / "ringback.db.keys"))

    async def fill(database: Database) -> None:
        for number in range(COUNT):
            sealed = {TOKEN: vault.seal(f"pit-{number}", bound_to=place(f"L{number}", TOKEN))}
            await database.put_location(f"L{number}", document=b"{}", secrets=sealed, now_ms=NOW)
        grant = vault.seal("a grant", bound_to=place("L1", grant_name(Kind.LOCATION)))
        new = NewGrant(kind=Kind.LOCATION, id="L1", company_id="C1", standing=Standing.ACTIVE, sealed=grant)
        await database.grants.put(new, expected=0, now_ms=NOW)

    del ringback  # it has set the folder
    within(tmp_path, fill)
    return tmp_path


def within(folder: Path, work: Callable[[Database], Awaitable[T]]) -> T:
    """Something done with the database."""

    async def run() -> T:
        database = await open_store(f"sqlite:///{folder / 'ringback.db'}")
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def opened(folder: Path, vault: Vault) -> list[str]:
    """Everything that is sealed, opened in its place."""

    async def everything(database: Database) -> list[str]:
        found, after = [], START
        while page := await database.sealed.page(limit=50, after=after):
            found += [vault.open(row.sealed, bound_to=row.bound_to) for row in page]
            after = page[-1].spot
        return found

    return within(folder, everything)


def test_show_says_how_much_each_key_seals(ringback: Command, home: Path) -> None:
    origin = str(home / "ringback.db.keys")
    assert ringback.json("keys", "show") == {
        "keys": [{"key": 1, "origin": origin, "seals": COUNT + 1}],
        "unopened": 0,
    }


def test_rotate_seals_everything_with_a_new_key(ringback: Command, home: Path) -> None:
    before = opened(home, Vault(load_or_make_keys(home / "ringback.db.keys")))
    code, told, trouble = ringback("keys", "rotate", "--new")
    assert (code, trouble) == (0, "")
    assert f"{COUNT + 1} sealed anew" in told
    newest, *older = load_or_make_keys(home / "ringback.db.keys")
    assert len(older) == 1
    assert opened(home, Vault([newest])) == before


def test_rotate_again_has_nothing_to_do(ringback: Command, home: Path) -> None:
    del home
    ringback("keys", "rotate", "--new")
    _, told, _ = ringback("keys", "rotate")
    assert f"0 sealed anew with the newest key, {COUNT + 1} were already" in told


def test_rotate_goes_on_where_it_was_stopped(ringback: Command, home: Path) -> None:
    ringback("keys", "rotate", "--new")
    vault = Vault(load_or_make_keys(home / "ringback.db.keys")[1:])

    async def undo(database: Database) -> None:
        sealed = {TOKEN: vault.seal("pit-7", bound_to=place("L7", TOKEN))}
        await database.put_location("L7", document=b"{}", secrets=sealed, now_ms=NOW)

    within(home, undo)
    _, told, _ = ringback("keys", "rotate")
    assert f"1 sealed anew with the newest key, {COUNT} were already" in told


def test_what_opens_with_no_key_is_left_and_told(ringback: Command, home: Path) -> None:
    other = Vault([generate_key()]).seal("pit-7", bound_to=place("L7", TOKEN))

    async def spoil(database: Database) -> None:
        await database.put_location("L7", document=b"{}", secrets={TOKEN: other}, now_ms=NOW)

    within(home, spoil)
    code, told, _ = ringback("keys", "rotate", "--new")
    assert code == 1
    assert "1 open with no key and were left" in told
    code, told, _ = ringback("keys", "show", "--json")
    assert code == 1
    assert '"unopened": 1' in told


def test_keys_from_the_environment_are_the_operators_to_change(
    ringback: Command, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = load_or_make_keys(home / "ringback.db.keys")[0]
    new = generate_key()
    monkeypatch.setenv("RINGBACK_SECRET_KEYS", f"{new},{old}")
    code, _, trouble = ringback("keys", "rotate", "--new")
    assert code == 2
    assert "RINGBACK_SECRET_KEYS" in trouble
    assert ringback("keys", "rotate")[0] == 0
    assert ringback.json("keys", "show")["keys"] == [
        {"key": 1, "origin": "RINGBACK_SECRET_KEYS", "seals": COUNT + 1},
        {"key": 2, "origin": "RINGBACK_SECRET_KEYS", "seals": 0},
    ]


def test_no_key_is_ever_printed(ringback: Command, home: Path) -> None:
    told = [ringback(*words) for words in (("keys", "rotate", "--new"), ("keys", "show"), ("keys", "show", "--json"))]
    for key in load_or_make_keys(home / "ringback.db.keys"):
        assert key not in str(told)


def test_what_serves_meanwhile_goes_on_and_takes_the_new_key(ringback: Command, home: Path) -> None:
    serving = Vault(load_or_make_keys(home / "ringback.db.keys"), lambda: load_or_make_keys(home / "ringback.db.keys"))
    before = opened(home, serving)
    ringback("keys", "rotate", "--new")
    assert opened(home, serving) == before
    newest = load_or_make_keys(home / "ringback.db.keys")[0]
    assert Vault([newest]).open(serving.seal("next", bound_to="x"), bound_to="x") == "next"
