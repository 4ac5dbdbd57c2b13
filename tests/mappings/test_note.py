"""The timeline note: pleasant to read, harmless, and found again."""

from __future__ import annotations

import html
from dataclasses import replace
from datetime import UTC, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mappings.call import Call, Disposition, Wrapup
from mappings.note import LIMIT, has_marker, marker, note_text, own_note

BERLIN = ZoneInfo("Europe/Berlin")
START = 1_780_000_000_000  # 28 May 2026, 20:26:40 UTC
CONNECTED = Call(
    trunk="generic",
    call_id="5f0c-1",
    direction="outbound",
    from_="+14155550100",
    to="+14155550199",
    start_ms=START,
    answer_ms=START + 8_200,
    end_ms=START + 133_200,
    talk_ms=125_000,
    answered=True,
    q850=16,
    sip=200,
)
UNANSWERED = replace(
    CONNECTED,
    direction="inbound",
    answer_ms=None,
    end_ms=START + 25_000,
    talk_ms=0,
    answered=False,
    q850=19,
    sip=480,
)


def lines(call: Call, disposition: Disposition | None = Disposition.CONNECTED) -> list[str]:
    return note_text(call, disposition, BERLIN).split("\n")


def test_a_connected_call_reads_well() -> None:
    call = replace(CONNECTED, hangup_by="callee", agent="Ana", notes=("talk time from the trunk",))
    call = replace(call, recording_url="https://rec.example/1.mp3?sig=a%2Bb&t=1")
    assert lines(call) == [
        "Outbound call · Connected · 2 min 5 s",
        "From +14155550100 to +14155550199",
        "Started 28 May 2026, 22:26 CEST · answered after 8 s",
        "The call ended normally (Q.850 16, SIP 200)",
        "Agent: Ana",
        "Hung up by: callee",
        "Recording: https://rec.example/1.mp3?sig=a%2Bb&t=1",
        "Notes: talk time from the trunk",
        "Call ID: 5f0c-1",
    ]


def test_what_the_agent_added_stands_with_the_trunk_s_facts() -> None:
    wrapup = Wrapup(disposition="Interested", notes="Wants a quote.\nCall ID: other", next_step="Send it", agent="Ana")
    body = note_text(replace(CONNECTED, wrapup=wrapup), Disposition.CONNECTED, BERLIN, named="Interested")
    assert body.split("\n") == [
        "Outbound call · Interested · 2 min 5 s",
        "From +14155550100 to +14155550199",
        "Started 28 May 2026, 22:26 CEST · answered after 8 s",
        "The call ended normally (Q.850 16, SIP 200)",
        "Outcome: Interested (agent), Connected (trunk)",
        "Next step: Send it",
        "Agent's notes: Wants a quote. Call ID: other",
        "Agent: Ana",
        "Call ID: 5f0c-1",
    ]


@pytest.mark.parametrize(
    ("wrapup", "line"),
    [
        (Wrapup(next_step="callback", due_ms=START + 3_600_000), "Next step: callback · 28 May 2026, 23:26 CEST"),
        (Wrapup(next_step="enrol", workflow="nurture"), "Next step: enrol · nurture"),
    ],
)
def test_what_is_to_follow_is_told_with_its_time_or_workflow(wrapup: Wrapup, line: str) -> None:
    assert line in lines(replace(CONNECTED, wrapup=wrapup), Disposition.CONNECTED)


def test_an_unanswered_call_reads_well() -> None:
    call = replace(UNANSWERED, from_=None, cause="NO_ANSWER")
    assert lines(call, Disposition.NO_ANSWER) == [
        "Inbound call · No Answer",
        "From a withheld number to +14155550199",
        "Started 28 May 2026, 22:26 CEST · rang for 25 s",
        "Nobody answered (Q.850 19, SIP 480, NO_ANSWER)",
        "Call ID: 5f0c-1",
    ]


def test_a_call_of_which_nothing_is_known_reads_well() -> None:
    assert lines(Call(trunk="generic", call_id=None), None) == [
        "Call · Outcome unknown",
        "From a withheld number to an unknown number",
        "How the call ended is not known",
    ]


