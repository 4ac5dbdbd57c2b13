"""The demo installs over HTTP alone, as a browser would."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.demo.install import install
from connector.errors import RingbackError
from connector.sandbox.apps import DEFAULT_APP
from oauth.standing import Kind, Standing
from tests.browser.town import NAMES, open_town

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.browser.town import Town

NORTH = "LocationNorth"


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    async with open_town(tmp_path) as opened:
        yield opened


async def test_it_reads_name_address_and_secret_from_the_page(town: Town) -> None:
    connected = await install(town.url, NORTH)
    assert (connected.name, connected.trunk_url) == (NAMES[NORTH], f"{town.url}/hooks/{NORTH}/generic")
    location = await town.service.locations.get(NORTH)
    assert location is not None
    assert (connected.trunk_secret,) == location.credentials["generic"].secrets


async def test_the_sub_account_has_a_grant_then(town: Town) -> None:
    await install(town.url, NORTH)
    row = await town.database.grants.get(Kind.LOCATION, NORTH)
    assert row is not None
    assert row.standing is Standing.ACTIVE


async def test_a_sub_account_that_the_crm_does_not_offer_is_said_to_be_none(town: Town) -> None:
    with pytest.raises(RingbackError, match="does not offer the sub-account"):
        await install(town.url, "LocationNowhere")


async def test_an_app_that_may_not_do_everything_is_not_connected_enough(town: Town) -> None:
    town.sandbox.market.register(replace(DEFAULT_APP, scopes=frozenset({"contacts.readonly"})))
    with pytest.raises(RingbackError, match="did not connect"):
        await install(town.url, NORTH)


async def test_a_second_installation_shows_no_secret_and_so_is_none_of_the_demos(town: Town) -> None:
    await install(town.url, NORTH)
    with pytest.raises(RingbackError, match="did not connect"):
        await install(town.url, NORTH)
