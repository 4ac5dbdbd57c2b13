"""Which token a sub-account's requests carry: its grant's, or its private one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from oauth.keeper import TOKEN, NoTokenError
from oauth.outcome import NeedsReconnectError
from oauth.standing import Kind, Standing
from oauth.vault import place
from tests.oauth.issuer import COMPANY

if TYPE_CHECKING:
    from tests.oauth.conftest import Home

DAY_S = 86_400


async def test_the_grant_wins_over_a_private_token(home: Home) -> None:
    await give_private(home)
    token = await home.install()
    assert await home.keeper.access_token("L1") == token


async def test_even_a_refused_grant_wins_over_a_private_token(home: Home) -> None:
    await give_private(home)
    await home.install()
    home.clock.pass_s(2 * DAY_S)
    home.issuer.faults.append((400, "Invalid grant: refresh token is invalid"))
    with pytest.raises(NeedsReconnectError):
        await home.keeper.access_token("L1")


@pytest.mark.parametrize("how", ["removed", "unconfirmed"])
async def test_a_private_token_serves_where_the_grant_does_not_count(home: Home, how: str) -> None:
    await give_private(home)
    if how == "removed":
        await home.install()
        await home.database.grants.remove(Kind.LOCATION, "L1", at_ms=home.clock(), now_ms=home.clock())
    else:
        grant = home.issuer.install(Kind.LOCATION, "L1")
        await home.keeper.keep(grant, standing=Standing.UNCONFIRMED, expected=0)
    assert await home.keeper.access_token("L1") == "pit-L1"


async def give_private(home: Home) -> None:
    sealed = {TOKEN: home.vault.seal("pit-L1", bound_to=place("L1", TOKEN))}
    await home.database.put_location("L1", document=b"{}", secrets=sealed, now_ms=home.clock())


async def test_an_unconfirmed_install_hands_out_nothing(home: Home) -> None:
    grant = home.issuer.install(Kind.LOCATION, "L1")
    await home.keeper.keep(grant, standing=Standing.UNCONFIRMED, expected=0)
    with pytest.raises(NoTokenError, match="ringback oauth confirm L1"):
        await home.keeper.access_token("L1")


async def test_there_is_nothing_newer_than_a_private_token(home: Home) -> None:
    await give_private(home)
    assert await home.keeper.newer_than("L1", "pit-L1") is None
    assert await home.keeper.newer_than("L1", "pit-older") == "pit-L1"


async def test_without_a_grant_or_an_app_the_words_say_what_to_do(home: Home) -> None:
    with pytest.raises(NoTokenError, match=r"ringback location set L1 --token"):
        await home.keeper.access_token("L1")
    with pytest.raises(NoTokenError, match="has no grant"):
        await home.keeper.company_token(COMPANY)
