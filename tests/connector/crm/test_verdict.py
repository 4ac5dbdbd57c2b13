"""What the CRM's refusals mean, and how long it asks to wait."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.crm import answers, errors, wire
from connector.crm.model import Limits, Response
from connector.crm.verdict import classify, limits

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_S = 1_700_000_000.0  # Tue, 14 Nov 2023 22:13:20 GMT
READ = wire.get_contact("c")

DECODERS = (
    answers.found_contact,
    answers.contact,
    answers.note_id,
    answers.notes,
    answers.tags,
    answers.accepted,
    answers.task_id,
    answers.tasks,
    answers.location_info,
    answers.workflows,
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["contact", "note", "notes", "id", "tags", "message", "error", "meta", "contactId"]),
            inner,
        )
    ),
    max_leaves=12,
)


def verdict(status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> errors.CrmError:
    with pytest.raises(errors.CrmError) as caught:
        classify(READ, Response(status, headers or {}, body), now_s=NOW_S)
    return caught.value


def wait_s(**headers: str) -> float:
    error = verdict(429, headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert isinstance(error, errors.ThrottledError)
    return error.retry_after_s


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_passes(status: int) -> None:
    classify(READ, Response(status, {}, b""), now_s=NOW_S)


def test_retry_after_in_seconds() -> None:
    assert wait_s(retry_after="42") == 42


def test_retry_after_as_a_date() -> None:
    assert wait_s(retry_after="Tue, 14 Nov 2023 22:14:20 GMT") == 60


def test_a_date_that_is_past_means_a_second() -> None:
    assert wait_s(retry_after="Tue, 14 Nov 2023 22:00:00 GMT") == 1


def test_the_longer_of_retry_after_and_the_interval() -> None:
    assert wait_s(retry_after="3", x_ratelimit_interval_milliseconds="10000") == 10


def test_retry_after_longer_than_the_interval() -> None:
    assert wait_s(retry_after="30", x_ratelimit_interval_milliseconds="10000") == 30


@pytest.mark.parametrize("value", ["soon", "", "1.5", "Tue, 99 Nov 2023 22:14:20 GMT", "9" * 5000])
def test_an_unreadable_retry_after_means_the_burst_window(value: str) -> None:
    assert wait_s(retry_after=value) == 10


def test_a_silent_429_means_the_burst_window() -> None:
    assert wait_s() == 10


@pytest.mark.parametrize("value", ["99999999", "-5", "0"])
def test_no_wait_is_shorter_than_a_second_or_longer_than_a_day(value: str) -> None:
    assert 1 <= wait_s(retry_after=value) <= 86_400


def test_the_message_names_verb_status_and_words() -> None:
    body = b'{"message":["property x should not exist","y must be a string"]}'
    assert str(verdict(422, body)) == "get_contact: 422 property x should not exist; y must be a string"


def test_a_long_message_is_cut() -> None:
    assert len(str(verdict(400, b'{"message":"' + b"x" * 10_000 + b'"}'))) < 600


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"message":7}', b'{"meta":[],"error":{}}', b"\xff"])
def test_a_refusal_without_words_is_still_one(body: bytes) -> None:
    assert str(verdict(400, body)) == "get_contact: 400"


@pytest.mark.parametrize(
    "message",
    [
        "Contact with id abc not found",
        "contact not found",
        "Contact is deleted",
        "Contact with id abc is deleted",
    ],
)
def test_the_words_for_a_contact_that_is_gone(message: str) -> None:
    assert isinstance(verdict(400, f'{{"message":"{message}"}}'.encode()), errors.ContactGoneError)


def test_another_thing_that_is_not_found_is_no_lost_contact() -> None:
    body = b'{"message":"Cannot add contact: workflow not found"}'
    assert type(verdict(400, body)) is errors.RefusedError


def test_limits_are_read_by_their_uneven_names() -> None:
    headers = {
        "x-ratelimit-max": "100",
        "x-ratelimit-remaining": "99",
        "x-ratelimit-interval-milliseconds": "10000",
        "x-ratelimit-limit-daily": "200000",
        "x-ratelimit-daily-remaining": "199999",
    }
    assert limits(headers) == Limits(100, 99, 10_000, 200_000, 199_999)


def test_limits_that_are_missing_or_no_numbers_are_unknown() -> None:
    assert limits({"x-ratelimit-max": "many"}) == Limits()


@given(
    st.integers(100, 599),
    st.binary(max_size=200) | json_values.map(orjson.dumps),
    st.dictionaries(st.sampled_from(["retry-after", "x-ratelimit-interval-milliseconds"]), st.text(max_size=30)),
)
def test_classify_raises_nothing_but_crm_errors(status: int, body: bytes, headers: dict[str, str]) -> None:
    try:
        classify(READ, Response(status, headers, body), now_s=NOW_S)
    except errors.CrmError:
        assert not 200 <= status < 300
    else:
        assert 200 <= status < 300


@pytest.mark.parametrize("decode", DECODERS)
@given(body=st.binary(max_size=200) | json_values.map(orjson.dumps))
def test_decoders_raise_nothing_but_crm_errors(decode: Callable[[Response], object], body: bytes) -> None:
    with contextlib.suppress(errors.MalformedError, errors.RefusedError):
        decode(Response(200, {}, body))
