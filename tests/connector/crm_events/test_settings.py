"""The keys as an operator sets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from connector.crm_events.key import CRM_KEY
from connector.errors import UsageError
from connector.sandbox.signing import Signer
from connector.settings import load

if TYPE_CHECKING:
    from pathlib import Path

NAME = "RINGBACK_CRM_EVENT_KEYS"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_crms_own_key_is_built_in() -> None:
    assert load().crm_event_keys == (CRM_KEY,)


def test_several_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    pem = Signer().public_key
    monkeypatch.setenv(NAME, f"{CRM_KEY}, {pem}")
    assert load().crm_event_keys == (CRM_KEY, pem.strip())


def test_an_empty_list_is_an_empty_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "")
    assert load().crm_event_keys == ()


def test_the_file_may_have_a_list(tmp_path: Path) -> None:
    (tmp_path / "ringback.toml").write_text(f'crm_event_keys = ["{CRM_KEY}", "{CRM_KEY}"]\n')
    assert load().crm_event_keys == (CRM_KEY, CRM_KEY)


def test_what_is_no_key_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(NAME, "secret")
    with pytest.raises(UsageError, match=f"{NAME}.*key 1 is no Ed25519 public key"):
        load()