@pytest.mark.parametrize("disposition", [*Disposition, None])
def test_each_disposition_has_its_own_ending(disposition: Disposition | None) -> None:
    others = {lines(UNANSWERED, other)[3] for other in [*Disposition, None] if other != disposition}
    assert lines(UNANSWERED, disposition)[3] not in others


def test_an_answered_call_that_ends_with_a_fault_was_cut_off() -> None:
    assert lines(replace(CONNECTED, q850=41))[3] == "The connection broke off (Q.850 41, SIP 200)"


def test_a_fax_is_no_answering_machine() -> None:
    assert lines(replace(CONNECTED, amd="fax"), Disposition.VOICEMAIL)[3].startswith("A fax machine")


def test_a_cause_that_is_only_a_number_is_not_told_twice() -> None:
    assert lines(replace(CONNECTED, cause="16"))[3] == "The call ended normally (Q.850 16, SIP 200)"


def test_ring_time_without_a_start_stands_alone() -> None:
    """The start may be out of the calendar's range while the difference makes sense."""
    far = 10**17
    call = replace(UNANSWERED, start_ms=far, end_ms=far + 5_000)
    assert lines(call)[2] == "Rang for 5 s"


@pytest.mark.parametrize(
    ("talk_ms", "shown"),
    [(0, "0 s"), (499, "0 s"), (59_500, "1 min 0 s"), (3_599_499, "59 min 59 s"), (3_720_000, "1 h 2 min")],
)
def test_talk_time_in_words(talk_ms: int, shown: str) -> None:
    assert lines(replace(CONNECTED, talk_ms=talk_ms))[0] == f"Outbound call · Connected · {shown}"


@pytest.mark.parametrize("talk_ms", [None, -1, 10**12])
def test_an_unknown_or_absurd_talk_time_is_left_out(talk_ms: int | None) -> None:
    assert lines(replace(CONNECTED, talk_ms=talk_ms))[0] == "Outbound call · Connected"


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        (UTC, "28 May 2026, 20:26 UTC"),
        (ZoneInfo("America/Sao_Paulo"), "28 May 2026, 17:26 UTC-03"),
        (ZoneInfo("Asia/Kathmandu"), "29 May 2026, 02:11 UTC+0545"),
        (timezone(timedelta(hours=2), "X"), "28 May 2026, 22:26 X"),
    ],
)
def test_the_start_is_local_and_names_its_zone(zone: Any, shown: str) -> None:
    assert f"Started {shown} · " in note_text(CONNECTED, Disposition.CONNECTED, zone)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://rec.example/1",
        "file:///etc/passwd",
        "https://",
        "https://rec.example/a b",
        'https://rec.example/"><script>',
        "https://rec.example/\nCall ID: other",
        "https://rec.example/" + "x" * LIMIT,
    ],
)
def test_a_recording_link_that_is_none_is_left_out(url: str) -> None:
    assert "Recording" not in note_text(replace(CONNECTED, recording_url=url), Disposition.CONNECTED, UTC)


def test_what_comes_after_a_link_too_long_is_still_told() -> None:
    call = replace(CONNECTED, recording_url="https://rec.example/" + "x" * LIMIT, notes=("kept",))
    assert "Notes: kept" in lines(call)


def test_a_foreign_text_cannot_start_a_line_or_be_markup() -> None:
    call = replace(CONNECTED, agent="<b>Ana</b>\r\nCall ID: other\x00\u202e")
    assert lines(call)[4] == "Agent: ‹b›Ana‹/b› Call ID: other"


def test_a_text_of_which_nothing_is_left_is_left_out() -> None:
    assert lines(replace(CONNECTED, agent="\u200b", notes=("\x07",)))[4:] == ["Call ID: 5f0c-1"]


def test_a_long_text_is_cut() -> None:
    assert lines(replace(CONNECTED, agent="A" * 100))[4] == f"Agent: {'A' * 47}…"


