"""What events say."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm_events.read import (
    EVENTS,
    ContactGone,
    ContactTold,
    CrmEvent,
    Installation,
    Noted,
    Tagged,
    TaskDone,
    Unclear,
    UnreadableError,
    read,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
NAMES = [
    "id",
    "locationId",
    "companyId",
    "appId",
    "webhookId",
    "timestamp",
    "tags",
    "phone",
    "contactId",
    "body",
    "data",
]
ID = "a1B2c3"


def event(kind: str, **fields: Any) -> CrmEvent:
    return read(orjson.dumps({"type": kind, "locationId": "LOC", **fields}))


@pytest.mark.parametrize(
    ("kind", "fields", "what"),
    [
        ("INSTALL", {}, Installation(installed=True)),
        ("UNINSTALL", {}, Installation(installed=False)),
        ("ContactCreate", {"id": ID, "phone": "+14155550111"}, ContactTold(ID, "+14155550111")),
        ("ContactUpdate", {"id": ID, "phone": None}, ContactTold(ID, None)),
        ("ContactUpdate", {"id": ID}, ContactTold(ID, None)),
        ("ContactDelete", {"id": ID}, ContactGone(ID)),
        ("ContactTagUpdate", {"id": ID, "tags": [" Hot ", 5, "new"]}, Tagged(ID, frozenset({"hot", "new"}))),
        ("NoteCreate", {"id": "note", "contactId": ID, "body": "Hi"}, Noted(ID, "note", "Hi")),
        ("TaskComplete", {"id": "task", "title": "Call"}, TaskDone(None, "task", "Call")),
        ("TaskComplete", {"id": "task", "title": "Call", "contactId": ID}, TaskDone(ID, "task", "Call")),
        ("ContactTagUpdate", {"id": ID}, Unclear("it has no list of tags")),
        ("ContactUpdate", {"id": 5}, Unclear("it has no contact id")),
        ("ContactUpdate", {"id": ID, "locationId": None}, Unclear("it names no sub-account")),
        ("NoteCreate", {"id": "note"}, Unclear("it does not say which note of which contact")),
        ("NoteCreate", {"id": "n", "contactId": ID, "locationId": ""}, Unclear("it names no sub-account")),
        ("TaskComplete", {"title": "Call"}, Unclear("it has no task id")),
        ("InboundMessage", {"id": ID}, None),
    ],
)
def test_each_type_says_what_it_says(kind: str, fields: dict[str, Any], what: object) -> None:
    assert event(kind, **fields).what == what


def test_who_and_when() -> None:
    found = event("INSTALL", companyId="AGENCY", appId="app", webhookId="w1", timestamp="2026-11-23T10:00:00.123Z")
    assert (found.location, found.company, found.app_id, found.at_ms) == ("LOC", "AGENCY", "app", 1_795_428_000_123)


@pytest.mark.parametrize("stamp", [None, "", "soon", [], {}, True])
def test_a_time_that_cannot_be_read_is_none(stamp: object) -> None:
    assert event("INSTALL", timestamp=stamp).at_ms is None


def test_the_key_is_the_crms_id_within_the_app() -> None:
    assert [event("INSTALL", appId=app, webhookId="w1").key for app in ("one", "two")] == ["one/w1", "two/w1"]


def test_an_event_without_an_id_is_known_by_its_body() -> None:
    same, other = event("INSTALL", n=1).key, event("INSTALL", n=2).key
    assert (same == event("INSTALL", n=1).key, same == other) == (True, False)


def test_fields_under_data_count_too() -> None:
    found = read(orjson.dumps({"type": "ContactDelete", "data": {"id": ID, "locationId": "LOC", "type": "x"}}))
    assert (found.type, found.location, found.what) == ("ContactDelete", "LOC", ContactGone(ID))


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"null", b"{}", b'{"type": 5}', b'{"type": ""}', b"[" * 2000])
def test_what_is_no_event_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableError):
        read(body)


@given(JSON)
def test_any_json_is_read_or_refused(value: Any) -> None:
    with suppress(UnreadableError):
        read(orjson.dumps(value))


@given(st.sampled_from([*EVENTS, "InboundMessage"]), st.dictionaries(st.sampled_from(NAMES), JSON))
def test_an_event_with_any_fields_is_read(kind: str, fields: dict[str, Any]) -> None:
    assert read(orjson.dumps({**fields, "type": kind})).type == kind


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(UnreadableError):
        read(body)
