"""Who gets in as what, where, and how often."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from connector.api.rate import Rate
from connector.session.role import Role
from connector.session.sign_in import REMEMBERED_MS
from oauth.standing import Kind, Standing
from tests.connector.session.stage import at_desk
from tests.frame import payload, told

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.session.stage import Desk

OUT = (403, "Not connected")
NOBODY = (401, "Not signed in")


@pytest.mark.parametrize(
    ("user", "role"),
    [
        ({}, Role.AGENT),
        ({"userId": "boss1"}, Role.MANAGER),
        ({"role": "admin"}, Role.ADMIN),
        ({"type": "agency"}, Role.AGENT),
        ({"type": "agency", "userId": "boss1"}, Role.MANAGER),
        ({"type": "agency", "role": "admin"}, Role.ADMIN),
        ({"companyId": ""}, Role.AGENT),
    ],
    ids=repr,
)
async def test_in_a_sub_account_everybody_is_what_the_crm_and_its_settings_say(
    desk: Desk, user: dict[str, Any], role: Role
) -> None:
    session = await desk.open(**user)
    assert (session.role, session.kind, session.owner) == (role, "location", "LOC")


async def test_a_manager_of_one_sub_account_is_none_of_another(desk: Desk) -> None:
    assert (await desk.open(userId="boss1", activeLocation="NEXT")).role is Role.AGENT


async def test_an_agencys_admin_outside_of_sub_accounts_is_one_of_all_of_them(desk: Desk) -> None:
    session = await desk.open(type="agency", role="admin", activeLocation="")
    assert (session.role, session.kind, session.owner) == (Role.ADMIN, "company", "AG")


@pytest.mark.parametrize(
    "user",
    [
        {"activeLocation": "NOWHERE"},
        {"activeLocation": "FAR"},
        {"activeLocation": "FAR", "type": "agency", "role": "admin"},
        {"activeLocation": "FAR", "type": "agency", "role": "admin", "companyId": ""},
        {"type": "agency", "role": "admin", "companyId": ""},
        {"type": "agency", "role": "admin", "companyId": "ELSE", "activeLocation": ""},
    ],
    ids=repr,
)
async def test_nobody_gets_into_what_is_not_connected_or_another_agencys(desk: Desk, user: dict[str, Any]) -> None:
    assert await desk.refused(**user) == OUT


@pytest.mark.parametrize("user", [{}, {"role": "admin"}, {"type": "agency"}], ids=repr)
async def test_without_a_sub_account_only_an_agencys_admin_gets_in(desk: Desk, user: dict[str, Any]) -> None:
    assert await desk.refused(activeLocation="", **user) == (403, "No sub-account")


@pytest.mark.parametrize(
    ("standing", "refusal"),
    [
        (Standing.REMOVED, OUT),
        (Standing.UNCONFIRMED, OUT),
        (Standing.WANTED, (503, "Being connected")),
    ],
)
async def test_an_installation_that_does_not_stand_lets_nobody_in(
    desk: Desk, standing: Standing, refusal: tuple[int, str]
) -> None:
    await desk.connect("NEW", standing=standing)
    assert await desk.refused(activeLocation="NEW") == refusal


@pytest.mark.parametrize("standing", [Standing.PAUSED, Standing.NEEDS_RECONNECT])
async def test_people_get_in_while_the_crm_refuses_our_token(desk: Desk, standing: Standing) -> None:
    await desk.connect("NEW", standing=standing)
    assert (await desk.open(activeLocation="NEW")).location == "NEW"


async def test_a_sub_account_without_an_installation_lets_nobody_in(desk: Desk) -> None:
    await desk.database.put_location("BARE", document=b"{}", secrets={}, now_ms=1)
    await desk.locations.refresh()
    assert await desk.refused(activeLocation="BARE", companyId="") == OUT


async def test_the_crms_word_counts_once(desk: Desk) -> None:
    word = payload()
    await desk.open(word)
    assert await desk.refused(word) == NOBODY


async def test_it_counts_once_also_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    word = payload()
    await desk.open(word)
    async with at_desk(tmp_path) as again:
        again.clock.now_ms += REMEMBERED_MS - 1
        assert await again.refused(word) == NOBODY


async def test_a_word_that_was_changed_after_it_was_used_counts_no_more_than_that_one(desk: Desk) -> None:
    """The salt is what counts: a name that became another one by a bit is the same word."""
    salt = b"12345678"
    await desk.open(payload(told(userName="Ada"), salt=salt))
    assert await desk.refused(payload(told(userName="Adb"), salt=salt)) == NOBODY


async def test_a_salt_is_tried_once_so_that_trying_teaches_nothing(desk: Desk) -> None:
    raw = bytearray(base64.b64decode(payload(salt=b"abcdefgh")))
    raw[-1] ^= 1
    assert await desk.refused(base64.b64encode(raw).decode()) == NOBODY
    assert await desk.refused(payload(salt=b"abcdefgh")) == NOBODY


async def test_whoever_is_not_let_in_cannot_use_that_word_later(desk: Desk) -> None:
    word = payload(told(activeLocation="SOON"))
    await desk.refused(word)
    await desk.connect("SOON")
    assert await desk.refused(word) == NOBODY


async def test_a_word_for_another_app_opens_nothing(desk: Desk) -> None:
    assert await desk.refused(payload(secret="another app's")) == NOBODY


async def test_without_a_secret_nobody_gets_in(tmp_path: Path) -> None:
    async with at_desk(tmp_path, secret=None) as desk:
        assert await desk.refused(payload(secret="")) == (503, "Not set up")


async def test_without_encryption_on_the_way_nobody_gets_in(tmp_path: Path) -> None:
    async with at_desk(tmp_path, safe=False) as desk:
        assert await desk.refused() == (503, "Not set up")


async def test_one_address_can_try_so_often_only(tmp_path: Path) -> None:
    async with at_desk(tmp_path, rate=Rate(2, 10)) as desk:
        assert [(await desk.refused("x"))[0] for _ in range(3)] == [401, 401, 429]
        assert (await desk.open(address="192.0.2.2")).user == "user1"


async def test_who_tried_too_often_can_use_the_word_later(tmp_path: Path) -> None:
    async with at_desk(tmp_path, rate=Rate(1, 10)) as desk:
        word = payload()
        await desk.refused("x")
        assert (await desk.refused(word))[0] == 429
        desk.clock.pass_s(10)
        assert (await desk.open(word)).user == "user1"


async def test_a_grant_that_names_no_agency_lets_no_agencys_user_in(desk: Desk) -> None:
    await desk.connect("ALONE", None)
    assert await desk.refused(activeLocation="ALONE", type="agency", role="admin") == OUT
    assert (await desk.open(activeLocation="ALONE")).location == "ALONE"


async def test_the_agency_of_an_installation_is_what_counts(desk: Desk) -> None:
    await desk.grant(Kind.LOCATION, "LOC", "ELSE")
    assert await desk.refused() == OUT
