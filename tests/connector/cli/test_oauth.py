"""`ringback oauth`: the link, how it stands, and an operator's word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from connector.clock import now_ms
from connector.store.sqlite import SqliteStore
from oauth.standing import Kind, NewGrant, Standing

if TYPE_CHECKING:
    from pathlib import Path

    from tests.connector.cli.conftest import Command

AGENCY = "AgencyOne"


@pytest.fixture(autouse=True)
def _app(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_CLIENT_ID", "64ab-xyz")
    monkeypatch.setenv("RINGBACK_CLIENT_SECRET", "a client's secret")
    monkeypatch.setenv("RINGBACK_PUBLIC_URL", "https://calls.example.com")


def keep(folder: Path, *grants: NewGrant) -> None:
    async def go() -> None:
        store = await SqliteStore.open(folder / "ringback.db")
        for grant in grants:
            await store.grants.put(grant, expected=0, now_ms=now_ms())
        await store.close()

    asyncio.run(go())


def location(name: str, standing: Standing, *, sealed: bytes | None = b"sealed") -> NewGrant:
    return NewGrant(kind=Kind.LOCATION, id=name, company_id=AGENCY, standing=standing, sealed=sealed)


def company(standing: Standing, *, sealed: bytes | None = b"sealed") -> NewGrant:
    return NewGrant(kind=Kind.COMPANY, id=AGENCY, company_id=AGENCY, standing=standing, sealed=sealed)


# The link


def test_the_link_is_ours_so_that_the_browser_is_known(ringback: Command) -> None:
    assert ringback("oauth", "install-url") == (0, "https://calls.example.com/oauth/install\n", "")


def test_the_link_for_white_label_agencies(ringback: Command) -> None:
    _, told, _ = ringback("oauth", "install-url", "--white-label")
    assert told == "https://calls.example.com/oauth/install?white_label=1\n"


def test_the_crms_own_page_directly(ringback: Command) -> None:
    _, told, _ = ringback("oauth", "install-url", "--direct")
    url = urlsplit(told.strip())
    assert (url.netloc, url.path, "state=" in url.query, "%20" in url.query) == (
        "marketplace.gohighlevel.com",
        "/v2/oauth/chooselocation",
        False,
        True,
    )


def test_the_crms_own_page_for_white_label_agencies(ringback: Command) -> None:
    _, told, _ = ringback("oauth", "install-url", "--direct", "--white-label")
    assert urlsplit(told).netloc == "marketplace.leadconnectorhq.com"


def test_a_draft_has_a_version_of_its_own(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RINGBACK_VERSION_ID", "draft-7")
    assert "version_id=draft-7" in ringback("oauth", "install-url", "--direct")[1]


def test_without_an_app_there_is_no_link(ringback: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RINGBACK_CLIENT_ID")
    code, _, trouble = ringback("oauth", "install-url")
    assert (code, "RINGBACK_CLIENT_ID" in trouble) == (2, True)


# How it stands


def test_nothing_is_installed_yet(ringback: Command) -> None:
    assert ringback("oauth", "status") == (0, "Sub-accounts: none installed\n", "")


def test_how_many_stand_how(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, location("A", Standing.ACTIVE), location("B", Standing.ACTIVE), location("C", Standing.PAUSED))
    assert ringback("oauth", "status")[1].startswith("Sub-accounts: 2 active, 1 paused\n")


def test_what_is_not_connected_is_named(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, location("A", Standing.ACTIVE), location("B", Standing.NEEDS_RECONNECT))
    shown = ringback.json("oauth", "status")
    assert [(row["id"], row["standing"]) for row in shown["not_connected"]] == [("B", "needs_reconnect")]


def test_an_agency_shows_its_progress(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, company(Standing.ACTIVE), location("A", Standing.ACTIVE), location("B", Standing.WANTED))
    (agency,) = ringback.json("oauth", "status")["agencies"]
    assert (agency["id"], agency["sub_accounts"]) == (AGENCY, {"active": 1, "wanted": 1})


def test_one_agency_alone(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, company(Standing.ACTIVE), location("A", Standing.WANTED))
    shown = ringback.json("oauth", "status", "--company", "AnotherAgency")
    assert (shown["agencies"], shown["not_connected"]) == ([], [])


def test_a_long_list_is_cut_and_says_so(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, *(location(f"L{number:03}", Standing.PAUSED) for number in range(60)))
    assert ringback("oauth", "status")[1].endswith("... and 10 more (--json has all)\n")


# An operator's word


def test_an_unconfirmed_sub_account_is_confirmed_and_its_secret_shown(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, location("LOC", Standing.UNCONFIRMED))
    code, told, _ = ringback("oauth", "confirm", "LOC")
    assert (code, "https://calls.example.com/hooks/LOC/generic" in told, "Secret: " in told) == (0, True, True)


def test_confirmed_is_active(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, location("LOC", Standing.UNCONFIRMED))
    ringback("oauth", "confirm", "LOC")
    assert ringback.json("oauth", "status")["sub_accounts"]["active"] == 1


def test_an_agency_is_confirmed(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, company(Standing.UNCONFIRMED))
    ringback("oauth", "confirm", AGENCY)
    assert ringback.json("oauth", "status")["agencies"][0]["standing"] == "active"


@pytest.mark.parametrize("standing", [Standing.ACTIVE, Standing.PAUSED, Standing.REMOVED])
def test_what_does_not_wait_is_not_confirmed(ringback: Command, tmp_path: Path, standing: Standing) -> None:
    keep(tmp_path, location("LOC", standing, sealed=None if standing is Standing.REMOVED else b"sealed"))
    code, _, trouble = ringback("oauth", "confirm", "LOC")
    assert (code, f"it is {standing.value}" in trouble) == (1, True)


def test_what_was_only_announced_is_not_confirmed(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, company(Standing.UNCONFIRMED, sealed=None))
    code, _, trouble = ringback("oauth", "confirm", AGENCY)
    assert (code, "has not arrived yet" in trouble) == (1, True)


def test_what_was_never_installed_is_said(ringback: Command) -> None:
    code, _, trouble = ringback("oauth", "confirm", "LOC")
    assert (code, "was not installed" in trouble) == (1, True)


# Once more


def test_what_was_made_can_be_shown_again(ringback: Command, tmp_path: Path) -> None:
    keep(tmp_path, location("LOC", Standing.UNCONFIRMED))
    first = ringback("oauth", "confirm", "LOC")[1]
    code, again, _ = ringback("oauth", "reveal", "LOC")
    assert (code, first.endswith(again), "Secret: " in again) == (0, True, True)


def test_what_no_installation_made_is_not_shown(ringback: Command) -> None:
    code, _, trouble = ringback("oauth", "reveal", "LOC")
    assert (code, "has no trunk" in trouble) == (1, True)
