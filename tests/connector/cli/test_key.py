"""`ringback key`: keys are shown once, listed without their secrets, and revoked."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from connector.api.scope import ALL

if TYPE_CHECKING:
    from tests.connector.cli.conftest import Command

ADD = ("key", "add", "--location", "LOC", "--scope", "deliveries:read", "--label", "dialler")


def test_a_key_is_shown_once(ringback: Command) -> None:
    code, told, _ = ringback(*ADD)
    assert code == 0
    made = re.search(r"Key \(shown this once\): rbk_([0-9a-f]{16})_([0-9a-f]{48})", told)
    assert made is not None
    listed = ringback("key", "list")[1]
    assert made[1] in listed
    assert made[2] not in listed


def test_a_key_is_listed_with_whose_it_is_and_what_for(ringback: Command) -> None:
    ringback(*ADD)
    ringback("key", "add", "--company", "AG", "--scope", "locations:read", "--scope", "locations:write")
    (one,) = ringback.json("key", "list", "--company", "AG")
    assert (one["kind"], one["owner"], one["scopes"]) == ("company", "AG", ["locations:read", "locations:write"])
    assert (one["last_used"], one["revoked"]) == (None, None)
    assert len(ringback.json("key", "list")) == 2


def test_a_key_can_be_for_everything(ringback: Command) -> None:
    made = ringback.json("key", "add", "--operator", "--scope", "all")
    assert set(made["scopes"]) == set(ALL)
    assert made["key"].startswith("rbk_")


@pytest.mark.parametrize("whole", [True, False])
def test_a_key_is_revoked_by_its_id_or_itself(ringback: Command, whole: bool) -> None:  # noqa: FBT001 - a parameter of a test
    made = ringback.json(*ADD)
    name = made["key"] if whole else made["id"]
    assert ringback("key", "revoke", name)[0] == 0
    assert ringback.json("key", "list")[0]["revoked"] is not None
    code, _, trouble = ringback("key", "revoke", name)
    assert code == 1
    assert made["key"].split("_")[2] not in trouble


@pytest.mark.parametrize(
    "words",
    [
        ("add", "--scope", "all"),
        ("add", "--location", "LOC"),
        ("add", "--location", "LOC", "--scope", "everything"),
        ("add", "--location", "LOC", "--company", "AG", "--scope", "all"),
    ],
)
def test_a_key_without_owner_or_purpose_is_not_made(ringback: Command, words: tuple[str, ...]) -> None:
    assert ringback("key", *words)[0] == 2
    assert ringback.json("key", "list") == []
