"""CloudEvents: the three content modes, and data in all the ways it may come."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.disposition import standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.cloudevents import TRUNK
from tests.mappings.trunks.signed import holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "a shared secret"
NOW_MS = 1_777_903_300_000
BUSY = {"call_uuid": "ce-1", "hangup_cause": 17}
EVENT = {
    "specversion": "1.0",
    "id": "e-1",
    "source": "/pbx",
    "type": "com.example.call.completed",
    "time": "2026-05-04T14:00:30Z",
    "data": BUSY,
}
BINARY = {
    "ce-specversion": "1.0",
    "ce-id": "e-1",
    "ce-source": "/pbx",
    "ce-type": "com.example.call.completed",
    "ce-time": "2026-05-04T14%3A00%3A30Z",
    "content-type": "application/json",
}


def post(body: Any, headers: dict[str, str] | None = None) -> Request:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Request(method="POST", url="https://crm.example.com/h", headers=headers or {}, body=raw, received_ms=NOW_MS)


def one(**changes: Any) -> Call:
    (call,) = read(TRUNK, post(EVENT | changes))
    return call


def test_the_binary_mode_tells_the_same_as_the_structured() -> None:
    assert read(TRUNK, post(BUSY, BINARY)) == [one()]


def test_a_structured_event_is_one_whatever_other_headers_say() -> None:
    headers = BINARY | {"content-type": "application/cloudevents+json; charset=utf-8", "ce-type": "order.paid"}
    assert read(TRUNK, post(EVENT, headers)) == [one()]


@pytest.mark.parametrize(
    "data",
    [
        {"data": json.dumps(BUSY)},
        {"data": None, "data_base64": b64encode(json.dumps(BUSY).encode()).decode()},
        {"data_base64": "ignored"},
    ],
    ids=["text", "base64", "both"],
)
def test_data_is_the_same_however_it_is_carried(data: dict[str, Any]) -> None:
    assert one(**data) == one()


def test_a_batch_holds_several_calls_in_order() -> None:
    other = EVENT | {"id": "e-2", "data": BUSY | {"call_uuid": "ce-2"}}
    assert [call.call_id for call in read(TRUNK, post([EVENT, other]))] == ["ce-1", "ce-2"]


def test_an_event_of_a_batch_that_is_no_calls_is_quarantined_and_its_neighbour_is_not() -> None:
    calls = read(TRUNK, post([EVENT, EVENT | {"type": "order.paid"}]))
    assert [standing(call).status for call in calls] == ["accepted", "quarantined"]
    assert calls[1].notes == ("the type 'order.paid' names no event of a call",)


def test_the_time_is_the_end_where_the_data_has_none() -> None:
    assert one().facts()["end"] == "2026-05-04T14:00:30.000Z"


def test_an_extension_may_be_null() -> None:
    assert one(traceparent=None) == one()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        BUSY,
        [],
        EVENT | {"type": "order.paid"},
        EVENT | {"data": "<call/>"},
        EVENT | {"data": None},
        EVENT | {"data": None, "data_base64": "... no base64 ..."},
        EVENT | {"data": None, "data_base64": "AAAA"},
        EVENT | {"data": None, "data_base64": "\u00e9"},
        [EVENT, BUSY],
    ],
)
def test_what_is_no_event_of_a_call_is_not_understood(body: Any) -> None:
    with pytest.raises(NotUnderstoodError):
        read(TRUNK, post(body))


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(["data", "data_base64", "type", "time", "id"], st.none()
        | st.integers() | st.text(max_size=12) | st.lists(st.integers(), max_size=2))),
    st.dictionaries(st.sampled_from(sorted(BINARY)), st.text(max_size=12)),
)  # fmt: skip
def test_any_event_is_read_or_not_understood(changes: dict[str, Any], headers: dict[str, str]) -> None:
    try:
        calls = read(TRUNK, post(EVENT | changes, headers))
    except NotUnderstoodError:
        return
    assert [call.trunk for call in calls] == ["cloudevents"]


def test_a_broker_proves_itself_by_a_header_or_the_path() -> None:
    assert holds(TRUNK, post(EVENT, {"authorization": f"Bearer {SECRET}"}), SECRET)
    assert holds(TRUNK, post(EVENT), SECRET, path_key=SECRET)
    assert not holds(TRUNK, post(EVENT), SECRET)
    assert not holds(TRUNK, post(EVENT, {"authorization": "Bearer another"}), SECRET, path_key=SECRET)
