"""How a call ended, in one word, and what becomes of it at the door."""

from __future__ import annotations

from typing import Any

import pytest

from mappings.call import Call, Disposition
from mappings.disposition import Standing, disposition, redial_sensible, standing, worded


def call(**facts: Any) -> Call:
    given: dict[str, Any] = {"trunk": "generic", "call_id": "c-1", "answered": False} | facts
    return Call(**given)


@pytest.mark.parametrize(
    ("facts", "ended"),
    [
        ({"answered": True, "q850": 16}, "Connected"),
        ({"q850": 16}, "Canceled"),
        ({"q850": 17}, "Busy"),
        ({"sip": 486}, "Busy"),
        ({"sip": 600}, "Busy"),
        ({"q850": 18}, "No Answer"),
        ({"q850": 19}, "No Answer"),
        ({"sip": 408}, "No Answer"),
        ({"sip": 480}, "No Answer"),
        ({"q850": 21}, "Rejected"),
        ({"sip": 603}, "Rejected"),
        ({"sip": 487}, "Canceled"),
        ({"sip": 487, "q850": 16}, "Canceled"),
        ({"sip": 487, "q850": 17}, "Busy"),
        ({"sip": 487, "q850": 19}, "No Answer"),
        ({"sip": 487, "q850": 20}, "No Answer"),
        ({"sip": 487, "q850": 21}, "Rejected"),
        ({"sip": 404, "q850": 17}, "Invalid Number"),
        ({"sip": 200, "q850": 16}, "Canceled"),
        ({"sip": 499, "q850": 17}, "Busy"),
        ({"sip": 499}, "Failed"),
        ({"cause": "gremlins"}, "Failed"),
        ({"end_ms": 1}, "Failed"),
        ({}, None),
        ({"answered": None, "q850": 16}, "Canceled"),
        ({"answered": True, "amd": "machine"}, "Voicemail"),
        ({"answered": True, "amd": "fax"}, "Voicemail"),
        ({"answered": True, "amd": "human"}, "Connected"),
        ({"answered": True, "outcome": Disposition.VOICEMAIL}, "Voicemail"),
        ({"answered": True, "q850": 31, "sip": 200}, "Connected"),
        ({"amd": "machine", "q850": 19}, "No Answer"),
        ({"outcome": Disposition.BUSY, "sip": 487}, "Busy"),
        ({"outcome": Disposition.FAILED, "sip": 404}, "Failed"),
        ({"outcome": Disposition.CONNECTED, "q850": 16}, "Canceled"),
        ({"answered": None, "outcome": Disposition.CONNECTED}, "Connected"),
    ],
)
def test_a_finished_call_has_its_disposition(facts: dict[str, Any], ended: str | None) -> None:
    assert disposition(call(**facts)) == ended


@pytest.mark.parametrize("event", ["initiated", "answered"])
def test_a_call_that_goes_on_has_none(event: str) -> None:
    assert disposition(call(event=event, answered=True, outcome=Disposition.CONNECTED)) is None


def test_a_refused_admission_has_failed_though_nothing_ended() -> None:
    assert disposition(call(event="initiated", outcome=Disposition.FAILED)) is Disposition.FAILED


@pytest.mark.parametrize(
    ("facts", "stands"),
    [
        ({"q850": 17}, Standing("accepted")),
        ({"event": "answered"}, Standing("accepted")),
        ({"event": "initiated", "outcome": Disposition.FAILED}, Standing("accepted")),
        ({"q850": 17, "aside": "lost"}, Standing("ignored", "lost")),
        ({"call_id": None, "aside": "lost"}, Standing("ignored", "lost")),
        ({"call_id": None, "q850": 17}, Standing("quarantined", "the event names no call")),
        ({}, Standing("quarantined", "nothing tells how the call ended")),
    ],
)
def test_a_call_stands_as_its_facts_allow(facts: dict[str, Any], stands: Standing) -> None:
    assert standing(call(**facts)) == stands


@pytest.mark.parametrize(
    ("facts", "sensible"),
    [
        ({"answered": True}, False),
        ({"answered": True, "amd": "machine"}, False),
        ({"q850": 17}, True),
        ({"sip": 486}, True),
        ({"sip": 603}, False),
        ({"sip": 404}, False),
        ({"sip": 487, "q850": 21}, False),
        ({"sip": 503}, True),
        ({"sip": 401}, False),
        ({"outcome": Disposition.NO_ANSWER, "sip": 487}, True),
        ({"outcome": Disposition.BLOCKED}, False),
        ({"outcome": Disposition.CANCELED, "cause": "LOSE_RACE", "q850": 16}, False),
        ({}, False),
    ],
)
def test_a_redial_is_sensible_by_the_cause_that_decided(facts: dict[str, Any], sensible: bool) -> None:  # noqa: FBT001 - a column of the table above
    assert redial_sensible(call(**facts)) is sensible


@pytest.mark.parametrize(
    ("word", "meant"),
    [("busy", "Busy"), ("no-answer", "No Answer"), ("NO ANSWER", "No Answer"), ("cancelled", "Canceled"), ("x", None)],
)
def test_a_plain_word_means_a_disposition(word: str, meant: str | None) -> None:
    assert worded(word) == meant
