"""The grants: compare-and-set, leases that fence, agencies and their sub-accounts, counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.store.sqlite import SqliteStore
from oauth.standing import Back, Kind, Lease, Standing
from tests.connector.store.grants import ACTIVE, NOW, UNTIL, due, install, lease, pair, row

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


async def test_what_was_never_installed_is_none(database: Database) -> None:
    assert await database.grants.get(Kind.LOCATION, "L1") is None


async def test_an_installed_grant_is_kept_whole(database: Database) -> None:
    assert await install(database, due_ms=NOW + 5)
    found = await row(database)
    assert (found.kind, found.id, found.company_id, found.standing) == (Kind.LOCATION, "L1", "C1", ACTIVE)
    assert (found.sealed, found.scope, found.due_ms, found.version) == (b"pair-1", "a b", NOW + 5, 1)
    assert (found.installed_ms, found.standing_ms) == (NOW, NOW)


async def test_an_agency_and_a_sub_account_of_one_id_are_two(database: Database) -> None:
    await install(database, "X", kind=Kind.COMPANY)
    assert await database.grants.get(Kind.LOCATION, "X") is None


async def test_only_who_read_the_newest_version_may_put(database: Database) -> None:
    assert await install(database)
    assert not await install(database)
    assert await install(database, expected=1)
    assert not await install(database, expected=1)
    assert (await row(database)).version == 2


async def test_a_lease_has_one_holder(database: Database) -> None:
    await install(database)
    await lease(database)
    assert await database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW + 19_999, until_ms=UNTIL) is None


async def test_of_many_that_ask_at_once_one_gets_the_lease(database: Database) -> None:
    await install(database)
    got = await asyncio.gather(
        *(database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=UNTIL) for _ in range(20))
    )
    assert sum(one is not None for one in got) == 1


async def test_a_lease_that_ran_out_is_for_the_next(database: Database) -> None:
    await install(database)
    first, second = await lease(database), await lease(database, now_ms=UNTIL)
    assert second.lease.token > first.lease.token


async def test_what_is_not_there_or_removed_has_no_lease(database: Database) -> None:
    assert await database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=UNTIL) is None
    await install(database)
    await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW, now_ms=NOW)
    assert await database.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=UNTIL) is None


async def test_a_new_pair_is_committed_and_frees_the_lease(database: Database) -> None:
    await install(database)
    leased = await lease(database)
    assert await database.grants.commit(leased.lease, pair(), now_ms=NOW + 1)
    found = await row(database)
    assert (found.sealed, found.scope, found.expires_ms, found.due_ms) == (b"pair-2", "a", NOW + 99, NOW + 9)
    assert (found.version, found.installed_ms, found.standing_ms) == (2, NOW, NOW)
    await lease(database)


async def test_a_stalled_holder_cannot_overwrite_what_another_brought(database: Database) -> None:
    await install(database)
    stalled = await lease(database)
    other = await lease(database, now_ms=UNTIL)
    assert await database.grants.commit(other.lease, pair(b"newest"), now_ms=UNTIL)
    assert not await database.grants.commit(stalled.lease, pair(b"stale"), now_ms=UNTIL + 1)
    assert (await row(database)).sealed == b"newest"


async def test_a_stalled_holder_brings_home_the_only_pair_there_is(database: Database) -> None:
    await install(database)
    stalled = await lease(database)
    other = await lease(database, now_ms=UNTIL)
    refused = Back(standing=Standing.NEEDS_RECONNECT, reason="refused")
    assert await database.grants.give_back(other.lease, refused, now_ms=UNTIL)
    assert await database.grants.commit(stalled.lease, pair(), now_ms=UNTIL + 1)
    found = await row(database)
    assert (found.standing, found.sealed, found.reason) == (ACTIVE, b"pair-2", None)


async def test_who_was_refused_after_another_brought_a_pair_says_nothing(database: Database) -> None:
    await install(database)
    stalled = await lease(database)
    other = await lease(database, now_ms=UNTIL)
    await database.grants.commit(other.lease, pair(), now_ms=UNTIL)
    refused = Back(standing=Standing.NEEDS_RECONNECT, reason="refused")
    assert not await database.grants.give_back(stalled.lease, refused, now_ms=UNTIL)
    assert (await row(database)).standing is ACTIVE


async def test_a_new_install_beats_a_refresh_under_way(database: Database) -> None:
    await install(database)
    leased = await lease(database)
    assert await install(database, expected=1)
    assert not await database.grants.commit(leased.lease, pair(), now_ms=NOW)
    assert (await row(database)).sealed == b"pair-1"


async def test_a_refresh_does_not_bring_back_what_was_uninstalled(database: Database) -> None:
    await install(database)
    leased = await lease(database)
    await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW, now_ms=NOW)
    assert not await database.grants.commit(leased.lease, pair(), now_ms=NOW)
    assert (await row(database)).sealed is None


async def test_a_lease_given_back_says_why_and_counts_failures(database: Database) -> None:
    await install(database)
    for failures in (1, 2):
        leased = await lease(database)
        back = Back(reason="down", due_ms=NOW + 7, failed=True)
        assert await database.grants.give_back(leased.lease, back, now_ms=NOW)
        found = await row(database)
        assert (found.reason, found.due_ms, found.failures, found.standing) == ("down", NOW + 7, failures, ACTIVE)


async def test_only_the_holder_gives_it_back(database: Database) -> None:
    await install(database)
    leased = await lease(database)
    assert not await database.grants.give_back(Lease(Kind.LOCATION, "L1", 99, 1), Back(), now_ms=NOW)
    assert await database.grants.give_back(leased.lease, Back(), now_ms=NOW)
    assert not await database.grants.give_back(leased.lease, Back(), now_ms=NOW)


async def test_what_is_due_is_taken_the_longest_due_first(database: Database) -> None:
    for grant_id, due_ms in (("b", NOW - 1), ("a", NOW), ("c", NOW - 2), ("later", NOW + 1), ("never", None)):
        await install(database, grant_id, due_ms=due_ms)
    assert await due(database, ACTIVE, limit=2) == ["c", "b"]
    assert await due(database, ACTIVE) == ["a"]
    assert await due(database, ACTIVE) == []


async def test_a_lease_that_ran_out_falls_due(database: Database) -> None:
    await install(database)
    await lease(database)
    assert await due(database, ACTIVE, UNTIL - 1) == []
    assert await due(database, ACTIVE, UNTIL) == ["L1"]


async def test_the_leases_of_a_dead_process_fall_due_at_once(database: Database) -> None:
    await install(database)
    await lease(database)
    assert await database.grants.lapse(now_ms=NOW + 1) == 1
    assert await due(database, ACTIVE, NOW + 1) == ["L1"]
    await install(database, "L2")
    assert await database.grants.lapse(now_ms=UNTIL) == 1


async def test_leases_outlive_the_process(tmp_path: Path) -> None:
    before = await SqliteStore.open(tmp_path / "ringback.db")
    await install(before)
    await lease(before)
    await before.close()
    after = await SqliteStore.open(tmp_path / "ringback.db")
    assert await after.grants.lease(Kind.LOCATION, "L1", now_ms=NOW, until_ms=UNTIL) is None
    await after.close()


async def test_sub_accounts_wait_for_their_agency(database: Database) -> None:
    assert await database.grants.want(["L1", "L2"], company_id="C1", at_ms=NOW, now_ms=NOW) == 2
    assert await due(database, Standing.WANTED) == []
    await install(database, "C1", kind=Kind.COMPANY)
    assert sorted(await due(database, Standing.WANTED)) == ["L1", "L2"]


async def test_sub_accounts_of_an_active_agency_are_due_at_once(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY)
    await database.grants.want(["L1"], company_id="C1", at_ms=NOW, now_ms=NOW)
    assert await due(database, Standing.WANTED) == ["L1"]


async def test_an_unconfirmed_agency_mints_nothing_until_it_is_confirmed(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY, standing=Standing.UNCONFIRMED)
    await database.grants.want(["L1"], company_id="C1", at_ms=NOW, now_ms=NOW)
    assert await due(database, Standing.WANTED) == []
    assert await database.grants.confirm(Kind.COMPANY, "C1", now_ms=NOW)
    assert await due(database, Standing.WANTED) == ["L1"]


async def test_a_wanted_sub_account_learns_its_agency(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY)
    await database.grants.want(["L1"], company_id=None, at_ms=NOW, now_ms=NOW)
    assert await due(database, Standing.WANTED) == []
    assert await database.grants.want(["L1"], company_id="C1", at_ms=NOW, now_ms=NOW) == 0
    assert await due(database, Standing.WANTED) == ["L1"]


@pytest.mark.parametrize("standing", [ACTIVE, Standing.UNCONFIRMED, Standing.PAUSED, Standing.NEEDS_RECONNECT])
async def test_wanting_changes_nothing_that_is_there(database: Database, standing: Standing) -> None:
    await install(database, standing=standing)
    assert await database.grants.want(["L1"], company_id="C1", at_ms=NOW + 1, now_ms=NOW + 1) == 0
    assert (await row(database)).standing is standing


async def test_what_was_removed_is_wanted_again_by_a_later_install_only(database: Database) -> None:
    await install(database)
    await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW + 5, now_ms=NOW + 6)
    assert await database.grants.want(["L1"], company_id="C1", at_ms=NOW + 5, now_ms=NOW + 7) == 0
    assert await database.grants.want(["L1"], company_id="C1", at_ms=NOW + 8, now_ms=NOW + 9) == 1
    assert (await row(database)).standing is Standing.WANTED


async def test_a_minted_pair_makes_a_wanted_one_active(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY)
    await database.grants.want(["L1"], company_id="C1", at_ms=NOW, now_ms=NOW)
    (leased,) = await database.grants.take(Standing.WANTED, now_ms=NOW, until_ms=UNTIL, limit=1)
    assert await database.grants.commit(leased.lease, pair(), now_ms=NOW + 3)
    found = await row(database)
    assert (found.standing, found.standing_ms) == (ACTIVE, NOW + 3)


async def test_a_refresh_does_not_confirm_anything(database: Database) -> None:
    await install(database, standing=Standing.UNCONFIRMED)
    leased = await lease(database)
    await database.grants.commit(leased.lease, pair(), now_ms=NOW)
    assert (await row(database)).standing is Standing.UNCONFIRMED


async def test_only_an_unconfirmed_grant_is_confirmed_and_its_pair_stays(database: Database) -> None:
    await install(database, standing=Standing.UNCONFIRMED)
    leased = await lease(database)
    assert await database.grants.confirm(Kind.LOCATION, "L1", now_ms=NOW)
    assert not await database.grants.confirm(Kind.LOCATION, "L1", now_ms=NOW)
    assert await database.grants.commit(leased.lease, pair(), now_ms=NOW)


async def test_what_was_uninstalled_keeps_no_token(database: Database) -> None:
    await install(database)
    assert await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW + 3, now_ms=NOW + 4)
    found = await row(database)
    assert (found.standing, found.standing_ms, found.sealed, found.scope) == (Standing.REMOVED, NOW + 3, None, None)
    assert not await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW + 3, now_ms=NOW + 4)


async def test_a_late_word_of_an_earlier_uninstall_changes_nothing(database: Database) -> None:
    await install(database)
    assert not await database.grants.remove(Kind.LOCATION, "L1", at_ms=NOW - 1, now_ms=NOW)
    assert (await row(database)).standing is ACTIVE


async def test_an_agency_goes_with_its_sub_accounts_and_no_others(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY)
    await install(database, "L1")
    await install(database, "later", now_ms=NOW + 50)
    await database.grants.want(["other"], company_id="C2", at_ms=NOW, now_ms=NOW)
    assert await database.grants.remove_company("C1", at_ms=NOW + 9, now_ms=NOW + 9) == 2
    standings = {one.id: one.standing for one in await database.grants.page()}
    assert standings == {"C1": Standing.REMOVED, "L1": Standing.REMOVED, "later": ACTIVE, "other": Standing.WANTED}


async def test_lists_are_pages_in_order(database: Database) -> None:
    await install(database, "C1", kind=Kind.COMPANY)
    for location in ("b", "a", "c"):
        await install(database, location)
    grants = database.grants
    assert [one.id for one in await grants.of_company("C1", limit=2)] == ["a", "b"]
    assert [one.id for one in await grants.of_company("C1", after="b")] == ["c"]
    assert [one.id for one in await grants.page(limit=2)] == ["C1", "a"]
    assert [one.id for one in await grants.page(after=("Location", "a"))] == ["b", "c"]
    assert [one.id for one in await grants.page(kind=Kind.COMPANY)] == ["C1"]
    assert [one.id for one in await grants.page(kind=Kind.LOCATION, after=("Location", "b"))] == ["c"]


async def test_counts_follow_every_change(database: Database) -> None:
    grants = database.grants
    await install(database, "C1", kind=Kind.COMPANY)
    await install(database, "L1")
    await grants.want(["L2", "L3"], company_id="C1", at_ms=NOW, now_ms=NOW)
    await grants.want(["L4"], company_id=None, at_ms=NOW, now_ms=NOW)
    await grants.remove(Kind.LOCATION, "L1", at_ms=NOW, now_ms=NOW)
    (leased, *_) = await grants.take(Standing.WANTED, now_ms=NOW, until_ms=UNTIL, limit=1)
    await grants.commit(leased.lease, pair(), now_ms=NOW)
    assert {**await grants.counts()} == {
        Standing.WANTED: 2,
        ACTIVE: 1,
        Standing.UNCONFIRMED: 0,
        Standing.PAUSED: 0,
        Standing.NEEDS_RECONNECT: 0,
        Standing.REMOVED: 1,
    }
    assert (await grants.counts("C1"))[Standing.WANTED] == 1
    await grants.want(["L4"], company_id="C1", at_ms=NOW, now_ms=NOW)
    assert (await grants.counts("C1"))[Standing.WANTED] == 2
