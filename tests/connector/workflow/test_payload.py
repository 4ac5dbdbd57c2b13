"""A workflow is told every field of every call, under the names that its author saw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.workflow.payload import SAMPLE, payload
from mappings.call import Call, Disposition, Wrapup
from mappings.settle import settle
from mappings.words import USUAL, Words

if TYPE_CHECKING:
    from mappings.call import Direction

NOW = 1_790_000_000_000
BARE = Call(trunk="generic", call_id="c1")
WHOLE = Call(
    trunk="generic",
    call_id="c1",
    direction="outbound",
    from_="(415) 555-0100",
    to="+14155550111",
    start_ms=NOW,
    answer_ms=NOW + 10_000,
    end_ms=NOW + 75_000,
    talk_ms=65_000,
    answered=True,
    q850=16,
    sip=200,
    cause="NORMAL_CLEARING",
    amd="human",
    hangup_by="caller",
    agent="maya",
    recording_url="https://recordings.example.com/1.mp3",
    wrapup=Wrapup(notes="a quote, please", next_step="send it", at_ms=NOW),
)


def told(
    call: Call, *, contact_id: str | None = "contact-1", attempts: int = 0, words: Words = USUAL
) -> dict[str, object]:
    return payload("loc", call, contact_id=contact_id, attempts=attempts, words=words, country="US")


def test_all_of_a_call_is_told() -> None:
    assert told(WHOLE, attempts=2) == {
        "disposition": "Connected",
        "machine_disposition": "Connected",
        "direction": "outbound",
        "from": "(415) 555-0100",
        "to": "+14155550111",
        "number": "+14155550111",
        "caller_id": "+14155550100",
        "agent": "maya",
        "talk_s": 65.0,
        "ring_s": 10.0,
        "answer_latency_s": 10.0,
        "q850": 16,
        "sip": 200,
        "cause": "NORMAL_CLEARING",
        "amd": "human",
        "hangup_by": "caller",
        "recording_url": "https://recordings.example.com/1.mp3",
        "call_id": "c1",
        "attempt": 2,
        "started": "2026-09-21T14:13:20.000Z",
        "answered": "2026-09-21T14:13:30.000Z",
        "ended": "2026-09-21T14:14:35.000Z",
        "contactId": "contact-1",
        "locationId": "loc",
        "trunk": "generic",
        "notes": "a quote, please",
        "next_step": "send it",
    }


def test_what_is_not_known_is_null_and_there() -> None:
    bare = told(BARE, contact_id=None)
    unknown = {name for name, value in bare.items() if value is None}
    assert unknown == set(SAMPLE) - {"call_id", "attempt", "locationId", "trunk"}


@given(
    direction=st.sampled_from(["inbound", "outbound", None]),
    numbers=st.tuples(st.none() | st.text(max_size=20), st.none() | st.text(max_size=20)),
    times=st.tuples(*[st.none() | st.integers(-(10**18), 10**18)] * 3),
    answered=st.sampled_from([True, False, None]),
    wrapup=st.none() | st.builds(Wrapup, disposition=st.none() | st.text(), notes=st.none() | st.text()),
)
def test_every_call_is_told_with_exactly_the_samples_fields(
    direction: Direction | None,
    numbers: tuple[str | None, ...],
    times: tuple[int | None, ...],
    answered: bool | None,  # noqa: FBT001 - hypothesis names it
    wrapup: Wrapup | None,
) -> None:
    call = replace(
        BARE,
        direction=direction,
        from_=numbers[0],
        to=numbers[1],
        start_ms=times[0],
        answer_ms=times[1],
        end_ms=times[2],
        answered=answered,
        wrapup=wrapup,
    )
    assert list(told(settle(call, received_ms=NOW))) == list(SAMPLE)


def test_it_is_flat_json() -> None:
    assert orjson.loads(orjson.dumps(told(WHOLE))) == told(WHOLE)
    assert all(isinstance(value, str | int | float) for value in SAMPLE.values())


@pytest.mark.parametrize("name", sorted(SAMPLE))
def test_a_field_has_the_type_that_the_sample_shows(name: str) -> None:
    assert isinstance(told(WHOLE)[name], type(SAMPLE[name]))


def test_the_agents_word_is_told_beside_the_machines() -> None:
    call = replace(WHOLE, wrapup=Wrapup(disposition="Interested", at_ms=NOW))
    assert (told(call)["disposition"], told(call)["machine_disposition"]) == ("Interested", "Connected")


def test_a_disposition_is_told_by_its_name_here() -> None:
    assert told(WHOLE, words=Words({Disposition.CONNECTED: "Reached"}, {}))["disposition"] == "Reached"