foreign = st.none() | st.text(max_size=400) | st.text(alphabet="😀\n\u202e<", max_size=400)
times = st.none() | st.integers()
calls = st.builds(
    Call,
    trunk=st.text(max_size=20),
    call_id=foreign,
    direction=st.sampled_from(["inbound", "outbound", None]),
    from_=foreign,
    to=foreign,
    start_ms=times,
    answer_ms=times,
    end_ms=times,
    talk_ms=times,
    answered=st.sampled_from([True, False, None]),
    q850=st.none() | st.integers(1, 127),
    sip=st.none() | st.integers(100, 699),
    cause=foreign,
    amd=st.sampled_from(["human", "machine", "fax", None]),
    hangup_by=foreign,
    agent=foreign,
    recording_url=foreign | st.builds("https://rec.example/{}".format, st.text(max_size=3000)),
    notes=st.lists(st.text(max_size=400), max_size=20).map(tuple),
    wrapup=st.none() | st.builds(Wrapup, disposition=foreign, notes=foreign, next_step=foreign, agent=foreign),
)
dispositions = st.sampled_from([*Disposition, None])


@given(calls, dispositions, foreign)
def test_a_note_is_bounded_and_printable_and_ends_with_its_marker(
    call: Call, disposition: Disposition | None, named: str | None
) -> None:
    body = note_text(call, disposition, BERLIN, named=named)
    assert len(body.encode()) <= LIMIT
    assert body.replace("\n", "").isprintable()
    if call.call_id is not None:
        assert body.split("\n")[-1] == marker(call.call_id)


@given(calls, dispositions)
def test_a_note_has_its_own_marker_however_the_crm_gives_it_back(call: Call, disposition: Disposition | None) -> None:
    call_id = call.call_id or "c-1"
    body = note_text(replace(call, call_id=call_id), disposition, BERLIN)
    assert has_marker(body, call_id)
    assert has_marker(body.replace("\n", "\r\n") + "\r\n ", call_id)
    assert has_marker("<p>" + html.escape(body).replace("\n", "<br />\n") + "</p>", call_id)


@given(calls, st.text(max_size=4000) | foreign.map(str))
def test_a_note_of_ones_own_is_bounded_and_printable_and_ends_with_its_marker(call: Call, text: str) -> None:
    body = own_note(replace(call, call_id=call.call_id or "c-1"), text)
    assert len(body.encode()) <= LIMIT
    assert body.replace("\n", "").isprintable()
    assert has_marker(body, call.call_id or "c-1")


ids = st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@given(ids, ids)
def test_no_note_has_another_call_s_marker(mine: str, other: str) -> None:
    # An id that itself spells an escape is the same text as what it spells once a CRM has escaped neither.
    assume(html.unescape(mine) != html.unescape(other))
    assert not has_marker(note_text(replace(CONNECTED, call_id=mine), Disposition.CONNECTED, UTC), other)


@pytest.mark.parametrize(
    "body",
    [
        "Call ID: abc",
        "Hello\nCall ID: abc",
        "Hello\nCall ID: abc  \n\n",
        "Hello<br>Call ID: abc<br/>",
        "<p>Hello</p><p>Call ID: abc</p>",
        "<div>Hello</div><div>Call&nbsp;ID: abc</div><div>&nbsp;</div>",
    ],
)
def test_the_marker_is_found_in(body: str) -> None:
    assert has_marker(body, "abc")


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Call ID: abcd",
        "Call ID: ab",
        "call id: abc",
        "Call ID: abc\nmore",
        "xCall ID: abc",
        "about Call ID: abc",
    ],
)
def test_the_marker_is_not_found_in(body: str) -> None:
    assert not has_marker(body, "abc")


def test_the_marker_of_an_id_with_markup_in_it_is_exact() -> None:
    assert marker("a&b<c>") == "Call ID: a&b<c>"


def test_a_call_whose_trunk_does_not_tell_its_start_is_dated_by_its_end() -> None:
    ended = Call(trunk="twilio", call_id="CA1", to="+14155550111", end_ms=1_790_000_000_000, answered=False)
    assert "Ended " in note_text(ended, Disposition.BUSY, UTC)
