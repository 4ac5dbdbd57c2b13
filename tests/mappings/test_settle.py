"""Facts of a call that do not agree are made to, by the rules `settle` documents."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call, Disposition
from mappings.disposition import standing
from mappings.payload.request import NotUnderstoodError
from mappings.settle import settle

NOW = 1_777_903_500_000
DAY = 86_400_000


def settled(**facts: Any) -> Call:
    given: dict[str, Any] = {"trunk": "generic", "call_id": "c-1"} | facts
    return settle(Call(**given), received_ms=NOW)


def test_agreeing_facts_stay_as_they_are() -> None:
    call = Call(
        trunk="generic",
        call_id="c-1",
        start_ms=NOW - 60_000,
        answer_ms=NOW - 50_000,
        end_ms=NOW,
        talk_ms=50_000,
        answered=True,
        q850=16,
        notes=("as it was",),
    )
    assert settle(call, received_ms=NOW) == call


def test_a_missing_answer_is_the_end_less_the_talk_time() -> None:
    call = settled(start_ms=NOW - 60_000, end_ms=NOW, talk_ms=40_000)
    assert (call.answer_ms, call.answered) == (NOW - 40_000, True)
    assert call.notes == ("answer derived from end - duration",)


def test_an_undated_talk_time_places_no_answer() -> None:
    call = settled(end_ms=NOW, talk_ms=40_000, undated=True)
    assert (call.answer_ms, call.duration_s, call.answered) == (None, 40, True)


def test_a_missing_end_is_the_answer_and_the_talk_time() -> None:
    call = settled(answer_ms=NOW - 60_000, talk_ms=40_000)
    assert (call.end_ms, call.notes) == (NOW - 20_000, ("end derived from answer + duration",))


def test_an_answer_is_not_derived_to_before_the_start() -> None:
    call = settled(start_ms=NOW - 30_000, end_ms=NOW, talk_ms=45_000)
    assert (call.answer_ms, call.talk_ms) == (NOW - 30_000, 30_000)


def test_a_call_of_no_length_with_an_answer_was_answered() -> None:
    call = settled(answer_ms=NOW, end_ms=NOW, talk_ms=0)
    assert (call.answered, call.duration_s) == (True, 0)


def test_start_and_end_alone_do_not_make_a_talk_time() -> None:
    call = settled(start_ms=NOW - 30_000, end_ms=NOW)
    assert (call.answered, call.answer_ms, call.talk_ms) == (None, None, None)


@pytest.mark.parametrize(
    ("facts", "answered"),
    [
        ({"answer_ms": NOW - 1000}, True),
        ({"talk_ms": 1}, True),
        ({"talk_ms": 0}, False),
        ({"talk_ms": 9000, "outcome": Disposition.BUSY}, False),
        ({"talk_ms": 9000, "sip": 486}, False),
        ({"talk_ms": 9000, "q850": 19}, False),
        ({"talk_ms": 9000, "q850": 16}, True),
        ({"talk_ms": 9000, "q850": 102}, True),
        ({"outcome": Disposition.CONNECTED}, True),
        ({"q850": 17}, False),
        ({"q850": 16}, None),
        ({"sip": 200}, None),
        ({"event": "answered"}, True),
        ({"event": "initiated"}, None),
        ({"answered": False, "answer_ms": NOW}, False),
        ({"answered": True}, True),
    ],
)
def test_answered_is_decided_by_the_strongest_fact(facts: dict[str, Any], answered: bool | None) -> None:  # noqa: FBT001 - a column of the table above
    assert settled(**facts).answered is answered


def test_an_unanswered_call_has_no_answer_and_no_talk_time() -> None:
    call = settled(answered=False, answer_ms=NOW - 5000, end_ms=NOW, talk_ms=5000)
    assert (call.answer_ms, call.talk_ms, call.duration_s) == (None, 0, 0)
    assert call.notes == ("not answered: answer time and duration dropped",)


def test_the_stamps_are_the_talk_time_where_both_have_fractions() -> None:
    assert settled(answer_ms=NOW - 9_877, end_ms=NOW - 1, talk_ms=11_000).talk_ms == 9_876


def test_the_trunks_talk_time_counts_where_the_stamps_are_whole_seconds() -> None:
    assert settled(answer_ms=NOW - 65_000, end_ms=NOW, talk_ms=66_000).talk_ms == 66_000


def test_a_talk_time_that_does_not_fit_the_stamps_gives_way() -> None:
    call = settled(answer_ms=NOW - 65_000, end_ms=NOW, talk_ms=90_000)
    assert (call.talk_ms, call.notes) == (65_000, ("duration 90 s does not fit the times: end - answer taken",))


def test_an_answer_after_the_end_is_dropped_and_derived_anew() -> None:
    call = settled(answer_ms=NOW + 60_000, end_ms=NOW, talk_ms=10_000)
    assert call.answer_ms == NOW - 10_000
    assert call.notes[0] == "answer dropped: later than the end, or more than 31 days before it"


def test_a_start_a_little_after_the_answer_is_moved_to_it() -> None:
    assert settled(start_ms=NOW - 9_000, answer_ms=NOW - 10_000, end_ms=NOW).start_ms == NOW - 10_000


def test_a_start_long_after_the_answer_is_dropped() -> None:
    call = settled(start_ms=NOW - 5_000, answer_ms=NOW - 10_000, end_ms=NOW)
    note = "start dropped: later than the answer or the end, or more than 31 days before it"
    assert (call.start_ms, call.notes) == (None, (note,))


@pytest.mark.parametrize("ms", [0, -1, DAY - 1, NOW + DAY + 1, 10**400, float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("field", ["start", "answer", "end"])
def test_an_absurd_time_is_dropped_with_a_note(field: str, ms: float) -> None:
    call = settled(**{f"{field}_ms": ms})
    assert getattr(call, f"{field}_ms") is None
    assert f"{field} dropped: not a plausible time" in call.notes


@pytest.mark.parametrize("ms", [-1, 32 * DAY, float("nan"), float("inf")])
def test_an_absurd_talk_time_is_dropped_with_a_note(ms: float) -> None:
    call = settled(talk_ms=ms)
    assert (call.talk_ms, call.notes) == (None, ("duration dropped: not plausible",))


@pytest.mark.parametrize("value", [-1, 0, 128, 999])
def test_a_q850_value_out_of_range_is_no_fact(value: int) -> None:
    assert settled(q850=value).q850 is None


@pytest.mark.parametrize("status", [-1, 0, 99, 700])
def test_a_sip_status_out_of_range_is_no_fact(status: int) -> None:
    assert settled(sip=status).sip is None


def test_an_unknown_sip_status_is_kept_and_noted() -> None:
    call = settled(sip=499)
    assert (call.sip, call.notes) == (499, ("unknown SIP status 499",))


def test_control_characters_are_taken_out_of_texts() -> None:
    call = settled(agent="Da\x00na\u202e\ud800 Example\r\n")
    assert (call.agent, call.notes) == ("Dana Example", ("agent: control characters removed",))


def test_a_long_text_is_cut_with_a_note() -> None:
    call = settled(cause="x" * 300)
    assert (call.cause, call.notes) == ("x" * 256, ("cause: cut at 256 characters",))


@pytest.mark.parametrize("address", ["javascript:alert(1)", "https://e.example/" + "x" * 2048, "https://e.example/a b"])
def test_a_recording_address_that_is_no_web_address_is_dropped(address: str) -> None:
    assert settled(recording_url=address).recording_url is None


def test_a_long_recording_address_is_not_cut() -> None:
    address = "https://media.example.com/" + "x" * 1000
    assert settled(recording_url=address).recording_url == address


@pytest.mark.parametrize("call_id", ["", "  ", "\x00", "x" * 257])
def test_an_impossible_call_id_is_not_understood(call_id: str) -> None:
    with pytest.raises(NotUnderstoodError, match="the call id has"):
        settled(call_id=call_id)


def test_a_missing_call_id_stays_missing() -> None:
    assert settled(call_id=None).call_id is None


texts = st.none() | st.text(max_size=6) | st.text(min_size=4, max_size=4).map(lambda text: text * 70)
times = st.none() | st.integers(NOW - 100_000, NOW + 100_000) | st.integers() | st.sampled_from([0, DAY, NOW + DAY])
calls = st.builds(
    Call,
    trunk=st.just("generic"),
    call_id=texts,
    event=st.sampled_from(["initiated", "answered", "completed"]),
    direction=st.sampled_from([None, "inbound", "outbound"]),
    from_=texts,
    to=texts,
    start_ms=times,
    answer_ms=times,
    end_ms=times,
    talk_ms=st.none() | st.integers(0, 200_000) | st.integers(),
    answered=st.sampled_from([None, True, False]),
    q850=st.none() | st.integers(-1, 130),
    sip=st.none() | st.integers(0, 800),
    cause=texts,
    outcome=st.none() | st.sampled_from(list(Disposition)),
    amd=st.sampled_from([None, "human", "machine", "fax"]),
    hangup_by=texts,
    agent=texts,
    recording_url=texts,
    session_id=texts,
    notes=st.lists(texts.filter(bool), max_size=4).map(lambda notes: tuple(notes) * 8),
    aside=texts,
)


def settled_or_none(call: Call) -> Call | None:
    try:
        return settle(call, received_ms=NOW)
    except NotUnderstoodError:
        return None


@given(calls)
def test_a_settled_calls_times_are_in_order(call: Call) -> None:
    found = settled_or_none(call)
    if found is not None:
        known = [ms for ms in (found.start_ms, found.answer_ms, found.end_ms) if ms is not None]
        assert known == sorted(known)


@given(calls)
def test_a_settled_calls_talk_time_fits_its_stamps(call: Call) -> None:
    found = settled_or_none(call)
    if found is not None and found.answer_ms is not None and found.end_ms is not None:
        assert found.talk_ms is not None
        assert abs(found.talk_ms - (found.end_ms - found.answer_ms)) <= 2_000


@given(calls)
def test_a_settled_call_that_nobody_answered_has_no_talk_time(call: Call) -> None:
    found = settled_or_none(call)
    if found is not None and found.answered is False:
        assert (found.answer_ms, found.talk_ms) == (None, 0)


@given(calls)
def test_settling_twice_changes_nothing(call: Call) -> None:
    found = settled_or_none(call)
    if found is not None:
        assert settle(found, received_ms=NOW) == found


@given(calls)
def test_a_settled_call_can_be_kept_and_judged(call: Call) -> None:
    found = settled_or_none(call)
    if found is not None:
        assert Call.from_json(found.to_json()) == found
        assert standing(found).status in ("accepted", "ignored", "quarantined")
