"""The events of one call become one call, whatever their order."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call, Disposition, Wrapup
from mappings.disposition import disposition
from mappings.merge import gave_up_waiting, merge, stale_end
from mappings.settle import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

T = 1_790_000_000_000
BEGAN = Call(
    trunk="telnyx", call_id="c", event="initiated", direction="inbound", from_="+14155550111", to="+1415", start_ms=T
)
ANSWERED = Call(trunk="telnyx", call_id="c", event="answered", answer_ms=T + 5_250, answered=True)
RECORDED = Call(trunk="telnyx", call_id="c", event="extra", recording_url="https://r.example.com/1.mp3", amd="human")
ENDED = settle(
    Call(
        trunk="telnyx",
        call_id="c",
        end_ms=T + 35_750,
        answered=True,
        q850=16,
        awaits=("answer", "direction"),
    ),
    received_ms=T + 36_000,
)
PARTS = (BEGAN, ANSWERED, RECORDED)


def merged(parts: Sequence[Call], end: Call = ENDED) -> Call:
    return merge(end, parts, received_ms=T + 36_000)


@given(st.permutations(PARTS))
def test_the_order_of_the_events_does_not_matter(parts: list[Call]) -> None:
    assert merged(parts) == merged(PARTS)


def test_the_end_learns_what_only_other_events_tell() -> None:
    call = merged(PARTS)
    assert (call.direction, call.from_, call.start_ms, call.answer_ms) == ("inbound", "+14155550111", T, T + 5_250)
    assert (call.duration_s, call.answer_latency_ms, call.amd) == (30.5, 5_250, "human")
    assert call.recording_url == "https://r.example.com/1.mp3"
    assert call.awaits == ()


def test_what_the_end_states_is_believed_first() -> None:
    end = replace(ENDED, direction="outbound", answer_ms=T + 6_000, talk_ms=29_750, awaits=())
    call = merged(PARTS, end)
    assert (call.direction, call.answer_ms) == ("outbound", T + 6_000)


def test_what_is_still_missing_is_awaited() -> None:
    assert merged([]).awaits == ("answer", "direction")
    assert merged([ANSWERED]).awaits == ("direction",)
    assert merged([BEGAN]).awaits == ("answer",)


def test_nobody_waits_for_the_answer_of_a_call_that_was_not_answered() -> None:
    end = replace(ENDED, answered=False, talk_ms=0, outcome=Disposition.BUSY)
    assert merged([BEGAN], end).awaits == ()


def test_an_end_that_says_nobody_answered_is_believed() -> None:
    end = replace(ENDED, answered=False, talk_ms=0, outcome=Disposition.NO_ANSWER, awaits=())
    call = merged(PARTS, end)
    assert (call.answered, disposition(call)) == (False, Disposition.NO_ANSWER)


def test_another_leg_is_named_and_adds_no_facts() -> None:
    leg = Call(
        trunk="t", call_id="leg", to="+14155550177", amd="machine", answered=False, sip=486, end_ms=T, aside="a B leg"
    )
    call = merged([*PARTS, settle(leg, received_ms=T)])
    assert (call.to, call.amd) == ("+1415", "human")
    assert "another leg, to +14155550177: Busy" in call.notes


def test_giving_up_says_what_never_came() -> None:
    call = gave_up_waiting(merged([]))
    assert call.awaits == ()
    assert call.notes[-1] == "not told by the trunk in time: answer, direction"
    assert call.duration_s is None
    assert disposition(call) is Disposition.CONNECTED


def test_a_call_that_awaits_nothing_is_left_alone() -> None:
    call = merged(PARTS)
    assert gave_up_waiting(call) is call


def test_a_machine_that_answered_makes_it_a_voicemail_also_late() -> None:
    late = replace(RECORDED, amd="machine")
    assert disposition(merged([BEGAN, ANSWERED, late])) is Disposition.VOICEMAIL


def test_a_call_that_never_ended_is_closed_and_says_so() -> None:
    closed = stale_end([BEGAN, ANSWERED], now_ms=T + 15_000_000, hours=4)
    assert (closed.event, closed.answered, closed.end_ms) == ("completed", True, None)
    assert "closed after 4 h" in closed.notes[0]
    assert disposition(closed) is Disposition.CONNECTED
    assert disposition(stale_end([BEGAN], now_ms=T, hours=4)) is Disposition.FAILED


def wrapped(at_ms: int, disposition: str | None = None, **more: Any) -> Call:
    wrapup = Wrapup(disposition=disposition, at_ms=at_ms, **more)
    return settle(Call(trunk="ringback", call_id="c", event="wrapup", wrapup=wrapup), received_ms=T)


@given(
    st.permutations([wrapped(T + 2, "second"), wrapped(T + 1, "first", agent="Ana"), wrapped(T + 3, notes="x"), BEGAN])
)
def test_of_several_wrapups_each_fact_is_the_latest_whatever_their_order(parts: list[Call]) -> None:
    assert merged(parts).wrapup == Wrapup(disposition="second", agent="Ana", notes="x", at_ms=T + 3)


@given(st.permutations([wrapped(T, "one"), wrapped(T, "other")]))
def test_of_two_wrapups_of_one_moment_always_the_same_counts(parts: list[Call]) -> None:
    assert merged(parts).wrapup == Wrapup(disposition="other", at_ms=T)


@given(st.permutations([wrapped(T, next_step="callback", due_ms=T + 9), wrapped(T + 1, next_step="none")]))
def test_a_next_step_comes_with_its_own_time(parts: list[Call]) -> None:
    assert merged(parts).wrapup == Wrapup(next_step="none", at_ms=T + 1)


def test_a_wrapup_changes_nothing_that_the_trunk_tells() -> None:
    assert replace(merged([*PARTS, wrapped(T, "Busy")]), wrapup=None) == merged(PARTS)


CALLS = st.builds(
    Call,
    trunk=st.just("t"),
    call_id=st.just("c"),
    event=st.sampled_from(["initiated", "answered", "extra", "completed", "wrapup"]),
    wrapup=st.none() | st.builds(Wrapup, disposition=st.none() | st.text(), notes=st.none() | st.text()),
    start_ms=st.none() | st.integers(T - 10**7, T),
    answer_ms=st.none() | st.integers(T - 10**7, T),
    end_ms=st.none() | st.integers(T - 10**7, T),
    answered=st.none() | st.booleans(),
    amd=st.none() | st.sampled_from(["human", "machine"]),
    awaits=st.sampled_from([(), ("answer",), ("start", "direction")]),
)


@given(CALLS, st.lists(CALLS, max_size=4))
def test_any_events_make_a_settled_call(end: Call, parts: list[Call]) -> None:
    call = merge(settle(end, received_ms=T), [settle(part, received_ms=T) for part in parts], received_ms=T)
    assert replace(settle(call, received_ms=T), awaits=call.awaits) == call
    assert Call.from_json(call.to_json()) == call
