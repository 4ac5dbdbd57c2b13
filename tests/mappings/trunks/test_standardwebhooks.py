"""Standard Webhooks as a trunk: its envelope, and its signature over the whole request."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read
from mappings.trunks.standardwebhooks import TRUNK
from tests.mappings.shared import ABSENT, vectors
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.call import Call

SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
URL = "https://crm.example.com/h"
NOW_MS = 1_777_903_300_000
TIME = "2026-05-04T14:00:30Z"
BUSY = {"call_uuid": "sw-1", "hangup_cause": 17}
PUBLISHED = vectors("standardwebhooks__vectors.json")
published = pytest.mark.skipif(not PUBLISHED, reason=ABSENT)
DECIDING = [vector for vector in PUBLISHED if "headers" in vector]


def post(envelope: Any) -> Request:
    return Request(method="POST", url=URL, headers={}, body=json.dumps(envelope).encode(), received_ms=NOW_MS)


def one(data: Any, kind: Any = "call.completed", time: Any = TIME) -> Call:
    (call,) = read(TRUNK, post({"type": kind, "timestamp": time, "data": data}))
    return call


@published
@pytest.mark.parametrize("vector", DECIDING, ids=lambda vector: vector["name"])
def test_a_published_signature_holds_or_does_not(vector: dict[str, Any]) -> None:
    first = DECIDING[0]
    headers = first["headers"] | vector["headers"]
    body, at_ms = first["raw_body"].encode(), int(headers["webhook-timestamp"]) * 1000
    request = Request(method="POST", url=URL, headers=headers, body=body, received_ms=at_ms)
    assert holds(TRUNK, request, first["secret"]) is (vector["expect_valid"] is not False)


def test_changing_any_byte_of_a_signed_request_is_refused() -> None:
    request = TRUNK.compose(one(BUSY), SECRET, URL, NOW_MS)
    assert holds(TRUNK, request, SECRET)
    for header in ("webhook-signature", "webhook-id", "webhook-timestamp"):
        assert not any(holds(TRUNK, changed, SECRET) for changed in flipped(request, header))


def test_a_signature_outside_the_window_is_refused() -> None:
    request = TRUNK.compose(one(BUSY), SECRET, URL, NOW_MS)
    assert not holds(TRUNK, replace(request, received_ms=NOW_MS + 301_000), SECRET)


def test_one_of_several_secrets_is_enough() -> None:
    assert holds(TRUNK, TRUNK.compose(one(BUSY), SECRET, URL, NOW_MS), "new", SECRET)


def test_nothing_else_than_a_signature_is_a_proof() -> None:
    request = replace(post({}), headers={"authorization": f"Bearer {SECRET}"})
    assert not holds(TRUNK, request, SECRET, path_key=SECRET)


def test_a_get_is_refused_for_its_query_is_not_signed() -> None:
    request = replace(TRUNK.compose(one(BUSY), SECRET, URL, NOW_MS), method="GET")
    assert not holds(TRUNK, request, SECRET)


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("call.initiated", "initiated"),
        ("call.started", "initiated"),
        ("CALL.ANSWERED", "answered"),
        ("com.example.call.ended.v2", "completed"),
        ("hangup", "completed"),
        ("call.extra", "extra"),
    ],
)
def test_the_event_is_the_last_word_of_the_type(kind: str, event: str) -> None:
    assert one(BUSY, kind).event == event


def test_the_datas_own_event_comes_first() -> None:
    assert one(BUSY | {"event": "answered"}, "call.completed").event == "answered"


@pytest.mark.parametrize("data", [BUSY, BUSY | {"hangup_cause": None, "duration": 5}])
def test_the_envelopes_time_is_the_end_where_the_data_has_none(data: dict[str, Any]) -> None:
    call = one(data)
    assert call.facts()["end"] == "2026-05-04T14:00:30.000Z"
    assert "end taken from the envelope's time" in call.notes


def test_the_envelopes_time_is_not_the_end_where_the_data_has_one() -> None:
    assert one(BUSY | {"end": 1777903200}).end_ms == 1_777_903_200_000


def test_a_time_alone_does_not_tell_how_a_call_ended() -> None:
    assert standing(one({"call_uuid": "sw-1"})).status == "quarantined"


def test_an_envelopes_time_that_cannot_be_read_is_left_out() -> None:
    call = one(BUSY, time="soon")
    assert (call.end_ms, disposition(call)) == (None, "Busy")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (BUSY, "example.event"),
        (BUSY, None),
        (BUSY, 7),
        (BUSY | {"event": "exploded"}, "call.completed"),
        ("text", "call.completed"),
        (None, "call.completed"),
        ([BUSY, BUSY], "call.completed"),
    ],
)
def test_what_is_no_event_of_a_call_is_not_understood(data: Any, kind: Any) -> None:
    with pytest.raises(NotUnderstoodError):
        one(data, kind)


@given(
    st.fixed_dictionaries({}, optional=dict.fromkeys(["call_uuid", "start", "answer", "end", "duration"], st.none()
        | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12) | st.lists(st.integers(), max_size=2))),
    st.text(max_size=8) | st.integers() | st.none(),
)  # fmt: skip
def test_any_data_is_read_or_not_understood(data: dict[str, Any], time: Any) -> None:
    try:
        calls = read(TRUNK, post({"type": "call.completed", "timestamp": time, "data": data}))
    except NotUnderstoodError:
        return
    assert [call.trunk for call in calls] == ["standardwebhooks"]


def test_a_type_too_deep_to_be_shown_is_not_understood() -> None:
    kind = "[" * 1000 + "]" * 1000
    body = b'{"type": %s, "data": {"call_uuid": "c-1"}}' % kind.encode()
    with pytest.raises(NotUnderstoodError, match="names no event"):
        read(TRUNK, Request(method="POST", url=URL, headers={}, body=body, received_ms=NOW_MS))
