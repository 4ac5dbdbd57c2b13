"""Trunks by name, and what they all keep to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mappings.payload.recorded import recorded
from mappings.payload.request import NotUnderstoodError
from mappings.trunks import names, read, trunk


def test_the_first_four_trunks_are_registered() -> None:
    assert set(names()) >= {"freeswitch", "generic", "twilio", "vobiz"}


@pytest.mark.parametrize("name", names())
def test_a_trunk_is_found_by_its_name_and_says_how_to_set_it_up(name: str) -> None:
    assert trunk(name).name == name
    assert "{url}" in trunk(name).setup


def test_mapping_documents_are_registered_beside_code() -> None:
    assert set(names()) >= {"elevenlabs", "opensips", "telesign"}


@pytest.mark.parametrize("name", ["", "nobody", "__init__", "../generic"])
def test_another_name_is_no_trunk(name: str) -> None:
    with pytest.raises(KeyError):
        trunk(name)


def test_a_request_without_any_call_is_not_understood() -> None:
    empty = replace(trunk("generic"), parse=lambda _: [])
    with pytest.raises(NotUnderstoodError, match="no call"):
        read(empty, recorded(b"{}", 1))
