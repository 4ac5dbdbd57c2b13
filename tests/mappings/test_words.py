"""A sub-account may call dispositions by other names and read causes in its own way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest

from mappings.books import default_book
from mappings.call import Call, Disposition, Wrapup
from mappings.plan import ContactState, Plan, plan
from mappings.words import USUAL, Words

BUSY = Call(trunk="t", call_id="c", end_ms=1, answered=False, sip=486, q850=17, cause="USER_BUSY")


def planned(call: Call, words: Words) -> Plan:
    return plan(call, ContactState(), default_book(), now_ms=0, zone=UTC, workflows=None, words=words)


def test_without_words_of_its_own_everything_is_as_usual() -> None:
    assert USUAL.meaning(BUSY) is Disposition.BUSY
    assert USUAL.name(Disposition.BUSY) == "Busy"
    assert USUAL.name(None) is None


@pytest.mark.parametrize("key", ["user_busy", "sip:486", "q850:17"])
def test_a_cause_can_mean_something_else_here(key: str) -> None:
    words = Words(causes={key: Disposition.NO_ANSWER})
    assert words.meaning(BUSY) is Disposition.NO_ANSWER


def test_the_trunks_own_word_decides_before_the_codes() -> None:
    words = Words(causes={"q850:17": Disposition.FAILED, "user_busy": Disposition.REJECTED})
    assert words.meaning(BUSY) is Disposition.REJECTED


def test_an_answered_call_is_what_it_is() -> None:
    answered = Call(trunk="t", call_id="c", answer_ms=1, end_ms=2, talk_ms=1, answered=True, q850=16)
    assert Words(causes={"q850:16": Disposition.FAILED}).meaning(answered) is Disposition.CONNECTED


def test_rules_go_by_the_meaning_and_notes_and_tags_by_the_name() -> None:
    words = Words(names={Disposition.NO_ANSWER: "Not reached"}, causes={"sip:486": Disposition.NO_ANSWER})
    note, tags, _task, enrol = planned(BUSY, words).actions
    assert "Not reached" in note.args["body"].splitlines()[0]
    assert tags.args["tags"] == ["call-not-reached", "call-attempt-1"]
    assert enrol.kind == "enrol"


WRAPPED = Call(trunk="t", call_id="c", answered=True, end_ms=1, wrapup=Wrapup(disposition="not REACHED"))


def test_an_agent_s_word_that_is_one_of_ours_is_what_rules_go_by() -> None:
    words = Words(names={Disposition.NO_ANSWER: "Not reached"})
    assert words.outcome(WRAPPED) == (Disposition.CONNECTED, Disposition.NO_ANSWER, "Not reached")


def test_any_other_word_of_an_agent_is_shown_and_leaves_the_category() -> None:
    assert USUAL.outcome(WRAPPED) == (Disposition.CONNECTED, Disposition.CONNECTED, "not REACHED")


def test_an_agent_who_says_nothing_leaves_all_to_the_trunk() -> None:
    silent = replace(WRAPPED, wrapup=Wrapup(notes="x"))
    assert USUAL.outcome(silent) == (Disposition.CONNECTED, Disposition.CONNECTED, "Connected")
