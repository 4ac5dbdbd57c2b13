"""The call itself: what is kept of it, and what an agent adds to it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call, Wrapup

WRAPUP = Wrapup(disposition="Interested", notes="one\ntwo", next_step="Call", agent="Ana", at_ms=1_500)


def test_a_wrapup_is_kept_with_its_call() -> None:
    call = Call(trunk="t", call_id="c", event="wrapup", wrapup=WRAPUP)
    assert Call.from_json(call.to_json()) == call


def test_a_wrapup_is_shown_with_its_time() -> None:
    shown = Call(trunk="t", call_id="c", wrapup=WRAPUP).facts()["wrapup"]
    assert {name: text for name, text in shown.items() if text is not None} == {
        "disposition": "Interested",
        "notes": "one\ntwo",
        "next_step": "Call",
        "agent": "Ana",
        "at": "1970-01-01T00:00:01.500Z",
    }


def test_a_call_without_a_wrapup_shows_none() -> None:
    assert "wrapup" not in Call(trunk="t", call_id="c").facts()


@pytest.mark.parametrize("blank", ["", "  ", "\x00\u200b", "\n\n"])
def test_a_text_of_which_nothing_is_left_is_none(blank: str) -> None:
    assert Wrapup(disposition=blank, notes=blank, next_step=blank, agent=blank) == Wrapup()


@given(st.text(max_size=6000) | st.text(alphabet="\r\n\ud800\u202e\u2028x", max_size=6000))
def test_any_text_becomes_printable_and_bounded_and_can_be_kept(text: str) -> None:
    made = Wrapup(disposition=text, notes=text, next_step=text)
    assert all(one.isprintable() and len(one) <= 256 for one in (made.disposition or "", made.next_step or ""))
    assert (made.notes or "").replace("\n", "").isprintable()
    assert len(made.notes or "") <= 4000
    assert Wrapup(disposition=made.disposition, notes=made.notes, next_step=made.next_step) == made
    assert Call.from_json(Call(trunk="t", call_id="c", wrapup=made).to_json()).wrapup == made
