"""A grant is renewed when it needs it, once, and a rotated token is never lost."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from connector.store import StoreFullError
from oauth.keeper import NoTokenError
from oauth.refusal import LaterError
from oauth.standing import LEASE_MS, Kind
from oauth.vault import Vault, generate_key

if TYPE_CHECKING:
    from oauth.standing import Lease, NewPair
    from tests.oauth.conftest import Home

DAY_S = 86_400
LEASE_S = LEASE_MS / 1000


async def test_a_fresh_grant_is_used_as_it_is(home: Home) -> None:
    token = await home.install()
    assert await home.keeper.access_token("L1") == token
    assert home.issuer.counts["refreshes"] == 0


async def test_a_fresh_token_is_read_from_the_store_once(home: Home) -> None:
    await home.install()
    token = await home.keeper.access_token("L1")
    await home.database.grants.remove(Kind.LOCATION, "L1", at_ms=home.clock(), now_ms=home.clock())
    assert await home.keeper.access_token("L1") == token


async def test_it_is_refreshed_ahead_of_its_end(home: Home) -> None:
    token = await home.install()
    home.clock.pass_s(0.74 * DAY_S)
    assert await home.keeper.access_token("L1") == token
    home.clock.pass_s(0.17 * DAY_S)
    assert await home.keeper.access_token("L1") != token
    assert await home.works()
    assert home.issuer.counts["refreshes"] == 1


async def test_many_that_were_installed_at_once_do_not_all_refresh_at_once(home: Home) -> None:
    locations = [f"L{number}" for number in range(40)]
    for location in locations:
        await home.install(location)
    home.clock.pass_s(0.825 * DAY_S)
    for location in locations:
        await home.keeper.access_token(location)
    assert 5 < home.issuer.counts["refreshes"] < 35


async def test_an_expired_one_is_refreshed_before_it_is_handed_out(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    assert await home.works()


async def test_a_token_is_not_sent_in_its_last_seconds(home: Home) -> None:
    await home.install()
    home.clock.pass_s(DAY_S - 15)
    home.issuer.faults.append((503, "away"))
    home.issuer.faults.append((503, "away"))
    with pytest.raises(LaterError):
        await home.keeper.access_token("L1")


async def test_of_many_that_ask_at_once_one_refreshes(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    tokens = await asyncio.gather(*(home.keeper.access_token("L1") for _ in range(50)))
    assert len(set(tokens)) == 1
    assert len(home.issuer.requests) == 1


async def test_of_many_processes_one_refreshes(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    keepers = [home.another() for _ in range(8)]
    tokens = await asyncio.gather(*(keeper.access_token("L1") for keeper in keepers))
    assert len(set(tokens)) == 1
    assert len(home.issuer.requests) == 1


async def test_the_new_pair_is_on_disk_before_it_is_used(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    token = await home.keeper.access_token("L1")
    assert await home.another().access_token("L1") == token
    assert home.issuer.counts["refreshes"] == 1


class FullDisk:
    """The grants of a store whose disk is full for so many commits."""

    def __init__(self, grants: Any, times: int) -> None:
        self._grants = grants
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._grants, name)

    async def commit(self, lease: Lease, pair: NewPair, *, now_ms: int) -> bool:
        self.left -= 1
        if self.left >= 0:
            raise StoreFullError("disk full")
        return bool(await self._grants.commit(lease, pair, now_ms=now_ms))


async def test_a_full_disk_is_waited_for_with_the_pair_in_hand(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    disk = FullDisk(home.database.grants, 10)
    token = await home.another(grants=disk).access_token("L1")
    assert disk.left == -1
    assert (await home.row()).version == 2
    assert home.issuer.accepts("L1", token)


async def test_what_could_not_be_written_down_is_not_used(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    with pytest.raises(StoreFullError):
        await home.another(grants=FullDisk(home.database.grants, 1000)).access_token("L1")
    assert (await home.row()).version == 1


async def test_who_is_cancelled_does_not_stop_the_refresh(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.hold = asyncio.Event()
    impatient = asyncio.create_task(home.keeper.access_token("L1"))
    await home.issuer.reached.wait()
    impatient.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await impatient
    home.issuer.hold.set()
    await home.keeper.settle()
    assert (await home.row()).version == 2


async def test_a_lost_answer_is_asked_for_again_at_once(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append("lost")
    assert await home.works()
    assert (home.issuer.counts["repeats"], home.issuer.counts["lost"]) == (1, 0)


async def test_what_a_dead_process_did_not_commit_is_asked_for_again_in_time(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.extend(["lost", "lost"])
    with pytest.raises(LaterError):  # as if it had died: the pair is with the CRM only
        await home.keeper.access_token("L1")
    await home.lease()
    home.clock.pass_s(LEASE_S)
    assert await home.another().tend() == 1
    assert await home.works()
    assert home.issuer.counts["lost"] == 0


async def test_a_new_process_takes_over_at_once(home: Home) -> None:
    await home.install()
    await home.lease()
    keeper = home.another()
    assert await keeper.tend() == 0
    assert await keeper.take_over() == 1
    assert await keeper.tend() == 1
    assert home.issuer.counts["refreshes"] == 1


async def test_who_waits_for_another_process_takes_what_it_brings(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.hold = asyncio.Event()
    first = asyncio.create_task(home.keeper.access_token("L1"))
    await home.issuer.reached.wait()
    second = asyncio.create_task(home.another().access_token("L1"))
    await home.clock.slept.wait()
    home.issuer.hold.set()
    assert await first == await second
    assert len(home.issuer.requests) == 1


async def test_who_waits_for_a_dead_process_goes_on_when_its_lease_is_over(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    await home.lease()
    began_ms = home.clock()
    assert await home.works()
    assert 0.9 * LEASE_MS < home.clock() - began_ms < 1.1 * LEASE_MS


async def test_while_the_old_token_works_nobody_waits_for_another_process(home: Home) -> None:
    token = await home.install()
    home.clock.pass_s(0.95 * DAY_S)
    await home.lease()
    assert await home.another(patience_s=0).access_token("L1") == token


async def test_a_token_the_crm_does_not_accept_is_replaced(home: Home) -> None:
    token = await home.install()
    newer = await home.keeper.newer_than("L1", token)
    assert newer not in {None, token}
    assert await home.keeper.access_token("L1") == newer


async def test_of_many_whose_token_is_not_accepted_one_refreshes(home: Home) -> None:
    token = await home.install()
    newer = await asyncio.gather(*(home.keeper.newer_than("L1", token) for _ in range(20)))
    assert len(set(newer)) == 1
    assert home.issuer.counts["refreshes"] == 1


async def test_a_token_that_another_process_replaced_is_not_refreshed_again(home: Home) -> None:
    token = await home.install()
    assert await home.keeper.access_token("L1") == token
    newer = await home.another().newer_than("L1", token)
    assert await home.keeper.newer_than("L1", token) == newer
    assert home.issuer.counts["refreshes"] == 1


async def test_a_grant_moved_to_another_sub_account_does_not_open(home: Home) -> None:
    await home.install("L1")
    await home.install("L2")
    (mine, other) = await home.database.sealed.page(limit=2)
    await home.database.sealed.replace([(mine, other.sealed)])
    home.keeper.forget_all()
    with pytest.raises(NoTokenError, match="cannot be opened"):
        await home.keeper.access_token("L1")


async def test_a_missing_key_loses_no_grant(home: Home) -> None:
    await home.install()
    vault, home.vault = home.vault, Vault([generate_key()])
    with pytest.raises(NoTokenError, match="restore the key"):
        await home.another().access_token("L1")
    home.vault = vault
    assert await home.works(keeper=home.another())


async def test_an_uninstall_while_it_is_refreshed_wins(home: Home) -> None:
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.hold = asyncio.Event()
    asked = asyncio.create_task(home.keeper.access_token("L1"))
    await home.issuer.reached.wait()
    await home.database.grants.remove(Kind.LOCATION, "L1", at_ms=home.clock(), now_ms=home.clock())
    home.issuer.hold.set()
    with pytest.raises(NoTokenError):
        await asked
    assert (await home.row()).sealed is None
