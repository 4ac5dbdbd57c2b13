"""`ringback keys show|rotate`: the keys that seal tokens and secrets, and sealing everything anew. Never the keys."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Final, TypeVar

from connector.cli import out
from connector.errors import RingbackError
from connector.keys import ENVIRONMENT, add_new_key, key_file, open_vault
from connector.settings import load
from connector.store import StoreError
from connector.store.open import open_store
from connector.store.sealed import START
from oauth.vault import VaultError

if TYPE_CHECKING:
    import argparse
    from collections.abc import AsyncIterator, Awaitable, Callable

    from connector.settings import Settings
    from connector.store.sealed import Sealed, SealedRow
    from oauth.vault import Vault

T = TypeVar("T")

PAGE: Final = 100
ROUNDS: Final = 3
"""How often what serves may have sealed something with an older key while this was at work."""


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    verbs = command.add_subparsers(dest="verb", required=True, metavar="VERB")
    show = verbs.add_parser("show", help="how many keys there are, where from, and how much each of them seals")
    show.add_argument("--json", action="store_true", help="as JSON")
    show.set_defaults(run=run_show)
    rotate = verbs.add_parser("rotate", help="seal everything with the newest key; safe while it serves, or again")
    rotate.add_argument("--new", action="store_true", help="add a new key to the key file first")
    rotate.set_defaults(run=run_rotate)


def run_show(args: argparse.Namespace) -> int:
    """Count; exit code 1 if something does not open."""
    settings = load()
    vault = open_vault(settings)
    counted = asyncio.run(_with_database(settings, vault, _counted))
    origin = _origin(settings)
    shown = [
        {"key": position, "origin": origin, "seals": counted[position]} for position in range(1, vault.key_count + 1)
    ]
    if args.json:
        out.as_json({"keys": shown, "unopened": counted[None]})
    else:
        out.table(["KEY", "SEALS", "ORIGIN"], [[one["key"], one["seals"], one["origin"]] for one in shown])
        if counted[None]:
            out.line(f"{counted[None]} sealed values open with none of them: put back the key they were sealed with")
    return int(bool(counted[None]))


def run_rotate(args: argparse.Namespace) -> int:
    """Seal anew; exit code 1 if something does not open."""
    settings = load()
    vault = add_new_key(settings) if args.new else open_vault(settings)
    if args.new:
        out.line(f"a new key was put first in {_origin(settings)}: {vault.key_count} keys now")
    done = asyncio.run(_with_database(settings, vault, _rotated))
    out.line(f"{done['anew']} sealed anew with the newest key, {done['already']} were already")
    if done["unopened"]:
        out.line(f"{done['unopened']} open with no key and were left: put back the key they were sealed with")
    elif vault.key_count > 1:
        out.line("the older keys open nothing that is kept here any more; keep them for as long as you keep backups")
    return int(bool(done["unopened"]))


async def _with_database(settings: Settings, vault: Vault, work: Callable[[Sealed, Vault], Awaitable[T]]) -> T:
    try:
        store = await open_store(settings.database_url)
        try:
            return await work(store.sealed, vault)
        finally:
            await store.close()
    except StoreError as error:
        raise RingbackError(
            f"The database cannot be used: {error}.",
            means="what was sealed anew is kept; the rest opens with the keys it had, which are all still there.",
            do="run `ringback doctor`, then this again.",
        ) from error


async def _pages(sealed: Sealed) -> AsyncIterator[list[SealedRow]]:
    after = START
    while page := await sealed.page(limit=PAGE, after=after):
        yield page
        after = page[-1].spot


async def _counted(sealed: Sealed, vault: Vault) -> Counter[int | None]:
    counted: Counter[int | None] = Counter()
    async for page in _pages(sealed):
        counted.update(vault.sealed_with(row.sealed) for row in page)
    return counted


async def _rotated(sealed: Sealed, vault: Vault) -> Counter[str]:
    """Round by round, until one finds nothing more to do: what serves may seal with an older key for a moment."""
    first = done = await _round(sealed, vault)
    for _ in range(ROUNDS):
        if not done["anew"]:
            break
        done = await _round(sealed, vault)
        first["anew"] += done["anew"]
        first["unopened"] = done["unopened"]
    return first


async def _round(sealed: Sealed, vault: Vault) -> Counter[str]:
    done: Counter[str] = Counter()
    async for page in _pages(sealed):
        done += await _anew(sealed, vault, page)
    return done


async def _anew(sealed: Sealed, vault: Vault, page: list[SealedRow]) -> Counter[str]:
    done: Counter[str] = Counter()
    changes = []
    for row in page:
        if vault.sealed_with(row.sealed) == 1:
            done["already"] += 1
            continue
        try:
            changes.append((row, vault.rotate(row.sealed, bound_to=row.bound_to)))
        except VaultError:
            done["unopened"] += 1
    done["anew"] = await sealed.replace(changes) if changes else 0
    return done


def _origin(settings: Settings) -> str:
    path = key_file(settings)
    return ENVIRONMENT if path is None else str(path)
